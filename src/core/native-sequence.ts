/** Sequences by the addon: inputs are copied into the scratch block, one call does all the steps. The layout of a program is described in native/core/sequence.h. */
import { copyTo } from '../wire/bytes.ts';
import { badArgument, checkArray, checkCopied } from './check.ts';
import type { Bytes, Cipher, Secret, Sequence, SequenceOptions, SequenceResult, Suite } from './core.ts';
import type { Handle } from './native-addon.ts';
import { type Border, BULK, NativeSecret, pack } from './native-border.ts';
import { isForeignSecret } from './pure-secret.ts';
import { type Plan, type PlannedStep, planOf, SequenceBySteps, type StepParts } from './sequence.ts';

/** @param aes whether AES-256-GCM runs on hardware here; sequences with it go step by step where not. */
export function makeSequence(border: Border, aes: boolean, adopt: Adopt, parts: StepParts): (options: SequenceOptions) => Sequence {
  return (options) => {
    const plan = planOf(options);
    const bySteps = new SequenceBySteps(parts, plan);
    if (!aes && plan.steps.some(({ suite }) => suite === 'aes-256-gcm')) return bySteps;
    return new NativeSequence(border, plan, adopt, bySteps);
  };
}

type Adopt = (suite: Suite, lengthBytes: 2 | 4, handle: Handle) => Cipher;

class NativeSequence implements Sequence {
  readonly #border: Border;
  readonly #number: number;
  readonly #plan: Plan;
  readonly #adopt: Adopt;
  /** Runs what is too large for the scratch block, or has keys of another core. */
  readonly #bySteps: Sequence;
  /** Of each result what is told by its step. */
  readonly #kept: readonly Kept[];

  constructor(border: Border, plan: Plan, adopt: Adopt, bySteps: Sequence) {
    this.#border = border;
    this.#plan = plan;
    this.#adopt = adopt;
    this.#bySteps = bySteps;
    this.#kept = plan.results.map(({ value, kind }) => {
      const { op, suite, framing } = plan.steps[value - plan.inputs.length - plan.constants.length]!;
      return { kind, length: op === 'kdf' ? 32 : 64, suite, lengthBytes: framing.lengthBytes };
    });
    this.#number = border.addon.sequenceNew(programOf(plan));
  }

  run(given: readonly (Bytes | Secret)[]): SequenceResult[] | undefined {
    const border = this.#border;
    const { inputs } = this.#plan;
    checkArray(given, 'inputs');
    if (given.length !== inputs.length) badArgument(`inputs: expected ${inputs.length}`);
    const end = this.#write(given);
    if (end < 0) return this.#bySteps.run(given);
    const opened = border.addon.sequenceRun(this.#number, end);
    for (let i = 0; i < inputs.length; i++) if (inputs[i]!.kind === 'spent') NativeSecret.spend(given[i] as NativeSecret);
    if (opened) return this.#read(end);
    border.wipeTo(end);
    return undefined;
  }

  /** @returns where the inputs end in the scratch block, or -1: it cannot be done there. @throws HF_BAD_ARGUMENT, HF_RELEASED */
  #write(given: readonly (Bytes | Secret)[]): number {
    const { bytes, numbers } = this.#border;
    const { inputs } = this.#plan;
    let at = BULK;
    for (let i = 0; i < inputs.length; i++) {
      const { kind, name, length } = inputs[i]!;
      const input = given[i]!;
      if (kind === 'bytes') {
        checkCopied(input, name);
        const next = at + input.length;
        if (next > BULK + MOST_INPUT) return -1;
        copyTo(bytes, input, at);
        numbers[i] = pack(at, input.length);
        at = next;
        continue;
      }
      const handle = NativeSecret.handleOf(input);
      if (handle === undefined) {
        if (isForeignSecret(input)) return -1;
        badArgument(`${name}: expected a Secret`);
      }
      if (input.length !== length) badArgument(`${name}: expected ${length} bytes, got ${input.length}`);
      numbers[i] = handle;
    }
    return at;
  }

  /** Takes the results and leaves zeros where they and the inputs were. */
  #read(from: number): SequenceResult[] {
    const border = this.#border;
    const { numbers } = border;
    const kept = this.#kept;
    const first = this.#plan.inputs.length;
    const made = new Array<SequenceResult>(kept.length);
    // Bytes lie behind one another, in the order in which steps made them: one copy, and views of it.
    let end = from;
    for (let i = 0; i < kept.length; i++) {
      if (kept[i]!.kind !== 'bytes') continue;
      const after = placeEnd(numbers[first + i]!);
      if (after > end) end = after;
    }
    const at = border.copyOut(from, end) - from;
    const block = border.copies;
    for (let i = 0; i < kept.length; i++) {
      const number = numbers[first + i]!;
      const { kind, length, suite, lengthBytes } = kept[i]!;
      if (kind === 'bytes') made[i] = new Uint8Array(block, at + (number & 0x7fff), number >>> 15);
      else if (kind === 'secret') made[i] = border.secret(number, length);
      else made[i] = this.#adopt(suite, lengthBytes, number);
    }
    border.wipeTo(end);
    return made;
  }
}

interface Kept {
  readonly kind: Plan['results'][number]['kind'];
  /** Of a key. */
  readonly length: 32 | 64;
  readonly suite: Suite;
  readonly lengthBytes: 2 | 4;
}

function placeEnd(place: number): number {
  return (place & 0x7fff) + (place >>> 15);
}

function programOf({ inputs, constants, steps, results }: Plan): Bytes {
  const out: number[] = [inputs.length];
  for (const { kind, length } of inputs) out.push(KINDS[kind], length);
  out.push(constants.length);
  for (const constant of constants) out.push(constant.length, ...constant);
  out.push(steps.length);
  for (const step of steps) out.push(OPS[step.op], ...littleEndian(numberOf(step)), step.arguments.length, ...step.arguments);
  out.push(results.length);
  for (const { value, kind } of results) out.push(value, KINDS[kind]);
  return Uint8Array.from(out);
}

function numberOf({ op, id, suite, framing }: PlannedStep): bigint {
  const suiteNumber = suite === 'aes-256-gcm' ? 1n : 0n;
  if (op === 'kdf') return BigInt(id);
  if (op === 'seal' || op === 'open') return suiteNumber;
  if (op !== 'cipher') return 0n;
  return (
    suiteNumber | (BigInt(framing.lengthBytes) << 8n) | (framing.ad === 'length' ? 1n << 16n : 0n) | (BigInt(framing.rekeyEvery) << 24n)
  );
}

function littleEndian(value: bigint): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

const OPS = { blake2b: 0, kdf: 1, seal: 2, open: 3, cipher: 4 } as const;
const KINDS = { bytes: 0, secret: 1, spent: 2, cipher: 3 } as const;
/** Bytes of all inputs; what is made of them has room behind them. */
const MOST_INPUT = 2560;
