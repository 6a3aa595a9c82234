import { beforeEach, describe, expect, it } from 'vitest';
import { CODES, type CodeName, HandfastError } from '../../../src/errors.ts';
import { BanList } from '../../../src/node/bans/bans.ts';
import { Charges, POINTS, type Verdict } from '../../../src/node/bans/charges.ts';
import { peerIdOf } from '../../../src/wire/peer-id.ts';
import { HandClock } from '../../support/clock.ts';

const [A, B] = [1, 2].map((fill) => peerIdOf(new Uint8Array(32).fill(fill)));

let clock: HandClock;
let bans: BanList;
let charges: Charges;
beforeEach(async () => {
  clock = new HandClock();
  bans = await BanList.open({ clock });
  charges = new Charges({ clock, bans });
});

const fault = (code: CodeName): HandfastError => new HandfastError(code, 'a fault');
const charge = (subject: { id?: string; address?: string }, code: CodeName, times = 1): Verdict[] =>
  Array.from({ length: times }, () => charges.charge(subject, fault(code)));

describe('a fault', () => {
  it('costs points exactly when its code is marked in the table of codes', () => {
    const marked = (Object.keys(CODES) as CodeName[]).filter((code) => fault(code).charged);
    expect(Object.keys(POINTS).sort()).toEqual(marked.sort());
    for (const code of Object.keys(CODES) as CodeName[]) {
      charges.charge({ address: '10.0.0.1' }, fault(code));
      charges.charge({ id: A }, fault(code));
    }
    const all = Object.values(POINTS).reduce((sum, points) => sum + points, 0);
    expect([charges.balance('10.0.0.1'), charges.balance(A)]).toEqual([all, all]);
  });

  it('is free when it is not the peer’s, or the peer only reports it', () => {
    for (const blame of ['caller', 'network', 'handfast'] as const)
      charges.charge({ id: A }, new HandfastError('MALFORMED', '', { blame }));
    for (const remote of ['claimed', 'proved'] as const)
      charges.charge({ id: A }, new HandfastError('INVALID_SIGNATURE', '', { remote, blame: 'peer' }));
    expect([charges.balance(A), charges.size]).toEqual([0, 0]);
  });

  it('is charged to the id when there is one, else to the address, and to nobody else', () => {
    charge({ id: A, address: '10.0.0.1' }, 'MALFORMED');
    expect([A, B, '10.0.0.1'].map((who) => charges.balance(who))).toEqual([3_000, 0, 0]);
    charge({ address: '::ffff:10.0.0.1' }, 'MALFORMED');
    expect([A, B, '10.0.0.1', '10.0.0.2'].map((who) => charges.balance(who))).toEqual([3_000, 0, 3_000, 0]);
    expect(charge({}, 'MALFORMED')).toEqual(['nothing']);
    expect(charge({ address: 'somewhere' }, 'MALFORMED', 9)).toEqual(new Array(9).fill('nothing'));
    expect(bans.size).toBe(0);
  });
});

describe('a balance', () => {
  it('loses a 32nd each second, and fades to nothing that is remembered', () => {
    charge({ id: A }, 'MALFORMED');
    clock.advance(1_000);
    expect(charges.balance(A) / 3_000).toBeCloseTo(Math.exp(-1 / 32), 9);
    clock.advance(31_000);
    expect(charges.balance(A) / 3_000).toBeCloseTo(1 / Math.E, 9);
    charge({ id: A }, 'MALFORMED');
    expect(charges.balance(A)).toBeCloseTo(3_000 + 3_000 / Math.E, 6);
    clock.advance(400_000);
    charge({ id: B }, 'RATE_LIMITED');
    expect([charges.size, charges.balance(A)]).toEqual([1, 0]);
  });

  it('does not care for the clock on the wall', () => {
    charge({ id: A }, 'MALFORMED');
    clock.set(3_600_000);
    expect(charges.balance(A)).toBe(3_000);
    clock.set(-7_200_000);
    expect(charges.balance(A)).toBe(3_000);
  });

  it('warns once as it passes 5,000, and bans from 15,000', () => {
    expect(charge({ id: A }, 'MALFORMED', 6)).toEqual(['nothing', 'warn', 'nothing', 'nothing', 'ban', 'ban']);
    expect(bans.list()).toMatchObject([
      { subject: A, automatic: true, until: clock.now() + 300_000, reason: expect.stringContaining('HF_MALFORMED') },
    ]);
    clock.advance(60_000);
    expect(charge({ id: B }, 'INVALID_SIGNATURE', 3)).toEqual(['warn', 'nothing', 'ban']);
  });

  it('of one fault now and then never bans', () => {
    for (let i = 0; i < 1_000; i++) {
      expect(charge({ id: A }, 'MALFORMED')).not.toEqual(['ban']);
      clock.advance(10_000);
    }
  });

  it('of attempts beyond the rate bans a flood, not a crowd behind one address', () => {
    // 200 nodes that come back at once.
    expect(charge({ address: '10.0.0.1' }, 'RATE_LIMITED', 200)).not.toContain('ban');
    // 250 attempts a second.
    let attempts = 0;
    while (charge({ address: '10.0.0.2' }, 'RATE_LIMITED')[0] !== 'ban') {
      clock.advance(4);
      attempts++;
    }
    expect(attempts).toBeLessThan(350);
    expect([bans.has('10.0.0.2'), bans.has('10.0.0.1'), bans.has('10.0.0.3')]).toEqual([true, false, false]);
  });
});

it.each(['warn', 'drop', 'banMs', 'fadeMs'])('a limit that is none is refused by its name: %s', (name) => {
  for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '7e9x' as unknown as number]) {
    expect(() => new Charges({ clock, bans, limits: { [name]: value } })).toThrow(
      expect.objectContaining({ code: 'HF_BAD_ARGUMENT', message: expect.stringContaining(name) }),
    );
  }
});

describe('who was banned for charges', () => {
  it('is let in again after 300 s, whatever comes meanwhile, with nothing against him', () => {
    const until = clock.now() + 300_000;
    charge({ address: '10.0.0.1' }, 'INVALID_SIGNATURE', 3);
    clock.advance(5_000);
    // Handshakes that had begun before.
    expect(charge({ address: '10.0.0.1' }, 'INVALID_SIGNATURE', 3)).toEqual(['ban', 'ban', 'ban']);
    expect(bans.list()).toMatchObject([{ until }]);
    clock.advance(294_999);
    expect(bans.has('10.0.0.1')).toBe(true);
    clock.advance(1);
    expect(bans.has('10.0.0.1')).toBe(false);
    expect(charges.balance('10.0.0.1')).toBeLessThan(5);
  });

  it('is dropped even when bans by hand have taken all the room', async () => {
    bans = await BanList.open({ clock, most: 1 });
    bans.ban(B);
    charges = new Charges({ clock, bans });
    expect(charge({ id: A }, 'INVALID_SIGNATURE', 3)).toEqual(['warn', 'nothing', 'ban']);
    expect(bans.list()).toMatchObject([{ subject: B }]);
  });
});

describe('an IPv6 address', () => {
  it('is charged and banned as its /64', () => {
    charge({ address: '2001:db8:1:2::1' }, 'INVALID_ID');
    charge({ address: '2001:db8:1:2::2' }, 'INVALID_ID');
    expect(charge({ address: '[2001:db8:1:2:ffff::3]:99' }, 'INVALID_ID')).toEqual(['ban']);
    expect(bans.list()).toMatchObject([{ subject: '2001:db8:1:2::/64' }]);
    expect([bans.has('2001:db8:1:2::9'), bans.has('2001:db8:1:3::9')]).toEqual([true, false]);
  });

  it('of a site from which 64 networks have come is charged with the site, and the site is banned', () => {
    for (let i = 0; i < 64; i++) charge({ address: `2001:db8:1:${i.toString(16)}::1` }, 'MALFORMED');
    expect(charges.size).toBe(64);
    for (let i = 64; i < 68; i++) expect(charge({ address: `2001:db8:1:${i.toString(16)}::1` }, 'MALFORMED')).not.toEqual(['ban']);
    // The neighbour's are its own, and those with an account keep it.
    charge({ address: '2001:db8:2:1::1' }, 'MALFORMED');
    charge({ address: '2001:db8:1:3f::1' }, 'MALFORMED');
    expect(charges.balance('2001:db8:1:3f::1')).toBe(6_000);
    expect(charge({ address: '2001:db8:1:ffff::1' }, 'MALFORMED')).toEqual(['ban']);
    expect(bans.list()).toMatchObject([{ subject: '2001:db8:1::/48' }]);
    expect([bans.has('2001:db8:1:2::1'), bans.has('2001:db8:2:1::1')]).toEqual([true, false]);
    clock.advance(400_000);
    charge({ address: '2001:db8:1:1234::1' }, 'MALFORMED');
    expect([charges.size, charges.balance('2001:db8:1:1234::2'), charges.balance('2001:db8:1:1::')]).toEqual([1, 3_000, 0]);
  });
});

describe('memory for balances', () => {
  it('is bounded, and the lightest balance goes first', () => {
    charges = new Charges({ clock, bans, most: 10 });
    for (const address of ['10.9.9.9', '10.9.9.8', '10.9.9.7']) charge({ address }, 'RATE_LIMITED');
    charge({ address: '10.9.9.9' }, 'INVALID_SIGNATURE', 2);
    for (let i = 0; i < 1_000; i++) {
      charge({ address: `10.0.${i >> 8}.${i & 255}` }, 'MALFORMED');
      expect(charges.size).toBeLessThanOrEqual(10);
    }
    expect(charges.balance('10.9.9.9')).toBe(12_050);
    // What came later outweighs what has faded.
    clock.advance(32_000 * 2);
    for (let i = 0; i < 10; i++) charge({ address: `10.1.0.${i}` }, 'INVALID_SIGNATURE');
    expect([charges.size, charges.balance('10.9.9.9'), charges.balance('10.1.0.0')]).toEqual([10, 0, 6_000]);
  });

  it('is not taken by one IPv6 site, however many networks it has', () => {
    charges = new Charges({ clock, bans, most: 100 });
    for (let i = 0; i < 30; i++) charge({ address: `10.0.0.${i}` }, 'RATE_LIMITED');
    for (let i = 0; i < 65_536; i += 7) charge({ address: `2001:db8:1:${i.toString(16)}::1` }, 'MALFORMED');
    expect(charges.size).toBeLessThanOrEqual(30 + 64 + 1);
    expect(charges.balance('10.0.0.0')).toBe(50);
    expect([bans.size, bans.has('2001:db8:1:abcd::1')]).toEqual([1, true]);
  });
});
