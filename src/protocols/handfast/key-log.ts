/**
 * The keys of a handshake and its session as lines for a dissector, for whoever asked for them: `LABEL eA value`, in hex, as NSS writes those of TLS. eA, the dialler's ephemeral key,
 * stands in clear in the hello, and so finds a connection's lines again. Whoever has the lines reads the session, and cannot take part in it.
 */
import type { Bytes, Core, Secret, Sequence, SequenceStep, Suite } from '../../core/core.ts';
import { warnOnce } from '../../core/warn.ts';
import { utf8 } from '../../wire/text.ts';
import type { Output, Step } from '../machine.ts';
import { CONTEXT, label } from './schedule.ts';

/** One line or several, each with its end. Called in the middle of a handshake, which fails when it throws. */
export type KeyLog = (lines: string) => void;

/** Keys by the label of their line. */
export type LoggedKeys = readonly (readonly [label: string, key: Secret])[];

/** @throws nothing; says so once to whoever runs this, since it is easily forgotten. */
export function warnOfKeyLog(): void {
  warnOnce('HANDFAST_KEY_LOG', 'keys of sessions are being logged (unsafeKeyLog): whoever reads them reads what is said');
}

/** Under which the handshake's own messages are sealed: kB, kA, kR. @param prk stays the caller's. */
export function handshakeKeys(core: Core, prk: Secret): LoggedKeys {
  const [kB, kA, kR] = sequencesOf(core).handshake.run([prk]) as Secret[];
  return [
    ['HANDFAST_REPLY', kB],
    ['HANDFAST_FINISH', kA],
    ['HANDFAST_REFUSAL', kR],
  ];
}

/** Of the session, as A has them before it seals its finish. @param prk stays the caller's. */
export function keysBeforeSealing(core: Core, suite: Suite, parts: { prk: Secret; h3: Bytes; proof: Bytes }): LoggedKeys {
  const [, ...keys] = sequencesOf(core).sealing[suite].run([parts.prk, parts.h3, parts.proof])!;
  return named(keys as Secret[]);
}

/** As B has them before it opens the finish: worth nothing should that not open. @param prk stays the caller's. */
export function keysBeforeOpening(core: Core, parts: { prk: Secret; h3: Bytes; sealed: Bytes }): LoggedKeys {
  return named(sequencesOf(core).opening.run([parts.prk, parts.h3, parts.sealed]) as Secret[]);
}

/** Asks the driver to have them written. @param keys wiped. @param network is told of, too. */
export function logOutput(eA: Bytes, keys: LoggedKeys, network?: string): Output {
  const name = hex(eA);
  const lines = network === undefined ? [] : [`HANDFAST_NETWORK ${name} ${hex(utf8(network))}`];
  for (const [label, key] of keys) {
    const bytes = key.export();
    lines.push(`${label} ${name} ${hex(bytes)}`);
    bytes.fill(0);
  }
  wipeKeys(keys);
  return { kind: 'key-log', lines: `${lines.join('\n')}\n` };
}

/** The same step, with what is logged before it. */
export function behind<State>(logged: readonly Output[], step: Step<State>): Step<State> {
  if (logged.length === 0) return step;
  const [state, ...outputs] = step;
  return [state, ...logged, ...outputs];
}

export function wipeKeys(keys: LoggedKeys): void {
  for (const [, key] of keys) key.wipe();
}

function named([aToB, bToA, binding]: Secret[]): LoggedKeys {
  return [
    ['HANDFAST_A_TO_B', aToB],
    ['HANDFAST_B_TO_A', bToA],
    ['HANDFAST_BINDING', binding],
  ];
}

/** The formulas of section 4, once more, with keys as results: none leaves the core unless it is logged, and what is not used is not made. */
function sequencesFor(core: Core) {
  const kdf = (into: string, key: string, id: number) => ({ op: 'kdf', into, key, id, context: CONTEXT }) as const;
  const session: readonly SequenceStep[] = [
    { op: 'blake2b', into: 'h4', parts: ['h3', 'sealed'] },
    { op: 'blake2b', into: 'prk2', parts: [label('session'), 'prk', 'h4'] },
    kdf('A to B', 'prk2', 1),
    kdf('B to A', 'prk2', 2),
    kdf('binding', 'prk2', 3),
  ];
  const results = { 'A to B': 'secret', 'B to A': 'secret', binding: 'secret' } as const;
  const sealing = (suite: Suite): Sequence =>
    core.sequence({
      inputs: { prk: { secret: 64 }, h3: 'bytes', proof: 'bytes' },
      steps: [kdf('kA', 'prk', 2), { op: 'seal', into: 'sealed', suite, key: 'kA', message: 'proof', ad: 'h3' }, ...session],
      results: { sealed: 'bytes', ...results },
    });
  return {
    handshake: core.sequence({
      inputs: { prk: { secret: 64 } },
      steps: [kdf('kB', 'prk', 1), kdf('kA', 'prk', 2), kdf('kR', 'prk', 3)],
      results: { kB: 'secret', kA: 'secret', kR: 'secret' },
    }),
    sealing: { 'chacha20-poly1305': sealing('chacha20-poly1305'), 'aes-256-gcm': sealing('aes-256-gcm') },
    opening: core.sequence({ inputs: { prk: { secret: 64 }, h3: 'bytes', sealed: 'bytes' }, steps: session, results }),
  };
}

function sequencesOf(core: Core): ReturnType<typeof sequencesFor> {
  let ofCore = sequences.get(core);
  if (!ofCore) {
    ofCore = sequencesFor(core);
    sequences.set(core, ofCore);
  }
  return ofCore;
}

const sequences = new WeakMap<Core, ReturnType<typeof sequencesFor>>();
const hex = (bytes: Bytes): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
