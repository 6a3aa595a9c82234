import { describe, expect, it } from 'vitest';
import { type Late, LateIds } from '../../../src/node/gossip/late.ts';
import { pure } from '../../support/cores.ts';
import { hash, text } from '../../support/reference.ts';

interface Id {
  name: string;
  late: Late<Id> | undefined;
}

const key = (name: string) => hash(text(name)).slice(0, 32);
const names = (ids: readonly Id[]) => ids.map(({ name }) => name);

function made(what: string): { late: LateIds<Id>; ids: Id[] } {
  const late = new LateIds<Id>(pure);
  const ids = what.split(' ').map((name): Id => ({ name, late: undefined }));
  for (const id of ids) late.add(id, key(id.name[0]), 0);
  return { late, ids };
}

describe('ids of envelopes beyond a budget', () => {
  it('are taken one of each origin in turn, the oldest first', () => {
    const { late } = made('a1 a2 a3 a4 b1 b2 c1');
    expect(names(late.take(() => true))).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
    expect(late.empty).toBe(true);
  });

  it('are taken as long as there is budget for their origin, which is asked for no more than is taken', () => {
    const { late, ids } = made('a1 a2 a3 b1 b2');
    const asked: string[] = [];
    const taken = late.take((origin) => {
      const name = origin[0] === key('a')[0] ? 'a' : 'b';
      asked.push(name);
      return name === 'b' || asked.filter((one) => one === 'a').length < 2;
    });
    expect(names(taken)).toEqual(['a1', 'b1', 'b2']);
    expect(asked).toEqual(['a', 'b', 'a', 'b']);
    expect(late.count(key('a'), 0)).toBe(2);
    expect(late.count(key('b'), 0)).toBe(0);
    expect(ids.map((id) => id.late !== undefined)).toEqual([false, true, true, false, false]);
  });

  it('can leave by themselves, and all together', () => {
    const { late, ids } = made('a1 a2 b1');
    late.remove(ids[2]);
    expect([late.count(key('a'), 0), late.count(key('b'), 0)]).toEqual([2, 0]);
    expect(names(late.clear())).toEqual(['a1', 'a2']);
    expect(late.empty).toBe(true);
  });
});
