import { describe, expect, it } from 'vitest';
import { AllowList } from '../../../src/node/bans/allow.ts';
import { peerIdOf } from '../../../src/wire/peer-id.ts';
import { codeOf } from '../../support/codes.ts';

const [A, B, C] = [1, 2, 3].map((fill) => peerIdOf(new Uint8Array(32).fill(fill)));

describe('an allow-list', () => {
  it('lets in who is on it, and tells who came and who went', () => {
    const list = new AllowList([A, B]);
    const told: string[] = [];
    list.on('add', (id) => told.push(`+${id}`));
    list.on('remove', (id) => told.push(`-${id}`));
    expect([A, B, C].map((id) => list.has(id))).toEqual([true, true, false]);
    expect([list.add(C), list.add(C), list.remove(A), list.remove(A)]).toEqual([true, false, true, false]);
    expect([A, B, C].map((id) => list.has(id))).toEqual([false, true, true]);
    expect(told).toEqual([`+${C}`, `-${A}`]);
    expect(list.ids()).toEqual([B, C]);
    expect(list.everybody).toBe(false);
  });

  it('that is empty lets nobody in', () => {
    expect(new AllowList([]).has(A)).toBe(false);
  });

  it('that is not there lets everybody in, and cannot become one by a single name', () => {
    const list = new AllowList();
    expect([list.everybody, list.has(A), list.ids()]).toEqual([true, true, []]);
    expect(codeOf(() => list.add(A))).toBe('HF_BAD_ARGUMENT');
    expect(codeOf(() => list.remove(A))).toBe('HF_BAD_ARGUMENT');
    expect(list.has(B)).toBe(true);
  });

  it.each([
    ['a text, not a list', A],
    ['a number', 7],
    ['null', null],
    ['a misspelt id', [A.slice(0, -1)]],
    ['no text', [7]],
  ])('is not made of %s', (_what, ids) => {
    expect(codeOf(() => new AllowList(ids as string[]))).toBe('HF_BAD_ARGUMENT');
  });

  it('takes no misspelt id later either', () => {
    const list = new AllowList([A]);
    expect(codeOf(() => list.add('somebody'))).toBe('HF_BAD_ARGUMENT');
    expect(codeOf(() => list.remove(`${A} `))).toBe('HF_BAD_ARGUMENT');
    expect(list.ids()).toEqual([A]);
  });
});
