/**
 * The one driver of all protocols: feeds a machine with bytes, time, decisions and results of work, and does what it asks, until it has opened or failed.
 * Bytes wait while work or a judgement is outstanding; time and cancellation do not. Nothing that goes wrong in here escapes: it becomes HF_INTERNAL.
 */
import { HandfastError } from '../errors.ts';
import {
  discardAnswers,
  type Input,
  type Machine,
  type Millis,
  type Opened,
  type Output,
  type Peer,
  type Refusal,
  type Work,
} from '../protocols/machine.ts';
import { join } from '../wire/writer.ts';
import type { Carrier, CarrierEvents } from './carrier.ts';
import { type Cancel, type Clock, steady } from './clock.ts';
import { endCarrier } from './linger.ts';
import type { Workbench } from './workbench.ts';

/** What has just happened in a handshake. */
export interface HandshakeStep {
  /** In the protocol's words: `hello sent`. */
  readonly what: string;
  readonly direction: 'sent' | 'received' | 'done';
  /** As on the wire; 0 when nothing moved. */
  readonly bytes: number;
  readonly at: Millis;
  /** Since the carrier was there, with fractions. */
  readonly sinceStartMs: number;
}

/** Whether a peer that has proved who it is may stay; undefined: it may. */
export type Judge = (peer: Peer) => Refusal | undefined | Promise<Refusal | undefined>;

export interface HandshakeOptions {
  readonly machine: Machine;
  readonly carrier: Carrier;
  readonly clock: Clock;
  readonly workbench: Workbench;
  /** Everybody may stay when absent. */
  readonly judge?: Judge | undefined;
  readonly onStep?: ((step: HandshakeStep) => void) | undefined;
  /** Keep the steps for the result. */
  readonly keepSteps?: boolean | undefined;
  /** Why this one is refused before it has begun; the machine says so to the other side. */
  readonly refusal?: HandfastError | undefined;
  /** A limit on the whole, besides the machine's own. */
  readonly deadlineMs?: number | undefined;
  /** One of these two is called, once. Should `opened` throw, the handshake has failed after all; `failed` must not throw. */
  opened(result: HandshakeResult): void;
  failed(why: HandfastError): void;
  /** After `failed`: the carrier is gone. */
  closed?(): void;
}

/** An open handshake; the carrier is the caller's from here on, who attaches to it at once, takes what arrived, and resumes it. */
export interface HandshakeResult {
  readonly opened: Opened;
  readonly carrier: Carrier;
  /** The connection's own, steady from its beginning. */
  readonly clock: Clock;
  /** Bytes that came while the last step was taken: they follow `opened.rest`. */
  readonly arrived: readonly Arrived[];
  /** The other side has ended its direction already. */
  readonly heardEnd: boolean;
  readonly steps: readonly HandshakeStep[] | undefined;
}

export interface Arrived {
  readonly data: Uint8Array;
  readonly now: Millis;
}

export class Handshake implements CarrierEvents {
  readonly #options: HandshakeOptions;
  readonly #clock: Clock;
  readonly #steps: HandshakeStep[] | undefined;
  #state: unknown;
  #over = false;
  #stepping = false;
  /** Work or a judgement is outstanding. */
  #waiting = false;
  #faulted = false;
  #inputs: Input[] = [];
  #arrived: Arrived[] = [];
  #arrivedBytes = 0;
  #paused = false;
  #endAt: Millis | undefined;
  #endGiven = false;
  #startedAt = 0;
  #cancelDeadline: Cancel = () => {};
  #cancelLimit: Cancel = () => {};

  constructor(options: HandshakeOptions) {
    this.#options = options;
    this.#clock = steady(options.clock);
    this.#state = options.machine.initial;
    this.#steps = options.keepSteps ? [] : undefined;
  }

  /** Bytes held here that the machine was not given yet. */
  get heldBytes(): number {
    return this.#arrivedBytes;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Since the carrier was there. */
  get ageMs(): number {
    return this.#clock.precise() - this.#startedAt;
  }

  /** Begins; called once. */
  start(): this {
    const { carrier, refusal, deadlineMs } = this.#options;
    const clock = this.#clock;
    this.#startedAt = clock.precise();
    carrier.attach(this);
    this.#give({ kind: 'start', now: clock.now() });
    if (refusal) this.abort(refusal);
    if (deadlineMs !== undefined && !this.#over) {
      const late = (): void => this.abort(new HandfastError('HANDSHAKE_TIMEOUT', `the handshake did not end within ${deadlineMs} ms`));
      this.#cancelLimit = clock.at(clock.now() + deadlineMs, late);
    }
    return this;
  }

  /** Gives up, after what the protocol has left to say. */
  abort(why: HandfastError): void {
    if (!this.#over) this.#give({ kind: 'abort', now: this.#clock.now(), why });
  }

  data(bytes: Uint8Array): void {
    if (this.#over) return;
    const now = this.#clock.now();
    if (!this.#waiting && !this.#stepping && this.#arrived.length === 0) {
      this.#give({ kind: 'bytes', now, data: bytes });
      return;
    }
    this.#arrived.push({ data: bytes.slice(), now });
    this.#arrivedBytes += bytes.length;
    if (!this.#paused) {
      this.#paused = true;
      this.#options.carrier.pause();
    } else if (this.#arrivedBytes > HELD_LIMIT) {
      this.abort(new HandfastError('TOO_LARGE', `more than ${HELD_LIMIT} bytes came ahead of their turn`));
    }
  }

  end(): void {
    this.#endAt = this.#clock.now();
    this.#run();
  }

  drained(): void {}

  closed(cause?: Error): void {
    this.abort(new HandfastError('TRUNCATED', 'the connection broke off during the handshake', { cause }));
  }

  #give(input: Input): void {
    this.#inputs.push(input);
    this.#run();
  }

  /** Takes one step after another until nothing is left that may be given; a step that comes of a step waits for its turn. */
  #run(): void {
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let input = this.#next(); input; input = this.#next()) {
        if (!this.#over) this.#step(input);
        else if (input.kind === 'answers') discardAnswers(input.answers);
      }
    } finally {
      this.#stepping = false;
    }
  }

  #next(): Input | undefined {
    const input = this.#inputs.shift();
    if (input || this.#over || this.#waiting) return input;
    const arrived = this.#arrived.shift();
    if (arrived) {
      this.#arrivedBytes -= arrived.data.length;
      return { kind: 'bytes', ...arrived };
    }
    if (this.#paused) {
      this.#paused = false;
      this.#options.carrier.resume();
    }
    if (this.#endAt === undefined || this.#endGiven) return undefined;
    this.#endGiven = true;
    return { kind: 'end', now: this.#endAt };
  }

  #step(input: Input): void {
    if (input.kind === 'answers' || input.kind === 'judged') this.#waiting = false;
    let outputs: Output[];
    try {
      [this.#state, ...outputs] = this.#options.machine.step(this.#state, input);
      this.#send(outputs);
      for (const output of outputs) this.#obey(output);
    } catch (fault) {
      if (input.kind === 'answers') discardAnswers(input.answers);
      this.#fault(fault);
    }
  }

  /** What one step sends goes out as one write, before anything else is done. */
  #send(outputs: readonly Output[]): void {
    const parts: Uint8Array[] = [];
    for (const output of outputs) if (output.kind === 'send') parts.push(output.data);
    if (parts.length > 0) this.#options.carrier.write(parts.length === 1 ? parts[0] : join(parts));
  }

  #obey(output: Output): void {
    switch (output.kind) {
      case 'send':
        return;
      case 'deadline':
        this.#cancelDeadline();
        this.#cancelDeadline = this.#clock.at(output.at, () => {
          // A timer may be early by a fraction; the time has passed all the same.
          if (!this.#over) this.#give({ kind: 'tick', now: Math.max(output.at, this.#clock.now()) });
        });
        return;
      case 'work':
        this.#work(output.items);
        return;
      case 'judge':
        this.#judge(output.peer);
        return;
      case 'trace':
        this.#trace(output);
        return;
      case 'opened':
        this.#opened(output.opened);
        return;
      case 'failed':
        this.#failed(output.why, output.lingerMs);
        return;
    }
  }

  #work(items: readonly Work[]): void {
    this.#waiting = true;
    this.#options.workbench.do(items, (answers) => {
      this.#give({ kind: 'answers', now: this.#clock.now(), answers });
    });
  }

  #judge(peer: Peer): void {
    this.#waiting = true;
    const judged = (refusal: Refusal | undefined): void => {
      if (!this.#over) this.#give({ kind: 'judged', now: this.#clock.now(), refusal });
    };
    const verdict = this.#options.judge?.(peer);
    if (verdict && 'then' in verdict) verdict.then(judged, (fault: unknown) => this.#fault(fault));
    else judged(verdict);
  }

  #trace({ what, direction, bytes }: Extract<Output, { kind: 'trace' }>): void {
    const { onStep } = this.#options;
    const clock = this.#clock;
    if (!onStep && !this.#steps) return;
    const step = { what, direction, bytes, at: clock.now(), sinceStartMs: clock.precise() - this.#startedAt };
    this.#steps?.push(step);
    onStep?.(step);
  }

  /** Something in here threw: the machine gets one chance to say so and to wipe what it holds. */
  #fault(fault: unknown): void {
    if (this.#over) return;
    const why = new HandfastError('INTERNAL', 'a fault inside the handshake', { cause: fault });
    if (this.#faulted) this.#failed(why, 0);
    else {
      this.#faulted = true;
      this.abort(why);
    }
  }

  #opened(opened: Opened): void {
    this.#finish();
    const result = {
      opened,
      carrier: this.#options.carrier,
      clock: this.#clock,
      arrived: this.#arrived,
      heardEnd: this.#endAt !== undefined,
      steps: this.#steps,
    };
    try {
      this.#options.opened(result);
    } catch (cause) {
      this.#failed(new HandfastError('INTERNAL', 'the session could not be set up', { cause }), 0);
      opened.traffic.wipe();
    }
  }

  #failed(why: HandfastError, lingerMs: number): void {
    this.#finish();
    const { carrier } = this.#options;
    endCarrier(carrier, this.#clock, lingerMs, this.#endAt !== undefined, () => this.#options.closed?.());
    this.#arrived = [];
    this.#arrivedBytes = 0;
    this.#options.failed(why);
  }

  #finish(): void {
    this.#over = true;
    this.#cancelDeadline();
    this.#cancelLimit();
  }
}

// A carrier that is paused may have a piece or two of 64 KiB on the way, no more. What is honest to send so early is the protocol's to say.
const HELD_LIMIT = 128 * 1024;
