/** `handfast probe`: shakes hands with a real node and says what it is, or exactly which check failed and what to do. */
import '../core/choose.ts';
import { HandfastError } from '../errors.ts';
import type { Peer } from '../protocols/machine.ts';
import { connect } from '../transport/connect.ts';
import type { HandshakeStep } from '../transport/handshake.ts';
import type { SessionInfo } from '../transport/session.ts';
import { adviceFor, whereToRead } from './advice.ts';
import { type Call, type Command, hostAndPort } from './command.ts';
import { chosenProtocol, partsFor } from './protocols/index.ts';
import type { CommandProtocol, Found } from './protocols/protocol.ts';
import { SUMMARIES } from './summaries.ts';
import { clearProgress, colour, duration, print, printError, printJson, progress, size, table } from './terminal.ts';

export const probe: Command = {
  name: 'probe',
  summary: SUMMARIES.probe,
  usage: 'HOST:PORT [--protocol NAME] [options]',
  help: [
    'Dials HOST:PORT, shakes hands and prints who answered and how that was proved, what was agreed, software and limits, with the time of each step. Then it leaves in peace.',
    'If the handshake fails, the steps that went well are printed, then the one check that failed, which side found it, and what to do. The exit code is 1.',
    'With handfast, and without --identity, a key made for this one probe is used. A node with an allow-list refuses it with UNKNOWN_NODE, which still proves that network, clock and cipher agree, and who the node is. To see whether it would let you in, give --identity.',
  ],
  options: { deadline: { type: 'string', value: 'MS', help: 'Give up after so many milliseconds; 10000 unless given.' } },
  protocols: partsFor('probe'),
  examples: [],
  positionals: [1, 1],
  interruptible: true,
  async run(call) {
    const { host, port } = hostAndPort(call.positionals[0]);
    const deadlineMs = call.whole('deadline', 1, 3_600_000) ?? 10_000;
    const protocol = chosenProtocol(call);
    const settings = await protocol.settings(call, 'probe');
    try {
      progress(`probing ${host}:${port}...`);
      const result = await attempt(protocol, settings.options, { host, port, deadlineMs, signal: call.signal });
      clearProgress();
      report(protocol, result, call);
      return result.error ? 1 : 0;
    } finally {
      settings.wipe();
    }
  },
};

interface Result extends Found {
  address: string;
  /** From the call to the connection; absent where there was none. */
  connectedMs?: number;
  steps: HandshakeStep[];
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

async function attempt(
  { protocol }: CommandProtocol,
  options: Readonly<Record<string, unknown>>,
  { host, port, deadlineMs, signal }: Target,
): Promise<Result> {
  const result: Result = { address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`, steps: [] };
  const startedAt = performance.now();
  try {
    const session = await connect({
      ...options,
      protocol,
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
    result.peer ??= session.peer;
    await session.close({ drainMs: 1000 });
  } catch (error) {
    if (!(error instanceof HandfastError) || error.code === 'HF_ABORTED' || error.code === 'HF_BAD_ARGUMENT') throw error;
    result.error = error;
  }
  return result;
}

function report(protocol: CommandProtocol, result: Result, call: Call): void {
  const { error } = result;
  const advice = error && (protocol.probe.advice?.(result, call) ?? adviceFor(error, protocol.title));
  if (call.flag('json')) printJson(asJson(protocol, result, advice));
  else show(protocol, result);
  if (error) printError('handfast probe', `${error.message} (${error.code})`, advice ?? whereToRead(error.code));
}

function asJson({ protocol, probe }: CommandProtocol, result: Result, advice: string | undefined): object {
  const { address, connectedMs, steps, peer, info, error } = result;
  const us = (ms: number): number => Math.round(ms * 1000);
  return {
    ok: error === undefined,
    protocol: protocol.name,
    address,
    ...(connectedMs !== undefined && { connectedUs: us(connectedMs) }),
    steps: steps.map(({ what, direction, bytes, sinceStartMs }) => ({ step: what, direction, bytes, us: us(sinceStartMs) })),
    ...(peer && { id: peer.id }),
    ...info,
    ...probe.json?.(result),
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

function show({ title, probe }: CommandProtocol, result: Result): void {
  const { address, connectedMs, steps, error } = result;
  const rows = connectedMs === undefined ? [] : [['connected', '', duration(connectedMs)]];
  for (const { what, direction, bytes, sinceStartMs } of steps) {
    rows.push([direction === 'done' ? what : `${what} ${direction}`, bytes > 0 ? size(bytes) : '', duration(sinceStartMs)]);
  }
  if (error && steps.length > 0) rows.push([colour.red('failed'), '', '']);
  print(colour.bold(`${address}, ${title}`));
  for (const line of table(rows, [1, 2])) print(line);
  const facts = probe.facts(result);
  if (facts.length === 0) return;
  print();
  for (const line of table(facts)) print(line);
}
