/** Which core to take. */
import { HandfastError } from '../errors.ts';
import type { Core } from './core.ts';
import type { loadNative } from './native-load.ts';
import { type Choice, core as pure } from './pure.ts';

/**
 * @param wish what HANDFAST_CORE says: `auto` (also when absent or empty), `native` or `pure`.
 * @throws HF_BAD_ARGUMENT for any other wish; HF_NO_NATIVE when native is asked for and does not load.
 */
export function chooseCore(wish: string | undefined, load: typeof loadNative): { core: Core; choice: Choice } {
  switch (wish) {
    case 'pure':
      return { core: pure, choice: { core: 'pure', why: 'HANDFAST_CORE asks for the pure core' } };
    case 'native': {
      const loaded = load();
      if ('why' in loaded) throw new HandfastError('NO_NATIVE', `HANDFAST_CORE asks for the native core, but ${loaded.why}`);
      return { core: loaded.core, choice: { core: 'native', why: 'HANDFAST_CORE asks for the native core' } };
    }
    case undefined:
    case '':
    case 'auto': {
      const loaded = load();
      if ('why' in loaded) return { core: pure, choice: { core: 'pure', why: `the native core is not used: ${loaded.why}` } };
      return { core: loaded.core, choice: { core: 'native', why: 'the native core is there and loads' } };
    }
    default:
      throw new HandfastError('BAD_ARGUMENT', `HANDFAST_CORE: expected native, pure or auto, not ${JSON.stringify(wish)}`);
  }
}
