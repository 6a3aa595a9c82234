/** Looks for the native core without throwing. */
import type { Core } from './core.ts';
import { loadAddon } from './native-addon.ts';
import { makeCore } from './native-core.ts';

let found: { core: Core } | { why: string } | undefined;

/** @returns the core, or one clause that says why there is none. Looks once. */
export function loadNative(): { core: Core } | { why: string } {
  found ??= look();
  return found;
}

function look(): { core: Core } | { why: string } {
  const loaded = loadAddon();
  if ('why' in loaded) return loaded;
  try {
    return { core: makeCore(loaded.addon) };
  } catch (error) {
    return { why: `the addon does not start: ${(error as Error).message}` };
  }
}
