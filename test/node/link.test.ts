import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { core } from '../../src/core/pure.ts';
import { HandfastError } from '../../src/errors.ts';
import { NodeLink, type NodeLinkOptions, sharedRecord } from '../../src/node/link.ts';
import { Kind } from '../../src/protocols/handfast/format.ts';
import { Story } from '../support/pair.ts';

const BOOT = new Uint8Array(16).fill(9);
const QUEUE_BYTES = 1024 * 1024;

/** One end of a session as a link, and what it was told. */
class End {
  readonly link: NodeLink;
  readonly told: string[] = [];
  /** Awaited by `received`, when set. */
  busy: Promise<void> | undefined;

  constructor(options: Pick<NodeLinkOptions, 'session' | 'clock' | 'direction'>) {
    this.link = new NodeLink({
      ...options,
      address: 'x:1',
      queueBytes: QUEUE_BYTES,
      received: (_link, kind, body) => {
        this.told.push(`${kind} ${body.length <= 8 ? Buffer.from(body).toString('hex') : body.length}`);
        if (body[0] === 0xff) throw new Error('a fault of ours');
        return this.busy;
      },
      drained: () => this.told.push('drained'),
      peerDone: () => this.told.push('peer done'),
      closed: (_link, error) => this.told.push(`closed ${error?.code ?? 'well'}${error?.remote ? ` ${error.remote}` : ''}`),
    });
    this.link.start();
  }

  taken(): string[] {
    return this.told.splice(0);
  }
}

describe('a link', () => {
  let story: Story;
  let ours: End;
  let theirs: End;

  beforeEach(async () => {
    const identities = await import('../../src/core/identity.ts').then(({ Identity }) => [
      Identity.generate({ core }),
      Identity.generate({ core }),
    ]);
    const common = { network: 'demo', node: true, bootId: BOOT };
    story = await Story.begin({
      core,
      protocol: 'handfast',
      dial: { ...common, identity: identities[0] },
      listen: { ...common, identity: identities[1] },
    });
    const [dialled, accepted] = await story.sessions();
    ours = new End({ session: dialled, clock: story.clock, direction: 'outbound' });
    theirs = new End({ session: accepted, clock: story.clock, direction: 'inbound' });
    for (const identity of identities) identity.wipe();
  });

  afterEach(async () => {
    await story.finish();
    expect(story.clock.armed).toBe(0);
    expect(core.slabs.leased).toBe(0);
    expect(core.guarded.live).toBe(0);
  });

  it('says who is there', () => {
    expect(ours.link).toMatchObject({ node: true, bootId: '09'.repeat(16), direction: 'outbound', address: 'x:1', open: true });
    expect(ours.link.timestampSum).toBe(theirs.link.timestampSum);
    expect(ours.link.largestBody).toBe(1_049_600 - 17);
  });

  it('of a session that was over before it was told takes nothing, and calls nothing too long', async () => {
    story.pairs[0].reset();
    await story.settle();
    const late = new End({ session: story.dialled[0], clock: story.clock, direction: 'outbound' });
    expect([late.link.open, late.link.sendShared(sharedRecord(Kind.direct, [])), late.link.largestBody > 1_000_000]).toEqual([
      false,
      false,
      true,
    ]);
    await story.settle();
    expect(late.taken()).toEqual(['closed HF_TRUNCATED']);
  });

  it('carries records: parts joined and copied at once, or shared as they are', async () => {
    const part = Uint8Array.of(1, 2);
    expect(ours.link.send(Kind.direct, [part, Uint8Array.of(3)])).toBe(true);
    part.fill(0);
    expect(ours.link.send(Kind.data, [])).toBe(true);
    expect(ours.link.sendShared(sharedRecord(Kind.ihave, [new Uint8Array(32)]))).toBe(true);
    await story.settle();
    expect(theirs.taken()).toEqual(['1 010203', '10 ', '8 32']);
  });

  it('a small record of the same turn overtakes large ones, and a PING overtakes nothing', async () => {
    for (let i = 0; i < 4; i++) ours.link.send(Kind.response, [new Uint8Array(200_000).fill(1)]);
    ours.link.send(Kind.ping, [new Uint8Array(8)]);
    ours.link.send(Kind.data, [Uint8Array.of(7)]);
    await story.settle();
    // The PING is answered by the other side's traffic; its PONG comes back.
    expect(theirs.taken()).toEqual(['2 200000', '2 200000', '2 200000', '2 200000', '10 07']);
    expect(ours.taken()).toEqual(['6 0000000000000000']);
    for (let i = 0; i < 4; i++) ours.link.send(Kind.response, [new Uint8Array(200_000).fill(1)]);
    ours.link.send(Kind.data, [Uint8Array.of(7)]);
    await story.settle();
    expect(theirs.taken()[0]).toBe('10 07');
  });

  it('hands the session 256 KiB ahead at most, so that what is queued later can still overtake', async () => {
    for (let i = 0; i < 9; i++) ours.link.send(Kind.response, [new Uint8Array(100_000).fill(1)]);
    // Handed over, and nothing has moved yet.
    await new Promise((resolve) => setImmediate(resolve));
    ours.link.send(Kind.data, [Uint8Array.of(7)]);
    await story.settle();
    const told = theirs.taken();
    expect(told.length).toBe(10);
    expect(told.indexOf('10 07')).toBeLessThanOrEqual(3);
  });

  it('says false when its queue is full, and tells once when it is half empty', async () => {
    const record = new Uint8Array(100_000).fill(1);
    let taken = 0;
    while (ours.link.send(Kind.data, [record])) taken++;
    expect(taken).toBe(10);
    expect(ours.link.sendShared(new Uint8Array(100_001))).toBe(false);
    expect(ours.link.send(Kind.data, [])).toBe(true);
    await story.settle();
    expect(ours.taken()).toEqual(['drained']);
    expect(theirs.taken().length).toBe(11);
    expect(ours.link.pendingBytes).toBe(0);
  });

  it('takes no body that is larger than the other side accepts', async () => {
    expect(ours.link.send(Kind.data, [new Uint8Array(1_049_600 - 16)])).toBe(false);
    expect(ours.link.send(Kind.data, [new Uint8Array(1_049_600 - 17).fill(1)])).toBe(true);
    await story.settle();
    expect(theirs.taken()).toEqual(['10 1049583']);
  });

  it('measures the way, and keeps the PONG to itself', async () => {
    ours.link.measure();
    // One at a time.
    ours.link.measure();
    await new Promise((resolve) => setImmediate(resolve));
    story.clock.advance(5);
    await story.settle();
    expect(ours.link.latencyMs).toBe(5);
    expect([ours.taken(), theirs.taken()]).toEqual([[], []]);
    ours.link.measure();
    await story.settle();
    expect(ours.link.latencyMs).toBe(0);
  });

  it('whoever is busy with a record is given no other', async () => {
    let done: () => void = () => {};
    theirs.busy = new Promise((resolve) => (done = resolve));
    for (let i = 1; i <= 3; i++) ours.link.send(Kind.data, [Uint8Array.of(i)]);
    await story.settle();
    expect(theirs.taken()).toEqual(['10 01']);
    theirs.busy = undefined;
    done();
    await story.settle();
    expect(theirs.taken()).toEqual(['10 02', '10 03']);
  });

  it('who is busy for ever does not keep a session that is gone', async () => {
    let done: () => void = () => {};
    theirs.busy = new Promise((resolve) => (done = resolve));
    ours.link.send(Kind.data, [Uint8Array.of(1)]);
    await story.settle();
    story.pairs[0].reset();
    await story.settle();
    expect(theirs.taken()).toEqual(['10 01', 'closed HF_TRUNCATED']);
    // The message is still held: its reader has not moved on.
    expect(core.slabs.leased).toBe(1);
    done();
    await story.settle();
    expect(theirs.taken()).toEqual([]);
  });

  it('fail: the other side is told why, what came behind is dropped, and the fault is told as what ended it', async () => {
    theirs.link.fail(new HandfastError('MALFORMED', 'as a test says'));
    theirs.link.fail(new HandfastError('OUT_OF_TURN', 'later'));
    expect(theirs.link.send(Kind.data, [])).toBe(false);
    ours.link.send(Kind.data, []);
    await story.settle();
    expect(theirs.taken()).toEqual(['closed HF_MALFORMED']);
    expect(ours.taken()).toEqual(['closed HF_MALFORMED proved']);
    expect(ours.link.session.error?.message).toContain('as a test says');
  });

  it('refuse: what has come already is still handed on', async () => {
    let done: () => void = () => {};
    theirs.busy = new Promise((resolve) => (done = resolve));
    for (let i = 1; i <= 3; i++) ours.link.send(Kind.data, [Uint8Array.of(i)]);
    await story.settle();
    theirs.link.refuse(new HandfastError('DUPLICATE_CONNECTION', 'another one'));
    theirs.busy = undefined;
    done();
    await story.settle();
    expect(theirs.taken()).toEqual(['10 01', '10 02', '10 03', 'closed HF_DUPLICATE_CONNECTION']);
    expect(ours.taken()).toEqual(['closed HF_DUPLICATE_CONNECTION proved']);
  });

  it('a fault of whoever takes the records ends the session, and nothing else', async () => {
    ours.link.send(Kind.data, [Uint8Array.of(0xff)]);
    await story.settle();
    expect(theirs.taken()).toEqual(['10 ff', 'closed HF_INTERNAL']);
    expect(ours.taken()).toEqual(['closed HF_INTERNAL proved']);
  });

  it('close: what waits is sent first; the other side may answer until it closes too', async () => {
    for (let i = 0; i < 5; i++) ours.link.send(Kind.data, [new Uint8Array(200_000)]);
    void ours.link.close({ code: 'SHUTTING_DOWN', reason: '' }, 5_000);
    expect(ours.link.send(Kind.data, [])).toBe(false);
    await story.settle();
    expect(theirs.taken()).toEqual([...Array(5).fill('10 200000'), 'peer done']);
    expect(theirs.link.send(Kind.response, [Uint8Array.of(1)])).toBe(true);
    await story.settle();
    expect(ours.taken()).toEqual(['2 01']);
    void theirs.link.close({ code: 'CLOSED', reason: '' }, 5_000);
    await story.settle();
    expect(ours.taken()).toEqual(['peer done', 'closed well']);
    expect(theirs.taken()).toEqual(['closed well']);
  });

  it('close does not wait longer than it was told for a side that does not read', async () => {
    for (const end of story.pairs[0].ends) end.pause();
    for (let i = 0; i < 5; i++) ours.link.send(Kind.data, [new Uint8Array(200_000)]);
    void ours.link.close({ code: 'SHUTTING_DOWN', reason: '' }, 5_000);
    await story.settle();
    story.clock.advance(4_999);
    await story.settle();
    expect(ours.taken()).toEqual([]);
    story.clock.advance(1);
    await story.settle();
    expect(ours.taken()).toEqual(['closed HF_TRUNCATED']);
  });

  it('a session that breaks: told once, after all that came', async () => {
    ours.link.send(Kind.data, [Uint8Array.of(1)]);
    await story.settle();
    story.pairs[0].reset();
    await story.settle();
    expect(theirs.taken()).toEqual(['10 01', 'closed HF_TRUNCATED']);
    expect(ours.link.send(Kind.data, [])).toBe(false);
  });
});
