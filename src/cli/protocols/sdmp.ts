/** SDMP 0.12 on the command line. */
import { readFile, writeFile } from 'node:fs/promises';
import { writeKeyFile } from '../../node/key-file.ts';
import { SdmpIdentity, type SdmpOptions, SdmpPeers, sdmp, sdmpContainer } from '../../protocols/sdmp/index.ts';
import { type Call, Failure, type Options, UsageError } from '../command.ts';
import { PASSPHRASE_OPTION } from '../passphrase.ts';
import type { Cast, DemoForm } from './demo.ts';
import { type KeyForm, openSecret, storedKey } from './keys.ts';
import type { CommandProtocol, Found, MessageForm, Settings, Use } from './protocol.ts';
import { makeRsaKey, newRsaKey, publicHalf, RSA_OPTIONS } from './rsa-keys.ts';

const SHARED: Options = {
  identity: { type: 'string', value: 'FILE', help: 'Who this node is; handfast keygen --protocol sdmp makes one.' },
  'peer-key': {
    type: 'string',
    multiple: true,
    value: 'FILE',
    help: 'The public key of a node that is known, PEM; may be repeated. SDMP never sends keys: nobody else can connect or be connected to.',
  },
  carrier: { type: 'string', value: 'tcp|websocket', help: 'What carries it; tcp unless given.' },
  profile: {
    type: 'string',
    value: 'plain|bound',
    help: 'bound: with our repair of what is weak in SDMP, at both ends or not at all. plain unless given.',
  },
  strict: { type: 'boolean', help: 'Take only what the specification says to the letter.' },
  'passphrase-file': PASSPHRASE_OPTION,
};

const DIALLING: Options = {
  peer: { type: 'string', value: 'FINGERPRINT', help: 'Which of the known nodes must answer.' },
  group: {
    type: 'string',
    value: 'NAME',
    help: 'The group of the key exchange: ffdhe2048, ffdhe3072, ffdhe4096, modp2048...; ffdhe3072 unless given.',
  },
};

const keys: KeyForm = {
  type: 'sdmp-rsa',
  help: 'an RSA key pair. The id is its fingerprint; others need the public key itself: handfast id FILE --form publicKey prints it as PEM.',
  options: RSA_OPTIONS,
  examples: ['handfast keygen node.key --protocol sdmp', 'handfast id node.key --form publicKey > node.pem'],
  make: makeRsaKey,
  forms: (secret) => ({ id: identityOf(secret).id, publicKey: publicHalf(secret).pem }),
};

const messages: MessageForm = {
  outgoing(bytes, call) {
    // A piece of a file may end within a character, or be none at all.
    if (call.text('file') !== undefined) return { bytes: sdmpContainer('data', Buffer.from(bytes).toString('base64url')) };
    const text = Buffer.from(bytes).toString();
    const schema = call.text('schema') ?? 'message';
    return { bytes: text.startsWith('{"sdmp":') ? bytes : sdmpContainer(schema, text) };
  },
};

const demo: DemoForm = {
  cast,
  words: (text) => (JSON.parse(text) as { message: string }).message,
  messages: {
    dialler: { text: Buffer.from(sdmpContainer('message', 'hello')).toString() },
    listener: { text: Buffer.from(sdmpContainer('message', 'hello yourself')).toString() },
  },
};

export const sdmpCommands: CommandProtocol = {
  protocol: sdmp,
  title: 'SDMP 0.12',
  summary: 'the Secure Decentralized Messaging Protocol, over TCP or WebSocket',
  port: 7602,
  halfCloses: false,
  options: {
    connect: {
      ...SHARED,
      ...DIALLING,
      schema: {
        type: 'string',
        value: 'NAME',
        help: 'The schema of the containers that lines are sent in; message unless given. A line that is a container is sent as it is.',
      },
    },
    listen: SHARED,
    probe: { ...SHARED, ...DIALLING },
  },
  examples: {
    connect: ['handfast connect 127.0.0.1:7602 --protocol sdmp --identity alice.key --peer-key bob.pem'],
    listen: ['handfast listen --protocol sdmp --identity bob.key --peer-key alice.pem'],
    probe: ['handfast probe 127.0.0.1:7602 --protocol sdmp --identity alice.key --peer-key bob.pem'],
  },
  settings,
  agreed: ({ group, profile }) => `${group}, ${profile} profile`,
  probe: { facts, advice },
  messages,
  keys,
  demos: [demo],
};

async function settings(call: Call, use: Use): Promise<Settings> {
  const files = call.list('peer-key');
  if (files.length === 0)
    throw new UsageError('--peer-key is needed, as in --peer-key bob.pem: SDMP never sends keys, so that they must be known beforehand');
  const path = call.needed('identity', 'node.key');
  const profile = call.choice('profile', ['plain', 'bound']);
  const carrier = call.choice('carrier', ['tcp', 'websocket']);
  const group = use === 'listen' ? undefined : call.text('group');
  const peers = new SdmpPeers();
  for (const file of files) await addPeer(peers, file);
  const secret = await openSecret(keys, path, call);
  const options: SdmpOptions = {
    identity: identityOf(secret),
    peers,
    profile,
    ...(call.flag('strict') && { reading: 'strict' }),
    ...(group !== undefined && { group: group as 'ffdhe3072' }),
    ...(use !== 'listen' && { peer: call.text('peer') }),
  };
  secret.fill(0);
  return { options: { ...options, ...(carrier && { carrier }) }, wipe: () => {} };
}

async function addPeer(peers: SdmpPeers, file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  try {
    peers.add(text);
  } catch (error) {
    throw new Failure(
      `${file}: ${(error as Error).message}`,
      'It should be the PEM that handfast id FILE --form publicKey prints on the other side',
    );
  }
}

function facts({ peer, info }: Found): string[][] {
  if (!peer) return [];
  const rows = [['fingerprint', `${peer.id} (proved)`]];
  if (info) rows.push(['version', String(info.version)], ['group', String(info.group)], ['profile', String(info.profile)]);
  return rows;
}

function advice({ error, steps }: Found): string | undefined {
  const answered = steps.some(({ direction }) => direction === 'received');
  if (error?.code === 'HF_TRUNCATED' && !answered)
    return 'It hung up on a session object: another service listens there, or it does not accept our --group';
  if (error?.code === 'HF_REFUSED' && error.remote === 'proved')
    return 'It does not know our key, or does not take our signature: it has one answer for all of that. Give it what handfast id FILE --form publicKey prints';
  if (error?.code === 'HF_REFUSED') return 'It does not take our session object: another --group may do, or it speaks another version';
  if (error?.code === 'HF_UNKNOWN_NODE')
    return 'Another node answers than those whose keys you gave: --peer-key with its public key, if it is the right one';
  if (error?.code === 'HF_MALFORMED')
    return 'What answers there does not speak SDMP, or with another --carrier, or another --profile: check all three';
  return undefined;
}

/** The secret is PKCS #8, DER. */
function identityOf(secret: Uint8Array): SdmpIdentity {
  return SdmpIdentity.from(Buffer.from(secret).toString('base64'));
}

/** Each knows the other's key; nobody knows mallory's. */
async function cast(path: (name: string) => string): Promise<Cast> {
  const write = async (name: string): Promise<{ file: string; pem: string; id: string }> => {
    const secret = await newRsaKey();
    const key = storedKey(keys, secret);
    const [file, pem] = [path(`${name}.key`), path(`${name}.pem`)];
    await writeKeyFile(file, key);
    await writeFile(pem, keys.forms(secret).publicKey);
    return { file, pem, id: key.id };
  };
  const [alice, erin, mallory] = await Promise.all(['alice', 'erin', 'mallory'].map(write));
  const dial = ['--peer-key', erin.pem, '--peer', erin.id];
  return {
    listen: ['--identity', erin.file, '--peer-key', alice.pem],
    connect: ['--identity', alice.file, ...dial],
    ids: { dialler: erin.id, listener: alice.id },
    wrong: {
      story: 'mallory, whose key nobody knows, dials',
      connect: ['--identity', mallory.file, ...dial],
      code: 'HF_UNKNOWN_NODE',
      foundBy: 'listener',
      told: 'HF_REFUSED',
    },
  };
}
