import { describe, expect, it } from 'vitest';
import { rowsOf, sorted, totalRates } from '../../../src/cli/top/sample.ts';
import { before, sample } from './states.ts';

describe('rates', () => {
  it('are what was added, by the seconds between', () => {
    const [busy, slow, fresh] = rowsOf(sample, before);
    expect(busy!.rates).toEqual({ received: { messages: 1_234.5, bytes: 246_900 }, sent: { messages: 3.5, bytes: 350 } });
    expect(slow!.rates).toEqual({ received: { messages: 0, bytes: 0 }, sent: { messages: 0.5, bytes: 105 } });
    expect(fresh!.rates).toBeUndefined();
    expect(totalRates([busy!, slow!, fresh!])).toEqual({
      received: { messages: 1_234.5, bytes: 246_900 },
      sent: { messages: 4, bytes: 455 },
    });
  });

  it('of a session that is another one with the same peer begin anew', () => {
    const again = { ...sample, peers: sample.peers.map((peer) => ({ ...peer, since: peer.since + 1 })) };
    expect(rowsOf(again, before).every(({ rates }) => rates === undefined)).toBe(true);
    expect(totalRates(rowsOf(again, before))).toBeUndefined();
  });

  it('are never made of nothing: no earlier sample, no time between, a node that does not count', () => {
    const silent = { ...sample, peers: sample.peers.map(({ received: _, sent: __, ...peer }) => peer) };
    for (const rows of [rowsOf(sample, undefined), rowsOf({ ...sample, at: before.at }, before), rowsOf(silent, before)])
      expect(rows.every(({ rates }) => rates === undefined)).toBe(true);
  });
});

it.each([
  ['traffic', 'BSN'],
  ['ping', 'SBN'],
  ['age', 'SBN'],
  ['id', 'BNS'],
] as const)('by %s, peers stand as %s', (by, order) => {
  expect(
    sorted(rowsOf(sample, before), by)
      .map(({ id }) => id[8])
      .join(''),
  ).toBe(order);
});
