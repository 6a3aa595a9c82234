/** The cores that tests run on: the pure one always, the native one where it loads. */
import type { Core } from '../../src/core/core.ts';
import { loadAddon } from '../../src/core/native-addon.ts';
import { loadNative } from '../../src/core/native-load.ts';
import { core as pure } from '../../src/core/pure.ts';

const loaded = loadNative();

export const native: Core | undefined = 'why' in loaded ? undefined : loaded.core;

/** Why there is no native core; for the titles of skipped tests. */
export const whyNoNative: string = 'why' in loaded ? loaded.why : '';

export { pure };

export const cores: readonly Core[] = native ? [pure, native] : [pure];

/** Switches the vector kernels of the native core off, for the whole process. @returns what switches them on again. */
export function switchLanesOff(): () => void {
  const found = loadAddon();
  if ('why' in found) return () => {};
  const { addon } = found;
  const level = ['off', 'avx2', 'avx512-ifma'].indexOf(addon.lanes());
  addon.setLanes(0);
  return () => {
    addon.setLanes(level);
  };
}
