/** Stands for test/support/cores.ts: protocols are the same on both cores, so the faster one is enough. */
import type { Core } from '../../src/core/core.ts';
import { loadNative } from '../../src/core/native-load.ts';
import { core as pure } from '../../src/core/pure.ts';

const loaded = loadNative();

export const native: Core | undefined = 'why' in loaded ? undefined : loaded.core;
export const whyNoNative: string = 'why' in loaded ? loaded.why : '';
export { pure };
export const cores: readonly Core[] = [native ?? pure];
export const switchLanesOff = (): (() => void) => () => {};
