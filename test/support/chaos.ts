/** A network of many nodes in one process, on a clock moved by hand, in which everything goes wrong that can: repeatable by its seed, as far as those who use it are. */
import { HandfastError } from '../../src/errors.ts';
import type { Carriers, DialOptions, Listening } from '../../src/node/carriers.ts';
import type { Millis } from '../../src/protocols/machine.ts';
import type { Carrier, RemoteAddress } from '../../src/transport/carrier.ts';
import type { Cancel, Clock } from '../../src/transport/clock.ts';
import { HandClock } from './clock.ts';
import { Random } from './random.ts';
import { TURNS_OF_WORK } from './turns.ts';
import { type Direction, Wire } from './wire.ts';

/** How often what happens by itself. All are off until {@link ChaosNetwork.storm}. */
export interface Weather {
  /** Mean time between two of them on one connection; Infinity: never. */
  readonly resetEveryMs: number;
  readonly silenceEveryMs: number;
  readonly halfCloseEveryMs: number;
  readonly stallEveryMs: number;
  /** How long a stall lasts at most. */
  readonly stallMs: number;
  /** How much later the second end hears of a reset at most. */
  readonly resetLaterMs: number;
  /** Shares of dials. */
  readonly refusedDials: number;
  readonly slowDials: number;
  /** How long a slow dial takes at most. */
  readonly slowDialMs: number;
}

export interface ChaosOptions {
  readonly seed: number;
  /** One way, from and to; each connection has a part of this range of its own, so that connections overtake each other. */
  readonly delayMs?: readonly [number, number];
  readonly grainMs?: number;
  readonly pieces?: number;
}

/** A connection there is. */
export interface Connection {
  readonly from: string;
  readonly to: string;
  readonly wire: Wire;
}

export class ChaosNetwork {
  /** The true time. Nodes have clocks of their own: {@link ChaosNetwork.clockOf}. */
  readonly clock = new HandClock();
  /** What has happened, by kind: dials, resets... */
  readonly happened = new Map<string, number>();
  readonly connections = new Set<Connection>();
  readonly #options: Required<ChaosOptions>;
  readonly #clocks = new Map<string, NodeClock>();
  readonly #listeners = new Map<string, (carrier: Carrier) => void>();
  readonly #numbers = new Map<string, number>();
  readonly #plans = new Map<Connection, Cancel>();
  /** The group of each node while the network is cut; those without one are in none. */
  #groups: Map<string, number> | undefined;
  #weather: Weather = CALM;
  #dials = 0;

  constructor({ seed, delayMs = [1, 40], grainMs = 5, pieces = 3 }: ChaosOptions) {
    this.#options = { seed, delayMs, grainMs, pieces };
  }

  /** The clock of one node, to be set apart from the others'. */
  clockOf(name: string): NodeClock {
    let clock = this.#clocks.get(name);
    if (!clock) {
      clock = new NodeClock(this.clock);
      this.#clocks.set(name, clock);
    }
    return clock;
  }

  /** How a node reaches the others, each under `name:1`. */
  carriers(name: string): Carriers {
    return {
      dial: (address, options) => this.#dial(name, address, options),
      listen: (accept) => this.#listen(name, accept),
    };
  }

  /** The IP address that others see of a node. */
  addressOf(name: string): RemoteAddress {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      this.#numbers.set(name, number);
    }
    return { address: `10.0.${number >> 8}.${number & 255}`, port: 1 };
  }

  /** From now on things go wrong by themselves, as often as told. */
  storm(weather: Partial<Weather>): void {
    this.#weather = { ...CALM, stallMs: 5_000, resetLaterMs: 2_000, slowDialMs: 8_000, ...weather };
    for (const connection of this.connections) this.#plan(connection);
  }

  /** Nothing goes wrong by itself any more; what is broken stays so. */
  calm(): void {
    this.storm({});
  }

  /** Cuts the network: what is sent from one group to another waits, and dialling there gets no answer. */
  partition(...groups: readonly (readonly string[])[]): void {
    this.#groups = new Map(groups.flatMap((names, group) => names.map((name) => [name, group] as const)));
    this.#count('partition');
  }

  /** Makes it one again. */
  heal(): void {
    this.#groups = undefined;
    for (const { wire } of this.connections) wire.moved();
  }

  /** Lets time pass, a grain at a time where anything happens; after each, those who speak have their turns. @param done ends it early. */
  async pass(ms: number, done: () => boolean = () => false): Promise<void> {
    const until = this.clock.precise() + ms;
    await turns();
    while (!done()) {
      const { grainMs } = this.#options;
      const next = Math.min(until, Math.ceil(this.clock.next / grainMs) * grainMs);
      this.clock.advance(Math.max(0, next - this.clock.precise()));
      await turns();
      if (next >= until) return;
    }
  }

  /** Cuts all connections of a node without a word, as when its machine dies. */
  unplug(name: string): void {
    for (const { from, to, wire } of this.connections) if (from === name || to === name) wire.silence();
    this.#count('unplug');
  }

  #apart(one: string, other: string): boolean {
    return this.#groups !== undefined && this.#groups.get(one) !== this.#groups.get(other);
  }

  async #listen(name: string, accept: (carrier: Carrier) => void): Promise<Listening> {
    if (this.#listeners.has(name)) throw new HandfastError('LISTEN_FAILED', `${name}: the port is in use`);
    this.#listeners.set(name, accept);
    return {
      address: `${name}:1`,
      close: async () => void this.#listeners.delete(name),
    };
  }

  async #dial(from: string, address: string, { signal, deadlineMs }: DialOptions): Promise<Carrier> {
    const to = address.replace(/:1$/, '');
    const random = new Random(this.#options.seed, `dial ${++this.#dials}`);
    this.#count('dial');
    const deadline = this.clock.precise() + deadlineMs;
    const slow = random.chance(this.#weather.slowDials);
    if (slow) this.#count('slow dial');
    await this.#sleep(slow ? random.below(this.#weather.slowDialMs) : random.between(...this.#options.delayMs), deadline, signal);
    // No answer: neither yes nor no.
    if (this.#apart(from, to)) await this.#sleep(Number.POSITIVE_INFINITY, deadline, signal);
    const accept = this.#listeners.get(to);
    if (!accept || random.chance(this.#weather.refusedDials)) {
      this.#count('refused dial');
      throw new HandfastError('CONNECT_FAILED', `${address}: connection refused`);
    }
    const connection = this.#connect(from, to, random);
    accept(connection.wire.ends[1]);
    try {
      await this.#sleep(random.between(...this.#options.delayMs), deadline, signal);
    } catch (error) {
      connection.wire.ends[0].destroy();
      throw error;
    }
    return connection.wire.ends[0];
  }

  #connect(from: string, to: string, random: Random): Connection {
    const { delayMs, grainMs, pieces } = this.#options;
    const [least, most] = [random.between(...delayMs), random.between(...delayMs)].sort((a, b) => a - b);
    const wire = new Wire({
      clock: this.clock,
      random,
      delayMs: [least, most],
      grainMs,
      pieces,
      listening: this.addressOf(to),
      dialling: { ...this.addressOf(from), port: 1024 + (this.#dials % 60_000) },
      held: () => this.#apart(from, to),
      over: () => {
        this.connections.delete(connection);
        this.#plans.get(connection)?.();
        this.#plans.delete(connection);
      },
    });
    const connection: Connection = { from, to, wire };
    this.connections.add(connection);
    this.#plan(connection);
    return connection;
  }

  /** When the weather strikes a connection next, and how. */
  #plan(connection: Connection): void {
    this.#plans.get(connection)?.();
    this.#plans.delete(connection);
    const { wire } = connection;
    const { random } = wire;
    const weather = this.#weather;
    const fates: readonly Fate[] = [
      ['reset', weather.resetEveryMs, () => wire.reset(random.below(weather.resetLaterMs), random.pick(['dialling', 'listening']))],
      ['silence', weather.silenceEveryMs, () => wire.silence()],
      ['half-close', weather.halfCloseEveryMs, () => wire.halfClose(random.pick(DIRECTIONS))],
      ['stall', weather.stallEveryMs, () => wire.stall(random.pick(DIRECTIONS), random.below(weather.stallMs))],
    ];
    // The first of four that wait, each for its own random time: what a Poisson process does.
    const waits = fates.map(([, everyMs]) => Math.ceil(-Math.log(1 - random.between(1, 999_999) / 1e6) * everyMs));
    const afterMs = Math.min(...waits);
    const [kind, , strike] = fates[waits.indexOf(afterMs)];
    if (!(afterMs < Number.POSITIVE_INFINITY)) return;
    this.#plans.set(
      connection,
      this.clock.at(this.clock.now() + afterMs, () => {
        if (!wire.whole) return;
        this.#count(kind);
        strike();
        if (this.connections.has(connection)) this.#plan(connection);
      }),
    );
  }

  #count(kind: string): void {
    this.happened.set(kind, (this.happened.get(kind) ?? 0) + 1);
  }

  /** @throws HF_ABORTED, HF_CONNECT_FAILED once the deadline has passed. */
  #sleep(ms: number, deadline: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const { clock } = this;
      const settle = (run: () => void) => (): void => {
        cancel();
        signal.removeEventListener('abort', aborted);
        run();
      };
      const late = clock.precise() + ms > deadline;
      const wake = settle(() => (late ? reject(new HandfastError('CONNECT_FAILED', 'no answer before the deadline')) : resolve()));
      const cancel = clock.at(clock.now() + (late ? Math.max(0, deadline - clock.precise()) : ms), wake);
      const aborted = settle(() => reject(new HandfastError('ABORTED', 'connect was cancelled', { cause: signal.reason })));
      if (signal.aborted) aborted();
      else signal.addEventListener('abort', aborted, { once: true });
    });
  }
}

/** What may strike a connection, how often, and how. */
type Fate = readonly [kind: string, everyMs: number, strike: () => void];

/** A clock on a node's wall: the time of all, set apart by its owner. */
export class NodeClock implements Clock {
  readonly #world: HandClock;
  #setBy = 0;

  constructor(world: HandClock) {
    this.#world = world;
  }

  now(): Millis {
    return this.#world.now() + this.#setBy;
  }

  precise(): number {
    return this.#world.precise();
  }

  at(time: Millis, run: () => void): Cancel {
    return this.#world.at(time - this.#setBy, run);
  }

  /** Sets it; no time passes. */
  set(byMs: number): void {
    this.#setBy += byMs;
  }
}

/** Enough turns of the event loop for what came to be opened, worked on, and answered. */
async function turns(): Promise<void> {
  for (let i = 0; i < TURNS_OF_WORK; i++) await new Promise((resolve) => setImmediate(resolve));
}

const DIRECTIONS: readonly Direction[] = ['there', 'back'];

const CALM: Weather = {
  resetEveryMs: Number.POSITIVE_INFINITY,
  silenceEveryMs: Number.POSITIVE_INFINITY,
  halfCloseEveryMs: Number.POSITIVE_INFINITY,
  stallEveryMs: Number.POSITIVE_INFINITY,
  stallMs: 0,
  resetLaterMs: 0,
  refusedDials: 0,
  slowDials: 0,
  slowDialMs: 0,
};
