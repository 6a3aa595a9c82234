/** `handfast/native`: the native core, on libsodium, or HF_NO_NATIVE at import where its addon is not there. The same names and types as `pure.ts`. */
import { HandfastError } from '../errors.ts';
import type { Core } from './core.ts';
import { loadNative } from './native-load.ts';
import type { Choice } from './pure.ts';

export { type Blame, type CodeName, type ErrorCode, HandfastError } from '../errors.ts';
export * from './core.ts';
export type { Choice } from './pure.ts';
export type { Slab, SlabUse } from './slab.ts';

const loaded = loadNative();
if ('why' in loaded) {
  throw new HandfastError('NO_NATIVE', `the native core is not there: ${loaded.why}; handfast/core takes the pure core in that case`);
}

export const core: Core = loaded.core;
export const choice: Choice = { core: 'native', why: 'the native core was imported by name' };
