/** Sides of LightweightSecureTCP for tests, and a second implementation of its cipher, straight from the formulas. */
import type { Core } from '../../src/core/core.ts';
import { type LwstcpOptions, lwstcp, SessionKeyMemory } from '../../src/protocols/lwstcp/index.ts';
import type { Received, Refusal, Traffic } from '../../src/protocols/machine.ts';
import { Side } from './machines.ts';

export const NOW = 1_700_000_000_000;
export const KEY = Uint8Array.from({ length: 32 }, (_, i) => 17 * i + 3);

export interface LwstcpSideOptions extends Partial<LwstcpOptions> {
  judge?: () => Refusal | undefined;
}

export function side(core: Core, role: 'initiator' | 'responder', { judge, ...options }: LwstcpSideOptions = {}): Side {
  const machine = lwstcp[role]({ core, handshakeKey: KEY, allowInsecure: true, sessionKeys: new SessionKeyMemory(), ...options });
  return new Side({ core, machine, now: NOW, ...(judge && { judge }) });
}

/** A whole packet: type in clear, then blocks under a key, 32 rounds. */
export function packet(type: number, plain: Uint8Array, key: Uint8Array = KEY): Uint8Array {
  return Uint8Array.of(type, ...cipher(key, plain));
}

/** A message as a peer would send it, zeros for padding. */
export function message(plain: Uint8Array, key: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(plain.length / 8) * 8);
  padded.set(plain);
  return Uint8Array.of(1, plain.length >> 8, plain.length & 0xff, ...cipher(key, padded));
}

export function plainOf(sealed: Uint8Array, key: Uint8Array = KEY): Uint8Array {
  return cipher(key, sealed.slice(1), true);
}

/** Section 5 of the specification, word by word, with numbers of any size. */
export function cipher(key: Uint8Array, data: Uint8Array, backwards = false, rounds = 32): Uint8Array {
  const words = (bytes: Uint8Array): bigint[] =>
    Array.from({ length: bytes.length / 4 }, (_, i) => BigInt(new DataView(bytes.buffer, bytes.byteOffset).getUint32(4 * i, true)));
  const k = words(key);
  const v = words(data);
  const mask = (value: bigint): bigint => BigInt.asUintN(32, value);
  const mix = (x: bigint): bigint => mask((mask(x << 4n) ^ (x >> 5n)) + x);
  const delta = 0x9e3779b9n;
  for (let at = 0; at < v.length; at += 2) {
    let s = backwards ? mask(delta * BigInt(rounds)) : 0n;
    for (let round = 0; round < rounds; round++) {
      if (backwards) {
        v[at + 1] = mask(v[at + 1] - (mix(v[at]) ^ mask(s + k[Number((s >> 11n) & 7n)])));
        s = mask(s - delta);
        v[at] = mask(v[at] - (mix(v[at + 1]) ^ mask(s + k[Number(s & 7n)])));
      } else {
        v[at] = mask(v[at] + (mix(v[at + 1]) ^ mask(s + k[Number(s & 7n)])));
        s = mask(s + delta);
        v[at + 1] = mask(v[at + 1] + (mix(v[at]) ^ mask(s + k[Number((s >> 11n) & 7n)])));
      }
    }
  }
  const out = new Uint8Array(data.length);
  for (const [i, word] of v.entries()) new DataView(out.buffer).setUint32(4 * i, Number(word), true);
  return out;
}

/** Fields of a request or a response: 4, 8 and 8 bytes, and padding. */
export function fields(nonce: number, a: bigint, b: bigint): Uint8Array {
  const body = new Uint8Array(24);
  const view = new DataView(body.buffer);
  view.setUint32(0, nonce, true);
  view.setBigUint64(4, a, true);
  view.setBigUint64(12, b, true);
  return body;
}

/** What came out of bytes, copied. */
export interface Heard {
  texts: string[];
  next: number;
  wanted: number;
  again: boolean;
  outputs: Received['outputs'];
}

/** Gives bytes to a traffic as one chunk. */
export function hear(core: Core, traffic: Traffic, bytes: Uint8Array, now = NOW): Heard {
  const slab = core.slab(Math.max(1, bytes.length));
  try {
    slab.bytes.set(bytes);
    const { places, count, next, wanted, again, outputs } = traffic.open(slab, 0, bytes.length, now);
    const texts = Array.from({ length: count }, (_, i) =>
      new TextDecoder('latin1').decode(slab.bytes.slice(places[2 * i], places[2 * i] + places[2 * i + 1])),
    );
    return { texts, next, wanted, again, outputs };
  } finally {
    slab.release();
  }
}

/** Seals messages, one call, and gives what would leave. */
export function say(core: Core, traffic: Traffic, messages: readonly Uint8Array[], now = NOW): Uint8Array {
  const places: number[] = [];
  let end = 0;
  for (const { length } of messages) {
    places.push(end + traffic.before, length);
    end += traffic.before + Math.ceil(length / traffic.block!) * traffic.block!;
  }
  const slab = core.slab(Math.max(1, end));
  try {
    for (const [i, each] of messages.entries()) slab.bytes.set(each, places[2 * i]);
    traffic.seal(slab, Uint32Array.from(places), messages.length, now);
    return slab.bytes.slice(0, end);
  } finally {
    slab.release();
  }
}
