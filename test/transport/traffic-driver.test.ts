/** What the driver does for protocols of messages with kinds, on carriers that keep borders and on streams. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import type { Carrier } from '../../src/transport/carrier.ts';
import type { MemoryPairOptions } from '../../src/transport/memory.ts';
import type { Session } from '../../src/transport/session.ts';
import { utf8 } from '../../src/wire/text.ts';
import { letters } from '../support/letters.ts';
import { Story, type StoryOptions } from '../support/pair.ts';
import { SlowBench, type ToyCore, toy, toyCore } from '../support/toy.ts';

let core: ToyCore;
let story: Story;
let ours: Session;
let theirs: Session;

beforeEach(() => {
  core = toyCore();
});

afterEach(async () => {
  await story.finish();
  expect([core.guarded.live, core.slabs.leased, story.clock.armed]).toEqual([0, 0, 0]);
});

async function begin(pair: MemoryPairOptions = {}, options: Partial<StoryOptions> = {}): Promise<void> {
  story = await Story.begin({ protocol: letters, core, pair, ...options });
  [ours, theirs] = await story.sessions();
}

interface Seen {
  text: string;
  kind: string | undefined;
  meta: unknown;
}

async function read(session: Session, count = Number.POSITIVE_INFINITY): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const message of session) {
    seen.push({ text: message.text(), kind: message.kind, meta: message.meta });
    if (seen.length === count) break;
  }
  return seen;
}

/** A dialling end in the test's hands, past the handshake; what it hears is written down. */
async function bare(pair: MemoryPairOptions = {}): Promise<{ end: Carrier; heard: string[]; session: Session }> {
  const end = story.wire(pair);
  const heard: string[] = [];
  end.attach({
    data: (bytes) => heard.push(Buffer.from(bytes).toString()),
    message: (bytes, text) => heard.push(`${text ? 'text' : 'binary'} ${Buffer.from(bytes)}`),
    end: (close) => heard.push(close ? `end ${close.code} ${close.reason}` : 'end'),
    drained() {},
    closed() {},
  });
  end.write(utf8('hello ann\n'), undefined, true);
  await story.settle();
  heard.length = 0;
  return { end, heard, session: story.accepted.at(-1)! };
}

describe.each([
  ['a stream', {}],
  ['a carrier that keeps borders', { borders: true }],
])('messages with kinds, over %s', (_name, pair) => {
  it('arrive with their kind and meta, in order', async () => {
    await begin(pair);
    const reading = read(theirs);
    void ours.send(utf8('one'));
    void ours.send(utf8('two'), { kind: 'note', meta: { name: 'eve' } });
    void ours.send(utf8(''), { kind: 'note' });
    void ours.close();
    await story.settle();
    expect(await reading).toEqual([
      { text: 'one', kind: 'letter', meta: undefined },
      { text: 'two', kind: 'note', meta: { name: 'eve' } },
      { text: '', kind: 'note', meta: undefined },
    ]);
  });

  it('are valid until the next one is asked for, as others are', async () => {
    await begin(pair);
    void ours.send(utf8('one'));
    void ours.send(utf8('two'));
    await story.settle();
    const messages = theirs[Symbol.asyncIterator]();
    const one = (await messages.next()).value;
    const copy = one.copy();
    await messages.next();
    expect(() => one.bytes).toThrow(expect.objectContaining({ code: 'HF_RELEASED' }));
    expect(Buffer.from(copy).toString()).toBe('one');
    await messages.return?.();
  });

  it('come in batches of one', async () => {
    await begin(pair);
    void ours.send(utf8('one'));
    void ours.send(utf8('three'), { kind: 'note' });
    void ours.close();
    await story.settle();
    const seen: unknown[] = [];
    for await (const { bytes, places, count, abouts } of theirs.batches()) {
      seen.push([count, Buffer.from(bytes.subarray(places[0], places[0] + places[1])).toString(), abouts?.map(({ kind }) => kind)]);
    }
    expect(seen).toEqual([
      [1, 'one', ['letter']],
      [1, 'three', ['note']],
    ]);
  });

  it('that nobody reads pause the carrier, by number and by bytes', async () => {
    for (const limits of [{ unreadMessages: 10 }, { unreadBytes: 1000 }]) {
      await begin({ ...pair, highWaterMark: 1 }, { listen: { limits } });
      let settled = 0;
      for (let i = 0; i < 100; i++) void ours.send(new Uint8Array(100).fill(65), { kind: 'note' }).then(() => settled++);
      await story.settle();
      expect(settled).toBeGreaterThanOrEqual(10);
      if ('borders' in pair) expect(settled).toBeLessThanOrEqual(11);
      const reading = read(theirs, 100);
      await story.settle();
      expect((await reading).length).toBe(100);
      await story.finish();
    }
  });

  it('what they came in counts too, not only their own bytes', async () => {
    await begin({ ...pair, highWaterMark: 1 }, { listen: { limits: { unreadBytes: 128 * 1024 } } });
    let settled = 0;
    const name = 'n'.repeat(60_000);
    for (let i = 0; i < 10; i++) void ours.send(utf8('x'), { meta: { name } }).then(() => settled++);
    await story.settle();
    expect(settled).toBeLessThan(10);
    const reading = read(theirs, 10);
    await story.settle();
    expect((await reading).length).toBe(10);
  });

  it('one that is several on the wire arrives as them, with nothing between, and is handed on once', async () => {
    for (const singly of [false, true]) {
      await begin(pair, { dial: { singly } });
      let handed = 0;
      const reading = read(theirs, 5);
      for (const [text, kind] of [
        ['a', 'n'],
        ['b c d', 'parts'],
        ['e', 'n'],
      ]) {
        void ours.send(utf8(text), { kind }).then(() => handed++);
      }
      await story.settle();
      expect((await reading).map(({ text, kind }) => `${kind} ${text}`)).toEqual(['n a', 'part b', 'part c', 'part d', 'n e']);
      expect([handed, ours.heldBytes]).toEqual([3, 0]);
      await story.finish();
    }
  });

  it('a kind that there is not fails that send, and no other; a writer that throws ends the session', async () => {
    await begin(pair);
    const reading = read(theirs);
    const sends = [ours.send(utf8('a')), ours.send(utf8('b'), { kind: 'wrong' }), ours.send(utf8('c'))];
    await story.settle();
    const outcomes = await Promise.allSettled(sends);
    expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'sent'))).toEqual([
      'sent',
      'HF_BAD_ARGUMENT',
      'sent',
    ]);
    await expect(ours.send(utf8('d'), { kind: 'broken' })).rejects.toThrow('a fault of the writer');
    await story.settle();
    expect(ours.error).toMatchObject({ code: 'HF_INTERNAL' });
    await reading.catch(() => {});
  });

  it('a send that waits can be cancelled', async () => {
    await begin({ ...pair, highWaterMark: 1 });
    const abort = new AbortController();
    void ours.send(utf8('first'));
    await new Promise((resolve) => setImmediate(resolve));
    const second = ours.send(utf8('second'), { signal: abort.signal });
    void ours.send(utf8('third'));
    abort.abort();
    await expect(second).rejects.toMatchObject({ code: 'HF_ABORTED' });
    expect(ours.heldBytes).toBe('letter :first\n'.length + 'third'.length);
    const reading = read(theirs, 2);
    await story.settle();
    expect((await reading).map(({ text }) => text)).toEqual(['first', 'third']);
    expect(ours.heldBytes).toBe(0);
  });

  it('nothing is opened while work is outstanding; then all of it, in order', async () => {
    const workbench = new SlowBench(core, { immediate: true });
    await begin(pair, { listen: { workbench } });
    const { end, heard, session } = await bare(pair);
    const events: unknown[] = [];
    session.on('event', (name, detail) => events.push([name, detail]));
    const reading = read(session, 3);
    if ('borders' in pair) for (const letter of ['a :1', 'work :', 'a :2', 'ping :3']) end.write(utf8(letter), undefined, true);
    else end.write(utf8('a :1\nwork :\na :2\nping :3\n'));
    end.write(utf8('a :4\n'), undefined, true);
    await story.settle();
    expect([heard, workbench.kept.length]).toEqual([[], 1]);
    workbench.kept.shift()!();
    await story.settle();
    expect((await reading).map(({ text }) => text)).toEqual(['1', '2', '4']);
    expect(heard).toEqual('borders' in pair ? ['text pong :3\n', 'text pong :3\n'] : ['pong :3\npong :3\n']);
    expect(events).toEqual([['worked', { answers: ['keygen'] }]]);
    end.destroy();
  });

  it('what comes while work is outstanding is bounded', async () => {
    const workbench = new SlowBench(core, { immediate: true });
    await begin(pair, { listen: { workbench } });
    const { end, session } = await bare(pair);
    // One that pauses for nobody.
    const deaf = story.pairs.at(-1)!.ends[1];
    deaf.pause = () => {};
    end.write(utf8('work :\n'), undefined, true);
    for (let i = 0; i < 5; i++) end.write(new Uint8Array(60_000), undefined, true);
    await story.settle();
    expect(session.error).toMatchObject({ code: 'HF_TOO_LARGE' });
    workbench.kept.shift()!();
    await story.settle();
    end.destroy();
  });

  it('an end waits for work too, and answers that come after the session are discarded', async () => {
    const workbench = new SlowBench(core, { immediate: true });
    await begin(pair, { listen: { workbench } });
    const { end, session } = await bare(pair);
    story.pairs.at(-1)!.ends[1].pause = () => {};
    end.write(utf8('work :\n'), undefined, true);
    end.write(utf8('bye :\n'), undefined, true);
    end.end();
    await story.settle();
    expect(session.writable).toBe(true);
    workbench.kept.shift()!();
    await story.settle();
    expect([session.writable, session.error]).toEqual([false, undefined]);

    const other = await bare(pair);
    other.end.write(utf8('work :\n'), undefined, true);
    await story.settle();
    other.session.destroy();
    workbench.kept.shift()!();
    await story.settle();
    other.end.destroy();
  });

  it('events are told outside of the traffic', async () => {
    await begin(pair);
    const { end, session } = await bare(pair);
    const events: unknown[] = [];
    session.on('event', (name, detail) => events.push([name, detail]));
    end.write(utf8('told news:it rains\n'), undefined, true);
    await story.settle();
    expect(events).toEqual([['news', { payload: 'it rains' }]]);
    end.destroy();
  });
});

describe('writes', () => {
  const recorded = (pieces: string[]) => (bytes: Uint8Array) => {
    pieces.push(Buffer.from(bytes).toString());
    return [bytes];
  };

  it('on a stream, what was sent in one turn leaves as one', async () => {
    const pieces: string[] = [];
    await begin({ cut: recorded(pieces) });
    pieces.length = 0;
    for (let i = 0; i < 3; i++) void ours.send(utf8(`${i}`), { kind: 'n' });
    await story.settle();
    expect(pieces).toEqual(['n :0\nn :1\nn :2\n']);
  });

  it('singly: one for each message, the next once the one before was handed on, and answers too', async () => {
    const pieces: string[] = [];
    await begin({ cut: recorded(pieces) }, { dial: { singly: true }, listen: { singly: true } });
    pieces.length = 0;
    let handed = 0;
    for (let i = 0; i < 3; i++) void ours.send(utf8(`${i}`), { kind: 'n' }).then(() => handed++);
    await new Promise((resolve) => setImmediate(resolve));
    expect([pieces, handed]).toEqual([['n :0\n'], 0]);
    await story.settle();
    expect([pieces, handed]).toEqual([['n :0\n', 'n :1\n', 'n :2\n'], 3]);
    pieces.length = 0;
    void ours.send(utf8('x'), { kind: 'ping' });
    await story.settle();
    expect(pieces).toEqual(['ping :x\n', 'pong :x\n', 'pong :x\n']);
  });

  it.each([true, false])('that the system takes at once are handed over at once, however many wait (singly: %s)', async (singly) => {
    const pieces: string[] = [];
    story = await Story.begin({ protocol: letters, core, listen: { singly } });
    const end = story.wire({ cut: recorded(pieces) });
    // As a socket does: `write` calls back before it returns.
    const atOnce: Carrier = {
      remote: undefined,
      get congested() {
        return end.congested;
      },
      attach: (events) => end.attach(events),
      write(bytes, written, text) {
        const room = end.write(bytes.slice(), undefined, text);
        written?.();
        return room;
      },
      pause: () => end.pause(),
      resume: () => end.resume(),
      end: (flushed, close) => end.end(flushed, close),
      destroy: () => end.destroy(),
    };
    const connected = story.dial({ stream: atOnce, singly });
    await story.settle();
    ours = await connected;
    theirs = story.accepted.at(-1)!;
    pieces.length = 0;
    const reading = read(theirs, 20_000);
    const sent = Array.from({ length: 20_000 }, (_, i) => ours.send(utf8(`${i}`), { kind: 'n' }));
    await story.settle();
    await Promise.all(sent);
    for (let i = 0; i < 50; i++) await story.settle();
    expect((await reading).map(({ text }) => text)).toEqual(Array.from({ length: 20_000 }, (_, i) => `${i}`));
    expect(ours.heldBytes).toBe(0);
    if (singly) expect(pieces.length).toBe(20_000);
    else expect(pieces.length).toBeLessThan(20);
  });

  it('a protocol without kinds has none to send', async () => {
    story = await Story.begin({ protocol: toy, core });
    [ours] = await story.sessions();
    await expect(ours.send(utf8('a'), { kind: 'note' })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    await expect(ours.send(utf8('a'), { meta: {} })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
  });
});

describe('close codes', () => {
  it('go both ways where the carrier has them', async () => {
    await begin({ borders: true });
    const { end, heard, session } = await bare({ borders: true });
    void session.close({ refusal: { code: 'BUSY', reason: '' } });
    await story.settle();
    expect(heard).toEqual(['text bye :\n', 'end 1008 BUSY']);
    end.destroy();
    const other = await bare({ borders: true });
    other.end.end(undefined, { code: 4000, reason: 'enough' });
    await story.settle();
    expect(other.session.error).toMatchObject({ code: 'HF_TRUNCATED', message: 'closed with 4000 enough' });
  });

  it('are not there on a stream', async () => {
    await begin();
    const { end, heard, session } = await bare();
    void session.close({ refusal: { code: 'BUSY', reason: '' } });
    await story.settle();
    expect(heard).toEqual(['bye :\n', 'end']);
    end.destroy();
  });

  it('a carrier that says what went wrong is believed', async () => {
    await begin();
    const { end, session } = await bare();
    (story.pairs.at(-1)!.ends[1] as unknown as { breakOff(error: Error): void }).breakOff(new HandfastError('TOO_LARGE', 'a large frame'));
    await story.settle();
    expect(session.error).toMatchObject({ code: 'HF_TOO_LARGE' });
    end.destroy();
  });
});
