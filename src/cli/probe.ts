/** `handfast probe`: shakes hands with a real node and says what it is, or exactly which check failed and what to do. */
import '../core/choose.ts';
import { Identity } from '../core/identity.ts';
import { HandfastError, printable } from '../errors.ts';
import { type HandfastOptions, handfast } from '../protocols/handfast/index.ts';
import type { Peer } from '../protocols/machine.ts';
import { connect } from '../transport/connect.ts';
import type { HandshakeStep } from '../transport/driver.ts';
import type { SessionInfo } from '../transport/session.ts';
import { adviceFor } from './advice.ts';
import { type Call, type Command, hostAndPort } from './command.ts';
import { openIdentity, PASSPHRASE_OPTION } from './passphrase.ts';
import { clearProgress, colour, duration, packageVersion, print, printError, printJson, progress, size, table } from './terminal.ts';

export const probe: Command = {
  name: 'probe',
  summary: 'shake hands with a node and say what it is',
  usage: 'HOST:PORT --network NAME [options]',
  help: [
    'Dials HOST:PORT, shakes hands and prints who answered: its id (proved by its signature), protocol version, cipher suite, software and limits, with the time of each step. Then it leaves in peace.',
    'If the handshake fails, the steps that went well are printed, then the one check that failed, which side found it, and what to do. The exit code is 1.',
    'Without --identity a key made for this one probe is used. A node with an allow-list refuses it with UNKNOWN_NODE, which still proves that network, clock and cipher agree, and who the node is. To see whether it would let you in, give --identity.',
  ],
  options: {
    protocol: { type: 'string', value: 'NAME', help: 'The protocol to speak: handfast, the default.' },
    network: { type: 'string', value: 'NAME', help: 'The network; both sides must name the same.' },
    identity: { type: 'string', value: 'FILE', help: 'Probe as this node instead of a new one.' },
    peer: { type: 'string', value: 'ID', help: 'The id that must answer.' },
    deadline: { type: 'string', value: 'MS', help: 'Give up after so many milliseconds; 10000.' },
    'passphrase-file': PASSPHRASE_OPTION,
  },
  examples: ['handfast probe node.example.org:7600 --protocol handfast --network demo'],
  positionals: [1, 1],
  interruptible: true,
  async run(call) {
    const { host, port } = hostAndPort(call.positionals[0]);
    call.choice('protocol', ['handfast']);
    const network = call.needed('network', 'demo');
    const deadlineMs = call.whole('deadline', 1, 3_600_000) ?? 10_000;
    const file = call.text('identity');
    const identity = file === undefined ? Identity.generate() : await openIdentity(file, call);
    try {
      progress(`probing ${host}:${port}...`);
      const protocol: HandfastOptions = { identity, network, peer: call.text('peer'), agent: `handfast ${packageVersion()} probe` };
      const result = await attempt(protocol, { host, port, deadlineMs, signal: call.signal });
      clearProgress();
      report(result, call);
      return result.error ? 1 : 0;
    } finally {
      identity.wipe();
    }
  },
};

interface Result {
  address: string;
  /** From the call to the connection; absent where there was none. */
  connectedMs?: number;
  steps: readonly HandshakeStep[];
  /** Who proved to hold the key of its id, also where the handshake failed afterwards. */
  peer?: Peer;
  info?: SessionInfo;
  error?: HandfastError;
}

interface Target {
  host: string;
  port: number;
  deadlineMs: number;
  signal: AbortSignal;
}

async function attempt(protocol: HandfastOptions, { host, port, deadlineMs, signal }: Target): Promise<Result> {
  const result: Result & { steps: HandshakeStep[] } = { address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, steps: [] };
  const startedAt = performance.now();
  try {
    const session = await connect({
      ...protocol,
      protocol: handfast,
      host,
      port,
      deadlineMs,
      signal,
      // Asked once the other side has proved its id: the moment to learn it, whatever comes after.
      allow(peer) {
        result.peer = peer;
        return true;
      },
      onStep(step) {
        result.connectedMs ??= performance.now() - step.sinceStartMs - startedAt;
        result.steps.push(step);
      },
    });
    result.info = session.info;
    await session.close({ drainMs: 1000 });
  } catch (error) {
    if (!(error instanceof HandfastError) || error.code === 'HF_ABORTED' || error.code === 'HF_BAD_ARGUMENT') throw error;
    result.error = error;
  }
  return result;
}

function report(result: Result, call: Call): void {
  const { error } = result;
  const advice = error && adviceHere(result, call);
  if (call.flag('json')) printJson(asJson(result, advice));
  else show(result);
  if (!error) return;
  printError('handfast probe', `${error.message} (${error.code})`, advice);
}

/** The general advice, sharpened by how far this probe came. */
function adviceHere({ error, steps, peer }: Result, call: Call): string | undefined {
  if (error?.code === 'HF_UNKNOWN_NODE' && call.text('identity') === undefined) {
    return 'All checks up to its allow-list passed: give --identity FILE to be probed as a node that it knows';
  }
  const answered = steps.some(({ direction }) => direction === 'received');
  if (error?.code === 'HF_TRUNCATED' && !answered)
    return 'It accepts connections and hangs up on a handfast/1 hello: another service listens there, or it is flooded';
  if (error?.code === 'HF_TRUNCATED' && peer)
    return 'It hung up on our proof without a word: the bytes were changed on the way, or it is flooded';
  return adviceFor(error);
}

function asJson({ address, connectedMs, steps, peer, info, error }: Result, advice: string | undefined): object {
  const us = (ms: number): number => Math.round(ms * 1000);
  return {
    ok: error === undefined,
    protocol: 'handfast',
    address,
    ...(connectedMs !== undefined && { connectedUs: us(connectedMs) }),
    steps: steps.map(({ what, direction, bytes, sinceStartMs }) => ({ step: what, direction, bytes, us: us(sinceStartMs) })),
    ...(peer && { id: peer.id }),
    ...info,
    ...(error && {
      error: {
        code: error.code,
        message: error.message,
        foundBy: error.remote ? 'the other side' : 'this side',
        ...(advice && { advice }),
      },
    }),
  };
}

function show({ address, connectedMs, steps, peer, info, error }: Result): void {
  const rows = connectedMs === undefined ? [] : [['connected', '', duration(connectedMs)]];
  for (const { what, direction, bytes, sinceStartMs } of steps) {
    rows.push([direction === 'done' ? what : `${what} ${direction}`, bytes > 0 ? size(bytes) : '', duration(sinceStartMs)]);
  }
  if (error && steps.length > 0) rows.push([colour.red('failed'), '', '']);
  print(colour.bold(`${address}, handfast/1`));
  for (const line of table(rows, [1, 2])) print(line);
  if (!peer) return;
  print();
  const facts: string[][] = [['id', `${peer.id} (proved)`]];
  if (info) {
    facts.push(['suite', String(info.suite)], ['version', String(info.version)], ['network', String(info.network)]);
    if (info.agent !== undefined) facts.push(['software', `${printable(String(info.agent))} (its own words)`]);
    facts.push(['largest record', size(Number(info.largestRecord))]);
  }
  for (const line of table(facts)) print(line);
}
