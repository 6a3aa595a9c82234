import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressText, endpointText, isPublic, readAddress, readEndpoint, socketAddress } from '../../../src/protocols/xrpl/address.ts';

describe('addresses', () => {
  it('of both kinds are read as node:net and URL read them, and written as the shortest text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = readAddress(text)!;
        expect(address.length).toBe(isIP(text) === 4 ? 4 : 16);
        const written = addressText(address);
        expect(readAddress(written)).toEqual(address);
        if (address.length === 16 && !written.includes('.')) expect(`[${written}]`).toBe(new URL(`http://[${text}]/`).hostname);
      }),
    );
  });

  it('nothing else is one', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-f:.]{0,45}$/), (text) => (readAddress(text) !== undefined) === (isIP(text) !== 0)),
      { numRuns: 2000 },
    );
    for (const text of [
      '',
      '1.2.3',
      '01.2.3.4',
      '1.2.3.4 ',
      '::1%eth0',
      '1::2::3',
      ':::',
      '1:2:3:4:5:6:7:8:9',
      '::1.2.3.4.5',
      'here',
      '1.2.3.4:5',
    ]) {
      expect(readAddress(text), text).toBeUndefined();
    }
  });

  it('a socket says them with zones and mapped', () => {
    expect(socketAddress('::ffff:8.8.4.4')).toEqual(Uint8Array.of(8, 8, 4, 4));
    expect(socketAddress('fe80::1%eth0')).toEqual(readAddress('fe80::1'));
    expect(socketAddress('')).toBeUndefined();
  });

  it.each([
    ['239.255.255.255', false],
    ['240.0.0.1', true],
    ['::ffff:127.0.0.1', false],
    ['::', true],
    ['100::', false],
    ['2ff::', true],
    ['ff02::1', false],
    ['9.255.255.255', true],
    ['10.0.0.0', false],
    ['11.0.0.0', true],
    ['126.0.0.1', true],
    ['127.9.9.9', false],
    ['172.15.255.255', true],
    ['172.16.0.0', false],
    ['172.31.255.255', false],
    ['172.32.0.0', true],
    ['171.16.0.0', true],
    ['192.167.0.1', true],
    ['192.168.0.1', false],
    ['192.169.0.1', true],
    ['191.168.0.1', true],
  ])('%s is public: %s', (text, expected) => {
    expect(isPublic(readAddress(text)!)).toBe(expected);
  });
});

describe('endpoints', () => {
  it.each(['1.2.3.4:51235', '[2001:db8::7]:2459', '[::ffff:1.2.3.4]:1'])('%s is one', (text) => {
    const { address, port } = readEndpoint(text)!;
    expect(endpointText(address, port)).toBe(text);
  });

  it.each(['1.2.3.4', '1.2.3.4:', '1.2.3.4:0', '1.2.3.4:65536', '2001:db8::7:2459', '[1.2.3.4]:5', 'host:5', ' 1.2.3.4:5', '1.2.3.4:5\n'])(
    '%j is none',
    (text) => {
      expect(readEndpoint(text)).toBeUndefined();
    },
  );
});
