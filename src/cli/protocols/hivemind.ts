/** HiveMind on the command line. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { HiveMindClientFile } from '../../node/hivemind-clients.ts';
import { type HiveMindOptions, hivemind } from '../../protocols/hivemind/index.ts';
import { type Call, type Options, UsageError } from '../command.ts';
import { readCredentials } from '../credentials.ts';
import { PASSPHRASE_OPTION } from '../passphrase.ts';
import { harmless } from '../terminal.ts';
import { hivemindDemos } from './hivemind-demo.ts';
import { NOISE_OPTIONS, noiseKeys, noiseOf } from './hivemind-noise.ts';
import { type KeyForm, openSecret } from './keys.ts';
import type { CommandProtocol, Found, MessageForm, Settings, Use } from './protocol.ts';
import { makeRsaKey, privatePem, publicHalf, RSA_OPTIONS } from './rsa-keys.ts';

const RSA: Options = {
  'rsa-key': {
    type: 'string',
    value: 'FILE',
    help: 'For the RSA handshake, which is off without it; handfast keygen --protocol hivemind makes one.',
  },
  'trust-first-use': { type: 'boolean', help: 'Take an RSA key that was not seen before, which proves nothing.' },
  'passphrase-file': PASSPHRASE_OPTION,
};

const DIALLING: Options = {
  credentials: {
    type: 'string',
    value: 'FILE',
    help: 'Access key and password; handfast hivemind add-client makes the file on the side of the master.',
  },
  secure: { type: 'boolean', help: 'Dial wss instead of ws.' },
  site: { type: 'string', value: 'ID', help: 'Where this client stands, for messages that are for one place; "unknown" unless given.' },
  ...RSA,
  'master-key': { type: 'string', value: 'FILE', help: 'With --rsa-key: the public key of the master, PEM.' },
  ...NOISE_OPTIONS.dial,
};

const keys: KeyForm = {
  type: 'hivemind-rsa',
  help: 'an RSA key pair, for the older handshake without a password. handfast id FILE --form publicKey prints what the other side needs. Passwords are not made here: handfast hivemind add-client makes them.',
  options: RSA_OPTIONS,
  examples: ['handfast keygen kitchen.key --protocol hivemind'],
  also: noiseKeys,
  make: makeRsaKey,
  forms(secret) {
    const { pem, der } = publicHalf(secret);
    return { id: `hivemind:${createHash('sha256').update(der).digest('hex').slice(0, 32)}`, publicKey: pem };
  },
};

const messages: MessageForm = {
  mode: 'print',
  shown: (bytes, { kind }) => `${kind} ${Buffer.from(bytes).toString()}`,
  outgoing(bytes, call) {
    const kind = call.text('kind') ?? 'bus';
    if (call.text('file') !== undefined) return { bytes, kind: call.text('kind') ?? 'bin' };
    const text = Buffer.from(bytes).toString();
    if (text.startsWith('{')) return { bytes, kind };
    if (kind !== 'bus') throw new UsageError(`a line of --kind ${kind} is a payload in JSON, as in {"type": ...}`);
    // Words that were typed are said to the assistant, as the reference's terminal does it.
    const utterance = { type: 'recognizer_loop:utterance', data: { utterances: [text], lang: 'en-us' }, context: {} };
    return { bytes: Buffer.from(JSON.stringify(utterance)), kind };
  },
};

export const hivemindCommands: CommandProtocol = {
  protocol: hivemind,
  title: 'HiveMind',
  summary: 'satellites and masters of HiveMind, over WebSocket',
  port: 5678,
  halfCloses: false,
  options: {
    connect: {
      ...DIALLING,
      kind: {
        type: 'string',
        value: 'NAME',
        help: 'What lines are sent as; bus. A line is a payload in JSON; other words are said to the assistant. With --file: bin.',
      },
    },
    listen: {
      clients: { type: 'string', value: 'FILE', help: 'Who may come; handfast hivemind add-client puts them there.' },
      ...RSA,
      ...NOISE_OPTIONS.listen,
      'weak-passwords': { type: 'boolean', help: 'Take clients whose password can be guessed, as the reference does.' },
    },
    probe: DIALLING,
  },
  examples: {
    connect: ['echo "what time is it?" | handfast connect 127.0.0.1:5678 --protocol hivemind --credentials kitchen.credentials.json'],
    listen: ['handfast listen --protocol hivemind --clients hivemind-clients.json'],
    probe: ['handfast probe 127.0.0.1:5678 --protocol hivemind --credentials kitchen.credentials.json'],
  },
  settings,
  agreed: ({ version, path, pattern, cipher, encoding }) =>
    pattern === undefined ? `version ${version} by ${path}, ${cipher}, ${encoding}` : `version ${version} by Noise_${pattern}_${cipher}`,
  probe: { facts, advice },
  messages,
  keys,
  demos: hivemindDemos,
};

async function settings(call: Call, use: Use): Promise<Settings> {
  const options = use === 'listen' ? await master(call) : await slave(call);
  return { options: { ...options }, wipe: () => options.noise?.secretKey?.fill(0) };
}

async function master(call: Call): Promise<HiveMindOptions> {
  const weakPasswords = call.flag('weak-passwords');
  const clients = await HiveMindClientFile.open(call.needed('clients', 'hivemind-clients.json'), { weakPasswords });
  return { clients, insecure: { weakPasswords }, rsa: await rsaOf(call), noise: await noiseOf(call) };
}

async function slave(call: Call): Promise<HiveMindOptions & { secure?: boolean }> {
  const credentials = await readCredentials(call.needed('credentials', 'kitchen.credentials.json'));
  // What the master gave out is its choice; this side cannot do better than use it.
  const insecure = { weakPasswords: true };
  return {
    ...credentials,
    siteId: call.text('site'),
    insecure,
    rsa: await rsaOf(call),
    noise: await noiseOf(call),
    ...(call.flag('secure') && { secure: true }),
  };
}

/** @throws UsageError */
async function rsaOf(call: Call): Promise<HiveMindOptions['rsa']> {
  const path = call.text('rsa-key');
  const master = call.text('master-key');
  if (path === undefined) {
    for (const name of ['trust-first-use', 'master-key'])
      if (call.flag(name) || call.text(name) !== undefined) throw new UsageError(`--${name} is for the RSA handshake: it needs --rsa-key`);
    return undefined;
  }
  const secret = await openSecret(keys, path, call);
  const privateKey = privatePem(secret);
  secret.fill(0);
  return {
    privateKey,
    ...(master !== undefined && { masterKey: await readFile(master, 'utf8') }),
    ...(call.flag('trust-first-use') && { trustFirstUse: true }),
  };
}

function facts({ peer, info }: Found): string[][] {
  if (!peer || !info) return [];
  const rows = [
    ['access key', `${peer.id} (${PROOF[String(info.path)] ?? 'proved'})`],
    ['version', `${info.version}, by ${info.pattern === undefined ? info.path : `Noise ${info.pattern}`}`],
    ['cipher', [info.cipher, info.encoding, info.binarize && 'binary frames'].filter((each) => each).join(', ')],
  ];
  // XXpsk2 shows the key, and KKpsk0 is only there where it was pinned.
  if (info.noiseKey !== undefined)
    rows.push(['Noise key', `${info.noiseKey}${info.pattern === 'KKpsk0' ? ', pinned' : '; --noise-master pins it'}`]);
  if (info.peer !== undefined) rows.push(['we are', harmless(String(info.peer))]);
  const { nodeId } = info;
  // Many masters go by their public key, which takes nine lines.
  if (typeof nodeId === 'string' && !nodeId.startsWith('-----')) rows.push(['master', `${harmless(nodeId)} (its own words)`]);
  return rows;
}

/** What the other side has shown, by the path of the handshake. */
const PROOF: Readonly<Record<string, string>> = {
  password: 'the master has its password: proved',
  preshared: 'the master has its pre-shared key: proved',
  noise: 'the master has its password: proved',
  rsa: 'the master has the RSA key that it shows',
};

function advice({ error, steps }: Found): string | undefined {
  const heard = steps.some(({ direction }) => direction === 'received');
  if (error?.code === 'HF_TRUNCATED' && !heard)
    return 'It hung up before it said anything: usually it does not know our access key (handfast hivemind list-clients on its side shows those it knows)';
  if (error?.code === 'HF_WRONG_KEY')
    return 'The two have different passwords for this access key, or somebody else answers at this address';
  if (error?.code === 'HF_NOT_ALLOWED') return 'It does not know our access key, has another password for it, or wants version 3 (--noise)';
  if (error?.code === 'HF_CONNECT_FAILED') return 'Check host and port (masters listen at 5678), and whether it wants --secure';
  if (error?.code === 'HF_PROTOCOL_MISMATCH')
    return 'It wants another version of the handshake than this side offers: masters from autumn 2026 on take version 3 only, which --noise speaks; older ones do not have it';
  if (error?.code === 'HF_UNEXPECTED_PEER')
    return 'The other side shows another key than the one that is pinned (--noise-master, --master-key): it has a new one, or somebody else answers at this address';
  return undefined;
}
