import { beforeEach, describe, expect, it } from 'vitest';
import { BanList } from '../../../src/node/bans/bans.ts';
import { subjectOf } from '../../../src/node/bans/subject.ts';
import { peerIdOf } from '../../../src/wire/peer-id.ts';
import { HandClock } from '../../support/clock.ts';
import { codeOf } from '../../support/codes.ts';
import { Random, seedOfRun } from '../../support/random.ts';

const [A, B] = [1, 2].map((fill) => peerIdOf(new Uint8Array(32).fill(fill)));

let clock: HandClock;
let bans: BanList;
let told: string[];
beforeEach(async () => {
  clock = new HandClock();
  bans = await open();
});

async function open(most?: number): Promise<BanList> {
  const list = await BanList.open({ clock, most });
  told = [];
  list.on('ban', ({ subject }) => told.push(`+${subject}`));
  list.on('unban', ({ subject }) => told.push(`-${subject}`));
  return list;
}

const automatically = (list: BanList, text: string, ms: number): void => list.banAutomatically(subjectOf(text), ms, 'charged');

describe('a ban', () => {
  it('by id keeps that id out, and nobody else', () => {
    expect(bans.ban(A, { ms: 1_000, reason: 'noise' })).toEqual({
      subject: A,
      since: clock.now(),
      until: clock.now() + 1_000,
      reason: 'noise',
      automatic: false,
    });
    expect([bans.has(A), bans.has(B), bans.has('10.0.0.1')]).toEqual([true, false, false]);
  });

  it('by address counts for that address, however it is written', () => {
    bans.ban('::ffff:192.0.2.7');
    bans.ban('2001:db8:0::1');
    for (const text of ['192.0.2.7', '::ffff:c000:207', '192.0.2.7:99', '2001:DB8::1', '2001:db8::1%eth0', '[2001:db8::1]:99'])
      expect(bans.has(text), text).toBe(true);
    for (const text of ['192.0.2.8', '2001:db8::2', '::192.0.2.7', '', 'x', '192.0.2', '4', '6']) expect(bans.has(text), text).toBe(false);
  });

  it('by block counts for all in it, beside other blocks of other sizes', () => {
    for (const block of ['10.0.0.0/8', '10.1.0.0/16', '192.0.2.128/25', '2001:db8::/32', '2001:db8:1::/48']) bans.ban(block);
    for (const text of ['10.255.0.1', '192.0.2.129', '::ffff:10.1.2.3', '2001:db8:ffff::1']) expect(bans.has(text), text).toBe(true);
    for (const text of ['11.0.0.1', '192.0.2.127', '2001:db9::1', '::10.0.0.1']) expect(bans.has(text), text).toBe(false);
    bans.unban('10.0.0.0/8');
    expect([bans.has('10.1.0.1'), bans.has('10.2.0.1')]).toEqual([true, false]);
  });

  it('ends when its time has come, and says so', () => {
    bans.ban(A, { ms: 1_000 });
    bans.ban('10.0.0.1', { ms: 3_000 });
    bans.ban(B);
    clock.advance(999);
    expect([bans.has(A), told.length]).toEqual([true, 3]);
    clock.advance(1);
    expect([bans.has(A), bans.list().map(({ subject }) => subject)]).toEqual([false, ['10.0.0.1', B]]);
    clock.advance(2_000);
    expect(told).toEqual([`+${A}`, '+10.0.0.1', `+${B}`, `-${A}`, '-10.0.0.1']);
    clock.advance(1e12);
    expect([bans.has(B), clock.armed]).toEqual([true, 0]);
  });

  it('lasts as long as it was meant to when the clock is set, and shows the time of day', () => {
    bans.ban(A, { ms: 10_000 });
    clock.set(3_600_000);
    expect(bans.list()[0].until).toBe(clock.now() + 10_000);
    clock.advance(9_999);
    expect(bans.has(A)).toBe(true);
    clock.set(-7_200_000);
    expect(bans.has(A)).toBe(true);
    clock.advance(1);
    expect([bans.has(A), told.at(-1)]).toEqual([false, `-${A}`]);
  });

  it('is over at its moment even when the timer is late, and not before it when the timer is early', async () => {
    const timers: (() => void)[] = [];
    const at = (_time: number, run: () => void): (() => void) => {
      timers.push(run);
      return () => {};
    };
    const list = await BanList.open({ clock: { now: () => clock.now(), precise: () => clock.precise(), at } });
    list.ban(A, { ms: 1_000 });
    clock.advance(1_000);
    expect([list.has(A), list.list(), list.unban(A)]).toEqual([false, [], false]);
    list.ban(B, { ms: 1_000 });
    for (const run of timers.splice(0)) run();
    expect([list.has(B), list.size, timers.length]).toEqual([true, 1, 1]);
  });

  it('is taken away by hand; of what is not banned, nothing is', () => {
    bans.ban('10.0.0.0/8');
    expect([bans.unban('10.0.0.1'), bans.unban('10.9.9.9/8'), bans.unban('10.0.0.0/8'), bans.size]).toEqual([false, true, false, 0]);
    expect(told).toEqual(['+10.0.0.0/8', '-10.0.0.0/8']);
  });

  it('by hand takes the place of the one there was; an automatic one never does', () => {
    automatically(bans, A, 1_000);
    bans.ban(A, { ms: 5_000 });
    automatically(bans, A, 300_000);
    clock.advance(1_001);
    automatically(bans, A, 300_000);
    expect(bans.list()).toMatchObject([{ subject: A, automatic: false, until: clock.now() + 3_999 }]);
    clock.advance(3_999);
    expect(bans.has(A)).toBe(false);
    automatically(bans, A, 1_000);
    automatically(bans, A, 9_000);
    clock.advance(1_000);
    expect(bans.has(A)).toBe(false);
  });

  it.each([
    ['of nobody', () => bans.ban('nobody')],
    ['for no time', () => bans.ban(A, { ms: 0 })],
    ['for a time that is none', () => bans.ban(A, { ms: Number.NaN })],
    ['for a reason without end', () => bans.ban(A, { reason: 'x'.repeat(201) })],
    ['that is taken from nobody', () => bans.unban('10.0.0.0/99')],
  ])('%s is refused', (_what, work) => {
    expect(codeOf(work)).toBe('HF_BAD_ARGUMENT');
    expect(bans.size).toBe(0);
  });

  it('of more years than a date holds is for ever', () => {
    expect(bans.ban(A, { ms: 1e300 }).until).toBeUndefined();
  });
});

describe('a full list', () => {
  it('gives up the automatic ban nearest to its end, never one by hand', async () => {
    const list = await open(3);
    list.ban('10.0.0.1', { ms: 10 });
    automatically(list, '10.0.0.2', 200_000);
    automatically(list, '10.0.0.3', 100_000);
    automatically(list, '10.0.0.4', 300_000);
    expect(list.list().map(({ subject }) => subject)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.4']);
    expect(told.at(-2)).toBe('-10.0.0.3');
    list.ban('10.0.0.5');
    list.ban('10.0.0.6');
    expect(list.list().map(({ subject }) => subject)).toEqual(['10.0.0.1', '10.0.0.5', '10.0.0.6']);
    automatically(list, '10.0.0.7', 300_000);
    expect([list.has('10.0.0.7'), codeOf(() => list.ban('10.0.0.8'))]).toEqual([false, 'HF_BAD_ARGUMENT']);
    list.ban('10.0.0.6', { ms: 1_000 });
    expect(list.size).toBe(3);
  });

  it('has room for one at least', async () => {
    for (const most of [0, 1.5, -1, Number.NaN]) await expect(open(most)).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
  });
});

it('after close nothing is left that would wake anybody; bans still hold', async () => {
  bans.ban(A, { ms: 1_000 });
  await bans.close();
  bans.ban(B, { ms: 500 });
  expect(clock.armed).toBe(0);
  expect([bans.has(A), bans.has(B)]).toEqual([true, true]);
  clock.advance(1_000);
  expect([bans.has(A), bans.has(B)]).toEqual([false, false]);
});

it('says what a plain list of blocks says, whatever is banned, unbanned and waited for', async () => {
  const seed = seedOfRun();
  const random = new Random(seed, 'bans');
  const list = await open(50);
  const model = new Map<string, { subject: string; until: number; automatic: boolean }>();
  const address = (): string => (random.chance(0.5) ? `10.0.0.${random.below(8)}` : `2001:db8::${random.below(8)}`);
  const subject = (): string => {
    const plain = address();
    if (random.chance(0.3)) return random.pick([A, B]);
    return random.chance(0.5) ? plain : `${plain}/${plain.includes(':') ? random.between(120, 128) : random.between(26, 32)}`;
  };
  for (let i = 0; i < 3_000; i++) {
    const text = subject();
    const { key } = subjectOf(text);
    const ms = random.between(1, 20);
    for (const [other, { until }] of model) if (until <= clock.precise()) model.delete(other);
    switch (random.below(4)) {
      case 0:
        list.ban(text, { ms });
        model.set(key, { subject: text, until: clock.precise() + ms, automatic: false });
        break;
      case 1:
        automatically(list, text, ms);
        if (!model.has(key)) model.set(key, { subject: text, until: clock.precise() + ms, automatic: true });
        break;
      case 2:
        expect(list.unban(text), `seed ${seed}, round ${i}`).toBe(model.delete(key));
        break;
      default:
        clock.advance(random.below(10));
        clock.set(random.between(-1_000, 1_000));
    }
    const lasting = [...model].filter(([, { until }]) => until > clock.precise());
    expect(list.size, `seed ${seed}, round ${i}`).toBe(lasting.length);
    const asked = random.chance(0.2) ? random.pick([A, B]) : address();
    const expected = lasting.some(([other]) => subjectOf(asked).key.startsWith(other));
    expect(list.has(asked), `seed ${seed}, round ${i}: ${asked}`).toBe(expected);
  }
});
