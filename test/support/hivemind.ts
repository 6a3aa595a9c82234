/** Both sides of HiveMind, with no socket: a slave and a master that a test moves by hand. */
import type { Core } from '../../src/core/core.ts';
import type { HandfastError } from '../../src/errors.ts';
import { targetOf } from '../../src/protocols/hivemind/authorization.ts';
import { type HiveMindOptions, hivemind } from '../../src/protocols/hivemind/index.ts';
import type { MessageAbout, Received, TrafficOutput } from '../../src/protocols/machine.ts';
import { utf8 } from '../../src/wire/text.ts';
import { converseByMessage, Side, type SideOptions } from './machines.ts';

export const NOW = 1_790_000_000_000;
export const ACCESS_KEY = 'kitchen-key';
export const PASSWORD = 'correct horse battery staple';

export interface PairOptions {
  core: Core;
  slave?: HiveMindOptions;
  master?: HiveMindOptions;
  /** Of the master's application. */
  judge?: SideOptions['judge'];
  /** What the slave asks for, instead of its own token. */
  target?: string;
  /** Of both sides. */
  work?: SideOptions['work'];
}

export interface Pair {
  slave: Side;
  master: Side;
}

/** Started, ready, and the master's greeting sent. */
export function pairOf({ core, slave = {}, master = {}, judge, target, work }: PairOptions): Pair {
  const pair = {
    slave: slaveSide(core, slave, work),
    master: masterSide(core, master, target ?? targetOf({ userAgent: 'test', accessKey: slave.accessKey ?? ACCESS_KEY }), judge, work),
  };
  pass(pair.master, 200);
  return pair;
}

export function slaveSide(core: Core, options: HiveMindOptions = {}, work?: SideOptions['work']): Side {
  const machine = hivemind.initiator({ core, accessKey: ACCESS_KEY, password: PASSWORD, ...options });
  return new Side({ core, machine, now: NOW, ...(work && { work }) }).start({});
}

export function masterSide(
  core: Core,
  options: HiveMindOptions = {},
  target = targetOf({ userAgent: 'test', accessKey: ACCESS_KEY }),
  judge?: SideOptions['judge'],
  work?: SideOptions['work'],
): Side {
  const machine = hivemind.responder({ core, clients: [{ accessKey: ACCESS_KEY, password: PASSWORD }], ...options });
  return new Side({ core, machine, now: NOW, ...(judge && { judge }), ...(work && { work }) }).start({ upgrade: { target, headers: {} } });
}

export function pass(side: Side, ms: number): void {
  side.now += ms;
  if (!side.over) side.feed({ kind: 'tick', now: side.now });
}

/** @throws what either side failed with. */
export async function openPair(options: PairOptions): Promise<Pair> {
  const pair = pairOf(options);
  await converseByMessage(pair.slave, pair.master);
  for (const side of [pair.slave, pair.master]) if (side.failed) throw side.failed;
  return pair;
}

/** What one side would send. */
export function write(side: Side, payload: unknown, about: MessageAbout = {}): { data: Uint8Array; text: boolean } {
  const bytes = payload instanceof Uint8Array ? payload : utf8(JSON.stringify(payload));
  return side.opened!.traffic.writer!.write(bytes, about, side.now);
}

/** What a side makes of a carrier message; copied, since it is valid until the next call alone. */
export function receive(side: Side, { data, text }: { data: Uint8Array; text: boolean }): Received {
  return { ...side.opened!.traffic.openMessage!(data, text, side.now) };
}

export function textMessage(value: unknown): { data: Uint8Array; text: boolean } {
  return { data: utf8(typeof value === 'string' ? value : JSON.stringify(value)), text: true };
}

/** How a session ended of it. */
export function endingOf(outputs: readonly TrafficOutput[]): { code: string | undefined; close: number | undefined } | undefined {
  const ended = outputs.find((each) => each.kind === 'ended');
  return ended?.kind === 'ended' ? { code: (ended.why as HandfastError | undefined)?.code, close: ended.close?.code } : undefined;
}

export const utterance = (text: string, context: object = {}): object => ({
  type: 'recognizer_loop:utterance',
  data: { utterances: [text] },
  context,
});
