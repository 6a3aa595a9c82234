import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/node/address.ts';

describe('addresses', () => {
  it.each([
    ['localhost:1', 'localhost', 1],
    ['node-1.example.org:65535', 'node-1.example.org', 65_535],
    ['10.0.0.1:4100', '10.0.0.1', 4100],
    ['[2001:db8::1]:4100', '2001:db8::1', 4100],
    ['[fe80::1%eth0]:4100', 'fe80::1%eth0', 4100],
    ['[::ffff:10.0.0.1]:80', '::ffff:10.0.0.1', 80],
  ])('%s', (text, host, port) => expect(parseAddress(text)).toEqual({ host, port }));

  it.each([
    '',
    'localhost',
    ':1',
    'localhost:',
    'localhost:0',
    'localhost:65536',
    'localhost:1x',
    'localhost:-1',
    '2001:db8::1:80',
    '[]:1',
    '[::1]',
    ' a:1',
    'a b:1',
    'http://a:1',
    'a:1/',
  ])('is none: %j', (text) => expect(parseAddress(text)).toBeUndefined());
});
