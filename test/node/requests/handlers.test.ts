import { beforeEach, describe, expect, it } from 'vitest';
import type { HandlerLimits } from '../../../src/node/requests/callers.ts';
import { type Handler, Handlers, type RequestMessage } from '../../../src/node/requests/handlers.ts';
import { Kind } from '../../../src/protocols/handfast/format.ts';
import { directRecord, readAnswer, writeMillisecondsLeft } from '../../../src/protocols/handfast/requests.ts';
import { HandClock } from '../../support/clock.ts';
import { codeOf } from '../../support/codes.ts';
import { FakeLink, peerOf } from '../../support/links.ts';

const PEER = peerOf(3);

let clock: HandClock;
let handlers: Handlers;
let failures: { error: unknown; from: string; topic: string }[];
/** Payloads that handlers were given, in order. */
let ran: string[];
/** Handlers that wait: the message, and how it ends. */
let waiting: { message: RequestMessage; answer: (text?: string) => void; fail: (error: unknown) => void }[];

function renew(limits: Partial<HandlerLimits> = {}): void {
  clock = new HandClock();
  failures = [];
  ran = [];
  waiting = [];
  handlers = new Handlers({ clock, limits, failed: (error, from, topic) => failures.push({ error, from: from.id, topic }) });
  handlers.handle('', (message) => {
    ran.push(message.text());
    return message.bytes;
  });
  handlers.handle('later', (message) => {
    ran.push(message.text());
    return new Promise((resolve, reject) => {
      waiting.push({ message, answer: (text) => resolve(text === undefined ? undefined : Buffer.from(text)), fail: reject });
    });
  });
}

beforeEach(() => renew());

function connected({
  peer = PEER,
  bootId = 'one',
  largestBody,
}: {
  peer?: typeof PEER;
  bootId?: string | undefined;
  largestBody?: number;
} = {}) {
  const link = new FakeLink(peer, { bootId, ...(largestBody === undefined ? {} : { largestBody }) });
  handlers.opened(link);
  return link;
}

function ask(link: FakeLink, id: number | bigint, text = `${id}`, topic = '', left = 10_000): void {
  const record = directRecord(BigInt(id), Buffer.from(topic), Buffer.from(text));
  writeMillisecondsLeft(record, left);
  const body = record.slice(1);
  handlers.requested(link, body);
  // The view is valid during the call only.
  body.fill(0);
}

const NAMES: Record<number, string> = {
  1025: 'NO_HANDLER',
  1026: 'HANDLER_FAILED',
  1027: 'BUSY',
  1028: 'DEADLINE_EXCEEDED',
  1029: 'ANSWER_TOO_LARGE',
  1030: 'ANSWER_LOST',
};

/** What lies in the link, readable: `5: text` or `5: CODE`. */
function said(link: FakeLink): string[] {
  return link.take().map((record) => {
    if (record[0] === Kind.ping) return 'PING';
    const answer = readAnswer(record[0]!, record.subarray(1))!;
    if ('payload' in answer) return `${answer.id}: ${Buffer.from(answer.payload)}`;
    expect(answer.reason).toBe('');
    return `${answer.id}: ${NAMES[answer.code]}`;
  });
}

/** What the session's traffic does with the PINGs that lie there. */
function pong(link: FakeLink): void {
  for (const record of link.take()) if (record[0] === Kind.ping) handlers.confirmed(link, record.slice(1));
}

async function settled(): Promise<void> {
  for (let i = 0; i < 6; i++) await Promise.resolve();
}

describe('a request', () => {
  it('is answered at once by a handler that answers at once, later by one that does later; nothing is an empty answer', async () => {
    const link = connected();
    ask(link, 5, 'now');
    expect(said(link)).toEqual(['5: now']);
    ask(link, 6, 'x', 'later');
    ask(link, 7, 'y', 'later');
    expect(handlers.owed(link)).toBe(2);
    waiting[1]!.answer('second');
    waiting[0]!.answer();
    await settled();
    expect(said(link)).toEqual(['7: second', '6: ']);
    expect(handlers.owed(link)).toBe(0);
  });

  it('gives the handler its own bytes, the topic, the text, and who asks', async () => {
    const link = connected();
    let given: { topic: string; text: string; id: string } | undefined;
    handlers.handle('t', (message, from) => {
      given = { topic: message.topic, text: message.text(), id: from.id };
      message.bytes.fill(1);
      return undefined;
    });
    ask(link, 1, 'wörds', 't');
    expect(given).toEqual({ topic: 't', text: 'wörds', id: PEER.id });
    ask(link, 2, 'kept', 'later');
    expect(waiting[0]!.message.text()).toBe('kept');
  });

  it('what the handler gave may change afterwards', async () => {
    const link = connected();
    const own = Buffer.from('abc');
    handlers.handle('own', () => own);
    ask(link, 1, '', 'own');
    own.fill(0);
    expect(said(link)).toEqual(['1: abc']);
  });

  it('of which nobody handles the topic gets NO_HANDLER; a topic has one handler, until it is taken away', () => {
    const link = connected();
    const undo = handlers.handle('a', () => Buffer.from('A'));
    expect(codeOf(() => handlers.handle('a', () => undefined))).toBe('HF_BAD_ARGUMENT');
    ask(link, 1, '', 'a');
    undo();
    ask(link, 2, '', 'a');
    const renewed: Handler = () => Buffer.from('new');
    handlers.handle('a', renewed);
    undo();
    ask(link, 3, '', 'a');
    expect(said(link)).toEqual(['1: A', '2: NO_HANDLER', '3: new']);
  });

  it.each([
    ['a topic too long', () => handlers.handle('x'.repeat(256), () => undefined)],
    ['no topic', () => handlers.handle(undefined as unknown as string, () => undefined)],
    ['no function', () => handlers.handle('f', 'f' as unknown as Handler)],
  ])('%s is refused with HF_BAD_ARGUMENT', (_what, work) => {
    expect(codeOf(work)).toBe('HF_BAD_ARGUMENT');
  });

  it('whose handler throws, rejects or gives no bytes gets HANDLER_FAILED and no word more; the error is told here', async () => {
    const link = connected();
    const error = new Error('secret');
    handlers.handle('throws', () => {
      throw error;
    });
    handlers.handle('text', () => 'text' as unknown as Uint8Array);
    ask(link, 1, '', 'throws');
    ask(link, 2, '', 'text');
    ask(link, 3, '', 'later');
    waiting[0]!.fail(error);
    await settled();
    expect(said(link)).toEqual(['1: HANDLER_FAILED', '2: HANDLER_FAILED', '3: HANDLER_FAILED']);
    expect(failures).toMatchObject([
      { error, from: PEER.id, topic: 'throws' },
      { error: { code: 'HF_BAD_ARGUMENT' }, topic: 'text' },
      { error, topic: 'later' },
    ]);
    expect(handlers.held.running).toBe(0);
  });

  it('past its deadline gets DEADLINE_EXCEEDED, the signal aborts, and the answer is for nobody; the handler counts until it ends', async () => {
    renew({ inProgressPerPeer: 1 });
    const link = connected();
    ask(link, 1, '', 'later', 2_000);
    const { signal } = waiting[0]!.message;
    clock.advance(1_999);
    expect([said(link), signal.aborted]).toEqual([[], false]);
    clock.advance(1);
    expect([said(link), signal.aborted]).toEqual([['1: DEADLINE_EXCEEDED'], true]);
    expect(signal.reason).toMatchObject({ code: 'HF_DEADLINE_EXCEEDED' });
    ask(link, 2);
    waiting[0]!.fail(signal.reason);
    await settled();
    ask(link, 3);
    expect(said(link)).toEqual(['2: BUSY', '3: 3']);
    // It ended because it was told to.
    expect(failures).toEqual([]);
  });

  it('a signal that is asked for only afterwards is aborted already', async () => {
    const link = connected();
    ask(link, 1, '', 'later', 1_000);
    clock.advance(1_000);
    expect(waiting[0]!.message.signal.aborted).toBe(true);
  });

  it('with an answer too long gets ANSWER_TOO_LARGE, on the session that it is too long for', async () => {
    const link = connected({ largestBody: 8 + 5 });
    ask(link, 1, 'fits!');
    ask(link, 2, 'fits not');
    expect(said(link)).toEqual(['1: fits!', '2: ANSWER_TOO_LARGE']);
    ask(link, 3, '', 'later');
    handlers.closed(link);
    waiting[0]!.answer('only the next takes it');
    await settled();
    const next = connected();
    ask(next, 3, '', 'later');
    expect(said(next)).toEqual(['3: only the next takes it']);
    const narrow = connected({ largestBody: 20 });
    ask(narrow, 3, '', 'later');
    expect(said(narrow)).toEqual(['3: ANSWER_TOO_LARGE']);
    expect(handlers.owed(narrow)).toBe(0);
  });

  it('that is misshapen fails the link with MALFORMED', () => {
    const link = connected();
    handlers.requested(link, new Uint8Array(5));
    expect(link.failures).toMatchObject([{ code: 'HF_MALFORMED', charged: true }]);
    expect(ran).toEqual([]);
  });

  it('on a session that was never opened, or is over, is left alone', () => {
    const link = new FakeLink(PEER);
    ask(link, 1);
    handlers.opened(link);
    handlers.closed(link);
    handlers.closed(link);
    ask(link, 2);
    handlers.confirmed(link, new Uint8Array(8));
    handlers.drained(link);
    expect([ran, said(link), handlers.owed(link)]).toEqual([[], [], 0]);
  });
});

describe('a repeated id', () => {
  it('gets the same answer, and the handler does not run again', () => {
    const first = connected();
    ask(first, 1, 'once');
    handlers.closed(first);
    const second = connected();
    ask(second, 1, 'once');
    ask(second, 1, 'once');
    expect(said(second)).toEqual(['1: once', '1: once']);
    expect(ran).toEqual(['once']);
  });

  it('waits for the answer, on each session where it was asked, and on none that is over', async () => {
    const [first, second, third] = [connected(), connected(), connected()];
    for (const link of [first, second, second, third]) ask(link, 1, 'x', 'later');
    handlers.closed(first);
    waiting[0]!.answer('done');
    await settled();
    expect([said(first), said(second), said(third)]).toEqual([[], ['1: done'], ['1: done']]);
    expect(ran).toEqual(['x']);
  });

  it('of another peer is another request', () => {
    const [one, other] = [connected(), connected({ peer: peerOf(4) })];
    ask(one, 1, 'a');
    ask(other, 1, 'b');
    expect(ran).toEqual(['a', 'b']);
  });

  it.each([
    ['its answer was confirmed', 1_000],
    ['its deadline has passed', 10_000],
  ])('gets ANSWER_LOST when %s: it may have been on its way all the time', (_what, passes) => {
    const link = connected();
    ask(link, 1);
    clock.advance(passes);
    pong(link);
    expect(handlers.held).toMatchObject({ remembered: 0, answerBytes: 0 });
    link.take();
    ask(link, 1);
    handlers.closed(link);
    const next = connected();
    ask(next, 1);
    expect([said(link), said(next), ran]).toEqual([['1: ANSWER_LOST'], ['1: ANSWER_LOST'], ['1']]);
  });

  it('is a new request in another life of the peer; what the earlier life still sends is ignored, also when it comes back', async () => {
    const old = connected({ bootId: 'one' });
    ask(old, 1, 'old');
    ask(old, 2, 'old too', 'later');
    const { signal } = waiting[0]!.message;
    const renewed = connected({ bootId: 'two' });
    expect(signal.aborted).toBe(true);
    ask(renewed, 1, 'new');
    ask(old, 3, 'last words');
    expect(ran).toEqual(['old', 'old too', 'new']);
    waiting[0]!.answer('nobody waits');
    const back = connected({ bootId: 'one' });
    ask(back, 1, 'old');
    await settled();
    expect(said(back)).toEqual(['1: ANSWER_LOST']);
    expect(ran).toEqual(['old', 'old too', 'new']);
  });

  it('of a peer without a boot id gets the answer as long as that is remembered', () => {
    const first = new FakeLink(PEER);
    handlers.opened(first);
    ask(first, 1);
    handlers.closed(first);
    const second = new FakeLink(PEER);
    handlers.opened(second);
    ask(second, 1);
    expect([said(second), ran]).toEqual([['1: 1'], ['1']]);
  });
});

describe('confirmation', () => {
  it('a PING each second while answers are not confirmed, and none before or after', () => {
    const link = connected();
    ask(link, 1);
    clock.advance(999);
    expect(said(link)).toEqual(['1: 1']);
    clock.advance(1);
    expect(said(link)).toEqual(['PING']);
    clock.advance(1_000);
    expect(link.sent).toHaveLength(1);
    pong(link);
    clock.advance(60_000);
    expect(said(link)).toEqual([]);
    expect(clock.armed).toBe(0);
  });

  it('a PONG confirms what was sent before its PING and nothing later; one not asked for confirms nothing', () => {
    const link = connected();
    ask(link, 1);
    clock.advance(1_000);
    const ping = link.take().at(-1)!.slice(1);
    ask(link, 2);
    const forged = ping.slice();
    forged[7] = 2;
    handlers.confirmed(link, forged);
    handlers.confirmed(link, new Uint8Array(8));
    handlers.confirmed(link, new Uint8Array(3));
    expect(handlers.held.remembered).toBe(2);
    handlers.confirmed(link, ping);
    expect(handlers.held).toMatchObject({ remembered: 1, answerBytes: 10 });
    handlers.closed(link);
    const next = connected();
    ask(next, 1);
    ask(next, 2);
    expect(said(next)).toEqual(['1: ANSWER_LOST', '2: 2']);
  });

  it('an answer sent again elsewhere is confirmed there', () => {
    const [first, second] = [connected(), connected()];
    ask(first, 1);
    clock.advance(1_000);
    ask(second, 1);
    pong(first);
    expect(handlers.held.remembered).toBe(1);
    clock.advance(1_000);
    pong(second);
    expect(handlers.held.remembered).toBe(0);
  });

  it('an answer that waits for room on one session is dropped there once it has arrived on another', () => {
    const [first, second] = [connected(), connected()];
    second.room = 0;
    ask(first, 1);
    ask(second, 1);
    expect(handlers.owed(second)).toBe(1);
    clock.advance(1_000);
    pong(first);
    expect([handlers.owed(second), handlers.held.remembered]).toEqual([0, 0]);
  });

  it('does not wait for the second when many answers, or long ones, are not confirmed', () => {
    const link = connected();
    for (let id = 1; id <= 1_024; id++) ask(link, id);
    expect(said(link).filter((what) => what === 'PING')).toHaveLength(1);
    ask(link, 2_000, 'x'.repeat(600_000));
    expect(said(link).at(-1)).toBe('PING');
  });
});

describe('limits', () => {
  it('requests in progress, of one peer and of all: BUSY, which is not remembered', async () => {
    renew({ inProgressPerPeer: 2, inProgress: 4 });
    const [one, other] = [connected(), connected({ peer: peerOf(4) })];
    for (const id of [1, 2, 3]) ask(one, id, '', 'later');
    for (const id of [1, 2]) ask(other, id, '', 'later');
    expect([said(one), said(other)]).toEqual([['3: BUSY'], ['2: BUSY']]);
    waiting[0]!.answer('done');
    await settled();
    ask(one, 3, 'now');
    expect(said(one)).toEqual(['1: done', '3: now']);
  });

  it('requests in progress: of what all may have, each peer may have as much as is left', async () => {
    renew({ inProgress: 8 });
    const taken = (link: FakeLink): number => {
      for (let id = 1; id <= 9; id++) ask(link, id, '', 'later');
      return 9 - said(link).length;
    };
    const links = [3, 4, 5, 6, 7].map((byte) => connected({ peer: peerOf(byte) }));
    expect(links.map(taken)).toEqual([4, 2, 1, 1, 0]);
    for (const { answer } of waiting) answer('done');
    await settled();
    ask(links[4], 9, 'now');
    expect(said(links[4])).toEqual(['9: now']);
  });

  it('payloads of requests in progress: the same, and the first is taken however long', async () => {
    renew({ payloadBytes: 80 });
    const [one, other] = [connected(), connected({ peer: peerOf(4) })];
    ask(one, 1, 'x'.repeat(100), 'later');
    ask(other, 1, 'x', 'later');
    ask(other, 2, '', 'later');
    expect([said(one), said(other)]).toEqual([[], ['1: BUSY']]);
    waiting[0]!.answer('done');
    await settled();
    for (let id = 2; id <= 9; id++) ask(one, id, 'x'.repeat(10), 'later');
    for (let id = 3; id <= 9; id++) ask(other, id, 'x'.repeat(10), 'later');
    expect(said(one)).toEqual(['1: done', '6: BUSY', '7: BUSY', '8: BUSY', '9: BUSY']);
    expect(said(other)).toEqual(['5: BUSY', '6: BUSY', '7: BUSY', '8: BUSY', '9: BUSY']);
    expect(handlers.held.payloadBytes).toBe(60);
  });

  it('requests remembered, of one peer and of all: BUSY until some are confirmed', () => {
    renew({ rememberedPerPeer: 2, remembered: 3 });
    const [one, other] = [connected(), connected({ peer: peerOf(4) })];
    for (const id of [1, 2, 3]) ask(one, id);
    for (const id of [1, 2]) ask(other, id);
    expect([said(one), said(other)]).toEqual([
      ['1: 1', '2: 2', '3: BUSY'],
      ['1: 1', '2: BUSY'],
    ]);
    clock.advance(1_000);
    pong(one);
    ask(one, 3);
    ask(other, 2);
    expect([said(one), said(other).slice(-1)]).toEqual([['3: 3'], ['2: 2']]);
  });

  it('bytes of answers of one peer: the oldest go, and are ANSWER_LOST; the newest stays, however long', () => {
    renew({ answerBytesPerPeer: 40 });
    const link = connected();
    for (const id of [1, 2, 3, 4]) ask(link, id, `${id}xxxx`);
    expect(handlers.held.answerBytes).toBeLessThanOrEqual(40);
    ask(link, 5, 'y'.repeat(100));
    link.take();
    handlers.closed(link);
    const next = connected();
    for (const id of [4, 5]) ask(next, id, '');
    expect(said(next)).toEqual(['4: ANSWER_LOST', `5: ${'y'.repeat(100)}`]);
    expect(ran).toHaveLength(5);
  });

  it('an answer that had to go before it was sent is ANSWER_LOST at once', () => {
    renew({ answerBytesPerPeer: 40 });
    const link = connected();
    link.room = 0;
    ask(link, 1, 'x'.repeat(20));
    link.room = 1;
    ask(link, 2, 'x'.repeat(20));
    expect(said(link)).toEqual(['1: ANSWER_LOST']);
    handlers.drained(link);
    expect(said(link)).toEqual([`2: ${'x'.repeat(20)}`]);
    expect(handlers.owed(link)).toBe(0);
  });

  it('bytes of all: answers of peers that have left go first', () => {
    renew({ answerBytes: 100 });
    const gone = connected({ peer: peerOf(4) });
    ask(gone, 1, 'x'.repeat(50));
    handlers.closed(gone);
    const link = connected();
    ask(link, 1, 'y'.repeat(50));
    expect(handlers.held.answerBytes).toBe(59);
    ask(link, 2, 'z'.repeat(50));
    expect(handlers.held.answerBytes).toBe(59);
    const back = connected({ peer: peerOf(4) });
    ask(back, 1);
    expect(said(back)).toEqual(['1: ANSWER_LOST']);
    expect(ran).toHaveLength(3);
  });

  it('a full link is sent the answers, in order, when it has room', async () => {
    const link = connected();
    link.room = 1;
    for (const id of [1, 2, 3]) ask(link, id);
    expect([said(link), handlers.owed(link)]).toEqual([['1: 1'], 2]);
    handlers.drained(link);
    expect([said(link), handlers.owed(link)]).toEqual([['2: 2'], 1]);
    link.room = 0;
    clock.advance(10_000);
    expect([handlers.owed(link), handlers.held.remembered]).toEqual([0, 0]);
  });

  it('peers that have left: one with nothing remembered is forgotten first, then the one that left first', () => {
    renew({ departedPeers: 2 });
    const leave = (byte: number, text?: string) => {
      const link = connected({ peer: peerOf(byte) });
      if (text) ask(link, 1, text);
      handlers.closed(link);
    };
    leave(10, 'a');
    leave(11);
    leave(12, 'c');
    expect(handlers.held.peers).toBe(2);
    leave(10, 'a');
    expect(ran).toEqual(['a', 'c']);
    leave(13, 'd');
    leave(14, 'e');
    // The figure that the document gives: beyond so many peers the one that left first is a stranger again.
    leave(10, 'a');
    expect(ran).toEqual(['a', 'c', 'd', 'e', 'a']);
    expect(handlers.held.peers).toBe(2);
  });

  it('a peer that has come back is not among those that have left', () => {
    renew({ departedPeers: 1 });
    handlers.closed(connected());
    const link = connected();
    ask(link, 1);
    for (const byte of [10, 11, 12]) handlers.closed(connected({ peer: peerOf(byte) }));
    ask(link, 1);
    expect(said(link)).toEqual(['1: 1', '1: 1']);
    expect(handlers.held.peers).toBe(2);
  });

  it('a peer that does not come back is forgotten after the longest deadline and two minutes', () => {
    const leave = (byte: number) => handlers.closed(connected({ peer: peerOf(byte) }));
    leave(10);
    clock.advance(719_999);
    leave(11);
    expect(handlers.held.peers).toBe(2);
    clock.advance(1);
    leave(12);
    expect(handlers.held.peers).toBe(2);
  });

  it('handlers of a peer that is forgotten go on counting until they end', async () => {
    renew({ departedPeers: 0, inProgressPerPeer: 1 });
    const link = connected();
    ask(link, 1, '', 'later');
    handlers.closed(link);
    expect(waiting[0]!.message.signal.aborted).toBe(true);
    const back = connected();
    ask(back, 2);
    expect(said(back)).toEqual(['2: BUSY']);
    handlers.closed(back);
    waiting[0]!.answer();
    await settled();
    expect(handlers.held).toEqual({ peers: 0, running: 0, payloadBytes: 0, remembered: 0, answerBytes: 0 });
  });
});

describe('the end', () => {
  it('forget aborts what runs for the peer and drops its answers; its ids stay taken', async () => {
    const link = connected();
    ask(link, 1);
    ask(link, 2, '', 'later');
    link.take();
    handlers.forget(PEER.id);
    expect(waiting[0]!.message.signal.reason).toMatchObject({ code: 'HF_BANNED' });
    expect([handlers.owed(link), handlers.held.remembered, handlers.held.answerBytes]).toEqual([0, 0, 0]);
    waiting[0]!.answer('late');
    await settled();
    ask(link, 1);
    expect(said(link)).toEqual(['1: ANSWER_LOST']);
    handlers.forget('nobody');
  });

  it('close aborts all and leaves nothing; a handler may call it', async () => {
    const link = connected();
    ask(link, 1);
    ask(link, 2, '', 'later');
    handlers.handle('stop', () => {
      handlers.close();
      return undefined;
    });
    link.take();
    ask(link, 3, '', 'stop');
    expect(waiting[0]!.message.signal.reason).toMatchObject({ code: 'HF_CLOSED' });
    waiting[0]!.answer('late');
    await settled();
    ask(link, 4);
    handlers.closed(link);
    handlers.opened(new FakeLink(PEER));
    expect(said(link)).toEqual([]);
    expect(handlers.held).toEqual({ peers: 0, running: 0, payloadBytes: 0, remembered: 0, answerBytes: 0 });
    expect(clock.armed).toBe(0);
  });
});
