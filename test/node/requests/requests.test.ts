import { beforeEach, describe, expect, it } from 'vitest';
import { HandfastError } from '../../../src/errors.ts';
import { type RequestOptions, Requests } from '../../../src/node/requests/requests.ts';
import { Kind } from '../../../src/protocols/handfast/format.ts';
import { errorRecord, readDirect, requestId, responseRecord } from '../../../src/protocols/handfast/requests.ts';
import { HandClock } from '../../support/clock.ts';
import { cores, pure } from '../../support/cores.ts';
import { FakeLink, peerOf } from '../../support/links.ts';

const PEER = peerOf(7);
const OTHER = peerOf(8);
const HELLO = Buffer.from('hello');

let clock: HandClock;
let requests: Requests;

beforeEach(() => {
  clock = new HandClock();
  requests = new Requests({ clock, core: pure });
});

/** A request, and what has become of it. */
function ask(payload: Uint8Array = HELLO, options?: RequestOptions, peerId = PEER.id) {
  const state = { ended: '', answer: undefined as Uint8Array | undefined, error: undefined as HandfastError | undefined };
  requests.request(peerId, payload, options).then(
    (answer) => Object.assign(state, { ended: 'answer', answer }),
    (error) => Object.assign(state, { ended: error.code, error }),
  );
  return state;
}

async function settled(): Promise<void> {
  for (let i = 0; i < 4; i++) await Promise.resolve();
}

const directs = (link: FakeLink) =>
  link.take().map((record) => {
    expect(record[0]).toBe(Kind.direct);
    const direct = readDirect(record.subarray(1))!;
    return { ...direct, id: requestId(direct), payload: Buffer.from(direct.payload).toString() };
  });

function answer(link: FakeLink, id: bigint, text = 'world'): void {
  const body = responseRecord(id, Buffer.from(text)).subarray(1);
  requests.answered(link, Kind.response, body);
  // The view is valid during the call only.
  body.fill(0);
}

function connected(bootId: string | undefined = 'one', largestBody?: number): FakeLink {
  const link = new FakeLink(PEER, { bootId, ...(largestBody === undefined ? {} : { largestBody }) });
  requests.opened(link);
  return link;
}

describe('a request', () => {
  it('goes out with topic, payload and the time left, and ends in the answer', async () => {
    const link = connected();
    const payload = Uint8Array.from(HELLO);
    const one = ask(payload, { topic: 'wörld', deadlineMs: 5_000 });
    payload.fill(0);
    const [direct] = directs(link);
    expect(direct).toMatchObject({ topic: 'wörld', payload: 'hello', millisecondsLeft: 5_000 });
    answer(link, direct!.id);
    await settled();
    expect(Buffer.from(one.answer!).toString()).toBe('world');
    expect([requests.inFlight, requests.bytes]).toEqual([0, 0]);
  });

  it('waits for a session, and then states the time that is left', async () => {
    const one = ask(HELLO, { deadlineMs: 5_000 });
    clock.advance(3_000);
    const link = connected();
    const [direct] = directs(link);
    expect(direct!.millisecondsLeft).toBe(2_000);
    answer(link, direct!.id);
    await settled();
    expect(one.ended).toBe('answer');
  });

  it('that finds no session until its deadline ends with HF_NOT_CONNECTED, and not before; 10 s unless set', async () => {
    const one = ask();
    clock.advance(9_999);
    await settled();
    expect(one.ended).toBe('');
    clock.advance(1);
    await settled();
    expect(one.error).toMatchObject({ code: 'HF_NOT_CONNECTED', blame: 'network' });
    expect([requests.inFlight, requests.bytes, requests.peers]).toEqual([0, 0, 0]);
  });

  it('that was sent and not answered ends with HF_DEADLINE_EXCEEDED; the late answer is ignored', async () => {
    const link = connected();
    const one = ask();
    const lost = ask(HELLO, { deadlineMs: 20_000 });
    const [direct] = directs(link);
    clock.advance(10_000);
    await settled();
    expect(one.error).toMatchObject({ code: 'HF_DEADLINE_EXCEEDED', blame: 'peer' });
    answer(link, direct!.id);
    requests.closed(link);
    clock.advance(10_000);
    await settled();
    expect(lost.error).toMatchObject({ code: 'HF_DEADLINE_EXCEEDED', blame: 'network' });
    expect(link.failures).toEqual([]);
  });

  it('keeps its deadline when the clock on the wall is set', async () => {
    const one = ask();
    clock.set(-3_600_000);
    const link = connected();
    expect(directs(link)[0]!.millisecondsLeft).toBe(10_000);
    clock.set(7_200_000);
    clock.advance(9_999);
    await settled();
    expect(one.ended).toBe('');
    clock.advance(1);
    await settled();
    expect(one.ended).toBe('HF_DEADLINE_EXCEEDED');
  });

  it('ends with what the other side says instead of an answer', async () => {
    const link = connected();
    const one = ask();
    const { id } = directs(link)[0]!;
    requests.answered(link, Kind.error, errorRecord(id, 'NO_HANDLER').subarray(1));
    await settled();
    expect(one.error).toMatchObject({ code: 'HF_NO_HANDLER', remote: 'proved', blame: 'peer' });
  });

  it('that is cancelled ends with HF_ABORTED, the reason as its cause, and nothing is said about it', async () => {
    const link = connected();
    const controller = new AbortController();
    const before = ask(HELLO, { signal: AbortSignal.abort('early') });
    const one = ask(HELLO, { signal: controller.signal });
    const { id } = directs(link)[0]!;
    controller.abort('enough');
    answer(link, id);
    await settled();
    expect(before.error).toMatchObject({ code: 'HF_ABORTED', cause: 'early' });
    expect(one.error).toMatchObject({ code: 'HF_ABORTED', cause: 'enough', blame: 'caller' });
    expect(link.take()).toEqual([]);
    expect(requests.inFlight).toBe(0);
  });

  it('that is answered no longer listens to its signal', async () => {
    const link = connected();
    const { signal } = new AbortController();
    let listening = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listening++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listening--;
      removeEventListener.apply(signal, args);
    };
    ask(HELLO, { signal });
    expect(listening).toBe(1);
    answer(link, directs(link)[0]!.id);
    expect(listening).toBe(0);
  });

  it.each([
    ['an id that is none', 'someone', HELLO, {}],
    ['no bytes', PEER.id, 'text' as unknown as Uint8Array, {}],
    ['no time', PEER.id, HELLO, { deadlineMs: 0 }],
    ['too much time', PEER.id, HELLO, { deadlineMs: 600_001 }],
    ['a time that is no number', PEER.id, HELLO, { deadlineMs: Number.NaN }],
    ['a topic too long', PEER.id, HELLO, { topic: 'x'.repeat(256) }],
    ['a signal that is none', PEER.id, HELLO, { signal: {} as AbortSignal }],
  ])('with %s is refused with HF_BAD_ARGUMENT', async (_what, id, payload, options) => {
    const one = ask(payload, options, id);
    await settled();
    expect(one.ended).toBe('HF_BAD_ARGUMENT');
    expect([requests.inFlight, requests.peers]).toEqual([0, 0]);
  });

  it.each(cores.map((core) => [core.name, core] as const))('%s: ids begin at random, rise by one and are never 0', (_name, core) => {
    const firstId = (random?: Uint8Array) => {
      const own = new Requests({ clock, core: random ? { ...core, random: () => random } : core });
      const link = new FakeLink(PEER);
      own.opened(link);
      for (let i = 0; i < 3; i++) own.request(PEER.id, HELLO).catch(() => {});
      const ids = directs(link).map(({ id }) => id);
      own.close(new HandfastError('CLOSED', ''));
      return ids;
    };
    const [a, b] = [firstId(), firstId()];
    expect(a[0]).not.toBe(b[0]);
    expect(a[1]).toBe(a[0]! + 1n);
    expect(firstId(new Uint8Array(8).fill(255))).toEqual([1n, 2n, 3n]);
    expect(firstId(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 254))).toEqual([2n ** 64n - 1n, 1n, 2n]);
    expect(firstId(new Uint8Array(8))).toEqual([1n, 2n, 3n]);
  });
});

describe('when the session is lost', () => {
  it('it is sent again on the next one with the same id, topic and payload, and less time', async () => {
    const first = connected();
    const one = ask(HELLO, { topic: 't' });
    const [before] = directs(first);
    requests.closed(first);
    clock.advance(4_000);
    const second = connected();
    expect(directs(second)).toEqual([{ ...before, millisecondsLeft: 6_000 }]);
    answer(second, before!.id);
    await settled();
    expect(one.ended).toBe('answer');
  });

  it('what a link still holds is not changed by sending again', () => {
    const first = connected();
    ask();
    requests.closed(first);
    clock.advance(4_000);
    connected();
    expect(directs(first)[0]!.millisecondsLeft).toBe(10_000);
  });

  it('another boot id ends it with HF_PEER_RESTARTED, one that never was sent goes out, and so does one that may be handled twice', async () => {
    const first = connected('one');
    const plain = ask(Buffer.from('plain'));
    const again = ask(Buffer.from('again'), { idempotent: true });
    directs(first);
    requests.closed(first);
    const fresh = ask(Buffer.from('fresh'));
    const second = connected('two');
    await settled();
    expect(plain.error).toMatchObject({ code: 'HF_PEER_RESTARTED', blame: 'peer' });
    expect(directs(second).map(({ payload }) => payload)).toEqual(['again', 'fresh']);
    expect([again.ended, fresh.ended]).toEqual(['', '']);
  });

  it('each session of a peer without a boot id is another life', async () => {
    const first = new FakeLink(PEER);
    requests.opened(first);
    const one = ask();
    requests.closed(first);
    await settled();
    expect(one.ended).toBe('');
    requests.opened(new FakeLink(PEER));
    await settled();
    expect(one.ended).toBe('HF_PEER_RESTARTED');
  });

  it('a second session of a peer without a boot id leaves alone what the first may still answer', async () => {
    const [first, second] = [new FakeLink(PEER), new FakeLink(PEER)];
    requests.opened(first);
    const [kept, lost] = [ask(), ask()];
    const [direct] = directs(first);
    requests.opened(second);
    expect(second.take()).toEqual([]);
    answer(first, direct!.id);
    await settled();
    expect(kept.ended).toBe('answer');
    requests.closed(first);
    await settled();
    expect(lost.ended).toBe('HF_PEER_RESTARTED');
  });
});

describe('with two sessions of one peer', () => {
  it('the newer is used, and the older again when the newer ends', async () => {
    const [older, newer] = [connected(), connected()];
    const one = ask();
    expect(older.take()).toEqual([]);
    const [direct] = directs(newer);
    requests.closed(newer);
    expect(directs(older).map(({ id }) => id)).toEqual([direct!.id]);
    answer(older, direct!.id);
    await settled();
    expect(one.ended).toBe('answer');
  });

  it('an answer may come on either, and the second is ignored', async () => {
    const older = connected();
    const one = ask();
    const { id } = directs(older)[0]!;
    const newer = connected();
    expect(directs(newer)).toHaveLength(1);
    answer(older, id, 'first');
    answer(newer, id, 'second');
    await settled();
    expect(Buffer.from(one.answer!).toString()).toBe('first');
  });
});

describe('answers', () => {
  it('of another peer, or to what was not sent, are ignored', async () => {
    const link = connected();
    const one = ask();
    const { id } = directs(link)[0]!;
    const other = new FakeLink(OTHER);
    requests.opened(other);
    answer(other, id, 'forged');
    answer(link, id + 1n, 'nobody asked');
    const waiting = ask(HELLO, {}, peerOf(9).id);
    const third = new FakeLink(peerOf(9));
    answer(third, id + 1n, 'too early');
    await settled();
    expect([one.ended, waiting.ended]).toEqual(['', '']);
    expect(link.failures).toEqual([]);
  });

  it('that are misshapen fail the link with MALFORMED, and nothing else', async () => {
    const link = connected();
    const one = ask();
    requests.answered(link, Kind.response, new Uint8Array(7));
    requests.answered(link, Kind.error, new Uint8Array(9).fill(1));
    await settled();
    expect(link.failures.map(({ code, charged }) => [code, charged])).toEqual([
      ['HF_MALFORMED', true],
      ['HF_MALFORMED', true],
    ]);
    expect(one.ended).toBe('');
  });
});

describe('limits', () => {
  it('a link that is full is sent the rest, in order, when it has room; without any it is HF_DEADLINE_EXCEEDED', async () => {
    const link = connected();
    link.room = 2;
    const all = ['a', 'b', 'c', 'd'].map((text) => ask(Buffer.from(text)));
    expect(directs(link).map(({ payload }) => payload)).toEqual(['a', 'b']);
    const later = ask(Buffer.from('e'));
    expect(link.take()).toEqual([]);
    requests.drained(link);
    expect(directs(link).map(({ payload }) => payload)).toEqual(['c', 'd']);
    clock.advance(10_000);
    await settled();
    expect(later.error).toMatchObject({ code: 'HF_DEADLINE_EXCEEDED', blame: 'network' });
    expect(later.error!.message).toContain('never sent');
    expect(all.map(({ ended }) => ended)).toEqual(all.map(() => 'HF_DEADLINE_EXCEEDED'));
  });

  it('longer than the other side takes: HF_TOO_LARGE, also when that is known only later', async () => {
    const early = ask(new Uint8Array(100));
    const link = connected('one', 13 + 50);
    const one = ask(new Uint8Array(51));
    const fits = ask(new Uint8Array(50));
    await settled();
    expect([early.error, one.error]).toMatchObject([
      { code: 'HF_TOO_LARGE', blame: 'caller' },
      { code: 'HF_TOO_LARGE', blame: 'caller' },
    ]);
    expect(fits.ended).toBe('');
    expect(link.take()).toHaveLength(1);
  });

  it.each([
    ['requests of one peer', { inFlightPerPeer: 2 }, 'HF_BUSY', true],
    ['requests', { inFlight: 2 }, 'HF_BUSY', false],
    ['bytes of one peer', { bytesPerPeer: 40 }, 'HF_BUSY', true],
    ['bytes', { bytes: 40 }, 'HF_BUSY', false],
  ])('too many %s: HF_BUSY of the caller, until one has ended', async (_what, limits, code, otherPeerMay) => {
    requests = new Requests({ clock, core: pure, limits });
    const link = connected();
    const first = ask();
    ask();
    const over = ask();
    const elsewhere = ask(HELLO, {}, OTHER.id);
    await settled();
    expect(over.error).toMatchObject({ code, blame: 'caller' });
    expect(elsewhere.ended).toBe(otherPeerMay ? '' : code);
    answer(link, directs(link)[0]!.id);
    const after = ask();
    await settled();
    expect(first.ended).toBe('answer');
    expect(after.ended).toBe('');
  });

  it('a payload above the limit by itself is HF_TOO_LARGE', async () => {
    requests = new Requests({ clock, core: pure, limits: { bytesPerPeer: 40 } });
    const one = ask(new Uint8Array(41));
    await settled();
    expect(one.error).toMatchObject({ code: 'HF_TOO_LARGE', blame: 'caller' });
  });

  it('one timer for all deadlines', () => {
    for (let i = 0; i < 100; i++) ask(HELLO, { deadlineMs: 1_000 + i });
    expect(clock.armed).toBe(1);
  });
});

describe('the end', () => {
  it('refuse ends all of one peer, sent or not, and no other', async () => {
    const link = connected();
    const sent = ask();
    requests.closed(link);
    const waiting = ask();
    const other = ask(HELLO, {}, OTHER.id);
    requests.refuse(PEER.id, new HandfastError('BANNED', 'banned'));
    await settled();
    expect([sent.ended, waiting.ended, other.ended]).toEqual(['HF_BANNED', 'HF_BANNED', '']);
    requests.refuse('nobody', new HandfastError('BANNED', 'banned'));
  });

  it('close ends all, and what comes later; nothing is left', async () => {
    const link = connected();
    const all = [ask(), ask(HELLO, {}, OTHER.id)];
    requests.close(new HandfastError('CLOSED', 'the node is closed'));
    all.push(ask());
    requests.opened(new FakeLink(OTHER));
    requests.closed(link);
    requests.drained(link);
    await settled();
    expect(all.map(({ ended }) => ended)).toEqual(['HF_CLOSED', 'HF_CLOSED', 'HF_CLOSED']);
    expect([requests.inFlight, requests.bytes, requests.peers, clock.armed]).toEqual([0, 0, 0, 0]);
  });
});
