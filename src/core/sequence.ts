/** Sequences of steps: what a description means, checked once, and the run of one step by step on the other parts of any core. */
import { HandfastError } from '../errors.ts';
import { badArgument, checkArray, checkCopied, checkInteger, checkLength, checkObject } from './check.ts';
import type { Bytes, Cipher, Core, Framing, Secret, Sequence, SequenceOptions, SequenceResult, SequenceStep, Suite } from './core.ts';
import { checkFraming } from './pure-frames.ts';
import { sameBytes } from './pure-random.ts';
import { isForeignSecret } from './pure-secret.ts';

/** A sequence with numbers in place of names: inputs, constants, what steps make. */
export interface Plan {
  readonly inputs: readonly PlannedInput[];
  readonly constants: readonly Bytes[];
  readonly steps: readonly PlannedStep[];
  readonly results: readonly { readonly value: number; readonly kind: ResultKind }[];
}

export interface PlannedInput {
  readonly name: string;
  readonly kind: 'bytes' | 'secret' | 'spent';
  /** Of a key. */
  readonly length: number;
}

/** Arguments: of `blake2b` the parts; `kdf` key, context; `seal` and `open` key, message, associated data; `cipher` key. */
export interface PlannedStep {
  readonly op: SequenceStep['op'];
  readonly arguments: readonly number[];
  readonly id: number;
  readonly suite: Suite;
  readonly framing: Framing;
}

type ResultKind = 'bytes' | 'secret' | 'cipher';

/** @throws HF_BAD_ARGUMENT */
export function planOf(options: SequenceOptions): Plan {
  checkObject(options, 'options');
  checkObject(options.inputs, 'inputs');
  checkArray(options.steps, 'steps');
  checkObject(options.results, 'results');
  if (options.steps.length < 1 || options.steps.length > MOST_STEPS) badArgument(`steps: expected 1 to ${MOST_STEPS}`);
  const inputs = Object.entries(options.inputs).map(([name, input]) => inputOf(name, input));
  const constants = constantsOf(options.steps);
  /** Number and size of what has a name; sizes of bytes that only a run knows are undefined, and ciphers have none. */
  const known = new Map<string, { value: number; size: number | undefined; cipher: boolean }>();
  for (const { name, kind, length } of inputs)
    known.set(name, { value: known.size, size: kind === 'bytes' ? undefined : length, cipher: false });
  const firstMade = inputs.length + constants.length;
  if (firstMade + options.steps.length > MOST_VALUES) badArgument(`more than ${MOST_VALUES} inputs, constants and steps`);

  const use = (name: unknown, least?: number, most = least): number => {
    if (name instanceof Uint8Array) return inputs.length + constants.findIndex((constant) => sameBytes(constant, name));
    const found = known.get(name as string);
    if (!found || found.cipher) return badArgument(`${String(name)}: neither an input nor made by a step before`);
    if (least !== undefined && (found.size === undefined || found.size < least || found.size > most!))
      badArgument(`${String(name)}: expected a key of ${least === most ? least : `${least} to ${most}`} bytes`);
    return found.value;
  };
  const mustBeKept = new Set<string>();
  const steps = options.steps.map((step, i): PlannedStep => {
    const planned = plannedStep(step, use);
    if (typeof step.into !== 'string' || known.has(step.into)) badArgument(`steps[${i}].into: expected a name of its own`);
    const size = step.op === 'blake2b' ? 64 : step.op === 'kdf' ? 32 : undefined;
    known.set(step.into, { value: firstMade + i, size, cipher: step.op === 'cipher' });
    if (size === undefined) mustBeKept.add(step.into);
    return planned;
  });

  const results = Object.entries(options.results).map(([name, kind]) => {
    const found = known.get(name);
    if (!found || found.value < firstMade) return badArgument(`results.${name}: made by no step`);
    const fits = kind === 'bytes' ? !found.cipher : kind === 'secret' ? found.size !== undefined : kind === 'cipher' && found.cipher;
    if (!fits) badArgument(`results.${name}: cannot be ${String(kind)}`);
    mustBeKept.delete(name);
    return { value: found.value, kind };
  });
  if (results.length > MOST_RESULTS) badArgument(`results: expected at most ${MOST_RESULTS}`);
  for (const name of mustBeKept) badArgument(`results: ${name} has to be among them`);
  return { inputs, constants, steps, results };
}

/** One that is run step by step. */
export class SequenceBySteps implements Sequence {
  readonly #parts: StepParts;
  readonly #plan: Plan;

  constructor(parts: StepParts, plan: Plan) {
    this.#parts = parts;
    this.#plan = plan;
  }

  run(given: readonly (Bytes | Secret)[]): SequenceResult[] | undefined {
    const { inputs, constants, steps, results } = this.#plan;
    checkInputs(inputs, given);
    const values: SequenceResult[] = [...given.map((input) => (input instanceof Uint8Array ? new Uint8Array(input) : input)), ...constants];
    const firstMade = values.length;
    let opened = true;
    try {
      for (const step of steps) {
        const made = this.#made(step, values, results.find(({ value }) => value === values.length)?.kind);
        opened = made !== undefined;
        if (!made) break;
        values.push(made);
      }
      return opened ? results.map(({ value, kind }) => (kind === 'bytes' ? bytesOf(values[value]!) : values[value]!)) : undefined;
    } catch (error) {
      opened = false;
      for (let i = 0; i < inputs.length; i++) if (inputs[i]!.kind === 'spent') values[i] = NOTHING;
      throw error;
    } finally {
      // What is no result, or nothing at all where one was missing, and keys that were spent.
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!;
        if (
          i < firstMade ? inputs[i]?.kind === 'spent' : !opened || !results.some((result) => result.value === i && result.kind !== 'bytes')
        )
          wipe(value);
      }
    }
  }

  /** @returns undefined when it does not open. */
  #made(step: PlannedStep, values: readonly SequenceResult[], kind: ResultKind | undefined): SequenceResult | undefined {
    const { hash, aead, guarded, cipher } = this.#parts;
    const [first, second, third] = step.arguments.map((value) => values[value]!) as [SequenceResult, Bytes, Bytes];
    switch (step.op) {
      case 'blake2b': {
        const parts = step.arguments.map((value) => values[value] as Bytes | Secret);
        return kind === 'bytes' && parts.every((part) => part instanceof Uint8Array)
          ? hash.blake2b(parts as Bytes[])
          : guarded.blake2b(parts, 64);
      }
      case 'kdf':
        return first instanceof Uint8Array ? this.#kdfOfBytes(first, step.id, second) : guarded.kdf(first as Secret, step.id, second);
      case 'seal':
        return aead.seal(step.suite, first as Secret, FIRST_NONCE, bytesOf(second), bytesOf(third));
      case 'open':
        try {
          return aead.open(step.suite, first as Secret, FIRST_NONCE, bytesOf(second), bytesOf(third));
        } catch (error) {
          if (error instanceof HandfastError && error.code === 'HF_BAD_TAG') return undefined;
          throw error;
        }
      case 'cipher':
        return cipher({ suite: step.suite, key: first as Secret, framing: step.framing });
    }
  }

  #kdfOfBytes(bytes: Bytes, id: number, context: Bytes): Secret {
    const key = this.#parts.guarded.import(bytes);
    try {
      return this.#parts.guarded.kdf(key, id, context);
    } finally {
      key.wipe();
    }
  }
}

/** What sequences are made of. */
export type StepParts = Pick<Core, 'hash' | 'aead' | 'guarded' | 'cipher'>;

/** @throws HF_BAD_ARGUMENT, HF_RELEASED */
function checkInputs(inputs: readonly PlannedInput[], given: readonly (Bytes | Secret)[]): void {
  checkArray(given, 'inputs');
  if (given.length !== inputs.length) badArgument(`inputs: expected ${inputs.length}`);
  for (let i = 0; i < inputs.length; i++) {
    const { name, kind, length } = inputs[i]!;
    const input = given[i];
    if (kind === 'bytes') checkCopied(input, name);
    else if (!isForeignSecret(input)) badArgument(`${name}: expected a Secret`);
    else if (input.wiped) throw new HandfastError('RELEASED', 'this key was wiped');
    else if (input.length !== length) badArgument(`${name}: expected ${length} bytes, got ${input.length}`);
  }
}

function inputOf(name: string, input: SequenceOptions['inputs'][string]): PlannedInput {
  if (input === 'bytes') return { name, kind: 'bytes', length: 0 };
  checkObject(input, `inputs.${name}`);
  const kind = 'spent' in input ? 'spent' : 'secret';
  const length = 'spent' in input ? input.spent : input.secret;
  checkInteger(length, `inputs.${name}.${kind}`, 1, 64);
  return { name, kind, length };
}

/** All bytes among the steps, each once, copied. */
function constantsOf(steps: readonly SequenceStep[]): Bytes[] {
  const constants: Bytes[] = [];
  const add = (bytes: unknown): void => {
    if (!(bytes instanceof Uint8Array)) return;
    checkLength(bytes, 'constant', 0, 255);
    if (!constants.some((known) => sameBytes(known, bytes))) constants.push(bytes.slice());
  };
  for (const step of steps) {
    checkObject(step, 'step');
    if (step.op === 'blake2b') {
      checkArray(step.parts, 'parts');
      step.parts.forEach(add);
    } else if (step.op === 'kdf') add(step.context);
  }
  return constants;
}

function plannedStep(step: SequenceStep, use: (name: unknown, least?: number, most?: number) => number): PlannedStep {
  const { op } = step;
  const none = { id: 0, suite: 'chacha20-poly1305', framing: NO_FRAMING } as const;
  switch (op) {
    case 'blake2b':
      if (step.parts.length < 1 || step.parts.length > MOST_VALUES) badArgument(`parts: expected 1 to ${MOST_VALUES}`);
      return { ...none, op, arguments: step.parts.map((part) => use(part)) };
    case 'kdf':
      checkInteger(step.id, 'id', 0, Number.MAX_SAFE_INTEGER);
      checkLength(step.context, 'context', 8);
      return { ...none, op, arguments: [use(step.key, 32, 64), use(step.context)], id: step.id };
    case 'seal':
      return { ...none, op, arguments: [use(step.key, 32), use(step.message), use(step.ad)], suite: suiteOf(step.suite) };
    case 'open':
      return { ...none, op, arguments: [use(step.key, 32), use(step.sealed), use(step.ad)], suite: suiteOf(step.suite) };
    case 'cipher':
      checkFraming(step.framing);
      return { ...none, op, arguments: [use(step.key, 32)], suite: suiteOf(step.suite), framing: { ...step.framing } };
    default:
      return badArgument(`${String(op)}: not a step`);
  }
}

function suiteOf(suite: Suite): Suite {
  return suite === 'chacha20-poly1305' || suite === 'aes-256-gcm' ? suite : badArgument('suite: expected chacha20-poly1305 or aes-256-gcm');
}

/** Of a key a copy. */
function bytesOf(value: SequenceResult): Bytes {
  return value instanceof Uint8Array ? value : (value as Secret).export();
}

function wipe(value: SequenceResult): void {
  if (!(value instanceof Uint8Array)) (value as Secret | Cipher).wipe();
}

const MOST_STEPS = 16;
const MOST_RESULTS = 8;
const MOST_VALUES = 48;
const FIRST_NONCE = new Uint8Array(12);
const NOTHING = new Uint8Array(0);
const NO_FRAMING: Framing = { lengthBytes: 4, ad: 'none', rekeyEvery: 0 };
