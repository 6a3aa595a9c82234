import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HandfastError } from '../../src/errors.ts';
import type { Message } from '../../src/transport/message.ts';
import type { Session } from '../../src/transport/session.ts';
import { readAll, Story, type StoryOptions } from '../support/pair.ts';
import { type ToyCore, toy, toyCore } from '../support/toy.ts';

let core: ToyCore;
let story: Story;
let stories: Story[];
let ours: Session;
let theirs: Session;

async function begin(options: Partial<StoryOptions> = {}): Promise<void> {
  story = await Story.begin({ protocol: toy, core, ...options });
  stories.push(story);
  [ours, theirs] = await story.sessions();
}

beforeEach(async () => {
  core = toyCore();
  stories = [];
  await begin();
});

afterEach(async () => {
  for (const each of stories) {
    await each.finish();
    expect(each.clock.armed).toBe(0);
    expect(each.server.sessions.size).toBe(0);
  }
  expect(core.guarded.live).toBe(0);
  expect(core.slabs.leased).toBe(0);
});

const bytes = (text: string): Uint8Array => Buffer.from(text);
const failure = (promise: Promise<unknown>): Promise<HandfastError> =>
  promise.then(
    () => Promise.reject(new Error('no failure')),
    (error) => error,
  );

describe('messages', () => {
  it('arrive in order, however the stream is cut', async () => {
    const sent = Array.from({ length: 300 }, (_, i) => 'x'.repeat(i));
    const seed = Math.floor(Math.random() * 2 ** 31);
    let state = seed;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return state % below;
    };
    const cut = function* (whole: Uint8Array): Generator<Uint8Array> {
      for (let at = 0; at < whole.length; ) {
        const length = 1 + random(700);
        yield whole.subarray(at, at + length);
        at += length;
      }
    };
    [ours, theirs] = await story.sessions({}, { cut });
    const reading = readAll(theirs);
    for (const text of sent) {
      void ours.send(bytes(text));
      if (random(10) === 0) await story.settle();
    }
    void ours.close();
    await story.settle();
    expect(await reading, `seed ${seed}`).toEqual(sent);
  });

  it('sent in one turn leave in one write', async () => {
    const pieces: number[] = [];
    const cut = (whole: Uint8Array) => {
      pieces.push(whole.length);
      return [whole];
    };
    [ours, theirs] = await story.sessions({}, { cut });
    pieces.length = 0;
    for (let i = 0; i < 1000; i++) void ours.send(new Uint8Array(100));
    await story.settle();
    expect(pieces).toEqual([1000 * 105]);
  });

  it('are copied when they are sent', async () => {
    const payload = bytes('before');
    void ours.send(payload);
    payload.fill(0);
    await story.settle();
    const messages = theirs[Symbol.asyncIterator]();
    expect((await messages.next()).value.text()).toBe('before');
    await messages.return?.();
  });

  it('are valid until the next one is asked for', async () => {
    void ours.send(bytes('one'));
    void ours.send(bytes('two'));
    await story.settle();
    const messages = theirs[Symbol.asyncIterator]();
    const one: Message = (await messages.next()).value;
    const copy = one.copy();
    expect([one.length, one.text(), one.bytes]).toEqual(
      [3, 'one', bytes('one').subarray()].map((v) => (typeof v === 'object' ? new Uint8Array(v) : v)),
    );
    const two: Message = (await messages.next()).value;
    expect(() => one.bytes).toThrow(expect.objectContaining({ code: 'HF_RELEASED' }));
    expect(two.text()).toBe('two');
    expect(copy).toEqual(new Uint8Array(bytes('one')));
    await messages.return?.();
    expect(() => two.text()).toThrow(expect.objectContaining({ code: 'HF_RELEASED' }));
  });

  it('come in batches too', async () => {
    for (let i = 0; i < 100; i++) void ours.send(Uint8Array.of(i, i));
    void ours.close();
    await story.settle();
    const seen: number[] = [];
    for await (const batch of theirs.batches()) {
      for (let i = 0; i < batch.count; i++) {
        expect(batch.places[2 * i + 1]).toBe(2);
        seen.push(batch.bytes[batch.places[2 * i]]);
      }
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('are read by one loop at a time, and a loop that was left can be followed by another', async () => {
    for (const text of ['one', 'two', 'three']) void ours.send(bytes(text));
    void ours.close();
    await story.settle();
    for await (const message of theirs) {
      expect(message.text()).toBe('one');
      expect(() => theirs.batches()).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
      break;
    }
    expect(await readAll(theirs)).toEqual(['two', 'three']);
  });

  it('that are too large, or no bytes, are refused to the caller', async () => {
    expect(await failure(ours.send(new Uint8Array(1024 * 1024 + 1)))).toMatchObject({ code: 'HF_TOO_LARGE', blame: 'caller' });
    expect(await failure(ours.send('text' as unknown as Uint8Array))).toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    void ours.send(new Uint8Array(1024 * 1024));
    await story.settle();
    const messages = theirs[Symbol.asyncIterator]();
    expect((await messages.next()).value.length).toBe(1024 * 1024);
    await messages.return?.();
  });

  it('a large one grows its slab with what came, not with what was declared', async () => {
    const end = story.wire();
    end.attach({ data() {}, end() {}, drained() {}, closed() {} });
    end.write(Uint8Array.of(9, ...bytes('hello ann')));
    await story.settle();
    const session = story.accepted.at(-1)!;
    end.write(Uint8Array.of(0, 15, 255, 255, 1));
    await story.settle();
    expect(session.heldBytes).toBe(4096);
    end.write(new Uint8Array(10_000));
    await story.settle();
    expect(session.heldBytes).toBe(16_384);
    end.destroy();
    await story.settle();
    expect(session.error).toMatchObject({ code: 'HF_TRUNCATED' });
    expect(session.heldBytes).toBe(0);
  });
});

describe('back-pressure', () => {
  it('outward: sends settle as the other side takes them, and wait unsealed meanwhile', async () => {
    [ours, theirs] = await story.sessions({}, { highWaterMark: 1000 });
    let settled = 0;
    for (let i = 0; i < 10; i++) {
      void ours.send(new Uint8Array(995)).then(() => settled++);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(settled).toBe(0);
    expect(ours.heldBytes).toBe(10_000);
    await story.settle();
    expect(settled).toBe(10);
    expect(ours.heldBytes).toBe(0);
  });

  it('a send that waits can be cancelled, and its neighbours go on', async () => {
    [ours, theirs] = await story.sessions({}, { highWaterMark: 10 });
    const abort = new AbortController();
    void ours.send(bytes('first message'));
    await new Promise((resolve) => setImmediate(resolve));
    const sends = ['a', 'bb', 'ccc', 'dddd'].map((text) => ours.send(bytes(text), text.length % 2 === 0 ? { signal: abort.signal } : {}));
    abort.abort();
    const late = ours.send(bytes('e'), { signal: abort.signal });
    await story.settle();
    expect((await Promise.allSettled([...sends, late])).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(await failure(sends[1])).toMatchObject({ code: 'HF_ABORTED' });
    void ours.close();
    await story.settle();
    expect(await readAll(theirs)).toEqual(['first message', 'a', 'ccc']);
  });

  it('inward: 1,024 unread messages pause the carrier, half of them resume it', async () => {
    const sent = () => story.pairs[0].run();
    for (let i = 0; i < 3000; i++) {
      void ours.send(Uint8Array.of(1));
      if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
    }
    sent();
    await story.settle();
    const messages = theirs[Symbol.asyncIterator]();
    await messages.next();
    expect(unreadAfter()).toBe(1100);
    for (let i = 1; i < 1100 - 512; i++) await messages.next();
    expect(unreadAfter()).toBe(1100);
    await messages.next();
    await story.settle();
    expect(unreadAfter()).toBeGreaterThan(1100);
    await messages.return?.();

    /** Messages that got through so far: the rest of the stream waits in the pair. */
    function unreadAfter(): number {
      return 3000 - ours.heldBytes / 6;
    }
  });

  it('inward: bytes count too', async () => {
    await begin({ listen: { limits: { unreadBytes: 10_000 } } });
    for (let i = 0; i < 20; i++) {
      void ours.send(new Uint8Array(995));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await story.settle();
    expect(ours.heldBytes).toBe(9 * 1000);
    let read = 0;
    void ours.close();
    const reading = (async () => {
      for await (const message of theirs) read += message.length;
    })();
    for (let i = 0; i < 10; i++) await story.settle();
    await reading;
    expect(read).toBe(20 * 995);
  });

  it('inward: the memory that messages lie in counts too, not only their own bytes', async () => {
    await begin({ listen: { limits: { unreadBytes: 128 * 1024 } } });
    const end = story.wire();
    end.attach({ end() {}, drained() {}, closed() {}, data() {} });
    end.write(Uint8Array.of(9, ...bytes('hello ann')));
    await story.settle();
    const before = core.slabs.leased;
    // 15,000 pings and one message of one byte: it keeps a slab of 64 KiB.
    const chunk = new Uint8Array(60_006).map((_, i) => (i % 4 === 3 ? 254 : 255));
    chunk.set([0, 0, 0, 1, 65, 0x7e], 60_000);
    for (let i = 0; i < 20; i++) {
      end.write(chunk);
      await story.settle();
    }
    expect(core.slabs.leased - before).toBe(4);
    const session = story.accepted.at(-1)!;
    let read = 0;
    for await (const message of session) {
      read += message.length;
      await story.settle();
      if (read === 20) break;
    }
    expect(core.slabs.leased).toBe(before);
    end.destroy();
    await story.settle();
  });

  it('answers that nobody reads are not piled up: the asker is not read either', async () => {
    const end = story.wire({ highWaterMark: 1000 });
    let answers = 0;
    const silent = { end() {}, drained() {}, closed() {} };
    const data = (answer: Uint8Array): void => {
      answers += answer.length;
    };
    end.attach({ ...silent, data });
    end.write(Uint8Array.of(9, ...bytes('hello ann')));
    await story.settle();
    answers = 0;
    end.pause();
    const session = story.accepted.at(-1)!;
    const pings = new Uint8Array(4000).map((_, i) => (i % 4 === 3 ? 254 : 255));
    for (let i = 0; i < 100; i++) end.write(pings);
    await story.settle();
    expect(session.heldBytes).toBeGreaterThan(64 * 1024);
    expect(session.heldBytes).toBeLessThan(70 * 1024);
    end.resume();
    await story.settle();
    expect(answers).toBe(100 * 1000 * 5);
    expect(session.heldBytes).toBe(0);
    session.destroy();
    end.destroy();
  });

  it('time in which nothing is read is not held against the other side', async () => {
    await begin({ listen: { silenceMs: 1_000, limits: { unreadMessages: 2 } } });
    void ours.send(bytes('a'));
    void ours.send(bytes('b'));
    await story.pass(5_000);
    expect(theirs.error).toBeUndefined();
    const messages = theirs[Symbol.asyncIterator]();
    await messages.next();
    await messages.next();
    await story.pass(999);
    expect(theirs.error).toBeUndefined();
    await story.pass(1);
    expect(theirs.error).toMatchObject({ code: 'HF_PING_TIMEOUT' });
    await messages.return?.();
  });
});

describe('the end', () => {
  it('close sends what waits, and both sides end without fault', async () => {
    void ours.send(bytes('last words'));
    const closed = ours.close();
    expect(ours.writable).toBe(false);
    expect(await failure(ours.send(bytes('more')))).toMatchObject({ code: 'HF_CLOSED', blame: 'caller' });
    await story.settle();
    expect(await readAll(theirs)).toEqual(['last words']);
    await story.settle();
    await closed;
    await theirs.closed;
    expect([ours.error, theirs.error]).toEqual([undefined, undefined]);
  });

  it('who hears that the other side is done answers first', async () => {
    const replies = readAll(ours);
    void (async () => {
      for await (const message of theirs) void theirs.send(bytes(`re: ${message.text()}`));
    })();
    for (const text of ['a', 'b', 'c']) void ours.send(bytes(text));
    void ours.close();
    await story.settle();
    expect(await replies).toEqual(['re: a', 're: b', 're: c']);
    expect([ours.error, theirs.error]).toEqual([undefined, undefined]);
  });

  it('who keeps half open ends when it wants to, not when the other side does', async () => {
    theirs.keepHalfOpen();
    const answer = readAll(ours);
    void ours.close();
    await story.settle();
    expect(theirs.writable).toBe(true);
    void theirs.send(bytes('later'));
    void theirs.close();
    await story.settle();
    expect(await answer).toEqual(['later']);
    expect([ours.error, theirs.error]).toEqual([undefined, undefined]);
  });

  it('a side that never answers is cut off after drainMs', async () => {
    const end = story.wire();
    end.attach({ data() {}, end() {}, drained() {}, closed() {} });
    end.write(Uint8Array.of(9, ...bytes('hello ann')));
    await story.settle();
    const session = story.accepted.at(-1)!;
    let closed = false;
    void session.close({ drainMs: 700 }).then(() => {
      closed = true;
    });
    await story.pass(699);
    expect(closed).toBe(false);
    await story.pass(1);
    expect(closed).toBe(true);
    expect(session.error).toMatchObject({ code: 'HF_TRUNCATED' });
    end.destroy();
  });

  it('a second close can shorten the wait, not lengthen it', async () => {
    void theirs.send(bytes('never read'));
    await story.settle();
    void theirs.close({ drainMs: 2_000 });
    void theirs.close({ drainMs: 500 });
    void theirs.close({ drainMs: 9_000 });
    await story.pass(499);
    expect(theirs.writable).toBe(false);
    expect(theirs.error).toBeUndefined();
    await story.pass(1);
    expect(theirs.error).toMatchObject({ code: 'HF_TRUNCATED' });
  });

  it('who closes and reads no more keeps no memory for what was unread', async () => {
    void ours.send(bytes('unread'));
    await story.settle();
    expect(core.slabs.leased).toBe(1);
    void theirs.close();
    await story.settle();
    await theirs.closed;
    expect(core.slabs.leased).toBe(0);
    expect(await readAll(theirs)).toEqual([]);
  });

  it('with a refusal, it ends at once', async () => {
    void ours.close({ refusal: { code: 'DUPLICATE_CONNECTION', reason: '' } });
    await story.settle();
    expect(ours.error).toMatchObject({ code: 'HF_DUPLICATE_CONNECTION' });
    await ours.closed;
  });

  it('destroy cuts the stream: the other side sees it was cut', async () => {
    const reading = failure(readAll(theirs));
    ours.destroy();
    await story.settle();
    expect(await reading).toMatchObject({ code: 'HF_TRUNCATED', blame: 'network' });
    expect(await readAll(ours)).toEqual([]);
    await ours.closed;
  });

  it('destroy with an error gives it to whoever reads here', async () => {
    const told: unknown[] = [];
    ours.on('close', (error) => told.push(error));
    const why = new Error('mine');
    const reading = failure(readAll(ours));
    ours.destroy(why);
    expect(await reading).toBe(why);
    expect(ours.error).toBe(why);
    await story.settle();
    expect(told).toEqual([why]);
  });

  it('messages that came before the cut are read, then the loop rejects', async () => {
    void ours.send(bytes('whole'));
    await story.settle();
    story.pairs[0].reset();
    await story.settle();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const message of theirs) seen.push(message.text());
    })();
    expect(await failure(reading)).toMatchObject({ code: 'HF_TRUNCATED', cause: { code: 'ECONNRESET' } });
    expect(seen).toEqual(['whole']);
  });

  it('sends that did not leave are rejected, and may be left alone', async () => {
    [ours, theirs] = await story.sessions({}, { highWaterMark: 1 });
    const sends = [ours.send(bytes('on its way'))];
    await new Promise((resolve) => setImmediate(resolve));
    sends.push(ours.send(bytes('waiting')));
    void ours.send(bytes('left alone'));
    story.pairs.at(-1)!.reset();
    await story.settle();
    expect((await Promise.allSettled(sends)).map((result) => result.status)).toEqual(['rejected', 'rejected']);
    expect(await failure(sends[1])).toMatchObject({ code: 'HF_CLOSED' });
  });

  it('a frame that does not open ends the session with its code', async () => {
    const end = story.wire();
    end.attach({ data() {}, end() {}, drained() {}, closed() {} });
    end.write(Uint8Array.of(9, ...bytes('hello ann')));
    await story.settle();
    const session = story.accepted.at(-1)!;
    end.write(Uint8Array.of(0, 0, 0, 1, 65, 0x7e, 0, 0, 0, 1, 66, 0));
    await story.settle();
    const messages = session[Symbol.asyncIterator]();
    expect((await messages.next()).value.text()).toBe('A');
    expect(await failure(messages.next())).toMatchObject({ code: 'HF_BAD_TAG', blame: 'peer' });
    end.destroy();
  });

  it.each(['open', 'seal'] as const)('a fault inside (%s) ends the session and nothing else', async (throwOn) => {
    await begin({ listen: { throwOn } });
    const reading = failure(readAll(theirs));
    const send = throwOn === 'open' ? ours.send(bytes('x')) : theirs.send(bytes('x'));
    void send.catch(() => {});
    await story.settle();
    expect(await reading).toMatchObject({ code: throwOn === 'open' ? 'HF_INTERNAL' : 'HF_NONCE_SPENT', blame: 'handfast' });
  });

  it('await using closes', async () => {
    const reading = readAll(theirs);
    setImmediate(() => void story.settle());
    {
      await using session = ours;
      void session.send(bytes('bye'));
    }
    expect(await reading).toEqual(['bye']);
  });
});

describe('as a Duplex', () => {
  it('bytes flow both ways with back-pressure, and ends stay apart', async () => {
    [ours, theirs] = await story.sessions({}, { highWaterMark: 4096 });
    const big = Buffer.alloc(300_000, 'abcdefg');
    const echo = theirs.stream();
    const echoing = pipeline(echo, echo);
    const stream = ours.stream({ allowHalfOpen: true });
    const received: Buffer[] = [];
    stream.on('data', (chunk) => received.push(chunk));
    const done = new Promise((resolve) => stream.on('end', resolve));
    stream.end(big);
    let finished = false;
    void done.then(() => {
      finished = true;
    });
    while (!finished) await story.settle();
    await echoing;
    expect(Buffer.concat(received).equals(big)).toBe(true);
    await story.settle();
    await Promise.all([ours.closed, theirs.closed]);
    expect([ours.error, theirs.error]).toEqual([undefined, undefined]);
  });

  it('a cut session is an error of the stream', async () => {
    const stream = theirs.stream();
    const failed = new Promise<HandfastError>((resolve) => stream.on('error', resolve as (error: Error) => void));
    stream.resume();
    ours.destroy();
    await story.settle();
    expect(await failed).toMatchObject({ code: 'HF_TRUNCATED' });
  });

  it('a stream that is destroyed cuts the session', async () => {
    const stream = ours.stream();
    stream.destroy();
    await story.settle();
    expect(await failure(readAll(theirs))).toMatchObject({ code: 'HF_TRUNCATED' });
  });
});
