/** The cores that tests run on: the pure one always, the native one where it loads. */
import type { Core } from '../../src/core/core.ts';
import { loadNative } from '../../src/core/native-load.ts';
import { core as pure } from '../../src/core/pure.ts';

const loaded = loadNative();

export const native: Core | undefined = 'why' in loaded ? undefined : loaded.core;

/** Why there is no native core; for the titles of skipped tests. */
export const whyNoNative: string = 'why' in loaded ? loaded.why : '';

export { pure };

export const cores: readonly Core[] = native ? [pure, native] : [pure];
