/** What the attack tests share: how much of it runs, recorded handshakes, and the ways to spoil a message. */
import { expect } from 'vitest';
import type { Slab } from '../../src/core/slab.ts';
import { type Bench, handshake, type SideChanges } from './handfast.ts';
import type { Side } from './machines.ts';
import type { Random } from './random.ts';

/** HANDFAST_ATTACKS=full runs the whole amounts on every core; without it the slow core takes a seeded part. */
export const FULL = process.env.HANDFAST_ATTACKS === 'full';

/** The five messages of a handshake, in the order in which they are sent. */
export const MESSAGES = ['hello', 'reply', 'finish', 'OPEN of the dialler', 'OPEN of the listener'] as const;

/** The messages of an honest handshake, apart from one another. */
export function recorded(bench: Bench, dialler: SideChanges, listener: SideChanges, other = bench): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const a = bench.dialler(dialler).start();
  const b = other.listener(listener).start();
  exchange(a, b, (message) => {
    messages.push(message);
    return [message];
  });
  expect(messages.length).toBe(5);
  expect(a.opened && b.opened).toBeTruthy();
  a.dispose();
  b.dispose();
  return messages;
}

/** Passes messages between two sides one by one, in the order of sending; `between` says what of each arrives, and in which cuts. */
export function exchange(a: Side, b: Side, between: (message: Uint8Array, index: number, from: Side) => Uint8Array[]): void {
  let index = 0;
  for (;;) {
    const from = a.sent.length > 0 ? a : b;
    const message = from.sent.shift();
    if (!message) return;
    const to = from === a ? b : a;
    for (const part of between(message, index++, from)) if (!to.over) to.bytes(part);
  }
}

export interface Spoilt {
  how: 'bit flipped' | 'truncated' | 'bytes added' | 'bytes added, length adjusted';
  bytes: Uint8Array;
}

/** Every bit flipped, every truncation, 1 to 64 bytes added behind and inside. @param lengths whether messages begin with their length. */
export function* spoilt(message: Uint8Array, random: Random, lengths = true): Generator<Spoilt> {
  for (let bit = 0; bit < 8 * message.length; bit++) {
    const bytes = message.slice();
    bytes[bit >> 3] ^= 1 << (bit & 7);
    yield { how: 'bit flipped', bytes };
  }
  for (let length = 0; length < message.length; length++) yield { how: 'truncated', bytes: message.slice(0, length) };
  for (let count = 1; count <= 64; count++) {
    const bytes = new Uint8Array(message.length + count);
    bytes.set(message);
    bytes.set(random.bytes(count), message.length);
    yield { how: 'bytes added', bytes };
    if (!lengths) continue;
    const longer = bytes.slice();
    new DataView(longer.buffer).setUint32(0, longer.length - 4);
    yield { how: 'bytes added, length adjusted', bytes: longer };
  }
}

/** What the traffic of an opened side makes of what came behind the handshake, and of the end of the stream: how many messages it delivers, and how it ends. */
export function afterwards(side: Side): { delivered: number; code: string | undefined } {
  const { traffic, rest } = side.opened!;
  const slab: Slab = side.core.slab(rest.length + 1);
  slab.bytes.set(rest);
  const { count, outputs } = traffic.open(slab, 0, rest.length, side.now);
  slab.release();
  const ended = [...outputs, ...traffic.end(side.now)].find((output) => output.kind === 'ended');
  return { delivered: count, code: ended?.kind === 'ended' ? ended.why?.code : undefined };
}

/** Counts by name, to be printed and asserted. */
export class Tally {
  readonly counts = new Map<string, number>();

  add(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  toString(): string {
    return [...this.counts].map(([name, count]) => `${name} ${count.toLocaleString('en')}`).join(', ');
  }
}

export { handshake };
