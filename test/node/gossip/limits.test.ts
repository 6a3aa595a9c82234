import { describe, expect, it } from 'vitest';
import { gossipLimits } from '../../../src/node/gossip/limits.ts';
import { cores, pure } from '../../support/cores.ts';

describe('the limits of gossip', () => {
  it('are those of the document, and what a core can verify in a turn', () => {
    const limits = gossipLimits(pure);
    expect(limits).toMatchObject({
      messages: 131_072,
      perSecond: 4096,
      latePerSecond: 16_384,
      announcedPerSecond: 4096,
      storeMs: 10_000,
      storeBytes: 2 ** 24,
    });
    expect(Object.fromEntries(cores.map((core) => [core.name, gossipLimits(core).verifiedPerTurn]))).toMatchObject({ pure: 16 });
    // A burst and a second of our own messages fit into the share that one origin has of a session.
    expect(1.5 * limits.publishedPerSecond).toBeLessThan(limits.perSecond / 2);
  });

  it('can be set one by one; undefined leaves the default', () => {
    expect(gossipLimits(pure, { perSecond: 7 })).toEqual({ ...gossipLimits(pure), perSecond: 7 });
    expect(gossipLimits(pure, { perSecond: undefined as never })).toEqual(gossipLimits(pure));
  });

  it.each<Record<string, unknown>>([
    { perSecond: 0 },
    { perSecond: 1.5 },
    { perSecond: '7' },
    { nothing: 1 },
    { toString: 1 },
    { messages: 10, origins: 11 },
  ])('refuse %j', (limits) => {
    expect(() => gossipLimits(pure, limits)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
  });
});
