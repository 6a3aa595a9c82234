/** The channels of handshakes and sessions: what is told, in which order, and that nothing is made where nobody listens. */
import { channel } from 'node:diagnostics_channel';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Carrier } from '../../src/transport/carrier.ts';
import { tellHandshakeStart } from '../../src/transport/diagnostics.ts';
import { listenTo } from '../support/channels.ts';
import { Story, type StoryOptions } from '../support/pair.ts';
import { type ToyCore, toy, toyCore } from '../support/toy.ts';

const HANDSHAKE = ['handshake:start', 'handshake:end', 'handshake:error'];
const SESSION = ['session:open', 'session:close'];

let core: ToyCore;
let story: Story;

beforeEach(() => {
  core = toyCore();
  return () => story.finish();
});

const begin = async (listen: StoryOptions['listen'] = {}): Promise<void> => {
  story = await Story.begin({ protocol: toy, core, listen: listen! });
};

describe('a handshake and its session', () => {
  it('are told of by both sides, each with one subject from start to end', async () => {
    await begin();
    const told = listenTo(...HANDSHAKE, ...SESSION);
    const [dialled, accepted] = await story.sessions({ name: 'ann' }, { remote: { address: '10.0.0.9', port: 5 } });
    for (const [role, peer, session] of [
      ['initiator', 'responder', dialled],
      ['responder', 'ann', accepted],
    ] as const) {
      const subject = told.find(({ message }) => (message.handshake as { role: string } | undefined)?.role === role)!.message.handshake;
      const own = told.filter(({ message }) => message.handshake === subject || message.session === session);
      expect(own.map((each) => each.channel)).toEqual(['handshake:start', 'handshake:end', 'session:open']);
      expect(subject).toMatchObject({ protocol: 'toy', role });
      expect(own[1].message).toMatchObject({ peer: { id: peer }, info: { toy: true }, durationMs: expect.any(Number) });
    }
    expect(told.some(({ message }) => (message.handshake as { address?: string } | undefined)?.address === '10.0.0.9:5')).toBe(true);
    void dialled.close();
    await story.settle();
    const closed = told.filter((each) => each.channel === 'session:close').map((each) => each.message);
    expect(new Set(closed.map(({ session }) => session))).toEqual(new Set([dialled, accepted]));
    expect(closed.map(({ error }) => error)).toEqual([undefined, undefined]);
  });

  it('that fail are told of with the error, and have no end', async () => {
    await begin({ allow: ['bob'] });
    const told = listenTo(...HANDSHAKE, ...SESSION);
    const dialled = story.dial({ name: 'ann' });
    await story.settle();
    await expect(dialled).rejects.toMatchObject({ code: 'HF_UNKNOWN_NODE' });
    expect(told.map((each) => each.channel)).toEqual(['handshake:start', 'handshake:start', 'handshake:error', 'handshake:error']);
    expect(told.slice(2).map(({ message }) => message.error)).toEqual([
      expect.objectContaining({ code: 'HF_UNKNOWN_NODE' }),
      expect.objectContaining({ code: 'HF_UNKNOWN_NODE' }),
    ]);
  });

  it('lasted as long as the clock says', async () => {
    await begin();
    const told = listenTo('handshake:error');
    story.wire();
    story.clock.advance(1_250);
    void story.server.close({ drainMs: 0 });
    await story.settle();
    expect(told.map(({ message }) => message.durationMs)).toEqual([1_250]);
  });

  it('refused before it began is told of too', async () => {
    await begin({ limits: { handshakesPerSecond: 1, handshakeBurst: 1 } });
    const told = listenTo(...HANDSHAKE);
    for (let i = 0; i < 2; i++) story.wire({ remote: { address: '10.0.0.9', port: 5 } });
    await story.settle();
    const failed = told.filter((each) => each.channel === 'handshake:error');
    expect(failed.map(({ message }) => (message.error as { code: string }).code)).toEqual(['HF_RATE_LIMITED']);
  });

  it('refused before their carrier stood are told of, though nothing is said to them', async () => {
    await begin({ limits: { handshakesPerSecond: 1, handshakeBurst: 1 } });
    const told = listenTo(...HANDSHAKE);
    story.wire({ remote: { address: '10.0.0.9', port: 5 } });
    let destroyed = false;
    const setUpFirst: Carrier = {
      remote: { address: '10.0.0.9', port: 6 },
      standing: false,
      congested: false,
      attach() {},
      write: () => true,
      pause() {},
      resume() {},
      end() {},
      destroy: () => {
        destroyed = true;
      },
    };
    story.server.accept(setUpFirst);
    expect(destroyed).toBe(true);
    expect(told.at(-1)).toMatchObject({
      channel: 'handshake:error',
      message: { handshake: { role: 'responder', address: '10.0.0.9:6' }, durationMs: 0, error: { code: 'HF_RATE_LIMITED' } },
    });
  });

  it('that was cut says why', async () => {
    await begin();
    const told = listenTo('session:close');
    const [dialled] = await story.sessions();
    dialled.destroy(new Error('enough'));
    await story.settle();
    expect(told.find(({ message }) => message.session === dialled)!.message.error).toMatchObject({ message: 'enough' });
  });

  it('that began while nobody listened ends untold', async () => {
    await begin();
    story.wire();
    const told = listenTo(...HANDSHAKE);
    void story.server.close({ drainMs: 0 });
    await story.settle();
    expect(story.errors.map(({ code }) => code)).toEqual(['HF_SHUTTING_DOWN']);
    expect(told).toEqual([]);
  });
});

describe('messages of a session', () => {
  it('are counted both ways, with the bytes of their payloads', async () => {
    await begin();
    const [dialled, accepted] = await story.sessions();
    for (const size of [1, 20, 300]) void dialled.send(new Uint8Array(size));
    await story.settle();
    expect([dialled.sent, accepted.received]).toEqual([
      { messages: 3, bytes: 321 },
      { messages: 3, bytes: 321 },
    ]);
    expect([dialled.received, accepted.sent]).toEqual([
      { messages: 0, bytes: 0 },
      { messages: 0, bytes: 0 },
    ]);
    for await (const batch of accepted.batches()) if (batch.count > 0) break;
    expect(accepted.received).toEqual({ messages: 3, bytes: 321 });
  });

  it('that could not be sent are not counted', async () => {
    await begin();
    const [dialled] = await story.sessions();
    await dialled.send(new Uint8Array(2 ** 24)).catch(() => {});
    expect(dialled.sent.messages).toBe(0);
  });
});

it('nothing is made where nobody listens: not even the address is asked for', async () => {
  await begin();
  for (const name of [...HANDSHAKE, ...SESSION]) expect(channel(`handfast:${name}`).hasSubscribers).toBe(false);
  const address = (): string => {
    throw new Error('asked');
  };
  expect(tellHandshakeStart('toy', 'initiator', address)).toBeUndefined();
});
