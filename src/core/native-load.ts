/** Looks for the native core without throwing. */
import type { Core } from './core.ts';

/** @returns the core, or one clause that says why there is none. */
export function loadNative(): { core: Core } | { why: string } {
  return { why: 'this build has no addon' };
}
