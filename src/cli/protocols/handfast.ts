/** handfast/1 on the command line. */
import { Identity } from '../../core/identity.ts';
import { printable } from '../../errors.ts';
import { type HandfastOptions, handfast } from '../../protocols/handfast/index.ts';
import type { Call, Option } from '../command.ts';
import { KEY_LOG_OPTION, keyLogOf } from '../key-log.ts';
import { NODE_OPTIONS } from '../node-options.ts';
import { openIdentity, PASSPHRASE_OPTION } from '../passphrase.ts';
import { packageVersion, size } from '../terminal.ts';
import type { CommandProtocol, Found, Settings, Use } from './protocol.ts';

const NETWORK_OPTION: Option = { type: 'string', value: 'NAME', help: 'The network; both sides must name the same.' };

export const handfastCommands: CommandProtocol = {
  protocol: handfast,
  title: 'handfast/1',
  summary: 'our signed node protocol over TCP',
  port: 7600,
  halfCloses: true,
  options: {
    connect: {
      identity: { type: 'string', value: 'FILE', help: 'Who this node is; handfast keygen makes one.' },
      network: NETWORK_OPTION,
      peer: { type: 'string', value: 'ID', help: 'The id that must answer; anybody else is refused.' },
      'unsafe-key-log': KEY_LOG_OPTION,
      'passphrase-file': PASSPHRASE_OPTION,
    },
    listen: NODE_OPTIONS,
    probe: {
      network: NETWORK_OPTION,
      identity: { type: 'string', value: 'FILE', help: 'Probe as this node instead of a new one.' },
      peer: { type: 'string', value: 'ID', help: 'The id that must answer.' },
      'passphrase-file': PASSPHRASE_OPTION,
    },
  },
  examples: {
    connect: [
      'handfast connect 127.0.0.1:7600 --identity alice.key --network demo --peer 12D3KooW...',
      'echo hello | handfast connect node.example.org:7600 --identity alice.key --network demo --json',
    ],
    listen: [
      'handfast listen --identity bob.key --network demo --allow 12D3KooW...',
      'handfast listen --identity carol.key --network demo --port 7601 --connect 127.0.0.1:7600 --subscribe news',
    ],
    probe: ['handfast probe node.example.org:7600 --protocol handfast --network demo'],
  },
  settings,
  agreed: ({ suite }) => String(suite),
  // A third of all modules: only who listens waits for them.
  listen: async (call) => (await import('../run-node.ts')).runNode(call),
  probe: { facts, advice },
  keys: {
    type: 'ed25519',
    help: 'an Ed25519 key pair. The id is what others put into --peer and --allow.',
    options: {},
    examples: [],
    make: async () => withIdentity(Identity.generate(), (identity) => identity.exportSeed()),
    forms: (seed) =>
      withIdentity(Identity.fromSeed(seed), ({ id, publicKey }) => ({ id, publicKey: Buffer.from(publicKey).toString('hex') })),
  },
};

async function settings(call: Call, use: Use): Promise<Settings> {
  const network = call.needed('network', 'demo');
  const unsafeKeyLog = keyLogOf(call);
  // A probe needs no name to be told who answers.
  const file = use === 'probe' ? call.text('identity') : call.needed('identity', 'node.key');
  const identity = file === undefined ? Identity.generate() : await openIdentity(file, call);
  const agent = `handfast ${packageVersion()}${use === 'probe' ? ' probe' : ''}`;
  const options: HandfastOptions = { identity, network, peer: call.text('peer'), agent, unsafeKeyLog };
  return { options: { ...options }, wipe: () => identity.wipe() };
}

function facts({ peer, info }: Found): string[][] {
  if (!peer) return [];
  const rows = [['id', `${peer.id} (proved)`]];
  if (!info) return rows;
  rows.push(['suite', String(info.suite)], ['version', String(info.version)], ['network', String(info.network)]);
  if (info.agent !== undefined) rows.push(['software', `${printable(String(info.agent))} (its own words)`]);
  rows.push(['largest record', size(Number(info.largestRecord))]);
  return rows;
}

/** The general advice, sharpened by how far this probe came. */
function advice({ error, steps, peer }: Found, call: Call): string | undefined {
  if (error?.code === 'HF_UNKNOWN_NODE' && call.text('identity') === undefined) {
    return 'All checks up to its allow-list passed: give --identity FILE to be probed as a node that it knows';
  }
  const answered = steps.some(({ direction }) => direction === 'received');
  if (error?.code === 'HF_TRUNCATED' && !answered)
    return 'It accepts connections and hangs up on a handfast/1 hello: another service listens there, or it is flooded';
  if (error?.code === 'HF_TRUNCATED' && peer)
    return 'It hung up on our proof without a word: the bytes were changed on the way, or it is flooded';
  return undefined;
}

function withIdentity<T>(identity: Identity, use: (identity: Identity) => T): T {
  try {
    return use(identity);
  } finally {
    identity.wipe();
  }
}
