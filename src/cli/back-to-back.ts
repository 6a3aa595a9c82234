/** Two machines without anything between them: no sockets, no clock, all work done at once. For the self-test and the short benchmark. */
import type { Answer, Core, Job } from '../core/core.ts';
import type { Input, Machine, Opened, Output } from '../protocols/machine.ts';

/** One machine and what came of it; all work is done at once. */
export class Side {
  readonly sent: Uint8Array[] = [];
  opened: Opened | undefined;
  why: string | undefined;
  readonly now: number;
  readonly #core: Core;
  readonly #machine: Machine;
  readonly #ephemeral: number | undefined;
  #state: unknown;

  /** @param ephemeral the byte that the ephemeral key is made of; random when absent. */
  constructor(core: Core, machine: Machine, now: number, ephemeral?: number) {
    this.#core = core;
    this.#machine = machine;
    this.#state = machine.initial;
    this.now = now;
    this.#ephemeral = ephemeral;
  }

  feed(input: Input): void {
    const [state, ...outputs] = this.#machine.step(this.#state, input);
    this.#state = state;
    for (const output of outputs) this.#obey(output);
  }

  #obey(output: Output): void {
    const { now } = this;
    if (output.kind === 'send') this.sent.push(output.data.slice());
    else if (output.kind === 'opened') this.opened = output.opened;
    else if (output.kind === 'failed') this.why = output.why.code;
    else if (output.kind === 'judge') this.feed({ kind: 'judged', now, refusal: undefined });
    else if (output.kind === 'work') this.feed({ kind: 'answers', now, answers: output.items.map((item) => this.#work(item as Job)) });
  }

  #work(job: Job): Answer {
    if (job.op !== 'keygen' || this.#ephemeral === undefined) return this.#core.run([job])[0];
    return { op: 'keygen', keyPair: this.#core.guarded.x25519KeyPair(new Uint8Array(32).fill(this.#ephemeral)) };
  }
}

/** Starts both sides and passes bytes to and fro until nothing moves. */
export function converse(a: Side, b: Side): void {
  a.feed({ kind: 'start', now: a.now });
  b.feed({ kind: 'start', now: b.now });
  while (a.sent.length > 0 || b.sent.length > 0) {
    pass(a, b);
    pass(b, a);
  }
}

function pass(from: Side, to: Side): void {
  for (const data of from.sent.splice(0)) if (!to.opened && to.why === undefined) to.feed({ kind: 'bytes', now: to.now, data });
}
