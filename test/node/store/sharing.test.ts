/** Processes of one identity, as others see them: nodes `h1` and `h2` with the identity of `h` and one store. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Node } from '../../../src/node/node.ts';
import type { NodeOptions } from '../../../src/node/options.ts';
import { RESERVED_MS } from '../../../src/node/store/store.ts';
import type { Subscription } from '../../../src/node/subscription.ts';
import { BrokenStore } from '../../support/broken-store.ts';
import { cores } from '../../support/cores.ts';
import { NodeStory } from '../../support/network.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (answer: Uint8Array | string): string => (typeof answer === 'string' ? answer : new TextDecoder().decode(answer));

describe.each(cores.map((core) => [core.name, core] as const))('processes of one identity, %s core', (_name, core) => {
  let story: NodeStory;
  let store: BrokenStore;

  beforeEach(() => {
    story = new NodeStory(core);
    store = new BrokenStore();
  });

  afterEach(async () => {
    store.down = false;
    expect(await story.finish()).toEqual({ timers: 0, secrets: 0, slabs: 0 });
  });

  const process = (name: string, options: Partial<NodeOptions> = {}, remote?: string): Promise<Node> =>
    story.node(name, { identity: story.identity('h'), store, ...options }, remote);

  async function connect(from: Node, to: string): Promise<void> {
    const connected = from.connect(to);
    await story.settle();
    await connected;
  }

  async function heard(subscription: Subscription): Promise<string[]> {
    await story.settle();
    const messages: string[] = [];
    while (subscription.waiting.count > 0) messages.push(text((await subscription.next()).value!.bytes));
    return messages;
  }

  /** `h1` and `h2`, and `p` with a session with `h1`. */
  async function three(options: Partial<NodeOptions> = {}): Promise<[Node, Node, Node]> {
    const [h1, h2, p] = [await process('h1', options), await process('h2', options), await story.node('p')];
    await connect(p, 'h1:1');
    story.taken();
    return [h1, h2, p];
  }

  describe('bans', () => {
    it('by hand at one, hold at the other from the moment they are stored, and so does lifting them', async () => {
      const [h1, h2, p] = await three();
      h2.ban(p.id, { reason: 'noise' });
      const stored = h2.stored();
      // h1 has let somebody in a moment ago, and may do so for as long again before it asks.
      expect(await story.outcome(stored)).toBe('nothing yet');
      await story.pass(RESERVED_MS);
      expect(await story.outcome(stored)).toBeUndefined();
      expect(await story.outcome(p.connect('h1:1'))).toBe('HF_BANNED');
      expect(story.taken()).toContain('h1 ban p');
      expect(h1.peers()).toEqual([]);
      h2.unban(p.id);
      await story.outcome(h2.stored());
      await story.pass(1_000);
      expect(await story.outcome(p.connect('h1:1'))).toMatchObject({ id: h2.id });
    });

    it('stored a moment ago at one, are known to the other before it lets anybody in', async () => {
      const [h1, h2] = [await process('h1'), await process('h2')];
      const p = await story.node('p');
      store.deaf = true;
      h1.ban(p.id);
      await story.outcome(h1.stored());
      // Nobody has told it yet.
      expect(h2.bans()).toEqual([]);
      expect(await story.outcome(p.connect('h2:1'))).toBe('HF_BANNED');
    });

    it.each(['in', 'out'])(
      'stored at one, are known to the other, though it was told nothing and has just let others in, %s',
      async (direction) => {
        const [h1, h2] = [await process('h1'), await process('h2')];
        const [p, q] = [await story.node('p'), await story.node('q')];
        await connect(q, 'h2:1');
        store.deaf = true;
        h1.ban(p.id);
        const stored = h1.stored();
        expect(await story.outcome(stored)).toBe('nothing yet');
        await story.pass(RESERVED_MS - 1);
        expect(await story.outcome(stored)).toBe('nothing yet');
        await story.pass(1);
        expect(await story.outcome(stored)).toBeUndefined();
        expect(h2.bans()).toEqual([]);
        // Whoever is dialled is asked about then and there; whoever comes, before it is looked at.
        expect(await story.outcome(direction === 'in' ? p.connect('h2:1') : h2.connect('p:1'))).toBe('HF_BANNED');
      },
    );

    it('wait for nobody where no other process lets anybody in, and one does not wait for another', async () => {
      const [h1, h2] = [await process('h1'), await process('h2')];
      const p = await story.node('p');
      await connect(p, 'h1:1');
      h1.ban('192.0.2.1');
      expect(await story.outcome(h1.stored())).toBeUndefined();
      h2.ban('192.0.2.2');
      await story.settle();
      h2.ban('192.0.2.3');
      await story.settle();
      // Both are in the store, though neither may hold everywhere yet.
      expect(h1.bans()).toHaveLength(3);
      await story.pass(RESERVED_MS);
      expect(await story.outcome(h2.stored())).toBeUndefined();
    });

    it('are asked for once for all that come in a while, and anew as soon as there is word of another', async () => {
      const [h1, h2] = [await process('h1'), await process('h2')];
      const asked = (): number => (store.calls.get('trust') ?? 0) + (store.calls.get('version') ?? 0) + (store.calls.get('bans') ?? 0);
      const before = asked();
      for (const name of ['p', 'q', 'r']) await connect(await story.node(name), 'h1:1');
      expect(asked()).toBe(before);
      h2.ban('192.0.2.1');
      await story.settle();
      expect(h1.bans()).toHaveLength(1);
      const s = await story.node('s');
      h2.ban(s.id);
      await story.settle();
      // Long before what it trusted would have ended.
      expect(await story.outcome(s.connect('h1:1'))).toBe('HF_BANNED');
      await story.pass(RESERVED_MS);
    });

    it('stored a moment ago at one, are known to the other when it is the one that dials', async () => {
      const [h1, h2] = [await process('h1'), await process('h2')];
      const p = await story.node('p');
      store.deaf = true;
      h1.ban(p.id);
      await story.outcome(h1.stored());
      expect(await story.outcome(h2.connect('p:1'))).toBe('HF_BANNED');
    });

    it('of an address, stored a moment ago at one, keep it out at the other', async () => {
      const [h1] = [await process('h1'), await process('h2')];
      const p = await story.node('p', {}, '10.9.0.1');
      store.deaf = true;
      h1.ban('10.0.0.0/8');
      await story.outcome(h1.stored());
      expect(await story.outcome(p.connect('h2:1'))).toBe('HF_BANNED');
    });

    it('hold for a process that begins later, and end on time', async () => {
      const h1 = await process('h1');
      const p = await story.node('p');
      h1.ban(p.id, { ms: 5_000 });
      await story.outcome(h1.stored());
      const h3 = await process('h3');
      expect(h3.bans()).toMatchObject([{ subject: p.id, automatic: false }]);
      expect(await story.outcome(p.connect('h3:1'))).toBe('HF_BANNED');
      await story.pass(5_000, 500);
      expect(h3.bans()).toEqual([]);
      expect(await story.outcome(p.connect('h3:1'))).toMatchObject({ id: h3.id });
    });

    it('come of charges at several processes together', async () => {
      const limits = { charges: { drop: 8_500, warn: 8_000, fadeMs: 1e9 } };
      const [h1, h2] = [await process('h1', { limits }), await process('h2', { limits })];
      for (const to of ['h1', 'h2']) {
        const session = await story.session('mallory', to, { node: true } as never);
        // A request that has not its shape: 3,000 points for the id.
        void session.send(Uint8Array.of(1, 0)).catch(() => {});
        await story.settle();
        session.destroy();
        await story.settle();
      }
      expect(h1.bans()).toEqual([]);
      const session = await story.session('mallory', 'h1', { node: true } as never);
      void session.send(Uint8Array.of(1, 0)).catch(() => {});
      await story.pass(1_000);
      expect(h1.bans()).toMatchObject([{ subject: story.id('mallory'), automatic: true }]);
      expect(h2.bans()).toMatchObject([{ subject: story.id('mallory'), automatic: true }]);
      session.destroy();
    });
  });

  it('attempts of an address count for all of them together', async () => {
    const limits = { handshakesPerSecond: 1, handshakeBurst: 3 };
    await process('h1', { limits });
    await process('h2', { limits });
    const p = await story.node('p', {}, '10.9.0.1');
    const outcomes = [];
    for (const to of ['h1:1', 'h2:1', 'h1:1', 'h2:1']) outcomes.push(await story.outcome(p.connect(to)));
    expect(outcomes.slice(0, 3).every((outcome) => typeof outcome === 'object')).toBe(true);
    expect(outcomes[3]).toBe('HF_RATE_LIMITED');
    await story.pass(1_000);
    expect(typeof (await story.outcome(p.connect('h2:1')))).toBe('object');
  });

  describe('requests of others', () => {
    it('are handled once, wherever their answer is asked for again', async () => {
      const [h1, h2, p] = await three();
      const runs: string[] = [];
      let finish: (answer: Uint8Array) => void = () => {};
      h1.handle('', ({ bytes: payload }) => {
        runs.push(`h1 ${text(payload)}`);
        return new Promise((resolve) => {
          finish = resolve;
        });
      });
      h2.handle('', ({ bytes: payload }) => {
        runs.push(`h2 ${text(payload)}`);
        return bytes('of h2');
      });
      const asked = p.request(h1.id, bytes('x'));
      asked.catch(() => {});
      await story.settle();
      story.network.reset('p', 'h1');
      await story.settle();
      await connect(p, 'h2:1');
      await story.pass(300, 50);
      finish(bytes('of h1'));
      await story.pass(300, 50);
      expect(text(await story.outcome(asked))).toBe('of h1');
      expect(text(await story.outcome(p.request(h1.id, bytes('y'))))).toBe('of h2');
      expect(runs).toEqual(['h1 x', 'h2 y']);
    });

    it('that a process took with it are lost, and told so', async () => {
      const [h1, h2, p] = await three();
      let runs = 0;
      for (const h of [h1, h2])
        h.handle('', () => {
          runs++;
          return new Promise(() => {});
        });
      const asked = p.request(h1.id, bytes('x'));
      asked.catch(() => {});
      await story.settle();
      const closed = h1.close({ drainMs: 0 });
      await story.pass(3_000, 100);
      await closed;
      await connect(p, 'h2:1');
      expect(await story.outcome(asked)).toBe('HF_ANSWER_LOST');
      expect(runs).toBe(1);
    });

    it('of somebody who was banned a moment ago at another process are not handled', async () => {
      const [h1, h2, p] = await three();
      let runs = 0;
      h1.handle('', () => {
        runs++;
        return undefined;
      });
      store.deaf = true;
      h2.ban(p.id);
      await story.outcome(h2.stored());
      expect(await story.outcome(p.request(h1.id, bytes('x')))).toMatch(/^HF_(?:BUSY|BANNED|NOT_CONNECTED)$|nothing yet/);
      expect(runs).toBe(0);
      expect(story.taken()).toContain('h1 ban p');
    });
  });

  describe('requests of their own', () => {
    it('reach a peer that another process has a session with: its answer, and its errors', async () => {
      const [h1, h2, p] = await three();
      p.handle('up', ({ bytes: payload }, { id }) => bytes(`${text(payload).toUpperCase()} for ${id === h1.id}`));
      expect(text(await story.outcome(h2.request(p.id, bytes('x'), { topic: 'up' })))).toBe('X for true');
      expect(await story.outcome(h2.request(p.id, bytes('x')))).toBe('HF_NO_HANDLER');
      expect(await story.outcome(h2.request('nobody', bytes('x')))).toBe('HF_BAD_ARGUMENT');
      expect(await story.outcome(h2.request(p.id, bytes('x'), { topic: 'up', signal: AbortSignal.abort() }))).toBe('HF_ABORTED');
    });

    it('wait for a peer wherever it comes, until their deadline', async () => {
      const [h1, h2] = [await process('h1'), await process('h2')];
      const p = await story.node('p');
      p.handle('', () => bytes('here'));
      const [asked, late] = [h2.request(p.id, bytes('x')), h1.request(story.id('q'), bytes('x'), { deadlineMs: 700 })];
      for (const one of [asked, late]) one.catch(() => {});
      await story.pass(500, 100);
      await connect(p, 'h1:1');
      await story.pass(500, 100);
      expect(text(await story.outcome(asked))).toBe('here');
      expect(await story.outcome(late)).toBe('HF_NOT_CONNECTED');
    });

    it('end with a code of their own when the process that had the peer goes', async () => {
      const [h1, h2, p] = await three();
      p.handle('', () => new Promise(() => {}));
      const asked = h2.request(p.id, bytes('x'), { deadlineMs: 60_000 });
      asked.catch(() => {});
      await story.settle();
      // As by a kill: nothing is said any more.
      const connection = h1.close({ drainMs: 0 });
      await story.pass(9_000, 500);
      await connection;
      expect(await story.outcome(asked)).toMatch(/^HF_(?:STORE_ROUTE_LOST|CLOSED)$/);
    });

    it('end at their deadline when nothing comes back', async () => {
      const [, h2, p] = await three();
      p.handle('', () => new Promise(() => {}));
      const asked = h2.request(p.id, bytes('x'), { deadlineMs: 2_000 });
      asked.catch(() => {});
      await story.pass(2_500, 100);
      expect(await story.outcome(asked)).toBe('HF_DEADLINE_EXCEEDED');
    });
  });

  describe('broadcasts', () => {
    it('are delivered once to all of them together, and passed on to the peers of all', async () => {
      const [h1, h2, p] = await three();
      const q = await story.node('q');
      await connect(q, 'h2:1');
      const at = { h1: h1.subscribe('news'), h2: h2.subscribe('news'), q: q.subscribe('news') };
      for (const message of ['a', 'b', 'c', 'd']) await story.outcome(p.broadcast('news', bytes(message)));
      expect((await heard(at.q)).sort()).toEqual(['a', 'b', 'c', 'd']);
      expect([...(await heard(at.h1)), ...(await heard(at.h2))].sort()).toEqual(['a', 'b', 'c', 'd']);
    });

    it('go to the process in which somebody listens', async () => {
      const [, h2, p] = await three();
      const news = h2.subscribe('news');
      await story.outcome(p.broadcast('news', bytes('a')));
      expect(await heard(news)).toEqual(['a']);
    });

    it('of one of them reach the peers of the other, and none of themselves', async () => {
      const [h1, h2, p] = await three();
      const at = { h1: h1.subscribe('news'), h2: h2.subscribe('news'), p: p.subscribe('news') };
      await story.outcome(h2.broadcast('news', bytes('a')));
      expect(await heard(at.p)).toEqual(['a']);
      expect([...(await heard(at.h1)), ...(await heard(at.h2))]).toEqual([]);
    });
  });

  it('one of them dials what all were given; when it is gone another one does', async () => {
    const p = await story.node('p');
    const peers = [{ address: 'p:1', peer: p.id }];
    const h1 = await process('h1', { peers });
    await story.settle();
    const h2 = await process('h2', { peers });
    await story.pass(20_000, 500);
    expect([h1.peers().length, h2.peers().length, p.peers().length]).toEqual([1, 0, 1]);
    expect(story.taken()).toEqual(['p peer h inbound', 'h1 peer p outbound']);
    const closed = h1.close();
    await story.pass(5_000, 100);
    await closed;
    expect(h2.peers()).toMatchObject([{ id: p.id }]);
  });

  describe('without the store', () => {
    it('nobody new is let in, sessions stay, requests of others are refused unhandled; all is well when it is back', async () => {
      const [h1, , p] = await three();
      const told: string[] = [];
      h1.on('storeDown', ({ code }) => told.push(code)).on('storeUp', () => told.push('up'));
      let runs = 0;
      h1.handle('', () => bytes(`run ${++runs}`));
      p.handle('', () => bytes('still here'));
      store.down = true;
      await story.pass(1_000);
      const q = await story.node('q');
      expect(await story.outcome(q.connect('h1:1'))).toBe('HF_INTERNAL');
      expect(h1.peers()).toHaveLength(1);
      expect(await story.outcome(p.request(h1.id, bytes('x')))).toBe('HF_BUSY');
      expect(text(await story.outcome(h1.request(p.id, bytes('x'))))).toBe('still here');
      store.down = false;
      await story.pass(1_000);
      expect(text(await story.outcome(p.request(h1.id, bytes('x'))))).toBe('run 1');
      expect(await story.outcome(q.connect('h1:1'))).toMatchObject({ id: h1.id });
      expect(told).toEqual(['HF_STORE_UNAVAILABLE', 'up']);
    });

    it('what was banned meanwhile holds here at once, and everywhere when it is back', async () => {
      const [h1, h2] = [await process('h1'), await process('h2')];
      store.down = true;
      h1.ban('192.0.2.1');
      expect(await story.outcome(h1.stored())).toBe('HF_STORE_UNAVAILABLE');
      await story.pass(3_000, 1_000);
      expect([h1.bans().length, h2.bans().length]).toEqual([1, 0]);
      store.down = false;
      await story.pass(2_000, 1_000);
      expect(h2.bans()).toMatchObject([{ subject: '192.0.2.1' }]);
    });

    it('broadcasts wait, and are delivered once when it is back', async () => {
      const [h1, h2, p] = await three();
      await connect(h2, 'p:1').catch(() => {});
      const at = { h1: h1.subscribe('news'), h2: h2.subscribe('news') };
      store.down = true;
      await story.outcome(p.broadcast('news', bytes('a')));
      expect([...(await heard(at.h1)), ...(await heard(at.h2))]).toEqual([]);
      store.down = false;
      await story.pass(2_000, 500);
      expect([...(await heard(at.h1)), ...(await heard(at.h2))]).toEqual(['a']);
    });

    it('all goes on by its own rules where that was said', async () => {
      const withoutStore = { sessions: 'open', requests: 'handle', broadcasts: 'deliver' } as const;
      const [h1, , p] = await three({ withoutStore });
      h1.handle('', () => bytes('handled'));
      const news = h1.subscribe('news');
      store.down = true;
      const q = await story.node('q');
      expect(await story.outcome(q.connect('h1:1'))).toMatchObject({ id: h1.id });
      expect(text(await story.outcome(p.request(h1.id, bytes('x'))))).toBe('handled');
      await story.outcome(p.broadcast('news', bytes('a')));
      expect(await heard(news)).toEqual(['a']);
    });

    it('no node is made', async () => {
      store.down = true;
      expect(await story.outcome(process('h1'))).toBe('HF_STORE_UNAVAILABLE');
    });
  });

  it('when the store has lost everything their life is over: what was asked in it is not handled twice', async () => {
    const [h1, h2, p] = await three();
    let runs = 0;
    for (const h of [h1, h2])
      h.handle('', () => {
        runs++;
        return new Promise(() => {});
      });
    h1.ban('192.0.2.1');
    await story.outcome(h1.stored());
    const before = p.peers()[0].info.bootId;
    const asked = p.request(h1.id, bytes('x'), { deadlineMs: 60_000 });
    asked.catch(() => {});
    await story.settle();
    store.forget();
    // Not noticed yet: what comes now is refused.
    expect(await story.outcome(p.request(h1.id, bytes('y')))).toBe('HF_BUSY');
    // What an empty store does not know is not lifted.
    expect(h1.bans()).toHaveLength(1);
    await story.pass(8_000, 100);
    await connect(p, 'h2:1');
    await story.settle();
    expect(p.peers()[0].info.bootId).not.toBe(before);
    expect(await story.outcome(asked)).toBe('HF_PEER_RESTARTED');
    expect(runs).toBe(1);
    expect([h1.bans().length, h2.bans().length]).toEqual([1, 1]);
  });

  it('options that cannot be are refused', async () => {
    expect(await story.outcome(process('h1', { bansFile: '/tmp/none' }))).toBe('HF_BAD_ARGUMENT');
    expect(await story.outcome(process('h1', { store: {} as never }))).toBe('HF_BAD_ARGUMENT');
    expect(await story.outcome(process('h1', { withoutStore: { sessions: 'maybe' as never } }))).toBe('HF_BAD_ARGUMENT');
    expect(await story.outcome(process('h1', { withoutStore: { other: 'open' } as never }))).toBe('HF_BAD_ARGUMENT');
  });
});
