import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import type { Input, Work } from '../../src/protocols/machine.ts';
import type { CarrierEvents } from '../../src/transport/carrier.ts';
import { Handshake } from '../../src/transport/driver.ts';
import type { HandshakeStep } from '../../src/transport/handshake.ts';
import { memoryPair } from '../../src/transport/memory.ts';
import { Workbench } from '../../src/transport/workbench.ts';
import { letters } from '../support/letters.ts';
import { Story } from '../support/pair.ts';
import { SlowBench, type ToyCore, toy, toyCore } from '../support/toy.ts';

let core: ToyCore;
let story: Story;

beforeEach(async () => {
  core = toyCore();
  story = await Story.begin({ protocol: toy, core });
});

afterEach(async () => {
  void story.server.close({ drainMs: 0 });
  for (const session of story.accepted) session.destroy();
  await story.pass(60_000);
  expect(core.guarded.live).toBe(0);
  expect(core.slabs.leased).toBe(0);
  expect(story.clock.armed).toBe(0);
  expect(story.server.load).toEqual({ halfOpen: 0, lingering: 0, heldBytes: 0 });
});

const codeOf = (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(
    () => undefined,
    (error: HandfastError) => error.code,
  );

describe('a handshake', () => {
  it('opens a session on both sides', async () => {
    const [ours, theirs] = await story.sessions({ name: 'ann' });
    expect(ours.peer.id).toBe('responder');
    expect(theirs.peer.id).toBe('ann');
    expect(ours.protocol).toBe('toy');
    expect(ours.info).toEqual({ toy: true });
    ours.destroy();
  });

  it('opens when every byte comes alone', async () => {
    const cut = (bytes: Uint8Array) => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
    const [ours] = await story.sessions({}, { cut });
    expect(ours.peer.id).toBe('responder');
    ours.destroy();
  });

  it('writes what one step sends once', async () => {
    const pieces: number[] = [];
    const cut = (bytes: Uint8Array) => {
      pieces.push(bytes.length);
      return [bytes];
    };
    const [ours] = await story.sessions({ name: 'ann' }, { cut });
    expect(pieces).toEqual(['hello ann'.length + 1, 'yes responder'.length + 1]);
    ours.destroy();
  });

  it('reports its steps, and keeps them when asked', async () => {
    const seen: HandshakeStep[] = [];
    const [ours, theirs] = await story.sessions({ onStep: (step: HandshakeStep) => seen.push(step), steps: true });
    expect(seen.map(({ what, direction, bytes }) => [what, direction, bytes])).toEqual([
      ['hello', 'sent', 16],
      ['open', 'done', 0],
    ]);
    expect(ours.info.steps).toEqual(seen);
    expect(theirs.info.steps).toBeUndefined();
    ours.destroy();
  });

  it('fails on both sides when the peer is refused, and lingers so that the reason arrives', async () => {
    story = await Story.begin({ protocol: toy, core, listen: { allow: ['bob'] } });
    const connected = story.dial({ name: 'ann' });
    await story.settle();
    expect(await codeOf(connected)).toBe('HF_UNKNOWN_NODE');
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_UNKNOWN_NODE']);
  });

  it('gives no reason a second of silence', async () => {
    story = await Story.begin({ protocol: toy, core, listen: { allow: ['bob'] } });
    const end = story.wire();
    const seen: string[] = [];
    end.attach(recorder(seen));
    end.write(Uint8Array.of(9, ...Buffer.from('hello ann')));
    await story.settle();
    expect(seen).toEqual(['data no UNKNOWN_NODE', 'end']);
    // We go on talking; the other side throws it away for its second.
    end.write(new Uint8Array(10));
    await story.pass(999);
    expect(story.server.load.lingering).toBe(1);
    await story.pass(1);
    expect(story.server.load.lingering).toBe(0);
    end.destroy();
  });

  it('fails at its deadline, however many bytes trickle in', async () => {
    const end = story.wire();
    end.attach(recorder([]));
    end.write(Uint8Array.of(200));
    for (let second = 0; second < 29; second++) {
      await story.pass(1_000);
      end.write(Uint8Array.of(65));
    }
    await story.settle();
    expect(story.errors).toEqual([]);
    await story.pass(1_000);
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_HANDSHAKE_TIMEOUT']);
    end.destroy();
  });

  it('fails when the stream is cut, by an end or by a reset', async () => {
    const end = story.wire();
    end.attach(recorder([]));
    end.write(Uint8Array.of(200, 1, 2));
    end.end();
    const other = story.wire();
    other.attach(recorder([]));
    story.pairs[1].reset();
    await story.settle();
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_TRUNCATED', 'HF_TRUNCATED']);
    expect(story.errors.find(({ cause }) => cause)?.cause).toMatchObject({ code: 'ECONNRESET' });
  });

  it('rejects with HF_ABORTED when the signal comes, before and during', async () => {
    const during = new AbortController();
    const begun = story.dial({ signal: during.signal });
    await new Promise((resolve) => setImmediate(resolve));
    during.abort();
    expect(await codeOf(begun)).toBe('HF_ABORTED');
    expect(await codeOf(story.dial({ signal: AbortSignal.abort() }))).toBe('HF_ABORTED');
    const abort = new AbortController();
    const connected = story.dial({ signal: abort.signal });
    abort.abort('changed my mind');
    await story.settle();
    await expect(connected).rejects.toMatchObject({ code: 'HF_ABORTED', blame: 'caller', cause: 'changed my mind' });
    for (const pair of story.pairs) pair.reset();
    await story.settle();
  });

  it('keeps to a deadline of the caller', async () => {
    const connected = story.dial({ deadlineMs: 500 });
    await new Promise((resolve) => setImmediate(resolve));
    story.clock.advance(500);
    expect(await codeOf(connected)).toBe('HF_HANDSHAKE_TIMEOUT');
    story.pairs[0].reset();
  });
});

describe('while work is outstanding', () => {
  let bench: SlowBench;
  beforeEach(async () => {
    bench = new SlowBench(core, { immediate: true });
    story = await Story.begin({ protocol: toy, core, listen: { workbench: bench } });
  });

  it('bytes wait, with the time they came, and the carrier is paused', async () => {
    const end = story.wire();
    end.attach(recorder([]));
    end.write(Uint8Array.of(9, ...Buffer.from('hello ann')));
    await story.settle();
    end.write(Uint8Array.of(1, 2, 3));
    await story.settle();
    end.write(new Uint8Array(1000));
    await story.settle();
    // The second piece stays with the carrier.
    expect(bench.customers.map(({ wanted }) => wanted)).toEqual([true]);
    expect(story.server.load.heldBytes).toBe(3);
    expect(story.accepted).toHaveLength(0);
    bench.kept[0]();
    await story.settle();
    expect(story.accepted).toHaveLength(1);
    expect(story.server.load.heldBytes).toBe(0);
    end.destroy();
  });

  it('a carrier that does not pause is given up before it fills the memory', async () => {
    const pair = memoryPair({ handCranked: true });
    story.pairs.push(pair);
    const carrier = pair.ends[1];
    carrier.pause = () => {};
    story.server.accept(carrier);
    const [end] = pair.ends;
    end.attach(recorder([]));
    end.write(Uint8Array.of(9, ...Buffer.from('hello ann')));
    for (let i = 0; i < 100; i++) end.write(new Uint8Array(64 * 1024));
    await story.settle();
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_TOO_LARGE']);
    bench.kept[0]();
    end.destroy();
  });

  it('an abort is heard at once, and answers that come too late are thrown away', async () => {
    const end = story.wire();
    end.attach(recorder([]));
    end.write(Uint8Array.of(9, ...Buffer.from('hello ann')));
    await story.settle();
    void story.server.close();
    await story.settle();
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_SHUTTING_DOWN']);
    // What nobody waits for any more need not be done.
    expect(bench.customers.map(({ wanted }) => wanted)).toEqual([false]);
    bench.kept[0]();
    expect(core.guarded.live).toBe(0);
    end.destroy();
  });

  it('one that fails while its carrier is paused still hears the other side end', async () => {
    const end = story.wire();
    end.attach(recorder([]));
    end.write(Uint8Array.of(9, ...Buffer.from('hello ann')));
    await story.settle();
    for (let i = 0; i < 3; i++) end.write(new Uint8Array(10));
    await story.settle();
    void story.server.close();
    await story.settle();
    expect(story.server.load.lingering).toBe(1);
    end.end();
    await story.settle();
    expect(story.server.load.lingering).toBe(0);
    bench.kept[0]();
  });

  it('so is a deadline', async () => {
    const end = story.wire();
    end.attach(recorder([]));
    end.write(Uint8Array.of(9, ...Buffer.from('hello ann')));
    await story.settle();
    await story.pass(30_000);
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_HANDSHAKE_TIMEOUT']);
    bench.kept[0]();
    end.destroy();
  });

  it('the end of the stream waits behind bytes', async () => {
    const end = story.wire();
    end.attach(recorder([]));
    end.write(Uint8Array.of(9, ...Buffer.from('hello ann')));
    end.end();
    await story.settle();
    expect(story.errors).toEqual([]);
    bench.kept[0]();
    await story.settle();
    // The handshake itself was whole: it is the session that was cut.
    expect(story.accepted[0].error).toMatchObject({ code: 'HF_TRUNCATED' });
  });
});

describe('a fault inside becomes HF_INTERNAL', () => {
  it.each(['start', 'bytes', 'answers', 'judged'] as const)('when the machine throws on %s', async (throwOn) => {
    story = await Story.begin({ protocol: toy, core, listen: { throwOn } });
    const connected = story.dial();
    await story.settle();
    expect(story.errors.map(({ code, blame }) => [code, blame])).toEqual([['HF_INTERNAL', 'handfast']]);
    expect(await codeOf(connected)).toBe('HF_INTERNAL');
  });

  it('when it throws on abort too', async () => {
    story = await Story.begin({ protocol: toy, core, listen: { throwOn: 'abort' } });
    const connected = story.dial();
    void story.server.close();
    await story.settle();
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_INTERNAL']);
    expect(await codeOf(connected)).toBe('HF_TRUNCATED');
  });

  it.each([
    () => {
      throw new TypeError('no');
    },
    () => Promise.reject(new TypeError('no')),
  ])('when the allow function fails', async (allow) => {
    story = await Story.begin({ protocol: toy, core, listen: { allow } });
    const connected = story.dial();
    await story.settle();
    expect(await codeOf(connected)).toBe('HF_INTERNAL');
    expect(story.errors[0].cause).toBeInstanceOf(TypeError);
  });

  it('when an observer throws', async () => {
    const onStep = () => {
      throw new TypeError('no');
    };
    const connected = story.dial({ onStep });
    await story.settle();
    expect(await codeOf(connected)).toBe('HF_INTERNAL');
  });
});

it('a session that cannot be set up is a failed handshake', async () => {
  const end = story.wire();
  const failures: string[] = [];
  const options = { machine: toy.initiator({ core }), carrier: end, clock: story.clock, workbench: new Workbench(core) };
  const opened = () => {
    throw new TypeError('no');
  };
  new Handshake({ ...options, opened, failed: ({ code }) => failures.push(code) }).start();
  await story.settle();
  expect(failures).toEqual(['HF_INTERNAL']);
  expect(story.accepted[0].error).toMatchObject({ code: 'HF_TRUNCATED' });
});

describe('signing elsewhere', () => {
  it('fails the handshake with what the signer failed with', async () => {
    const signer = { publicKey: new Uint8Array(32), sign: () => Promise.reject(new HandfastError('BAD_KEY', 'locked')) };
    const work: Work[] = [{ op: 'keygen' }, { op: 'sign-elsewhere', signer, message: new Uint8Array(1) }];
    story = await Story.begin({ protocol: toy, core, listen: { work } });
    const connected = story.dial();
    await story.settle();
    expect(await codeOf(connected)).toBe('HF_BAD_KEY');
  });
});

describe('a carrier that is set up first', () => {
  const facts = [{ tls: undefined }, { upgrade: { target: '/?a=1', headers: {} } }] as const;

  it('tells each machine that it stands, with its facts, before what came over it', async () => {
    const seen: unknown[] = [];
    const note = (side: string) => (kind: string, input: Input) =>
      seen.push([side, kind, ...(input.kind === 'ready' ? [input.facts] : [])]);
    story = await Story.begin({ protocol: letters, core, listen: { onInput: note('b') }, pair: { facts } });
    const [ours] = await story.sessions({ onInput: note('a') });
    const of = (side: string) => seen.filter((entry) => (entry as string[])[0] === side).map((entry) => (entry as unknown[]).slice(1));
    expect(of('a')).toEqual([['start'], ['ready', facts[0]], ['bytes']]);
    expect(of('b')).toEqual([['start'], ['ready', facts[1]], ['bytes']]);
    ours.destroy();
  });

  it('is dropped without a word when the handshake fails before', async () => {
    story = await Story.begin({ protocol: letters, core, pair: { facts } });
    const abort = new AbortController();
    const connected = story.dial({ signal: abort.signal });
    await new Promise((resolve) => setImmediate(resolve));
    expect(story.pairs[0].ends[0].standing).toBe(false);
    abort.abort();
    await story.settle();
    expect(await codeOf(connected)).toBe('HF_ABORTED');
    expect([story.pairs[0].gone, story.errors.map(({ code }) => code)]).toEqual([true, ['HF_REFUSED']]);
  });

  it('is not opened for a protocol that needs none of it otherwise', async () => {
    story = await Story.begin({ protocol: toy, core, pair: { facts } });
    const [ours] = await story.sessions();
    expect(ours.peer.id).toBe('responder');
    ours.destroy();
  });
});

describe('a carrier that keeps borders', () => {
  it('gives messages whole, with their text mark, and takes each send as one', async () => {
    const seen: unknown[] = [];
    const onInput = (_kind: string, input: Input) =>
      input.kind === 'message' && seen.push([Buffer.from(input.data).toString(), input.text]);
    story = await Story.begin({ protocol: letters, core, dial: { onInput }, listen: { onInput }, pair: { borders: true } });
    const [ours] = await story.sessions();
    expect(seen).toEqual([
      ['hello initiator\n', true],
      ['welcome responder\n', true],
    ]);
    ours.destroy();
  });

  it('says with what code a handshake was refused', async () => {
    const refuse = { code: 1008, reason: 'unknown key' };
    story = await Story.begin({ protocol: letters, core, listen: { refuse }, pair: { borders: true } });
    const connected = story.dial();
    await story.settle();
    await expect(connected).rejects.toMatchObject({ message: 'closed with 1008 unknown key' });
  });
});

/** Writes down what a carrier tells; data as text behind its length byte. */
function recorder(seen: string[]): CarrierEvents {
  return {
    data: (bytes) => seen.push(`data ${Buffer.from(bytes.subarray(1)).toString()}`),
    end: () => seen.push('end'),
    drained: () => seen.push('drained'),
    closed: (error) => seen.push(error ? `closed ${error.message}` : 'closed'),
  };
}
