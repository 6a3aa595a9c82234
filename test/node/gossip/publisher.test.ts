import { describe, expect, it } from 'vitest';
import { Identity } from '../../../src/core/identity.ts';
import { gossipLimits } from '../../../src/node/gossip/limits.ts';
import { Publisher } from '../../../src/node/gossip/publisher.ts';
import { readBroadcast, signedPrefix } from '../../../src/protocols/handfast/envelope.ts';
import { toHex } from '../../support/bytes.ts';
import { HandClock } from '../../support/clock.ts';
import { cores, pure } from '../../support/cores.ts';
import { NETWORK, seedOf } from '../../support/gossip.ts';
import { cat, envelope, tagOf, text } from '../../support/reference.ts';

const SEED = seedOf('publisher');
const prefix = signedPrefix(tagOf(NETWORK));
const turn = () => new Promise((resolve) => setImmediate(resolve));

function made(core = pure, limits = {}, identity = Identity.fromSeed(SEED, { core })) {
  const clock = new HandClock();
  return { clock, publisher: new Publisher({ clock, core, identity, prefix, limits: gossipLimits(core, limits) }) };
}

const sequenceOf = (whole: Uint8Array) => new DataView(whole.buffer, whole.byteOffset + 37 + 32).getBigUint64(0);

describe.each(cores.map((core) => [core.name, core] as const))('own messages, %s core', (_name, core) => {
  it('are what the second implementation builds, numbered from a random number on', async () => {
    const { clock, publisher } = made(core);
    const first = await publisher.build('news', text('one'));
    clock.advance(5);
    const second = await publisher.build('news', text('two'));
    expect(sequenceOf(second.whole)).toBe((sequenceOf(first.whole) + 1n) % 2n ** 64n);
    const expected = envelope(SEED, NETWORK, sequenceOf(second.whole), BigInt(clock.now()), 'news', text('two'));
    expect(toHex(second.whole)).toBe(toHex(cat(expected.message, expected.signature)));
    expect(toHex(second.digest.slice(0, 32))).toBe(toHex(expected.id));
    expect(sequenceOf((await made(core).publisher.build('news', text('x'))).whole)).not.toBe(sequenceOf(first.whole));
  });

  it('can be signed elsewhere, and a bad signature does not go out', async () => {
    const { secretKey, publicKey } = core.ed25519.keyPair(SEED);
    let sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array> = async (message) => core.ed25519.sign(message, secretKey);
    const { publisher } = made(core, {}, Identity.from({ publicKey, sign: (message) => sign(message) }, { core }));
    const { whole } = await publisher.build('news', text('x'));
    expect(readBroadcast(whole.subarray(36))).toBeDefined();
    for (const odd of [() => new Uint8Array(64), () => new Uint8Array(63), () => 'x' as never]) {
      sign = odd;
      await expect(publisher.build('news', text('x'))).rejects.toMatchObject({ code: 'HF_INTERNAL' });
    }
    sign = () => Promise.reject(new Error('out of reach'));
    await expect(publisher.build('news', text('x'))).rejects.toThrow('out of reach');
  });
});

describe('own messages', () => {
  it('are refused when they are none', async () => {
    const { publisher } = made(pure, { payloadBytes: 10 });
    for (const [topic, payload] of [
      ['', text('x')],
      ['t'.repeat(256), text('x')],
      [1, text('x')],
      ['t', 'x'],
      ['t', new Uint8Array(11)],
    ])
      await expect(publisher.build(topic as string, payload as Uint8Array)).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    expect((await publisher.build('t', new Uint8Array(10))).whole).toHaveLength(37 + 54 - 1 + 1 + 10 + 64);
  });

  it('wait once half a second of them has gone out at once, and go in order', async () => {
    const { clock, publisher } = made(pure, { publishedPerSecond: 20 });
    const gone: number[] = [];
    for (let i = 0; i < 25; i++) void publisher.build('t', text(`${i}`)).then(() => gone.push(i));
    await turn();
    expect(gone).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    clock.advance(500);
    await turn();
    expect(gone).toHaveLength(20);
    clock.advance(250);
    await turn();
    expect(gone).toEqual(Array.from({ length: 25 }, (_, i) => i));
    expect(clock.armed).toBe(0);
  });

  it('are refused when too many wait, and when gossip ends', async () => {
    const { clock, publisher } = made(pure, { publishedPerSecond: 2, publishing: 2 });
    await publisher.build('t', text('x'));
    const waiting = [publisher.build('t', text('x')), publisher.build('t', text('x'))];
    await expect(publisher.build('t', text('x'))).rejects.toMatchObject({ code: 'HF_BUSY', blame: 'caller' });
    const ended = Promise.allSettled(waiting);
    const why = Object.assign(new Error('over'), { code: 'HF_CLOSED' });
    publisher.close(why as never);
    expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(publisher.build('t', text('x'))).rejects.toBe(why);
    expect(clock.armed).toBe(0);
  });

  it('keep the payload as it was when they were given', async () => {
    const { clock, publisher } = made(pure, { publishedPerSecond: 1 });
    await publisher.build('t', text('first'));
    const payload = text('second');
    const built = publisher.build('t', payload);
    payload.fill(0);
    clock.advance(1000);
    const { whole } = await built;
    expect(Buffer.from(whole).toString('latin1')).toContain('second');
  });
});
