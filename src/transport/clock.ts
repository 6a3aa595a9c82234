/** Time as transports see it. The real clock is below; tests move one by hand. */
import type { Millis } from '../protocols/machine.ts';
import { Pace } from './pace.ts';

export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since 1970. */
  now(): Millis;
  /** Milliseconds with fractions, of a clock that never jumps: only differences mean something. */
  precise(): number;
  /** Calls `run` once when `time` has come (Infinity: never), never before it returns. A clock set meanwhile neither hurries nor delays it. */
  at(time: Millis, run: () => void): Cancel;
  /** Shared by all that go by this clock. Absent where its time knows no turns of the event loop: what would be run by it is run at once. */
  readonly pace?: Pace | undefined;
}

/**
 * Runs a task, which must not throw, when the clock's pace has time for it: after all others that were given to it.
 * @param of what the task is for: so it can be one function for all connections. What the engine has compiled for one of a connection's own is lost with the connection.
 */
export function paced(clock: Clock, task: () => void): void;
export function paced<Of>(clock: Clock, task: (of: Of) => void, of: Of): void;
export function paced<Of>({ pace }: Clock, task: (of?: Of) => void, of?: Of): void {
  if (pace) pace.run(task, of);
  else task(of);
}

/** The machine's clock. Its timers do not keep the process alive: the sockets they watch do. */
export const systemClock: Clock = {
  now: () => Date.now(),
  precise: () => performance.now(),
  at(time, run) {
    const left = time - Date.now();
    if (left === Number.POSITIVE_INFINITY) return never;
    return left <= LONGEST_TIMER_MS ? once(left, run) : inParts(left, run);
  },
  pace: new Pace(() => performance.now()),
};

function once(ms: number, run: () => void): Cancel {
  const timer = setTimeout(run, Math.max(0, ms));
  timer.unref();
  return () => clearTimeout(timer);
}

function inParts(ms: number, run: () => void): Cancel {
  let left = ms;
  let cancel: Cancel;
  const arm = (): void => {
    const part = Math.min(left, LONGEST_TIMER_MS);
    left -= part;
    cancel = once(part, left > 0 ? arm : run);
  };
  arm();
  return () => cancel();
}

const never: Cancel = () => {};

/**
 * The clock of one connection: set by `clock` as it begins, and not moved by anybody afterwards. A clock that is put right in mid-session would otherwise end every session at once,
 * or none ever, since silence and deadlines are differences.
 */
export function steady(clock: Clock): Clock {
  return new SteadyClock(clock);
}

/** One object for each connection, where functions would be one for each of these. */
class SteadyClock implements Clock {
  readonly #clock: Clock;
  readonly #began: Millis;
  readonly #origin: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#began = clock.now();
    this.#origin = clock.precise();
  }

  now(): Millis {
    return this.#began + (this.#clock.precise() - this.#origin);
  }

  precise(): number {
    return this.#clock.precise();
  }

  get pace(): Pace | undefined {
    return this.#clock.pace;
  }

  at(time: Millis, run: () => void): Cancel {
    return this.#clock.at(this.#clock.now() + (time - this.now()), run);
  }
}

// setTimeout takes a signed 32-bit delay and treats anything more as 1.
const LONGEST_TIMER_MS = 2 ** 31 - 1;
