/**
 * The one driver of all protocols: feeds a machine with bytes, time, decisions and results of work, and does what it asks, until it has opened or failed.
 * Bytes wait while work or a judgement is outstanding; time and cancellation do not. Nothing that goes wrong in here escapes: it becomes HF_INTERNAL.
 */
import { HandfastError } from '../errors.ts';
import {
  type CarrierFacts,
  type CloseCode,
  discardAnswers,
  type Input,
  type Millis,
  type Opened,
  type Output,
  type Peer,
  type Refusal,
  type Step,
  type Work,
  type WorkAnswer,
} from '../protocols/machine.ts';
import { join } from '../wire/writer.ts';
import { addressText, type CarrierEvents } from './carrier.ts';
import { type Cancel, type Clock, paced, steady } from './clock.ts';
import { type HandshakeSubject, tellHandshakeEnd, tellHandshakeFailure, tellHandshakeStart } from './diagnostics.ts';
import type { Arrived, Ended, HandshakeOptions, HandshakeStep } from './handshake.ts';
import { brokenOff, endCarrier } from './linger.ts';
import type { Customer } from './workbench.ts';

export class Handshake implements CarrierEvents, Customer {
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
  /** To the work that was outstanding, until the clock's pace has time for them. */
  readonly #answers: WorkAnswer[][] = [];
  #arrived: Arrived[] = [];
  #arrivedBytes = 0;
  #paused = false;
  /** What the carrier said as it stood, until the machine is told. */
  #facts: { readonly facts: CarrierFacts; readonly now: Millis } | undefined;
  #ended: Ended | undefined;
  #endGiven = false;
  #startedAt = 0;
  /** As it was told of; undefined where nobody listens, and once its end was told. */
  #subject: HandshakeSubject | undefined;
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
    const { about, carrier, refusal, deadlineMs } = this.#options;
    const clock = this.#clock;
    this.#startedAt = clock.precise();
    if (about) this.#subject = tellHandshakeStart(about.protocol, about.role, () => addressText(carrier.remote));
    carrier.attach(this);
    this.#give(carrier.borders ? { kind: 'start', now: clock.now(), borders: true } : { kind: 'start', now: clock.now() });
    if (refusal) this.abort(refusal);
    if (deadlineMs !== undefined && !this.#over) {
      const late = (): void =>
        this.abort(new HandfastError('HANDSHAKE_TIMEOUT', `the handshake did not end within ${Math.round(deadlineMs)} ms`));
      this.#cancelLimit = clock.at(clock.now() + deadlineMs, late);
    }
    return this;
  }

  /** Gives up, after what the protocol has left to say. */
  abort(why: HandfastError): void {
    if (!this.#over) this.#give({ kind: 'abort', now: this.#clock.now(), why });
  }

  ready(facts: CarrierFacts): void {
    this.#facts = { facts, now: this.#clock.now() };
    this.#run();
  }

  data(bytes: Uint8Array): void {
    // A machine may keep what it is given longer than it is valid; handshakes are short.
    this.#take(new Uint8Array(bytes));
  }

  message(data: Uint8Array, text: boolean): void {
    this.#take(data, text);
  }

  end(close?: CloseCode): void {
    this.#ended = { now: this.#clock.now(), close };
    this.#run();
  }

  drained(): void {}

  closed(cause?: Error): void {
    this.abort(brokenOff('the connection broke off during the handshake', cause));
  }

  #take(data: Uint8Array, text?: boolean): void {
    if (this.#over) return;
    const now = this.#clock.now();
    if (!this.#waiting && !this.#stepping && this.#arrived.length === 0) {
      this.#give(inputOf({ data, now, text }));
      return;
    }
    // One message may be as large as the protocol lets it be; what is held ahead of it may not.
    const held = text === undefined ? this.#arrivedBytes + data.length : this.#arrivedBytes;
    // Not by `slice`, which of a Buffer is a view.
    this.#arrived.push({ data: new Uint8Array(data), now, text });
    this.#arrivedBytes += data.length;
    if (!this.#paused) {
      this.#paused = true;
      this.#options.carrier.pause();
    } else if (held > HELD_LIMIT || this.#arrived.length > HELD_MESSAGES) {
      this.abort(new HandfastError('TOO_LARGE', `more than ${HELD_LIMIT} bytes came ahead of their turn`));
    }
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
    if (this.#facts) {
      const { facts, now } = this.#facts;
      this.#facts = undefined;
      return { kind: 'ready', now, facts };
    }
    const arrived = this.#arrived.shift();
    if (arrived) {
      this.#arrivedBytes -= arrived.data.length;
      return inputOf(arrived);
    }
    if (this.#paused) {
      this.#paused = false;
      this.#options.carrier.resume();
    }
    if (!this.#ended || this.#endGiven) return undefined;
    this.#endGiven = true;
    return { kind: 'end', ...this.#ended };
  }

  #step(input: Input): void {
    if (input.kind === 'answers' || input.kind === 'judged') this.#waiting = false;
    try {
      const step = this.#options.machine.step(this.#state, input);
      this.#state = step[0];
      this.#send(step);
      // By their places: taking a step apart makes an array of each.
      for (let i = 1; i < step.length; i++) this.#obey(step[i] as Output);
    } catch (fault) {
      if (input.kind === 'answers') discardAnswers(input.answers);
      this.#fault(fault);
    }
  }

  /** What one step sends goes out before anything else is done: as one write, or as the messages that they are. */
  #send(step: Step<unknown>): void {
    const { carrier } = this.#options;
    // Mostly one.
    let first: Uint8Array | undefined;
    let parts: Uint8Array[] | undefined;
    for (let i = 1; i < step.length; i++) {
      const output = step[i] as Output;
      if (output.kind !== 'send') continue;
      if (carrier.borders) carrier.write(output.data, undefined, output.text);
      else if (parts) parts.push(output.data);
      else if (first) parts = [first, output.data];
      else first = output.data;
    }
    if (first) carrier.write(parts ? join(parts) : first);
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
        this.#judge(output.peer, output.reserved === true);
        return;
      case 'trace':
        this.#trace(output);
        return;
      case 'key-log':
        this.#options.keyLog?.(output.lines);
        return;
      case 'opened':
        this.#opened(output.opened);
        return;
      case 'failed':
        this.#failed(output.why, output.lingerMs, output.close);
        return;
    }
  }

  #work(items: readonly Work[]): void {
    this.#waiting = true;
    this.#options.workbench.do(items, this);
  }

  /** By the workbench, which asks whether anybody still waits for its work. */
  get wanted(): boolean {
    return !this.#over;
  }

  /** By the workbench. */
  answered(answers: WorkAnswer[]): void {
    this.#answers.push(answers);
    paced(this.#clock, giveAnswers, this);
  }

  /** Of the work that has been done: the machine is given its answers. */
  proceed(): void {
    const answers = this.#answers.shift();
    if (answers) this.#give({ kind: 'answers', now: this.#clock.now(), answers });
  }

  #judge(peer: Peer, reserved: boolean): void {
    this.#waiting = true;
    const judged = (refusal: Refusal | undefined): void => {
      if (!this.#over) this.#give({ kind: 'judged', now: this.#clock.now(), refusal });
    };
    const verdict = this.#options.judge?.(peer, reserved);
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
    const handshake = this.#subject;
    this.#subject = undefined;
    if (handshake) tellHandshakeEnd({ handshake, durationMs: this.ageMs, peer: opened.peer, info: opened.info });
    const result = {
      opened,
      carrier: this.#options.carrier,
      clock: this.#clock,
      workbench: this.#options.workbench,
      arrived: this.#arrived,
      heardEnd: this.#ended,
      steps: this.#steps,
    };
    try {
      this.#options.opened(result);
    } catch (cause) {
      this.#failed(new HandfastError('INTERNAL', 'the session could not be set up', { cause }), 0);
      opened.traffic.wipe();
    }
  }

  #failed(why: HandfastError, lingerMs: number, close?: CloseCode): void {
    this.#finish();
    const { carrier } = this.#options;
    endCarrier(carrier, this.#clock, { lingerMs, heardEnd: this.#ended !== undefined, close }, () => this.#options.closed?.());
    this.#arrived = [];
    this.#arrivedBytes = 0;
    const handshake = this.#subject;
    this.#subject = undefined;
    if (handshake) tellHandshakeFailure({ handshake, durationMs: this.ageMs, error: why });
    this.#options.failed(why);
  }

  #finish(): void {
    this.#over = true;
    this.#cancelDeadline();
    this.#cancelLimit();
  }
}

const giveAnswers = (handshake: Handshake): void => handshake.proceed();

function inputOf({ data, now, text }: Arrived): Input {
  return text === undefined ? { kind: 'bytes', now, data } : { kind: 'message', now, data, text };
}

// A carrier that is paused may have a piece or two of 64 KiB on the way, no more. What is honest to send so early is the protocol's to say.
const HELD_LIMIT = 128 * 1024;
// Small ones cost more than their bytes: as many as a piece of 64 KiB may hold of honest ones.
const HELD_MESSAGES = 4096;
