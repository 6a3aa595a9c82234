/** Modules of Node without an import line, so that what imports this can be loaded where there is no Node. */
import { HandfastError } from '../../errors.ts';

/** @throws HF_UNSUPPORTED outside of Node. */
export function nodeCrypto(): typeof import('node:crypto') {
  // Kept: asking Node for a module is dear beside a small hash.
  crypto ??= builtin('node:crypto') as typeof import('node:crypto');
  return crypto;
}

/** @throws HF_UNSUPPORTED outside of Node. */
export function nodeZlib(): typeof import('node:zlib') {
  return builtin('node:zlib') as typeof import('node:zlib');
}

/** @throws HF_UNSUPPORTED outside of Node. */
export function nodeThreads(): typeof import('node:worker_threads') {
  return builtin('node:worker_threads') as typeof import('node:worker_threads');
}

/** @throws HF_UNSUPPORTED outside of Node. */
export function nodeModule(): typeof import('node:module') {
  return builtin('node:module') as typeof import('node:module');
}

function builtin(name: string): unknown {
  const found = (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process?.getBuiltinModule?.(name);
  if (found === undefined) throw new HandfastError('UNSUPPORTED', `${name} is needed for this, and only Node has it`);
  return found;
}

let crypto: typeof import('node:crypto') | undefined;
