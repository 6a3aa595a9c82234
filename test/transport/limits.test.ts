import { beforeEach, describe, expect, it } from 'vitest';
import { Admission, addressBlock, admissionLimits, plainAddress } from '../../src/transport/limits.ts';
import { HandClock } from '../support/clock.ts';

let clock: HandClock;
beforeEach(() => {
  clock = new HandClock();
});

const enter = (admission: Admission, address?: string) => admission.enter(address, clock.now());

describe('handshakes of one address', () => {
  it('come 20 at once, then 5 a second', () => {
    const admission = new Admission(admissionLimits({ halfOpenPerAddress: 1000 }));
    const burst = Array.from({ length: 25 }, () => enter(admission, '10.0.0.1'));
    expect(burst.filter((code) => code === 'RATE_LIMITED')).toHaveLength(5);
    clock.advance(199);
    expect(enter(admission, '10.0.0.1')).toBe('RATE_LIMITED');
    clock.advance(1);
    expect(enter(admission, '10.0.0.1')).toBeUndefined();
    clock.advance(3_600_000);
    const later = Array.from({ length: 25 }, () => enter(admission, '10.0.0.1'));
    expect(later.filter((code) => code === undefined)).toHaveLength(20);
    expect(enter(admission, '10.0.0.2')).toBeUndefined();
  });

  it('are 16 at once', () => {
    const admission = new Admission(admissionLimits());
    for (let i = 0; i < 16; i++) expect(enter(admission, '10.0.0.1')).toBeUndefined();
    expect(enter(admission, '10.0.0.1')).toBe('TOO_MANY_CONNECTIONS');
    admission.leave('10.0.0.1');
    expect(enter(admission, '10.0.0.1')).toBeUndefined();
  });

  it('a clock that is set back gives nothing away and takes nothing', () => {
    const admission = new Admission(admissionLimits({ handshakeBurst: 1 }));
    expect(admission.enter('10.0.0.1', 1_000_000)).toBeUndefined();
    expect(admission.enter('10.0.0.1', 0)).toBe('RATE_LIMITED');
    expect(admission.enter('10.0.0.1', 200)).toBeUndefined();
  });
});

it('all handshakes together are 256 at once, with an address or without', () => {
  const admission = new Admission(admissionLimits());
  for (let i = 0; i < 255; i++) expect(enter(admission, `10.0.${i}.1`)).toBeUndefined();
  expect(enter(admission)).toBeUndefined();
  expect(enter(admission)).toBe('TOO_MANY_CONNECTIONS');
  expect(enter(admission, '10.1.1.1')).toBe('TOO_MANY_CONNECTIONS');
  admission.leave(undefined);
  expect(enter(admission, '10.1.1.1')).toBeUndefined();
  expect(admission.halfOpen).toBe(256);
});

it('addresses are remembered up to a limit; one with a handshake going on is never forgotten', () => {
  const admission = new Admission(admissionLimits({ addresses: 100, handshakeBurst: 1 }));
  expect(enter(admission, '10.0.0.1')).toBeUndefined();
  for (let i = 0; i < 10_000; i++) {
    const address = `11.0.${i >> 8}.${i & 255}`;
    expect(enter(admission, address)).toBeUndefined();
    admission.leave(address);
    expect(admission.addresses).toBeLessThanOrEqual(100);
  }
  expect(enter(admission, '10.0.0.1')).toBe('RATE_LIMITED');
  admission.leave('10.0.0.1');
  expect(admission.halfOpen).toBe(0);
});

describe('what counts as one address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:0207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2:ffff::', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::9', '2001:db8:1:3::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['not an address', 'not an address'],
  ])('%s is %s', (address, block) => {
    expect(addressBlock(address)).toBe(block);
  });

  it.each([
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['2001:db8::1', '2001:db8::1'],
  ])('%s is banned as %s', (address, plain) => {
    expect(plainAddress(address)).toBe(plain);
  });
});
