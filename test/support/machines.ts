/** Two machines wired back to back: no driver, no sockets, no real clock. Every byte and every decision passes through the test's hands. */
import type { Answer, Core, Job } from '../../src/core/core.ts';
import { isLegacyJob, type LegacyAnswer, type LegacyJob, runLegacy } from '../../src/core/legacy/jobs.ts';
import type { HandfastError } from '../../src/errors.ts';
import type {
  CarrierFacts,
  CloseCode,
  Input,
  Machine,
  Millis,
  Opened,
  Output,
  Peer,
  Refusal,
  Work,
  WorkAnswer,
} from '../../src/protocols/machine.ts';
import { toHex } from './bytes.ts';

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
  /** Of each of `sent`, whether it goes as text. */
  texts: boolean[] = [];
  /** With what code it failed, on carriers that have such codes. */
  close: CloseCode | undefined;
  /** Heavy work of older protocols that is under way; await it, or use `converseLater`. */
  working: Promise<void> | undefined;
  opened: Opened | undefined;
  failed: HandfastError | undefined;
  /** Of `failed`. */
  lingerMs: number | undefined;
  deadline: Millis | undefined;
  readonly traces: string[] = [];
  /** That the traces account for, by direction. */
  readonly tracedBytes: Record<string, number> = {};
  /** What it wants written, where keys are logged. */
  keyLog = '';
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

  /** @param facts of a carrier that is set up first: then it stands at once. */
  start(facts?: CarrierFacts): this {
    this.feed({ kind: 'start', now: this.now });
    if (facts && !this.over) this.feed({ kind: 'ready', now: this.now, facts });
    return this;
  }

  bytes(data: Uint8Array): void {
    this.feed({ kind: 'bytes', now: this.now, data });
  }

  /** One whole message, of a carrier that keeps borders. */
  message(data: Uint8Array, text = false): void {
    this.feed({ kind: 'message', now: this.now, data, text });
  }

  /** What was sent since the last call, joined. */
  take(): Uint8Array {
    const all = Buffer.concat(this.sent);
    this.sent = [];
    this.texts = [];
    return new Uint8Array(all);
  }

  /** What was sent since the last call, message by message. */
  takeMessages(): { data: Uint8Array; text: boolean }[] {
    const messages = this.sent.map((data, i) => ({ data, text: this.texts[i] }));
    this.sent = [];
    this.texts = [];
    return messages;
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
        this.texts.push(output.text === true);
        return;
      case 'deadline':
        this.deadline = output.at;
        return;
      case 'trace':
        this.traces.push(`${output.what} ${output.direction}`);
        this.tracedBytes[output.direction] = (this.tracedBytes[output.direction] ?? 0) + output.bytes;
        return;
      case 'key-log':
        this.keyLog += output.lines;
        return;
      case 'opened':
        this.opened = output.opened;
        return;
      case 'failed':
        this.failed = output.why;
        this.lingerMs = output.lingerMs;
        this.close = output.close;
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
        const give = (answers: WorkAnswer[]): void => this.#later(() => this.feed({ kind: 'answers', now: this.now, answers }));
        if (!answers.some((answer) => answer instanceof Promise)) give(answers as WorkAnswer[]);
        else {
          this.working = Promise.all(answers).then((answers) => {
            this.working = undefined;
            give(answers);
          });
        }
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

  #work(work: Work): WorkAnswer | Promise<WorkAnswer> {
    const own = this.#options.work?.(work);
    if (own) return own;
    if (isLegacyJob(work)) return doneOnce(work).catch((why: HandfastError) => ({ op: 'failed', why }));
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

/** As `converse`, where heavy work of older protocols is asked for: waits for it. */
export async function converseLater(a: Side, b: Side, between?: Parameters<typeof converse>[2]): Promise<void> {
  for (let round = 0; round < 16; round++) {
    await Promise.all([a.working, b.working]);
    converse(a, b, between);
    if (!a.working && !b.working) return;
  }
}

/** As `converseLater`, on a carrier that keeps borders. `between` may change or drop (undefined) a message. */
export async function converseByMessage(
  a: Side,
  b: Side,
  between: (message: { data: Uint8Array; text: boolean }, from: 'a' | 'b') => { data: Uint8Array; text: boolean } | undefined = (m) => m,
): Promise<void> {
  for (let round = 0; round < 16; round++) {
    await Promise.all([a.working, b.working]);
    const fromA = a.takeMessages();
    const fromB = b.takeMessages();
    if (fromA.length === 0 && fromB.length === 0) return;
    await deliver(fromA, 'a', b);
    await deliver(fromB, 'b', a);
  }

  async function deliver(messages: readonly { data: Uint8Array; text: boolean }[], from: 'a' | 'b', to: Side): Promise<void> {
    for (const message of messages) {
      const passed = between(message, from);
      // As the driver does: nothing is given while work is outstanding.
      await to.working;
      if (passed && !to.over) to.message(passed.data, passed.text);
    }
  }
}

/** Argon2id takes a second or more and is a function of its input: each key of a test file is derived once. */
async function doneOnce(job: LegacyJob): Promise<LegacyAnswer> {
  if (job.op !== 'argon2id') return runLegacy(job);
  const key = JSON.stringify([toHex(job.password), toHex(job.salt), job.passes, job.memoryKib, job.lanes, job.length]);
  let answer = derived.get(key);
  if (!answer) {
    answer = runLegacy(job);
    derived.set(key, answer);
  }
  const done = await answer;
  return done.op === 'argon2id' ? { ...done, key: done.key.slice() } : done;
}

const derived = new Map<string, Promise<LegacyAnswer>>();
