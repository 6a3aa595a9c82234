/** handfast/1 through the driver, in memory, on every core there is. */
import { beforeAll, describe, expect, it } from 'vitest';
import { Identity } from '../../src/core/identity.ts';
import type { HandfastError } from '../../src/errors.ts';
import type { HandshakeStep } from '../../src/transport/handshake.ts';
import { cores } from '../support/cores.ts';
import { readAll, Story } from '../support/pair.ts';

describe.each(cores.map((core) => [core.name, core] as const))('handfast/1 on the %s core', (_name, core) => {
  let ann: Identity;
  let bob: Identity;
  beforeAll(() => {
    ann = Identity.generate({ core });
    bob = Identity.generate({ core });
    return () => {
      ann.wipe();
      bob.wipe();
    };
  });

  /** Runs one story and looks whether anything is left of it. */
  async function told(options: { listen?: object; dial?: object }, tell: (story: Story) => Promise<void>): Promise<void> {
    const before = { live: core.guarded.live, leased: core.slabs.leased };
    const network = 'demo';
    const story = await Story.begin({
      protocol: 'handfast',
      core,
      listen: { identity: bob, network, ...options.listen },
      dial: { identity: ann, network, ...options.dial },
    });
    await tell(story);
    await story.finish();
    expect({ live: core.guarded.live, leased: core.slabs.leased }).toEqual(before);
    expect(story.clock.armed).toBe(0);
    expect(story.server.load).toEqual({ halfOpen: 0, lingering: 0, heldBytes: 0 });
  }

  const cut = (bytes: Uint8Array) => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));

  it('opens, with the same binding on both sides', () =>
    told({}, async (story) => {
      const steps: HandshakeStep[] = [];
      const [ours, theirs] = await story.sessions({ peer: bob.id, onStep: (step: HandshakeStep) => steps.push(step) });
      expect([ours.peer.id, theirs.peer.id]).toEqual([bob.id, ann.id]);
      expect(ours.binding).toEqual(theirs.binding);
      expect(steps.length).toBeGreaterThan(2);
    }));

  it('gives back the room it took once the session has opened, on both sides', () => {
    const rooms: string[] = [];
    const room = (whose: string) => () => {
      rooms.push(`${whose} taken`);
      return () => void rooms.push(`${whose} given back`);
    };
    return told({ listen: { room: room('listener') } }, async (story) => {
      await story.sessions({ room: room('dialler') });
      expect(rooms.sort()).toEqual(['dialler given back', 'dialler taken', 'listener given back', 'listener taken']);
    });
  });

  it('carries messages both ways when every byte comes alone', () =>
    told({}, async (story) => {
      const [ours, theirs] = await story.sessions({}, { cut });
      const replies = readAll(ours);
      void (async () => {
        for await (const message of theirs) void theirs.send(Buffer.from(message.text().toUpperCase()));
      })();
      for (const text of ['a', '', 'abc'.repeat(100)]) void ours.send(Buffer.from(text));
      void ours.close();
      await story.settle();
      expect(await replies).toEqual(['A', '', 'ABC'.repeat(100)]);
      expect([ours.error, theirs.error]).toEqual([undefined, undefined]);
    }));

  it.each([
    ['another network', { network: 'other' }, {}, 'HF_WRONG_NETWORK'],
    ['another peer than named', { peer: '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5' }, {}, 'HF_UNEXPECTED_PEER'],
    ['not on the list', {}, { allow: [] }, 'HF_UNKNOWN_NODE'],
    ['too many', {}, { limits: { sessions: 0 } }, 'HF_TOO_MANY_CONNECTIONS'],
    ['at the door', {}, { limits: { halfOpen: 0, lingering: 8 } }, 'HF_TOO_MANY_CONNECTIONS'],
  ])('refuses: %s', (_what, dial, listen, code) =>
    told({ dial, listen }, async (story) => {
      const connected = story.dial();
      await story.settle();
      await expect(connected).rejects.toMatchObject({ code });
      expect(story.errors.map((error) => error.code)).toEqual([code]);
    }),
  );

  it('a side that goes silent is late after 30 s', () =>
    told({}, async (story) => {
      const connected = story.dial({}, { cut: () => [] });
      await story.settle();
      await story.pass(29_999);
      expect(story.errors).toEqual([]);
      await story.pass(1);
      await expect(connected).rejects.toMatchObject({ code: 'HF_HANDSHAKE_TIMEOUT' });
      expect(story.errors).toMatchObject([{ code: 'HF_HANDSHAKE_TIMEOUT' }]);
    }));

  it('silent sessions ping, and end when nothing comes back', () =>
    told({}, async (story) => {
      const [ours, theirs] = await story.sessions();
      for (let minute = 0; minute < 5; minute++) await story.pass(60_000);
      expect([ours.error, theirs.error]).toEqual([undefined, undefined]);
      story.clock.advance(90_000);
      expect((ours.error as HandfastError).code).toBe('HF_PING_TIMEOUT');
      await story.settle();
    }));

  it.each([
    ['ahead', 3_600_000],
    ['back', -3_600_000],
  ])('a clock that is set %s by an hour ends no session and spares no silent one', (_way, ms) =>
    told({}, async (story) => {
      const [ours, theirs] = await story.sessions();
      story.clock.set(ms);
      await story.pass(60_000);
      expect([ours.error, theirs.error]).toEqual([undefined, undefined]);
      story.clock.advance(90_000);
      expect((ours.error as HandfastError).code).toBe('HF_PING_TIMEOUT');
      await story.settle();
    }),
  );

  it('a clock that is set back does not make a silent handshake wait longer', () =>
    told({}, async (story) => {
      const connected = story.dial({}, { cut: () => [] });
      await story.settle();
      story.clock.set(-3_600_000);
      await story.pass(30_000);
      await expect(connected).rejects.toMatchObject({ code: 'HF_HANDSHAKE_TIMEOUT' });
      expect(story.errors).toMatchObject([{ code: 'HF_HANDSHAKE_TIMEOUT' }]);
    }));

  it('a large message and 10,000 small ones arrive whole', () =>
    told({}, async (story) => {
      const [ours, theirs] = await story.sessions();
      const large = new Uint8Array(1024 * 1024).map((_, i) => i);
      void ours.send(large);
      const count = core.name === 'native' ? 10_000 : 500;
      for (let i = 0; i < count; i++) void ours.send(Buffer.from(`message ${i}`));
      void ours.close();
      let n = -1;
      const reading = (async () => {
        for await (const message of theirs) {
          if (n < 0) expect(Buffer.from(message.bytes).equals(large)).toBe(true);
          else if (message.text() !== `message ${n}`) throw new Error(`${message.text()} instead of message ${n}`);
          n++;
        }
      })();
      let read = false;
      void reading.finally(() => {
        read = true;
      });
      while (!read) await story.settle();
      await reading;
      expect(n).toBe(count);
      expect([ours.error, theirs.error]).toEqual([undefined, undefined]);
    }));
});
