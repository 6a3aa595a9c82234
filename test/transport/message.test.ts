/** How long what a session delivers is valid: batches, their holders, and the memory that they lie in. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessageBatch } from '../../src/transport/message.ts';
import type { Session } from '../../src/transport/session.ts';
import { Unread } from '../../src/transport/unread.ts';
import { codeOf } from '../support/codes.ts';
import { letters } from '../support/letters.ts';
import { Story } from '../support/pair.ts';
import { type ToyCore, toy, toyCore } from '../support/toy.ts';

let core: ToyCore;
let story: Story;
let ours: Session;
let theirs: Session;

beforeEach(async () => {
  core = toyCore();
  story = await Story.begin({ protocol: toy, core });
  [ours, theirs] = await story.sessions();
});

afterEach(async () => {
  await story.finish();
  expect(core.slabs.leased).toBe(0);
});

/** Each text as a message, all of one turn: one batch. */
async function say(...texts: string[]): Promise<void> {
  for (const text of texts) void ours.send(Buffer.from(text));
  await story.settle();
}

const textsOf = (batch: MessageBatch): string[] =>
  Array.from({ length: batch.count }, (_, i) => Buffer.from(batch.message(i)).toString('latin1'));

const uses: [string, (batch: MessageBatch) => unknown][] = [
  ['bytes', (batch) => batch.bytes],
  ['places', (batch) => batch.places],
  ['abouts', (batch) => batch.abouts],
  ['message', (batch) => batch.message(0)],
  ['retain', (batch) => batch.retain()],
  ['release', (batch) => batch.release()],
];

describe('a batch', () => {
  it('is released when the next one is asked for, and says so to whoever uses it after that', async () => {
    const batches = theirs.batches();
    await say('one', 'two');
    const first: MessageBatch = (await batches.next()).value;
    expect([first.count, first.released, textsOf(first)]).toEqual([2, false, ['one', 'two']]);
    expect(core.slabs.leased).toBe(1);
    const second = batches.next();
    expect([first.released, core.slabs.leased]).toEqual([true, 0]);
    expect(uses.map(([name, use]) => [name, codeOf(() => use(first))])).toEqual(uses.map(([name]) => [name, 'HF_RELEASED']));
    await say('three');
    expect(textsOf((await second).value)).toEqual(['three']);
    await batches.return?.();
  });

  it('can be released before that, by its name or as a disposable, and the reader goes on', async () => {
    const batches = theirs.batches();
    for (const release of [(batch: MessageBatch) => batch.release(), (batch: MessageBatch) => batch[Symbol.dispose]()]) {
      await say('one');
      const { value } = await batches.next();
      release(value);
      expect([value.released, core.slabs.leased, codeOf(() => value.bytes)]).toEqual([true, 0, 'HF_RELEASED']);
      // As a block that ends does where the batch was released in it.
      value[Symbol.dispose]();
    }
    await say('two');
    expect(textsOf((await batches.next()).value)).toEqual(['two']);
    await batches.return?.();
  });

  it('that is retained outlives the next ones, until it was released as often', async () => {
    const batches = theirs.batches();
    const kept: MessageBatch[] = [];
    for (const text of ['one', 'two', 'three']) {
      await say(text, `${text} again`);
      kept.push((await batches.next()).value.retain());
    }
    kept[0].retain();
    await batches.return?.();
    expect(core.slabs.leased).toBe(3);
    expect(kept.map(textsOf)).toEqual(['one', 'two', 'three'].map((text) => [text, `${text} again`]));
    for (const batch of kept) batch.release();
    expect([kept.map(({ released }) => released), core.slabs.leased]).toEqual([[false, true, true], 1]);
    kept[0].release();
    expect([kept[0].released, core.slabs.leased, codeOf(() => kept[0].release())]).toEqual([true, 0, 'HF_RELEASED']);
  });

  it('that is retained and disposed of stays its holder’s', async () => {
    const batches = theirs.batches();
    await say('one');
    const { value } = await batches.next();
    value.retain();
    value[Symbol.dispose]();
    const next = batches.next();
    expect(textsOf(value)).toEqual(['one']);
    value.release();
    expect(core.slabs.leased).toBe(0);
    await batches.return?.();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('is valid until the reader moves on, also when the session is destroyed, and leaving the loop is moving on', async () => {
    const batches = theirs.batches();
    await say('one');
    const { value } = await batches.next();
    await say('unread');
    theirs.destroy();
    await story.settle();
    expect([textsOf(value), core.slabs.leased]).toEqual([['one'], 1]);
    await batches.return?.();
    expect([value.released, core.slabs.leased]).toEqual([true, 0]);
  });

  it('has so many messages and no more', async () => {
    const batches = theirs.batches();
    await say('one');
    const { value } = await batches.next();
    for (const index of [-1, 1, Number.NaN]) expect(codeOf(() => value.message(index))).toBe('HF_BAD_ARGUMENT');
    await batches.return?.();
  });

  it('has what a reader of messages left of it', async () => {
    await say('one', 'two', 'three');
    for await (const message of theirs) if (message.text() === 'one') break;
    const batches = theirs.batches();
    const { value } = await batches.next();
    const at = value.places[0];
    expect([textsOf(value), Buffer.from(value.bytes.subarray(at, at + value.places[1])).toString()]).toEqual([['two', 'three'], 'two']);
    await batches.return?.();
  });

  it('of many messages has a place for each', async () => {
    const batches = theirs.batches();
    for (const count of [1, 8, 9, 1000, 2]) {
      const texts = Array.from({ length: count }, (_, i) => `${i}`);
      await say(...texts);
      const seen: string[] = [];
      while (seen.length < count) seen.push(...textsOf((await batches.next()).value));
      expect(seen).toEqual(texts);
    }
    await batches.return?.();
  });

  it('of a message in memory of its own is the same to its reader', async () => {
    await story.finish();
    story = await Story.begin({ protocol: letters, core });
    [ours, theirs] = await story.sessions();
    const batches = theirs.batches();
    await say('one', 'two');
    const { value: one } = await batches.next();
    one.retain();
    const { value: two } = await batches.next();
    expect([textsOf(one), textsOf(two), one.abouts?.length]).toEqual([['one'], ['two'], 1]);
    one.release();
    expect(codeOf(() => one.bytes)).toBe('HF_RELEASED');
    await batches.return?.();
    expect(codeOf(() => two.message(0))).toBe('HF_RELEASED');
  });
});

it('messages in memory of their own that came together are let go one by one', async () => {
  const unread = new Unread(() => {});
  const own = ['one', 'two', 'three'].map((text) => ({ bytes: Buffer.from(text) }));
  unread.pushOwn(own, 100);
  const batches = unread.batches();
  const kept: MessageBatch[] = [];
  for (let i = 0; i < 3; i++) kept.push((await batches.next()).value.retain());
  await batches.return?.();
  unread.pushOwn([{ bytes: Buffer.from('later') }], 100);
  kept[1].release();
  expect([textsOf(kept[0]), textsOf(kept[2]), codeOf(() => kept[1].bytes)]).toEqual([['one'], ['three'], 'HF_RELEASED']);
  kept[0].release();
  unread.pushOwn([{ bytes: Buffer.from('later still') }], 100);
  expect(textsOf(kept[2])).toEqual(['three']);
  kept[2].release();
  unread.discard();
  expect([unread.count, unread.bytes, unread.held]).toEqual([0, 0, 0]);
});

describe('whoever waits for a message', () => {
  it('cannot ask twice, and can leave', async () => {
    const batches = theirs.batches();
    const waiting = batches.next();
    await expect(batches.next()).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    await batches.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await say('one');
    const messages = theirs[Symbol.asyncIterator]();
    expect((await messages.next()).value.text()).toBe('one');
    await messages.return?.();
  });

  it('is told of the end, or of what ended the session', async () => {
    const ending = theirs.batches().next();
    void ours.close();
    await story.settle();
    expect(await ending).toEqual({ done: true, value: undefined });
    const [, other] = await story.sessions();
    const failing = other.batches().next();
    const why = new Error('why');
    other.destroy(why);
    await expect(failing).rejects.toBe(why);
  });
});

describe('memory', () => {
  it('is the same blocks again and again, however much goes through', async () => {
    const batches = theirs.batches();
    const message = Buffer.alloc(1000);
    let most = 0;
    for (let i = 0; i < 50; i++) {
      for (let k = 0; k < 100; k++) void ours.send(message);
      await story.settle();
      for (let left = 100; left > 0; ) left -= (await batches.next()).value.count;
      if (i === 5) most = core.slabs.bytes;
    }
    await batches.return?.();
    expect([core.slabs.bytes, core.slabs.leased]).toEqual([most, 0]);
  });

  it('is wiped when it goes back, as far as it was written to', async () => {
    const batches = theirs.batches();
    await say('a secret');
    const { value } = await batches.next();
    const bytes = value.bytes;
    expect(Buffer.from(bytes).includes('a secret')).toBe(true);
    value.release();
    expect(bytes.every((byte: number) => byte === 0)).toBe(true);
    await batches.return?.();
  });
});
