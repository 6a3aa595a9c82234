/** `handfast/core`: the native core where it loads, else the pure one; HANDFAST_CORE decides otherwise. */
import { channel } from 'node:diagnostics_channel';
import { chooseCore } from './choice.ts';
import type { Core } from './core.ts';
import { setDefaultCore } from './default.ts';
import { loadNative } from './native-load.ts';
import type { Choice } from './pure.ts';

export { type Blame, type CodeName, type ErrorCode, HandfastError } from '../errors.ts';
export * from './core.ts';
export type { Choice } from './pure.ts';
export type { Slab, SlabUse } from './slab.ts';

/** What `handfast:core:chosen` of node:diagnostics_channel tells, once, while this module is imported: whoever wants to hear it subscribes before. */
export interface CoreChosen {
  readonly core: Core;
  readonly choice: Choice;
}

const chosen = chooseCore(process.env.HANDFAST_CORE, loadNative);

export const core: Core = chosen.core;
export const choice: Choice = chosen.choice;

setDefaultCore(core);

const told = channel('handfast:core:chosen');
if (told.hasSubscribers) told.publish({ core, choice } satisfies CoreChosen);
