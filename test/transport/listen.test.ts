import { beforeEach, describe, expect, it } from 'vitest';
import type { HandfastError } from '../../src/errors.ts';
import type { Peer } from '../../src/protocols/machine.ts';
import { memoryPair } from '../../src/transport/memory.ts';
import { Story, type StoryOptions } from '../support/pair.ts';
import { type ToyCore, toy, toyCore } from '../support/toy.ts';

let core: ToyCore;
let story: Story;

beforeEach(() => {
  core = toyCore();
  return async () => {
    await story.finish();
    expect([core.guarded.live, core.slabs.leased, story.clock.armed]).toEqual([0, 0, 0]);
  };
});

const begin = async (listen: StoryOptions['listen']): Promise<void> => {
  story = await Story.begin({ protocol: toy, core, listen: listen! });
};

/** What dialling as `name` came to. */
async function outcome(name: string): Promise<string> {
  const connected = story.dial({ name });
  await story.settle();
  return connected.then(
    () => 'open',
    (error: HandfastError) => error.code,
  );
}

it('two loops over one server share its sessions, and both end with it', async () => {
  await begin({});
  story.server.removeAllListeners('session');
  const taken: string[][] = [[], []];
  const loops = taken.map(async (names) => {
    for await (const session of story.server) names.push(session.peer.id);
  });
  expect([await outcome('ann'), await outcome('bob')]).toEqual(['open', 'open']);
  expect(taken.map((names) => names.length)).toEqual([1, 1]);
  for (const session of story.server.sessions) session.destroy();
  void story.server.close({ drainMs: 0 });
  await story.pass(60_000);
  await Promise.all(loops);
});

describe('who may stay', () => {
  it('bans come before the list', async () => {
    await begin({ bans: new Set(['ann']), allow: ['ann', 'bob'] });
    expect([await outcome('ann'), await outcome('bob'), await outcome('eve')]).toEqual(['HF_BANNED', 'open', 'HF_UNKNOWN_NODE']);
  });

  it('a set is asked as it is at the moment', async () => {
    const allow = new Set<string>();
    await begin({ allow });
    expect(await outcome('ann')).toBe('HF_UNKNOWN_NODE');
    allow.add('ann');
    expect(await outcome('ann')).toBe('open');
  });

  it.each([false, true])('a function is asked (with a promise: %s)', async (later) => {
    const allow = ({ id }: Peer): boolean | Promise<boolean> => (later ? Promise.resolve(id === 'ann') : id === 'ann');
    await begin({ allow });
    expect([await outcome('ann'), await outcome('eve')]).toEqual(['open', 'HF_NOT_ALLOWED']);
  });

  it('a list holds text', async () => {
    await expect(begin({ allow: ['ann', { id: 'bob' } as unknown as string] })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    await begin({});
  });

  it('room comes last, and is given back', async () => {
    await begin({ allow: ['ann', 'bob'], limits: { sessions: 1 } });
    expect(await outcome('ann')).toBe('open');
    expect([await outcome('bob'), await outcome('eve')]).toEqual(['HF_TOO_MANY_CONNECTIONS', 'HF_UNKNOWN_NODE']);
    story.dialled[0].destroy();
    await story.settle();
    expect(await outcome('bob')).toBe('open');
  });
});

describe('the door', () => {
  it('a function may say whether there is room; what it takes is given back once, before the session is told of', async () => {
    let taken = 0;
    let given = 0;
    const room = ({ id }: Peer): (() => void) | undefined => {
      if (id === 'full') return undefined;
      taken++;
      return () => void given++;
    };
    await begin({ room, bans: new Set(['eve']), limits: { sessions: 1 } });
    const balance: number[] = [];
    story.server.on('session', () => balance.push(taken - given));
    expect([await outcome('ann'), await outcome('full'), await outcome('eve'), await outcome('bob')]).toEqual([
      'open',
      'HF_TOO_MANY_CONNECTIONS',
      'HF_BANNED',
      'open',
    ]);
    expect([taken, given, balance]).toEqual([2, 2, [0, 0]]);
  });

  it('counts half-open handshakes by the address of the carrier', async () => {
    await begin({ limits: { halfOpenPerAddress: 1 } });
    const at = (address: string) => ({ remote: { address, port: 1 } });
    story.wire(at('2001:db8::1'));
    story.wire(at('2001:db8::2'));
    story.wire(at('2001:db8:0:1::1'));
    story.wire(at('192.0.2.1'));
    story.wire(at('::ffff:192.0.2.1'));
    await story.settle();
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_TOO_MANY_CONNECTIONS', 'HF_TOO_MANY_CONNECTIONS']);
    expect(story.server.load.halfOpen).toBe(3);
  });

  it('does not set a carrier up for whoever it refuses', async () => {
    await begin({ limits: { halfOpen: 1 } });
    story.wire();
    const pair = memoryPair({ handCranked: true, facts: [{}, {}] });
    story.pairs.push(pair);
    const [, theirs] = pair.ends;
    let attached = 0;
    const attach = theirs.attach.bind(theirs);
    theirs.attach = (events) => {
      attached++;
      attach(events);
    };
    story.server.accept(theirs);
    await story.settle();
    expect([attached, story.errors.map(({ code }) => code), story.server.load.lingering]).toEqual([0, ['HF_TOO_MANY_CONNECTIONS'], 0]);
  });

  it('that is full drops the oldest handshake for one that comes, if that took long, and no other', async () => {
    await begin({ limits: { halfOpen: 3 } });
    for (let i = 0; i < 3; i++) story.wire({ remote: { address: `192.0.2.${i}`, port: 1 } });
    await story.pass(2_999);
    expect(await outcome('ann')).toBe('HF_TOO_MANY_CONNECTIONS');
    expect(story.errors).toHaveLength(1);
    await story.pass(1);
    expect(await outcome('bob')).toBe('open');
    expect(story.errors.map(({ code, blame }) => [code, blame])).toEqual(Array(2).fill(['HF_TOO_MANY_CONNECTIONS', 'peer']));
    expect(story.server.load.halfOpen).toBe(2);
  });

  it('that is full drops nobody for an address that comes too fast', async () => {
    await begin({ limits: { halfOpen: 2, handshakeBurst: 1, handshakesPerSecond: 0 } });
    for (let i = 0; i < 2; i++) story.wire({ remote: { address: `192.0.2.${i}`, port: 1 } });
    await story.pass(3_000);
    story.wire({ remote: { address: '192.0.2.0', port: 2 } });
    await story.settle();
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_RATE_LIMITED']);
    expect(story.server.load.halfOpen).toBe(2);
  });

  it('tells a banned address so as often as it might begin handshakes, and cuts it without a word beyond that', async () => {
    await begin({ bans: new Set(['192.0.2.1']), limits: { handshakeBurst: 2, handshakesPerSecond: 1 } });
    const heard: string[] = [];
    const knock = async (address: string): Promise<void> => {
      const end = story.wire({ remote: { address, port: 1 } });
      end.attach({ data: () => heard.push('a word'), end: () => heard.push('the end'), drained() {}, closed() {} });
      await story.settle();
    };
    for (let i = 0; i < 4; i++) await knock('192.0.2.1');
    expect(heard).toEqual(['a word', 'the end', 'a word', 'the end', 'the end', 'the end']);
    await story.pass(1_000);
    await knock('192.0.2.1');
    expect(heard.slice(6)).toEqual(['a word', 'the end']);
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_BANNED', 'HF_BANNED', 'HF_BANNED']);
    await knock('192.0.2.2');
    expect(story.server.load.halfOpen).toBe(1);
  });

  it('bans addresses, IPv4 inside IPv6 too', async () => {
    await begin({ bans: new Set(['192.0.2.1']) });
    story.wire({ remote: { address: '::ffff:192.0.2.1', port: 1 } });
    await story.settle();
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_BANNED']);
  });

  it('what lingers is bounded', async () => {
    await begin({ limits: { halfOpen: 0, lingering: 3 } });
    for (let i = 0; i < 10; i++) story.wire();
    await story.settle();
    expect(story.errors).toHaveLength(3);
    expect(story.server.load.lingering).toBe(3);
  });
});

it('failed handshakes linger, but not without bound', async () => {
  await begin({ limits: { lingering: 2 } });
  for (let i = 0; i < 5; i++) {
    const end = story.wire();
    end.attach({ data() {}, end() {}, drained() {}, closed() {} });
    end.write(Uint8Array.of(1, 65));
  }
  await story.settle();
  expect(story.errors.map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => 'HF_MALFORMED'));
  expect(story.server.load.lingering).toBe(2);
  await story.pass(1_000);
  expect(story.server.load.lingering).toBe(0);
});

describe('a server that closes', () => {
  it('refuses what is half open, closes what is open, and waits for both', async () => {
    await begin({});
    expect(await outcome('ann')).toBe('open');
    const half = story.wire();
    half.attach({ data() {}, end() {}, drained() {}, closed() {} });
    await story.settle();
    let closed = false;
    void story.server.close().then(() => {
      closed = true;
    });
    await story.settle();
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_SHUTTING_DOWN']);
    expect(story.server.sessions.size).toBe(0);
    expect(story.dialled[0].error).toBeUndefined();
    expect(closed).toBe(false);
    half.end();
    await story.settle();
    expect(closed).toBe(true);
    expect(await outcome('late')).toBe('HF_SHUTTING_DOWN');
  });

  it('does so when its signal comes', async () => {
    const abort = new AbortController();
    await begin({ signal: abort.signal });
    let told = false;
    story.server.on('close', () => {
      told = true;
    });
    abort.abort();
    await story.settle();
    expect(told).toBe(true);
  });

  it('ends its loop', async () => {
    await begin({});
    story.server.removeAllListeners('session');
    expect(await outcome('ann')).toBe('open');
    expect(await outcome('bob')).toBe('open');
    const names: string[] = [];
    const reading = (async () => {
      for await (const session of story.server) names.push(session.peer.id);
    })();
    await story.settle();
    void story.server.close();
    await story.settle();
    await reading;
    expect(names).toEqual(['ann', 'bob']);
  });
});

it("a 'session' listener that throws ends that session and is reported", async () => {
  await begin({});
  story.server.on('session', () => {
    throw new TypeError('no');
  });
  expect(await outcome('ann')).toBe('HF_TRUNCATED');
  expect(story.errors).toMatchObject([{ code: 'HF_INTERNAL', cause: expect.any(TypeError) }]);
});
