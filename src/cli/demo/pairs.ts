/** The main job: two processes shake hands over TCP, know who the other is, exchange a file both ways and a hundred thousand messages. */
import type { HandshakeStep } from '../../transport/handshake.ts';
import { colour, duration, progress, shortId, size, table, thousands } from '../terminal.ts';
import type { Met } from './orders.ts';
import { mark, type Report } from './report.ts';
import { type Actor, FILE_BYTES, type Stage } from './stage.ts';

const HANDSHAKES = 5;
/** With the pure core on one side, each takes some ten times as long. */
const MESSAGES = { native: 100_000, mixed: 20_000 };
const MESSAGE_BYTES = 256;

export interface Listening extends Actor {
  readonly port: number;
}

export interface Sent {
  path: string;
  sha256: string;
}

export async function playPair(report: Report, stage: Stage, dialler: Actor, listener: Listening, file: Sent): Promise<void> {
  const pair = `${dialler.core}-${listener.core}`;
  report.heading(`${dialler.name} (${dialler.core}) dials ${listener.name} (${listener.core})`);
  await report.scene(`handshake ${pair}`, async () => {
    await shakeHands(report, dialler, listener, pair);
    await sendFile(report, stage, dialler, listener, pair, file);
    await sendFile(report, stage, listener, dialler, pair, file);
    await sendMessages(report, dialler, listener, pair);
    await part(dialler, listener);
  });
}

/** Several times: the first one pays for code that has never run; the last one is shown. */
async function shakeHands(report: Report, dialler: Actor, listener: Listening, pair: string): Promise<void> {
  const cold = await meet(dialler, listener);
  let { dialled, accepted } = cold;
  for (let i = 1; i < HANDSHAKES; i++) {
    await part(dialler, listener);
    ({ dialled, accepted } = await meet(dialler, listener));
  }
  showSteps(report, dialler, dialled, listener, accepted);
  const coldMs = cold.dialled.steps.at(-1)?.sinceStartMs ?? 0;
  report.say(colour.dim(`   the ${HANDSHAKES}th handshake of the two; the first, cold one took ${duration(coldMs)}`));
  const known = dialled.peer === listener.id && accepted.peer === dialler.id;
  const bound = dialled.binding === accepted.binding;
  report.say();
  report.say(
    `   ${dialler.name} knows ${colour.cyan(shortId(dialled.peer))} = ${listener.name}; ${listener.name} knows ${colour.cyan(shortId(accepted.peer))} = ${dialler.name}`,
  );
  report.say(`   ${dialled.suite}, binding ${dialled.binding.slice(0, 16)}.. on both sides  ${mark(known && bound)}`);
  const figures = {
    dialler: dialled.peer,
    listener: accepted.peer,
    suite: dialled.suite,
    binding: dialled.binding,
    coldUs: Math.round(coldMs * 1000),
    steps: { dialler: plain(dialled.steps), listener: plain(accepted.steps) },
  };
  report.add(`handshake ${pair}`, known && bound, figures, 'the two sides do not name each other, or their bindings differ');
}

async function meet(dialler: Actor, listener: Listening): Promise<{ dialled: Met; accepted: Met }> {
  const [dialled, accepted] = await Promise.all([
    dialler.process.ask('connect', { port: listener.port, peer: listener.id }),
    listener.process.ask('accepted', {}),
  ]);
  if ('refused' in dialled) throw new Error(`${dialled.refused.message} (${dialled.refused.code})`);
  return { dialled, accepted };
}

async function part(dialler: Actor, listener: Listening): Promise<void> {
  await Promise.all([dialler.process.ask('leave', {}), listener.process.ask('ended', {})]);
}

/** Both sides beside each other: what, bytes on the wire, microseconds since the connection. */
export function showSteps(report: Report, dialler: Actor, dialled: Met, listener: Actor, accepted: Met): void {
  const cells = (step: HandshakeStep | undefined): string[] => {
    if (!step) return ['', '', ''];
    const { what, direction, bytes, sinceStartMs } = step;
    return [direction === 'done' ? what : `${what} ${direction}`, bytes > 0 ? `${bytes} B` : '', `${thousands(sinceStartMs * 1000)} us`];
  };
  const rows = [[colour.dim(`${dialler.name} dials`), '', '', '', colour.dim(`${listener.name} listens`), '', '']];
  for (let i = 0; i < Math.max(dialled.steps.length, accepted.steps.length); i++) {
    rows.push([...cells(dialled.steps[i]), '', ...cells(accepted.steps[i])]);
  }
  for (const line of table(rows, [1, 2, 5, 6], 3)) report.say(line);
}

export function plain(steps: readonly HandshakeStep[]): object[] {
  return steps.map(({ what, direction, bytes, sinceStartMs }) => ({ what, direction, bytes, us: Math.round(sinceStartMs * 1000) }));
}

async function sendFile(report: Report, stage: Stage, from: Actor, to: Actor, pair: string, file: Sent): Promise<void> {
  progress(`${size(FILE_BYTES)} from ${from.name} to ${to.name}...`);
  const path = stage.path(`${from.name}-to-${to.name}.bin`);
  await to.process.ask('expectFile', { path, bytes: FILE_BYTES });
  const startedAt = performance.now();
  const [sent, received] = await Promise.all([
    from.process.ask('sendFile', { path: file.path }, 30_000),
    to.process.ask('received', {}, 30_000),
  ]);
  const ms = performance.now() - startedAt;
  const ok = sent.sha256 === file.sha256 && received.sha256 === file.sha256 && received.bytes === FILE_BYTES;
  const rate = FILE_BYTES / 2 ** 20 / (ms / 1000);
  const route = `${from.name} to ${to.name}`;
  report.say(
    `   ${size(FILE_BYTES)} file, ${route.padEnd(14)} ${duration(ms).padStart(9)} ${thousands(rate).padStart(7)} MiB/s  SHA-256 ${file.sha256.slice(0, 8)}..  ${mark(ok)}`,
  );
  const figures = {
    pair,
    from: from.id,
    to: to.id,
    bytes: received.bytes,
    ms: round(ms),
    mibPerSecond: round(rate),
    sha256: received.sha256,
  };
  report.add(`file ${pair}, ${route}`, ok, figures, `sent ${sent.sha256}, received ${received.sha256}`);
}

async function sendMessages(report: Report, from: Actor, to: Actor, pair: string): Promise<void> {
  const count = from.core === 'native' && to.core === 'native' ? MESSAGES.native : MESSAGES.mixed;
  progress(`${thousands(count)} messages from ${from.name} to ${to.name}...`);
  await to.process.ask('expectMessages', { count, size: MESSAGE_BYTES });
  const startedAt = performance.now();
  const [, received] = await Promise.all([
    from.process.ask('sendMessages', { count, size: MESSAGE_BYTES }, 30_000),
    to.process.ask('received', {}, 30_000),
  ]);
  const ms = performance.now() - startedAt;
  const ok = received.count === count && received.inOrder && received.bytes === count * MESSAGE_BYTES;
  const rate = count / (ms / 1000);
  report.say(
    `   ${`${thousands(count)} x ${MESSAGE_BYTES} B messages`.padEnd(29)} ${duration(ms).padStart(9)} ${thousands(rate).padStart(9)}/s  all there, in order  ${mark(ok)}`,
  );
  const figures = { pair, messages: received.count, messageBytes: MESSAGE_BYTES, ms: round(ms), messagesPerSecond: Math.round(rate) };
  report.add(`messages ${pair}`, ok, figures, `${received.count} came, ${received.inOrder ? 'in order' : 'not in order'}`);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
