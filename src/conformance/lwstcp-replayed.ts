/** This implementation in one role of a recorded connection: with the recorded side's key, rounds, timers and randomness. */
import type { Bytes, Core } from '../core/core.ts';
import type { HandfastError } from '../errors.ts';
import { initiator } from '../protocols/lwstcp/initiator.ts';
import { Packet, SIZES } from '../protocols/lwstcp/packets.ts';
import { responder } from '../protocols/lwstcp/responder.ts';
import { SessionKeyMemory } from '../protocols/lwstcp/session-keys.ts';
import { settingsOf } from '../protocols/lwstcp/settings.ts';
import type { Input, Machine, Opened, Output, Role, TrafficOutput } from '../protocols/machine.ts';
import { join } from '../wire/writer.ts';
import { codeOf, toHex } from './kinds.ts';
import { type Recording, same, sizeOfPacket } from './lwstcp-sessions.ts';

/** The core, but for its randomness: what is in `draws` comes first, each where its length is asked for. */
export function scripted(core: Core, draws: Bytes[]): Core {
  return { ...core, random: (length) => (draws[0]?.length === length ? draws.shift()!.slice() : core.random(length)) };
}

export class Replayed {
  opened: Opened | undefined;
  failed: HandfastError | undefined;
  /** The session has ended, and why. */
  ended: { readonly why?: HandfastError } | undefined;
  /** Plaintexts, as hexadecimal digits. */
  readonly received: string[] = [];
  /** What was sent in the handshake. */
  readonly handshake: Bytes[] = [];
  /** A message came in two halves, further apart than the library waits. */
  waited = false;
  readonly #recording: Recording;
  readonly #core: Core;
  readonly #draws: Bytes[];
  readonly #machine: Machine<unknown>;
  readonly #patienceMs: number;
  #state: unknown;
  #deadline = Number.POSITIVE_INFINITY;
  #now = 0;
  #held: Bytes = new Uint8Array(0);
  #heldSince = 0;

  constructor(recording: Recording, role: Role) {
    this.#recording = recording;
    this.#draws = drawsOf(recording, role);
    this.#core = scripted(recording.core, this.#draws);
    const keepAliveMs = recording.timer(role, 'keepAliveMs');
    this.#patienceMs = keepAliveMs >= 5_000 ? 5_000 : Math.min(keepAliveMs, 2_000);
    const settings = settingsOf({
      ...recording.sealing(role),
      core: this.#core,
      allowInsecure: true,
      keepAliveMs,
      inactivityMs: recording.timer(role, 'inactivityMs'),
      sessionKeys: new SessionKeyMemory(),
    });
    this.#machine = role === 'initiator' ? initiator(settings) : responder(settings);
    this.#state = this.#machine.initial;
    this.#feed({ kind: 'start', now: 0 });
  }

  /** Time goes on, and with it the timers. */
  pass(now: number): void {
    for (let at = this.#wakes(); at <= now; at = this.#wakes()) {
      this.#now = at;
      if (this.opened) this.#obey(this.opened.traffic.tick(at));
      else this.#feed({ kind: 'tick', now: at });
    }
    this.#now = now;
  }

  /** What the other side sent; undefined: the end of its direction. */
  hear(bytes: Bytes | undefined): void {
    const now = this.#now;
    if (this.failed || this.ended) return;
    if (this.opened) {
      if (bytes) this.#open(bytes);
      else this.#obey(this.opened.traffic.end(now));
    } else this.#feed(bytes ? { kind: 'bytes', now, data: bytes } : { kind: 'end', now });
  }

  /** Does what the recorded side's application did: packets that are whole. Keep-alives are the timer's. */
  repeat(chunk: Bytes): void {
    for (let at = 0; at < chunk.length && this.opened && !this.ended; ) {
      const size = sizeOfPacket(chunk, at);
      if (size === 0 || at + size > chunk.length) return;
      if (chunk[at] === Packet.disconnect) this.#obey(this.opened.traffic.close(this.#now));
      else if (chunk[at] === Packet.message) this.#say(this.opened, chunk.slice(at, at + size));
      at += size;
    }
  }

  /** Wipes what it holds, however far it came. */
  end(): void {
    this.opened?.traffic.wipe();
  }

  #say({ traffic }: Opened, packet: Bytes): void {
    const length = (packet[1] << 8) | packet[2];
    const body = this.#recording.decrypt(packet.slice(3));
    const slab = this.#core.slab(packet.length);
    const seal = (): void => traffic.seal(slab, Uint32Array.of(3, length), 1, this.#now);
    try {
      slab.bytes.set(body.subarray(0, length), 3);
      if (length === 0) same('refusal to send nothing', codeOf(seal), 'HF_BAD_ARGUMENT');
      else {
        if (body.length > length) this.#draws.unshift(body.slice(length));
        seal();
        same('message', toHex(slab.bytes.slice(0, packet.length)), toHex(packet));
      }
    } finally {
      slab.release();
    }
  }

  #wakes(): number {
    if (this.failed || this.ended) return Number.POSITIVE_INFINITY;
    return this.opened ? this.opened.traffic.deadline : this.#deadline;
  }

  #feed(input: Input): void {
    const [state, ...outputs] = this.#machine.step(this.#state, input);
    this.#state = state;
    for (const output of outputs) this.#take(output);
  }

  #take(output: Output): void {
    if (output.kind === 'send') this.handshake.push(output.data);
    else if (output.kind === 'deadline') this.#deadline = output.at;
    else if (output.kind === 'judge') this.#feed({ kind: 'judged', now: this.#now, refusal: undefined });
    else if (output.kind === 'failed') this.failed = output.why;
    else if (output.kind === 'opened') {
      this.opened = output.opened;
      this.#open(output.opened.rest);
    }
  }

  #open(bytes: Bytes): void {
    const { traffic } = this.opened!;
    if (this.#held.length > 0 && this.#now - this.#heldSince >= this.#patienceMs) this.waited = true;
    const held = join([this.#held, bytes]);
    const slab = this.#core.slab(Math.max(1, held.length));
    try {
      slab.bytes.set(held);
      let at = 0;
      for (let again = true; again && !this.ended; ) {
        const { count, places, next, again: more, outputs } = traffic.open(slab, at, held.length, this.#now);
        for (let i = 0; i < count; i++) this.received.push(toHex(slab.bytes.slice(places[2 * i], places[2 * i] + places[2 * i + 1])));
        at = next;
        again = more;
        this.#obey(outputs);
      }
      this.#held = held.slice(at);
      this.#heldSince = this.#now;
    } finally {
      slab.release();
    }
  }

  #obey(outputs: readonly TrafficOutput[]): void {
    for (const output of outputs) if (output.kind === 'ended') this.ended ??= output;
  }
}

/** What the recorded side drew, read from what it sent. */
function drawsOf(recording: Recording, role: Role): Bytes[] {
  const { core, handshakeKey, rounds } = recording.sealing(role);
  const stream = recording.streamOf(role);
  if (stream.length < SIZES.request) return [];
  const body = core.xtea256.decrypt(handshakeKey, stream.slice(1, SIZES.request), rounds);
  if (role === 'initiator') return [body.slice(20)];
  return recording.sessionKey ? [body, recording.sessionKey] : [body];
}
