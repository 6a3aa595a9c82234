import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import type { Node } from '../../src/node/node.ts';
import type { Subscription } from '../../src/node/subscription.ts';
import type { Message } from '../../src/transport/message.ts';
import type { Session } from '../../src/transport/session.ts';
import { cores } from '../support/cores.ts';
import { NodeStory } from '../support/network.ts';
import { readAll } from '../support/pair.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (answer: Uint8Array | string): string => (typeof answer === 'string' ? answer : new TextDecoder().decode(answer));
const record = (kind: number, ...body: number[]): Uint8Array => Uint8Array.of(kind, ...body);
const UNKNOWN = record(0x2a);
const DIRECT_OF_ID_1 = record(1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0x10, 0, 0);
/** One that no handler can be asked with. */
const MISSHAPEN = record(1, 0);

describe.each(cores.map((core) => [core.name, core] as const))('nodes, %s core', (_name, core) => {
  let story: NodeStory;

  beforeEach(() => {
    story = new NodeStory(core);
  });

  afterEach(async () => {
    expect(await story.finish()).toEqual({ timers: 0, secrets: 0, slabs: 0 });
  });

  /** Two nodes with a session that `a` dialled. */
  async function pair(first = {}, second = {}): Promise<[Node, Node]> {
    const a = await story.node('a', first);
    const b = await story.node('b', second);
    const connected = a.connect('b:1');
    await story.settle();
    await connected;
    story.taken();
    return [a, b];
  }

  describe('two of them', () => {
    it('connected by one dialling, each sees the other, and asks it', async () => {
      const a = await story.node('a', { agent: 'first/1' });
      const b = await story.node('b');
      b.handle('echo', ({ bytes: payload }) => payload);
      a.handle('', () => bytes('default'));
      const connected = a.connect('b:1', { peer: b.id });
      await story.settle();
      expect(await connected).toMatchObject({ id: b.id, direction: 'outbound', address: 'b:1', info: { node: true } });
      expect(b.peers()).toMatchObject([{ id: a.id, direction: 'inbound', info: { agent: 'first/1' } }]);
      expect(a.peers()[0].latencyMs).toBe(0);
      expect(text(await story.outcome(a.request(b.id, bytes('hello'), { topic: 'echo' })))).toBe('hello');
      expect(text(await story.outcome(b.request(a.id, bytes(''))))).toBe('default');
      expect(await story.outcome(b.request(a.id, bytes(''), { topic: 'none' }))).toBe('HF_NO_HANDLER');
      expect(story.taken()).toEqual(['b peer a inbound', 'a peer b outbound']);
      const closed = a.close();
      await story.settle();
      await closed;
      // Which of the two is told first is nobody's promise.
      expect(story.taken().sort()).toEqual(['a peerGone b well', 'b peerGone a well']);
      expect(b.peers()).toEqual([]);
    });

    it('an answer that is too large for the session is told the asking side as such', async () => {
      const [a, b] = await pair();
      b.handle('', () => new Uint8Array(2 * 1024 * 1024));
      expect(await story.outcome(a.request(b.id, bytes('all of it')))).toBe('HF_ANSWER_TOO_LARGE');
    });

    it('a request waits for the session, and survives its loss: the handler runs once', async () => {
      const a = await story.node('a', { peers: ['b:1'] });
      let runs = 0;
      let answer: (reply: Uint8Array) => void = () => {};
      const asked = a.request(story.id('b'), bytes('x'));
      await story.settle();
      const b = await story.node('b');
      b.handle('', () => {
        runs++;
        return new Promise((resolve) => {
          answer = resolve;
        });
      });
      await story.pass(1_000, 50);
      expect(runs).toBe(1);
      story.network.reset('a', 'b');
      await story.pass(2_000, 50);
      answer(bytes('once'));
      expect(text(await story.outcome(asked))).toBe('once');
      expect(runs).toBe(1);
    });

    it('a peer that restarts: a request in flight ends so, one that may be handled twice is asked again', async () => {
      const [a, b] = await pair({ peers: ['b:1'] });
      b.handle('', () => new Promise(() => {}));
      const once = a.request(b.id, bytes('x'), { deadlineMs: 60_000 });
      const again = a.request(b.id, bytes('y'), { deadlineMs: 60_000, idempotent: true });
      for (const asked of [once, again]) asked.catch(() => {});
      await story.settle();
      const closed = b.close({ drainMs: 0 });
      await story.pass(1_000, 50);
      await closed;
      const second = await story.node('b');
      second.handle('', ({ bytes: payload }) => payload);
      await story.pass(4_000, 50);
      expect(await story.outcome(once)).toBe('HF_PEER_RESTARTED');
      expect(text(await story.outcome(again))).toBe('y');
    });

    it('a peer that falls silent is given up after 90 s, and dialled again', async () => {
      const a = await story.node('a', { peers: ['b:1'] });
      const b = await story.node('b');
      await story.pass(1_000, 50);
      expect(story.taken().filter((line) => line.startsWith('a peer'))).toEqual(['a peer b outbound']);
      for (const end of story.network.connections.at(-1)!.pair.ends) end.pause();
      await story.pass(89_000, 1_000);
      expect(a.peers().length).toBe(1);
      await story.pass(2_000, 50);
      expect(story.taken()).toContain('a peerGone b HF_PING_TIMEOUT');
      await story.pass(1_000, 50);
      expect([a.peers().length, b.peers().length]).toEqual([1, 1]);
    });

    it('a node that dials itself leaves itself alone', async () => {
      const a = await story.node('a', { peers: ['a:1'] });
      expect(await story.outcome(a.connect('a:1'))).toBe('HF_SELF_CONNECTION');
      const dialled = story.network.connections.length;
      await story.pass(200_000, 10_000);
      expect(story.network.connections.length).toBe(dialled);
      await story.pass(100_000, 10_000);
      expect(story.network.connections.length).toBe(dialled + 1);
    });

    it('what finds no room on its way waits for it: all of many large requests and answers arrive', async () => {
      const limits = { outgoingBytes: 100_000 };
      const [a, b] = await pair({ limits }, { limits });
      b.handle('', ({ bytes: payload }) => payload);
      const large = new Uint8Array(50_000).fill(1);
      const answers = await story.outcome(Promise.all(Array.from({ length: 30 }, () => a.request(b.id, large))));
      expect(typeof answers === 'string' ? answers : answers.map(({ length }) => length)).toEqual(Array(30).fill(50_000));
    });

    it('the latency is measured again and again', async () => {
      const [a] = await pair();
      const [peer] = a.peers();
      expect(peer.latencyMs).toBe(0);
      story.clock.advance(30_000);
      story.clock.advance(7);
      await story.settle();
      expect(peer.latencyMs).toBe(7);
    });

    it('close: answers that are owed go out first, at most for the time given; what is asked then is left', async () => {
      const [a, b] = await pair();
      let answer: (reply: Uint8Array) => void = () => {};
      b.handle('', () => new Promise((resolve) => (answer = resolve)));
      const asked = a.request(b.id, bytes('slow'));
      await story.settle();
      const closed = b.close();
      await story.pass(1_000, 100);
      expect(await story.outcome(asked)).toBe('nothing yet');
      const late = a.request(b.id, bytes('late'), { deadlineMs: 3_000 });
      late.catch(() => {});
      await story.settle();
      answer(bytes('in time'));
      await story.pass(200, 50);
      await closed;
      expect(text(await story.outcome(asked))).toBe('in time');
      await story.pass(3_000, 500);
      expect(await story.outcome(late)).toBe('HF_DEADLINE_EXCEEDED');
      expect(a.peers()).toEqual([]);
    });

    it('close does not wait longer than it was told for a handler that never ends', async () => {
      const [a, b] = await pair();
      b.handle('', ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))));
      const asked = a.request(b.id, bytes('x'), { deadlineMs: 60_000 });
      await story.settle();
      let closed = false;
      void b.close({ drainMs: 5_000 }).then(() => {
        closed = true;
      });
      await story.pass(4_900, 100);
      expect(closed).toBe(false);
      await story.pass(1_200, 100);
      expect(closed).toBe(true);
      await a.close();
      expect(await story.outcome(asked)).toBe('HF_CLOSED');
    });

    it('a clock that is set meanwhile changes nothing of how long closing takes', async () => {
      const [a, b] = await pair();
      b.handle('', () => new Promise(() => {}));
      a.request(b.id, bytes('x'), { deadlineMs: 60_000 }).catch(() => {});
      await story.settle();
      let closed = false;
      void b.close().then(() => {
        closed = true;
      });
      story.clock.set(-3_600_000);
      await story.pass(4_900, 100);
      expect(closed).toBe(false);
      await story.pass(1_200, 100);
      expect(closed).toBe(true);
    });

    it('a node that closes refuses requests of its own with HF_CLOSED, and is closed once', async () => {
      const [a, b] = await pair();
      const asked = a.request(b.id, bytes('x'));
      const first = a.close();
      expect(a.close()).toBe(first);
      expect(await story.outcome(asked)).toBe('HF_CLOSED');
      await first;
      expect(await story.outcome(a.request(b.id, bytes('x')))).toBe('HF_CLOSED');
      expect(await story.outcome(a.connect('b:1'))).toBe('HF_CLOSED');
    });
  });

  describe('one session a pair', () => {
    it('both dial at once: both keep the same one, the other ends without a failure, and nobody dials again', async () => {
      const a = await story.node('a', { peers: ['b:1'] });
      const b = await story.node('b', { peers: ['a:1'] });
      await story.pass(20_000, 250);
      expect(a.peers().length).toBe(1);
      expect(b.peers().length).toBe(1);
      expect(a.peers()[0].direction).not.toBe(b.peers()[0].direction);
      const told = story.taken();
      expect(told.filter((line) => line.includes('HF_DUPLICATE_CONNECTION') && !line.includes('dialFailed'))).toEqual([]);
      const dialled = story.network.connections.length;
      await story.pass(120_000, 5_000);
      expect(story.network.connections.length).toBe(dialled);
      expect(story.taken()).toEqual([]);
    });

    it('requests in flight on the one that goes are answered on the one that stays, handled once', async () => {
      const [a, b] = await pair();
      let runs = 0;
      let answer: (reply: Uint8Array) => void = () => {};
      a.handle('', () => {
        runs++;
        return new Promise((resolve) => (answer = resolve));
      });
      const asked = b.request(a.id, bytes('x'));
      await story.settle();
      story.clock.advance(10);
      const session = b.connect('a:1');
      await story.settle();
      // The later one has the greater sum of timestamps.
      expect(await session).toMatchObject({ direction: 'outbound' });
      expect(a.peers()).toMatchObject([{ direction: 'inbound' }]);
      answer(bytes('still'));
      expect(text(await story.outcome(asked))).toBe('still');
      expect(runs).toBe(1);
      expect(story.taken()).toEqual(['a peer b inbound', 'b peer a outbound', 'a peerGone b well', 'b peerGone a well']);
    });

    it('the one with the greater sum of timestamps stays, also when it is the older', async () => {
      const [a, b] = await pair();
      story.clock.set(-5_000);
      expect(await story.outcome(b.connect('a:1'))).toMatchObject({ id: a.id, direction: 'inbound' });
      expect(a.peers()).toMatchObject([{ direction: 'outbound' }]);
      expect(b.peers()).toMatchObject([{ direction: 'inbound' }]);
      expect(story.taken().filter((line) => !line.startsWith('a peer b') && !line.includes('peerGone'))).toEqual([]);
    });

    it('a second session of a peer counts against no limit', async () => {
      const [a, b] = await pair({ maxPeers: 1 }, { maxPeers: 1 });
      story.clock.advance(10);
      expect(await story.outcome(b.connect('a:1'))).toMatchObject({ id: a.id, direction: 'outbound' });
      expect([a.peers().length, b.peers().length]).toEqual([1, 1]);
    });

    it('plain sessions of one peer stay side by side, and count', async () => {
      const b = await story.node('b', { maxPeers: 2 });
      const sessions = [await story.session('p', 'b'), await story.session('p', 'b')];
      expect(b.peers().length).toBe(2);
      await expect(story.session('p', 'b')).rejects.toMatchObject({ code: 'HF_TOO_MANY_CONNECTIONS', remote: 'proved' });
      for (const session of sessions) session.destroy();
    });
  });

  describe('who may connect', () => {
    it('maxPeers, maxInbound and maxOutbound: the next one is told so, and room comes back', async () => {
      const b = await story.node('b', { maxInbound: 1, maxOutbound: 1, maxPeers: 3 });
      const a = await story.node('a');
      const c = await story.node('c');
      const d = await story.node('d');
      expect(await story.outcome(a.connect('b:1'))).toMatchObject({ id: b.id });
      expect(await story.outcome(c.connect('b:1'))).toBe('HF_TOO_MANY_CONNECTIONS');
      expect(await story.outcome(b.connect('c:1'))).toMatchObject({ id: c.id });
      expect(await story.outcome(b.connect('d:1'))).toBe('HF_TOO_MANY_CONNECTIONS');
      const closed = a.close();
      await story.settle();
      await closed;
      expect(await story.outcome(d.connect('b:1'))).toMatchObject({ id: b.id });
    });

    it('an allow-list, both ways; taking an id off it ends its session and refuses what is in flight', async () => {
      const [a, b] = await pair({}, { allow: [story.id('a')] });
      a.handle('', () => new Promise(() => {}));
      const c = await story.node('c');
      expect(await story.outcome(c.connect('b:1'))).toBe('HF_UNKNOWN_NODE');
      expect(await story.outcome(b.connect('c:1'))).toBe('HF_UNKNOWN_NODE');
      const asked = b.request(a.id, bytes('x'));
      await story.settle();
      story.taken();
      b.allow.remove(a.id);
      expect(await story.outcome(asked)).toBe('HF_UNKNOWN_NODE');
      expect(b.peers()).toEqual([]);
      expect(story.taken()).toEqual(['b peerGone a HF_UNKNOWN_NODE', 'a peerGone b HF_UNKNOWN_NODE']);
      b.allow.add(c.id);
      expect(await story.outcome(c.connect('b:1'))).toMatchObject({ id: b.id });
    });

    it('an allow function is asked', async () => {
      const b = await story.node('b', { allow: async ({ id }) => id === story.id('a') });
      const a = await story.node('a');
      const c = await story.node('c');
      expect(await story.outcome(a.connect('b:1'))).toMatchObject({ id: b.id });
      expect(await story.outcome(c.connect('b:1'))).toBe('HF_NOT_ALLOWED');
    });

    it('a ban of an id ends its session at once, refuses it and what is asked of it, and ends', async () => {
      const [a, b] = await pair();
      a.handle('', () => new Promise(() => {}));
      const asked = b.request(a.id, bytes('x'));
      await story.settle();
      expect(b.ban(a.id, { ms: 60_000, reason: 'noise' })).toMatchObject({ subject: a.id, reason: 'noise' });
      expect(await story.outcome(asked)).toBe('HF_BANNED');
      expect(await story.outcome(a.connect('b:1'))).toBe('HF_BANNED');
      const dialled = story.network.connections.length;
      expect(await story.outcome(b.connect('a:1', { peer: a.id }))).toBe('HF_BANNED');
      expect(story.network.connections.length).toBe(dialled);
      expect(story.taken().slice(0, 3)).toEqual(['b ban a', 'b peerGone a HF_BANNED', 'a peerGone b HF_BANNED']);
      expect(b.bans().length).toBe(1);
      await story.pass(60_000, 10_000);
      expect(b.bans()).toEqual([]);
      expect(await story.outcome(a.connect('b:1'))).toMatchObject({ id: b.id });
    });

    it('a ban of an address by hand ends the sessions from there, and no others', async () => {
      const b = await story.node('b');
      const a = await story.node('a', {}, '192.0.2.7');
      const c = await story.node('c', {}, '198.51.100.1');
      await story.outcome(a.connect('b:1'));
      await story.outcome(c.connect('b:1'));
      b.ban('192.0.2.0/24');
      await story.settle();
      expect(b.peers().map(({ id }) => id)).toEqual([c.id]);
      expect(await story.outcome(a.connect('b:1'))).toBe('HF_BANNED');
      // Nor is it dialled: not one byte is sent there.
      const told = story.taken();
      expect(await story.outcome(b.connect('a:1'))).toBe('HF_BANNED');
      expect(told.length > 0 && story.taken().filter((line) => line.startsWith('a handshakeError'))).toEqual([
        'a handshakeError HF_TRUNCATED own',
      ]);
      expect(b.unban('192.0.2.0/24')).toBe(true);
      expect(await story.outcome(a.connect('b:1'))).toMatchObject({ id: b.id });
    });
  });

  describe('charges', () => {
    /** A peer that speaks records of its own making. */
    const rogue = (remote?: string): Promise<Session> =>
      story.session('r', 'b', { node: true, bootId: new Uint8Array(16).fill(7) }, remote);

    it('what an opened record contained is charged to the id, wherever it was found; enough of it is a ban', async () => {
      const b = await story.node('b');
      for (const fault of [UNKNOWN, MISSHAPEN, UNKNOWN, MISSHAPEN, UNKNOWN]) {
        const session = await rogue();
        void session.send(fault);
        await story.settle();
        expect(session.error).toMatchObject({ code: 'HF_MALFORMED', remote: 'proved' });
      }
      expect(b.bans()).toMatchObject([{ subject: story.id('r'), automatic: true }]);
      const told = story.taken();
      expect(told.filter((line) => line.includes('warn'))).toEqual(['b warn r HF_MALFORMED']);
      expect(told.filter((line) => line.includes(' ban '))).toEqual(['b ban r']);
      await expect(rogue()).rejects.toMatchObject({ code: 'HF_BANNED' });
      // Readmitted.
      await story.pass(300_000, 50_000);
      const back = await rogue();
      expect(b.peers().length).toBe(1);
      back.destroy();
    });

    it('what came before a signature verified is charged to the address: an automatic ban of one leaves the sessions from there alone', async () => {
      const b = await story.node('b');
      const honest = await story.node('a', {}, '192.0.2.7');
      await story.outcome(honest.connect('b:1'));
      for (let i = 0; i < 5; i++) {
        const stream = await story.network.carriers('x', '192.0.2.7').dial('b:1', { signal: new AbortController().signal, deadlineMs: 1 });
        stream.attach({ data() {}, end() {}, drained() {}, closed() {} });
        stream.write(bytes('\0\0\0\x05hello'));
        await story.settle();
        stream.destroy();
      }
      await story.settle();
      expect(b.bans()).toMatchObject([{ subject: '192.0.2.7', automatic: true }]);
      expect(b.peers().map(({ id }) => id)).toEqual([honest.id]);
      const c = await story.node('c', {}, '192.0.2.7');
      expect(await story.outcome(c.connect('b:1'))).toBe('HF_BANNED');
      expect(await story.outcome(c.connect('a:1'))).toMatchObject({ id: honest.id });
    });

    it('bytes that do not open are charged to the address, not to the id of the session', async () => {
      const b = await story.node('b');
      for (let i = 0; i < 6; i++) {
        const session = await rogue(`192.0.2.${i}`);
        // Somebody on the path writes into the connection.
        const { pair: wire } = story.network.connections.at(-1)!;
        wire.ends[0].write(Uint8Array.of(0, 0, 0, 17, ...new Uint8Array(17)));
        await story.settle();
        expect(session.error).toMatchObject({ code: 'HF_BAD_TAG' });
      }
      expect(b.bans()).toEqual([]);
    });

    it('refusals, losses and what the other side says of us cost nothing', async () => {
      const b = await story.node('b', { allow: [], maxPeers: 1 });
      const a = await story.node('a', {}, '192.0.2.7');
      for (let i = 0; i < 15; i++) {
        story.clock.advance(1_000);
        expect(await story.outcome(a.connect('b:1'))).toBe('HF_UNKNOWN_NODE');
      }
      expect([...a.bans(), ...b.bans()]).toEqual([]);
      expect(story.taken().filter((line) => line.includes('warn'))).toEqual([]);
    });
  });

  describe('plain sessions', () => {
    it('what they send is given with its session, which waits until it was dealt with; answers go where it came from', async () => {
      const seen: string[] = [];
      let done: () => void = () => {};
      const b = await story.node('b', {
        data: async (payload, from, reply) => {
          seen.push(`${from.direction} ${text(payload)}`);
          await reply(bytes(`${text(payload)}!`));
          await new Promise<void>((resolve) => {
            done = resolve;
          });
        },
      });
      const session = await story.session('p', 'b');
      const heard: string[] = [];
      const reading = (async () => {
        for await (const message of session as AsyncIterable<Message>) heard.push(message.text());
      })();
      void session.send(bytes('one'));
      void session.send(bytes('two'));
      await story.settle();
      expect(seen).toEqual(['inbound one']);
      done();
      await story.settle();
      expect(seen).toEqual(['inbound one', 'inbound two']);
      done();
      expect(await story.outcome(b.send(story.id('p'), bytes('three')))).toBeUndefined();
      await story.settle();
      expect(heard).toEqual(['one!', 'two!', 'three']);
      const closed = session.close();
      await story.settle();
      await closed;
      await reading;
      expect(story.taken()).toEqual(['b peer p inbound', 'b peerGone p well']);
      expect(await story.outcome(b.send(story.id('p'), bytes('four')))).toBe('HF_NOT_CONNECTED');
    });

    it('DATA is dropped where nobody takes it, and a request of theirs is answered', async () => {
      const b = await story.node('b');
      b.handle('', () => bytes('yes'));
      const session = await story.session('p', 'b', { node: true });
      void session.send(record(0x0a, 1, 2, 3));
      void session.send(DIRECT_OF_ID_1);
      await story.settle();
      expect(b.peers().length).toBe(1);
      const batches = session.batches();
      const [first] = await Promise.all([batches.next(), story.settle()]);
      const { bytes: slab, places } = first.value!;
      // Its PING, by which the way is measured, comes first.
      expect([slab[places[0]], places[1]]).toEqual([2, 12]);
      await batches.return!();
      session.destroy();
    });
  });

  describe('broadcasts', () => {
    const take = async (subscription: Subscription): Promise<string[]> => {
      await story.settle();
      const texts: string[] = [];
      while (subscription.waiting.count > 0) texts.push(text((await subscription.next()).value!.bytes));
      return texts;
    };

    it('reach all that are connected through others, once each, and nobody else', async () => {
      const names = ['a', 'b', 'c', 'd'];
      const nodes = await Promise.all(names.map((name) => story.node(name)));
      // A ring.
      for (const [i, node] of nodes.entries()) await story.outcome(node.connect(`${names[(i + 1) % 4]}:1`));
      const other = await story.node('e');
      const subscriptions = [...nodes, other].map((node) => node.subscribe('news'));
      const elsewhere = nodes[1].subscribe('weather');
      const id = await story.outcome(nodes[0].broadcast('news', bytes('one')));
      await story.outcome(nodes[2].broadcast('news', bytes('two')));
      const first = await Promise.all([subscriptions[3].next(), story.settle()]);
      expect(first[0].value).toMatchObject({ id, origin: nodes[0].id, topic: 'news', timestamp: story.clock.now() });
      const heard: string[][] = [];
      for (const subscription of subscriptions) heard.push((await take(subscription)).sort());
      expect(heard).toEqual([['two'], ['one', 'two'], ['one'], ['two'], []]);
      await story.pass(10_000, 1_000);
      for (const subscription of subscriptions) expect(subscription.waiting.count).toBe(0);
      expect(elsewhere.waiting.count).toBe(0);
    });

    it('of an origin that is banned, or not on the list, go nowhere', async () => {
      const [a, b] = await pair({}, { allow: [story.id('a'), story.id('d')] });
      const c = await story.node('c');
      const d = await story.node('d');
      await story.outcome(c.connect('a:1'));
      await story.outcome(d.connect('b:1'));
      const heard = d.subscribe('news');
      await story.outcome(c.broadcast('news', bytes('from outside')));
      await story.outcome(a.broadcast('news', bytes('from a')));
      expect(await take(heard)).toEqual(['from a']);
      // The session with the one who passed it on stays.
      expect(b.peers().length).toBe(2);
    });

    it('a loop that is too slow misses the oldest and is told how many; leaving it ends it', async () => {
      const [a, b] = await pair();
      const subscription = b.subscribe('news', { most: 3 });
      for (let i = 0; i < 5; i++) await story.outcome(a.broadcast('news', bytes(`${i}`)));
      expect(subscription.dropped).toBe(2);
      const heard: string[] = [];
      for await (const message of subscription) {
        heard.push(text(message.bytes));
        if (heard.length === 3) break;
      }
      expect(heard).toEqual(['2', '3', '4']);
      expect(await subscription.next()).toEqual({ done: true, value: undefined });
    });

    it('closing the node ends its loops, after what they had waiting', async () => {
      const [a, b] = await pair();
      const subscription = b.subscribe('news');
      const waiting = b.subscribe('other').next();
      await story.outcome(a.broadcast('news', bytes('last')));
      const closed = b.close();
      await story.settle();
      await closed;
      const heard: string[] = [];
      for await (const message of subscription) heard.push(text(message.bytes));
      expect(heard).toEqual(['last']);
      expect(await waiting).toEqual({ done: true, value: undefined });
      expect(await b.subscribe('late').next()).toEqual({ done: true, value: undefined });
      expect(await story.outcome(b.broadcast('news', bytes('late')))).toBe('HF_CLOSED');
    });

    it('a bad signature is charged to whoever sent it, and the session goes on', async () => {
      await story.node('b');
      const session = await story.session('r', 'b', { node: true });
      const whole = new Uint8Array(2 + 32 + 8 + 8 + 1 + 1 + 4 + 64);
      whole[0] = 4;
      whole[1] = 3;
      whole.set(story.identity('x').publicKey, 2);
      new DataView(whole.buffer).setBigUint64(42, BigInt(story.clock.now()));
      whole.set([1, 65], 50);
      void session.send(whole);
      await story.settle();
      expect(story.taken()).toEqual(['b peer r inbound', 'b warn r HF_INVALID_SIGNATURE']);
      session.destroy();
    });
  });

  describe('options and arguments', () => {
    it.each([
      ['protocol', { protocol: 'xrpl' }],
      ['network', { network: '' }],
      ['identity', { identity: {} }],
      ['listen.port', { listen: { port: 70_000 } }],
      ['listen.host', { listen: { port: 0, host: '' } }],
      ['listen', { listen: 4100 }],
      ['peers', { peers: 'localhost:1' }],
      ['peers[1]', { carriers: undefined, peers: ['localhost:1', 'localhost'] }],
      ['peers[0].peer', { peers: [{ address: 'b:1', peer: 'x' }] }],
      ['allow', { allow: ['x'] }],
      ['allow', { allow: 7 }],
      ['maxPeers', { maxPeers: 0 }],
      ['maxInbound', { maxInbound: -1 }],
      ['maxOutbound', { maxOutbound: 1.5 }],
      ['limits.dials', { limits: { dials: 0 } }],
      ['limits.halfOpen', { limits: { halfOpen: -1 } }],
      ['limits.nonsense', { limits: { nonsense: 1 } }],
      ['limits', { limits: 7 }],
      ['limits.gossip', { limits: { gossip: 7 } }],
      ['limits.perSecond', { limits: { gossip: { perSecond: 0 } } }],
      ['agent', { agent: '' }],
      ['data', { data: 'x' }],
      ['signal', { signal: 'x' }],
    ])('%s that cannot be is refused by name', async (name, options) => {
      await expect(story.node('a', options as never)).rejects.toMatchObject({
        code: 'HF_BAD_ARGUMENT',
        message: expect.stringContaining(`${name}:`),
      });
    });

    it('calls with ids and addresses that are none are refused', async () => {
      const a = await story.node('a');
      expect(await story.outcome(a.connect('b:1', { peer: 'x' }))).toBe('HF_BAD_ARGUMENT');
      expect(await story.outcome(a.send('x', bytes('')))).toBe('HF_BAD_ARGUMENT');
      expect(await story.outcome(a.request('x', bytes('')))).toBe('HF_BAD_ARGUMENT');
      expect(await story.outcome(a.broadcast('', bytes('')))).toBe('HF_BAD_ARGUMENT');
      expect(() => a.subscribe('')).toThrow(HandfastError);
      expect(() => a.subscribe('x', { most: 0 })).toThrow(HandfastError);
      expect(() => a.handle('', 'x' as never)).toThrow(HandfastError);
      expect(() => a.ban('x')).toThrow(HandfastError);
      expect(() => a.allow.add(story.id('b'))).toThrow(HandfastError);
    });

    it('a signal closes the node; one that has come already makes none', async () => {
      const controller = new AbortController();
      const a = await story.node('a', { signal: controller.signal });
      let closed = false;
      a.on('close', () => {
        closed = true;
      });
      controller.abort();
      await story.settle();
      expect(closed).toBe(true);
      await expect(story.node('b', { signal: controller.signal })).rejects.toMatchObject({ code: 'HF_ABORTED' });
    });

    it('plain sessions read until the node is gone', async () => {
      const b = await story.node('b');
      const session = await story.session('p', 'b');
      const reading = readAll(session);
      const closed = b.close();
      await story.settle();
      await closed;
      expect(await reading).toEqual([]);
      expect(session.error).toBeUndefined();
    });
  });
});
