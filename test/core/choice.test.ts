/** Which core `handfast/core` takes. */
import { describe, expect, test, vi } from 'vitest';
import { chooseCore } from '../../src/core/choice.ts';
import type { Core } from '../../src/core/core.ts';
import { listenTo } from '../support/channels.ts';
import { codeOf } from '../support/codes.ts';
import { pure } from '../support/cores.ts';

const other: Core = { ...pure, name: 'native' };
const there = () => ({ core: other });
const missing = () => ({ why: 'the addon was not built' });

describe('the choice of a core', () => {
  test('is native by itself where it loads, and pure where not, saying why', () => {
    for (const wish of [undefined, '', 'auto']) {
      expect(chooseCore(wish, there)).toMatchObject({ core: other, choice: { core: 'native' } });
      const fallen = chooseCore(wish, missing);
      expect(fallen.core).toBe(pure);
      expect(fallen.choice).toEqual({ core: 'pure', why: 'the native core is not used: the addon was not built' });
    }
  });

  test('is what HANDFAST_CORE says', () => {
    expect(chooseCore('pure', there).core).toBe(pure);
    expect(chooseCore('native', there).core).toBe(other);
  });

  test('does not even look for the addon when the pure core is asked for', () => {
    const never = () => {
      throw new Error('looked');
    };
    expect(chooseCore('pure', never).core).toBe(pure);
  });

  test('fails when native is asked for and missing, with the reason', () => {
    expect(codeOf(() => chooseCore('native', missing))).toBe('HF_NO_NATIVE');
    expect(() => chooseCore('native', missing)).toThrow('the addon was not built');
  });

  test('knows three words and names them', () => {
    for (const wish of ['Native', 'wasm', ' pure']) {
      expect(codeOf(() => chooseCore(wish, there))).toBe('HF_BAD_ARGUMENT');
      expect(() => chooseCore(wish, there)).toThrow('HANDFAST_CORE: expected native, pure or auto, not');
    }
  });

  test('is told of on a channel, to whoever listens before it is made', async () => {
    const told = listenTo('core:chosen');
    vi.stubEnv('HANDFAST_CORE', 'pure');
    vi.resetModules();
    const { core, choice } = await import('../../src/core/choose.ts');
    vi.unstubAllEnvs();
    expect(told).toEqual([{ channel: 'core:chosen', message: { core, choice } }]);
    expect(choice.core).toBe('pure');
  });
});
