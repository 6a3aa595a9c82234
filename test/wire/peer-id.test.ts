import { base58 } from '@scure/base';
import { describe, expect, test } from 'vitest';
import { peerIdOf, publicKeyOf } from '../../src/wire/peer-id.ts';
import { Random, seedOfRun } from '../support/random.ts';

const seed = seedOfRun();
const PREFIX = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

describe(`ids of nodes (HANDFAST_TEST_SEED=${seed})`, () => {
  test('are base58btc of prefix and key, for any key and for the least and the greatest', () => {
    const random = new Random(seed, 'ids');
    const keys: Uint8Array[] = [0, 1, 57, 58, 127, 128, 254, 255].map((value) => new Uint8Array(32).fill(value));
    for (let i = 0; i < 32; i++)
      for (const value of [1, 128, 255]) keys.push(Uint8Array.from({ length: 32 }, (_, at) => (at === i ? value : 0)));
    for (let i = 0; i < 2000; i++) keys.push(random.bytes(32));
    for (const key of keys) {
      const id = peerIdOf(key);
      expect(id).toBe(base58.encode(Uint8Array.of(...PREFIX, ...key)));
      expect(publicKeyOf(id)).toEqual(key);
    }
  });

  test('are read in their one form only', () => {
    const id = peerIdOf(new Uint8Array(32).fill(7));
    for (const text of [
      id.slice(1),
      `${id}1`,
      id.replace('12D3', '12D4'),
      ` ${id}`,
      id.replace(/.$/, '0'),
      base58.encode(new Uint8Array(38)),
      '',
    ]) {
      expect(publicKeyOf(text)).toBeUndefined();
    }
  });
});
