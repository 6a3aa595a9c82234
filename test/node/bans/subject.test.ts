import { describe, expect, it } from 'vitest';
import { addressBits, blockText, subjectOf } from '../../../src/node/bans/subject.ts';
import { codeOf } from '../../support/codes.ts';

const ID = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';

describe('a subject', () => {
  it.each([
    [ID, ID],
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7:4000', '192.0.2.7'],
    ['192.0.2.7/32', '192.0.2.7'],
    ['192.0.2.7/24', '192.0.2.0/24'],
    ['192.0.2.255/25', '192.0.2.128/25'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['[::ffff:192.0.2.7]:4000', '192.0.2.7'],
    ['::FFFF:c000:0207/120', '192.0.2.0/24'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['2001:DB8:0:0:1::7', '2001:db8::1:0:0:7'],
    ['[2001:db8::7]:4000', '2001:db8::7'],
    ['2001:db8::7/128', '2001:db8::7'],
    ['2001:db8:1:2:3::7/64', '2001:db8:1:2::/64'],
    ['2001:db8:1:2ff::/57', '2001:db8:1:280::/57'],
    ['0:0:0:0::/64', '::/64'],
    ['::/0', '::/0'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s is %s', (text, shown) => {
    const subject = subjectOf(text);
    expect(subject.text).toBe(shown);
    expect(subjectOf(shown).key).toBe(subject.key);
  });

  it.each([
    '',
    'localhost',
    '10.0.0.300',
    '10.0.0',
    '10.0.0.1/33',
    '10.0.0.1/-1',
    '10.0.0.1/',
    '10.0.0.1/8/8',
    '10.0.0.1/1e1',
    '2001:db8::/129',
    '::ffff:10.0.0.1/95',
    '[10.0.0.1',
    '10.0.0.1:',
    ID.slice(1),
    `${ID}a`,
    ID.replace('K', 'L'),
    undefined,
    7,
    {},
  ])('%j is none', (text) => {
    expect(codeOf(() => subjectOf(text as string))).toBe('HF_BAD_ARGUMENT');
  });
});

it('a block holds the addresses that begin with its bits, and those alone', () => {
  const holds = (block: string, address: string): boolean => addressBits(address)!.startsWith(subjectOf(block).key);
  expect(holds('10.1.2.0/23', '10.1.3.255')).toBe(true);
  expect(holds('10.1.2.0/23', '::ffff:10.1.3.255')).toBe(true);
  expect(holds('10.1.2.0/23', '10.1.4.0')).toBe(false);
  expect(holds('0.0.0.0/0', '::1')).toBe(false);
  expect(holds('::/0', '127.0.0.1')).toBe(false);
  expect(holds('2001:db8::/33', '2001:db8:7fff:ffff::1')).toBe(true);
  expect(holds('2001:db8::/33', '2001:db8:8000::1')).toBe(false);
});

it('the bits of a block and its text are two forms of one thing', () => {
  for (let length = 0; length <= 128; length++) {
    const bits = `6${addressBits('2001:db8:a55a:ffff:0:1:8000:1')!.slice(1, 1 + length)}`;
    expect(subjectOf(blockText(bits)).key).toBe(bits);
  }
});
