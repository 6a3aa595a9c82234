/** One connection that does what networks do: each direction delays what it carries, in order, may be held up, closed or cut. Made of two pairs in memory with the wire between them. */
import type { Carrier, RemoteAddress } from '../../src/transport/carrier.ts';
import type { Cancel, Clock } from '../../src/transport/clock.ts';
import { type MemoryPair, memoryPair } from '../../src/transport/memory.ts';
import type { Random } from './random.ts';

/** From the dialling to the listening end, and back. */
export type Direction = 'there' | 'back';

export interface WireOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** One way, from and to; drawn anew for each piece. */
  readonly delayMs: readonly [number, number];
  /** Moments are multiples of it, so that many things happen at one. */
  readonly grainMs: number;
  /** How many pieces a chunk may be cut into. */
  readonly pieces: number;
  /** What each end sees of the other. */
  readonly listening: RemoteAddress;
  readonly dialling: RemoteAddress;
  /** Nothing gets through for the time being; `moved` is called when that has changed. */
  held(): boolean;
  /** Both ends are gone. */
  over(): void;
}

export class Wire {
  /** The dialling end and the listening end, for those who speak. */
  readonly ends: readonly [Carrier, Carrier];
  readonly random: Random;
  readonly #options: WireOptions;
  readonly #pairs: readonly [MemoryPair, MemoryPair];
  readonly #lanes: { readonly [D in Direction]: Lane };
  /** Inner ends of those that were let go of. */
  readonly #released: Carrier[] = [];
  readonly #cancels = new Set<Cancel>();
  /** Bytes that were on their way when the wire broke. */
  lostBytes = 0;
  #broken = false;
  #open = 2;

  constructor(options: WireOptions) {
    this.#options = options;
    this.random = options.random;
    const near = memoryPair({ remote: options.listening });
    const far = memoryPair({ remote: options.dialling });
    this.#pairs = [near, far];
    const [nearEnd, farEnd] = [near.ends[0], far.ends[0]];
    this.#lanes = { there: new Lane(options, nearEnd, farEnd), back: new Lane(options, farEnd, nearEnd) };
    this.ends = [this.#shown(near), this.#shown(far)];
    this.#attach(nearEnd, this.#lanes.there, this.#lanes.back);
    this.#attach(farEnd, this.#lanes.back, this.#lanes.there);
  }

  /** Neither reset nor silent. */
  get whole(): boolean {
    return !this.#broken && this.#open === 2;
  }

  /** Breaks: what is on the way is lost, and each end hears of it, one of them `laterMs` later. */
  reset(laterMs = 0, first: 'dialling' | 'listening' = 'dialling'): void {
    this.silence();
    const [soon, late] = first === 'dialling' ? this.#pairs : [this.#pairs[1], this.#pairs[0]];
    soon.reset();
    this.#later(laterMs, () => late.reset());
  }

  /** Goes dead without a word: each end finds out for itself. */
  silence(): void {
    this.#broken = true;
    for (const lane of Object.values(this.#lanes)) this.lostBytes += lane.kill();
    for (const end of this.#released) end.destroy();
  }

  /** Carries nothing in one direction for a while; then all of it, in order. */
  stall(direction: Direction, ms: number): void {
    this.#lanes[direction].stall(ms);
  }

  /** Ends one direction early, behind what is on the way; what comes after is lost. The other goes on. */
  halfClose(direction: Direction): void {
    this.#broken = true;
    this.#lanes[direction].end();
  }

  /** Whether it is held has changed. */
  moved(): void {
    for (const lane of Object.values(this.#lanes)) lane.move();
  }

  /** The end for whoever speaks: once he has let go of it, nobody on a dead wire would ever close the other one of its pair. */
  #shown({ ends: [inner, outer] }: MemoryPair): Carrier {
    const destroy = (): void => {
      outer.destroy();
      if (this.#lanes.there.dead) inner.destroy();
      else this.#released.push(inner);
    };
    return new Proxy(outer, {
      get: (target, name) => {
        if (name === 'destroy') return destroy;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  #attach(end: Carrier, outgoing: Lane, incoming: Lane): void {
    end.attach({
      data: (bytes) => {
        this.lostBytes += outgoing.carry(bytes);
      },
      end: () => outgoing.end(),
      drained: () => incoming.move(),
      closed: () => this.#closed(),
    });
  }

  #closed(): void {
    if (--this.#open > 0) return;
    for (const lane of Object.values(this.#lanes)) this.lostBytes += lane.kill();
    for (const cancel of this.#cancels) cancel();
    this.#options.over();
  }

  #later(ms: number, run: () => void): void {
    if (ms <= 0) {
      run();
      return;
    }
    const { clock } = this.#options;
    const cancel = clock.at(clock.now() + ms, () => {
      this.#cancels.delete(cancel);
      run();
    });
    this.#cancels.add(cancel);
  }
}

interface Parcel {
  readonly at: number;
  /** undefined: the end. */
  readonly bytes: Uint8Array | undefined;
}

/** One direction: what has arrived waits for what was sent before it. */
class Lane {
  readonly #options: WireOptions;
  readonly #from: Carrier;
  readonly #to: Carrier;
  #parcels: Parcel[] = [];
  #bytes = 0;
  #paused = false;
  /** Nothing is taken any more. */
  #ended = false;
  dead = false;
  #stalledUntil = 0;
  #armedAt = Number.POSITIVE_INFINITY;
  #cancel: Cancel = () => {};

  constructor(options: WireOptions, from: Carrier, to: Carrier) {
    this.#options = options;
    this.#from = from;
    this.#to = to;
  }

  /** @returns how many bytes were lost. */
  carry(bytes: Uint8Array): number {
    if (this.#ended) return bytes.length;
    const { random, pieces } = this.#options;
    let left = bytes.slice();
    for (let count = random.between(1, pieces); left.length > 0; count--) {
      const length = count <= 1 ? left.length : random.between(1, left.length);
      this.#add(left.subarray(0, length));
      left = left.subarray(length);
    }
    this.#bytes += bytes.length;
    if (this.#bytes > WINDOW && !this.#paused) {
      this.#paused = true;
      this.#from.pause();
    }
    this.move();
    return 0;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#add(undefined);
    this.move();
  }

  stall(ms: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#options.clock.precise() + ms);
    this.move();
  }

  /** @returns how many bytes were lost. */
  kill(): number {
    const lost = this.#bytes;
    this.#parcels = [];
    this.#bytes = 0;
    this.#ended = true;
    this.dead = true;
    this.#cancel();
    // What is written into a dead wire goes nowhere, but it goes.
    if (this.#paused) this.#from.resume();
    return lost;
  }

  /** Hands over what has arrived, and wakes for the rest. */
  move(): void {
    const { clock, held } = this.#options;
    while (this.#parcels.length > 0 && !held() && !this.#to.congested) {
      const due = Math.max(this.#parcels[0].at, this.#stalledUntil);
      if (due > clock.precise()) {
        this.#arm(due);
        return;
      }
      const { bytes } = this.#parcels.shift()!;
      if (bytes) {
        this.#bytes -= bytes.length;
        this.#to.write(bytes);
      } else this.#to.end();
    }
    if (this.#paused && this.#bytes <= WINDOW / 2) {
      this.#paused = false;
      this.#from.resume();
    }
  }

  #add(bytes: Uint8Array | undefined): void {
    const { clock, delayMs, grainMs, random } = this.#options;
    const arrives = clock.precise() + random.between(...delayMs);
    this.#parcels.push({ at: Math.ceil(arrives / grainMs) * grainMs, bytes });
  }

  #arm(at: number): void {
    if (this.#armedAt === at) return;
    this.#cancel();
    this.#armedAt = at;
    const { clock } = this.#options;
    this.#cancel = clock.at(clock.now() + (at - clock.precise()), () => {
      this.#armedAt = Number.POSITIVE_INFINITY;
      this.move();
    });
  }
}

/** Bytes on the way in one direction before the sender is held up. */
const WINDOW = 256 * 1024;
