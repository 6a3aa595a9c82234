/** The peer protocol of the XRP Ledger on the command line. */
import { readFile } from 'node:fs/promises';
import { writeKeyFile } from '../../node/key-file.ts';
import { Cluster, type FeatureName, Slots, XrplIdentity, type XrplOptions, xrpl } from '../../protocols/xrpl/index.ts';
import { typeOf } from '../../protocols/xrpl/types.ts';
import { type Call, Failure, type Options, UsageError } from '../command.ts';
import { PASSPHRASE_OPTION } from '../passphrase.ts';
import { packageVersion } from '../terminal.ts';
import type { Cast, DemoForm } from './demo.ts';
import { type KeyForm, openSecret, storedKey } from './keys.ts';
import type { CommandProtocol, MessageForm, Settings, Use } from './protocol.ts';
import { xrplProbe } from './xrpl-probe.ts';

const NETWORK: Options = {
  network: { type: 'string', value: 'main|testnet|devnet|N', help: 'Refuse whoever is on another network. Without it any will do.' },
};

const FEATURES = ['compr', 'ledgerreplay', 'txrr', 'vprr'] as const satisfies readonly FeatureName[];

const SHARED: Options = {
  ...NETWORK,
  features: {
    type: 'string',
    value: 'LIST',
    help: `What to offer, with commas between: ${FEATURES.join(', ')}, or all. None unless given.`,
  },
  'passphrase-file': PASSPHRASE_OPTION,
};

const DIALLING: Options = {
  identity: { type: 'string', value: 'FILE', help: 'The node key to dial with, instead of a new one.' },
  peer: { type: 'string', value: 'KEY', help: 'The node key that must answer, n...; anybody else is refused.' },
};

const keys: KeyForm = {
  type: 'secp256k1',
  help: 'a secp256k1 node key. The id is the node public key, n...; another form is publicKey (hexadecimal).',
  options: {
    import: {
      type: 'string',
      value: 'FILE',
      help: 'Take the key from the first line of FILE instead of making one: a node_seed s..., a node secret p..., or 64 hexadecimal digits.',
    },
  },
  examples: ['handfast keygen node.key --protocol xrpl'],
  make: async (call) => {
    const file = call.text('import');
    return using(file === undefined ? XrplIdentity.generate() : await imported(file), (identity) => identity.exportSecret());
  },
  forms: (secret) =>
    using(XrplIdentity.fromSecret(secret), ({ id, publicKey }) => ({ id, publicKey: Buffer.from(publicKey).toString('hex') })),
};

/** Payloads are protobuf: for people they are a kind and hexadecimal digits, and are taken as that, so that what one command prints another one sends. */
const messages: MessageForm = {
  mode: 'print',
  shown: (bytes, { kind }) => `${kind} ${Buffer.from(bytes).toString('hex')}`,
  outgoing(bytes, call) {
    const kind = call.text('kind');
    if (kind !== undefined && typeOf(kind) === undefined)
      throw new UsageError(`--kind ${kind}: expected a name as validation, or a number`);
    if (call.text('file') !== undefined) {
      if (kind === undefined) throw new UsageError('--file needs --kind: what kind of message its bytes are, as in --kind transaction');
      return { bytes, kind };
    }
    const [, named = kind, hex] = /^(?:(\S+)\s+)?([0-9a-fA-F]*)$/.exec(Buffer.from(bytes).toString().trim()) ?? [];
    if (named === undefined || hex === undefined || hex.length % 2 === 1 || typeOf(named) === undefined)
      throw new UsageError(
        `a line is a kind and hexadecimal digits, as in "have-transactions 0a20..."${kind ? `, or the digits alone` : ''}`,
      );
    return { bytes: Buffer.from(hex, 'hex'), kind: named };
  },
};

const demo: DemoForm = {
  cast,
  messages: {
    dialler: { text: 'a proposal, as bytes', kind: 'propose-ledger' },
    listener: { text: 'a validation, as bytes', kind: 'validation' },
  },
};

export const xrplCommands: CommandProtocol = {
  protocol: xrpl,
  title: 'XRP Ledger peer protocol',
  summary: 'the peer protocol of rippled, over TLS',
  port: 51235,
  halfCloses: false,
  options: {
    connect: {
      ...DIALLING,
      ...SHARED,
      kind: {
        type: 'string',
        value: 'NAME',
        help: 'What lines and files are sent as: validation, transaction, a number. A line is in hexadecimal digits; without --kind the kind comes first in it.',
      },
    },
    listen: {
      identity: { type: 'string', value: 'FILE', help: 'The node key; handfast keygen --protocol xrpl makes one.' },
      ...SHARED,
      allow: {
        type: 'string',
        multiple: true,
        value: 'KEY',
        help: 'Let this node key in; may be repeated. Without it everybody is let in.',
      },
      'max-peers': { type: 'string', value: 'N', help: 'Peers as a rippled counts them: with 21, the default, 11 come in.' },
      redirect: {
        type: 'string',
        multiple: true,
        value: 'IP:PORT',
        help: 'Where those are sent for whom there is no room; may be repeated.',
      },
      cluster: { type: 'string', value: 'FILE', help: 'Lines of a node key and a name: these get in without a free slot.' },
      'public-address': { type: 'string', value: 'IP', help: 'Our address as the world sees it.' },
      domain: { type: 'string', value: 'NAME', help: 'Our domain, which is told to others.' },
    },
    probe: { ...DIALLING, ...NETWORK, 'passphrase-file': PASSPHRASE_OPTION },
  },
  examples: {
    connect: ['handfast connect 127.0.0.1:51235 --protocol xrpl --peer n9K...'],
    listen: ['handfast listen --protocol xrpl --identity node.key --network testnet'],
    probe: ['handfast probe s1.example.org:51235 --protocol xrpl'],
  },
  settings,
  agreed: ({ protocolVersion, tlsVersion }) => `${protocolVersion} over ${tlsVersion}`,
  probe: xrplProbe,
  messages,
  keys,
  demos: [demo],
};

async function settings(call: Call, use: Use): Promise<Settings> {
  const shared = {
    networkId: networkOf(call.text('network')),
    agent: `handfast-${packageVersion()}`,
    // A probe asks for everything: what is answered is what the node has.
    features: use === 'probe' ? [...FEATURES] : featuresOf(call.text('features')),
  };
  const own = use === 'listen' ? await listening(call) : { peer: call.text('peer') };
  const file = use === 'listen' ? call.needed('identity', 'node.key') : call.text('identity');
  const identity = file === undefined ? XrplIdentity.generate() : await opened(file, call);
  const options: XrplOptions = { ...shared, ...own, identity };
  return { options: { ...options }, wipe: () => identity.wipe() };
}

async function listening(call: Call): Promise<Partial<XrplOptions> & { allow?: readonly string[] }> {
  const allow = call.list('allow');
  const cluster = call.text('cluster');
  const peers = call.whole('max-peers', 10, 65_536);
  return {
    ...(allow.length > 0 && { allow }),
    ...(cluster !== undefined && {
      cluster: new Cluster((await readFile(cluster, 'utf8')).split('\n').filter((line) => !/^\s*#/.test(line))),
    }),
    ...(peers !== undefined && { slots: new Slots({ peers }) }),
    redirects: call.list('redirect'),
    publicAddress: call.text('public-address'),
    serverDomain: call.text('domain'),
  };
}

async function opened(path: string, call: Call): Promise<XrplIdentity> {
  const secret = await openSecret(keys, path, call);
  try {
    return XrplIdentity.fromSecret(secret);
  } finally {
    secret.fill(0);
  }
}

/** @throws UsageError */
function networkOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const known = { main: 0, testnet: 1, devnet: 2 };
  if (Object.hasOwn(known, text)) return known[text as keyof typeof known];
  if (/^\d{1,10}$/.test(text) && Number(text) <= 0xffff_ffff) return Number(text);
  throw new UsageError(`--network ${text}: expected main, testnet, devnet, or a number`);
}

/** @throws UsageError */
function featuresOf(text: string | undefined): FeatureName[] {
  if (text === undefined) return [];
  if (text === 'all') return [...FEATURES];
  return text.split(',').map((name) => {
    if (!FEATURES.includes(name as FeatureName)) throw new UsageError(`--features ${text}: expected ${FEATURES.join(', ')}, or all`);
    return name as FeatureName;
  });
}

/** The secret in a file of somebody else's making. */
async function imported(path: string): Promise<XrplIdentity> {
  const line = (await readFile(path, 'utf8')).split('\n')[0].trim();
  try {
    if (line.startsWith('s')) return XrplIdentity.fromSeed(line);
    if (/^[0-9a-fA-F]{64}$/.test(line)) return XrplIdentity.fromSecret(Buffer.from(line, 'hex'));
    return XrplIdentity.fromSecret(line);
  } catch {
    throw new Failure(`${path}: its first line is no key`, 'Write a node_seed s..., a node secret p..., or 64 hexadecimal digits there');
  }
}

function using<T>(identity: XrplIdentity, use: (identity: XrplIdentity) => T): T {
  try {
    return use(identity);
  } finally {
    identity.wipe();
  }
}

/** The listener lets in one key; mallory's is another. */
async function cast(path: (name: string) => string): Promise<Cast> {
  const write = async (name: string): Promise<{ file: string; id: string }> => {
    const secret = using(XrplIdentity.generate(), (identity) => identity.exportSecret());
    const key = storedKey(keys, secret);
    const file = path(`${name}.key`);
    await writeKeyFile(file, key);
    secret.fill(0);
    return { file, id: key.id };
  };
  const [alice, erin, mallory] = await Promise.all(['alice', 'erin', 'mallory'].map(write));
  const dial = ['--network', 'testnet', '--features', 'all', '--peer', erin.id];
  return {
    listen: ['--identity', erin.file, '--network', 'testnet', '--features', 'all', '--allow', alice.id],
    connect: ['--identity', alice.file, ...dial],
    ids: { dialler: erin.id, listener: alice.id },
    wrong: {
      story: 'mallory dials with a node key of her own; only alice is let in',
      connect: ['--identity', mallory.file, ...dial],
      code: 'HF_UNKNOWN_NODE',
      foundBy: 'listener',
    },
  };
}
