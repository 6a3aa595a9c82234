/** Two machines wired back to back: no driver, no sockets, no real clock. Every byte and every decision passes through the test's hands. */
import type { Answer, Core, Job } from '../../src/core/core.ts';
import type { HandfastError } from '../../src/errors.ts';
import type { Input, Machine, Millis, Opened, Output, Peer, Refusal, Work, WorkAnswer } from '../../src/protocols/machine.ts';

export interface SideOptions {
  core: Core;
  machine: Machine;
  now: Millis;
  /** Instead of a random ephemeral key. */
  ephemeralSeed?: Uint8Array;
  judge?: (peer: Peer) => Refusal | undefined;
  /** Sees every piece of work before it is done; may answer it itself. */
  work?: (work: Work) => WorkAnswer | undefined;
}

/** One side of a handshake and all that came of it. */
export class Side {
  readonly core: Core;
  readonly machine: Machine;
  now: Millis;
  state: unknown;
  /** Everything sent and not yet taken. */
  sent: Uint8Array[] = [];
  opened: Opened | undefined;
  failed: HandfastError | undefined;
  /** Of `failed`. */
  lingerMs: number | undefined;
  deadline: Millis | undefined;
  readonly traces: string[] = [];
  /** Names of the states passed through. */
  readonly states: string[] = [];
  /** How often it was asked whether the peer may stay. */
  judgements = 0;
  /** Does what the machine asks for but keeps the answer until `release`, as when work is done elsewhere. */
  hold = false;
  /** The answer kept back. */
  pending: (() => void) | undefined;
  readonly #options: SideOptions;

  constructor(options: SideOptions) {
    this.#options = options;
    this.core = options.core;
    this.machine = options.machine;
    this.now = options.now;
    this.state = options.machine.initial;
  }

  start(): this {
    this.feed({ kind: 'start', now: this.now });
    return this;
  }

  bytes(data: Uint8Array): void {
    this.feed({ kind: 'bytes', now: this.now, data });
  }

  /** What was sent since the last call, joined. */
  take(): Uint8Array {
    const all = Buffer.concat(this.sent);
    this.sent = [];
    return new Uint8Array(all);
  }

  get over(): boolean {
    return this.opened !== undefined || this.failed !== undefined;
  }

  feed(input: Input): void {
    const [state, ...outputs] = this.machine.step(this.state, input);
    this.state = state;
    const at = (state as { at?: string }).at;
    if (at !== undefined && this.states.at(-1) !== at) this.states.push(at);
    for (const output of outputs) this.#answer(output);
  }

  /** Ends the keys of an opened session, or the attempt. */
  dispose(): void {
    if (this.opened) this.opened.traffic.wipe();
    else if (!this.failed) this.feed({ kind: 'end', now: this.now });
  }

  #answer(output: Output): void {
    switch (output.kind) {
      case 'send':
        this.sent.push(output.data.slice());
        return;
      case 'deadline':
        this.deadline = output.at;
        return;
      case 'trace':
        this.traces.push(`${output.what} ${output.direction}`);
        return;
      case 'opened':
        this.opened = output.opened;
        return;
      case 'failed':
        this.failed = output.why;
        this.lingerMs = output.lingerMs;
        return;
      case 'judge':
        this.#later(() => {
          this.judgements++;
          this.feed({ kind: 'judged', now: this.now, refusal: this.#options.judge?.(output.peer) });
        });
        return;
      case 'work': {
        // Done at once, since a key may be wiped while its work is under way: whoever works elsewhere has copied it by then.
        const answers = output.items.map((work) => this.#work(work));
        this.#later(() => this.feed({ kind: 'answers', now: this.now, answers }));
      }
    }
  }

  /** Answers what was held back. */
  release(): void {
    const { pending } = this;
    this.pending = undefined;
    pending?.();
  }

  #later(answer: () => void): void {
    if (this.hold) this.pending = answer;
    else answer();
  }

  #work(work: Work): WorkAnswer {
    const own = this.#options.work?.(work);
    if (own) return own;
    if (work.op === 'keygen' && this.#options.ephemeralSeed) {
      return { op: 'keygen', keyPair: this.core.guarded.x25519KeyPair(this.#options.ephemeralSeed) };
    }
    if (work.op === 'sign-elsewhere') return { op: 'sign-elsewhere', signature: work.signer.sign(work.message) as Uint8Array };
    return (this.core.run([work as Job]) as Answer[])[0];
  }
}

/** Passes bytes to and fro until nothing moves. `between` may change, drop (empty) or record what is on its way. */
export function converse(a: Side, b: Side, between: (data: Uint8Array, from: 'a' | 'b') => Uint8Array = (data) => data): void {
  for (let round = 0; round < 16; round++) {
    const fromA = a.take();
    const fromB = b.take();
    if (fromA.length === 0 && fromB.length === 0) return;
    const toB = fromA.length > 0 ? between(fromA, 'a') : fromA;
    const toA = fromB.length > 0 ? between(fromB, 'b') : fromB;
    if (toB.length > 0 && !b.over) b.bytes(toB);
    if (toA.length > 0 && !a.over) a.bytes(toA);
  }
}
