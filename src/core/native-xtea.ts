/** XTEA256 by the addon: one call a message, on the slab or by way of the scratch block. */
import { checkBytes, checkLength } from './check.ts';
import type { Bytes, SecretInput, Xtea256 } from './core.ts';
import { type Border, BULK, LARGE } from './native-border.ts';
import { checkBlocks, checkRange } from './pure-xtea.ts';
import type { Slab } from './slab.ts';

export function makeXtea256(border: Border): Xtea256 {
  const { addon } = border;

  const crypted = (backwards: 0 | 1, key: SecretInput, data: Bytes, rounds: number, out: Bytes | undefined): Bytes => {
    checkBytes(data, 'data');
    const { length } = data;
    checkBlocks(length, rounds);
    if (out !== undefined && out !== data) checkLength(out, 'out', length);
    const place = border.key(key, 'key', KEY_BYTES);
    if (length > LARGE) {
      const target = out ?? new Uint8Array(length);
      addon.xtea256(backwards, target, data, place, rounds);
      return target;
    }
    const bulk = border.put(data, BULK);
    addon.xtea256(backwards, bulk, bulk, place, rounds);
    if (out === undefined) return border.takeSecret(BULK, length);
    border.moveSecret(BULK, length, out);
    return out;
  };

  const cryptIn = (backwards: 0 | 1, slab: Slab, offset: number, length: number, key: SecretInput, rounds: number): void => {
    checkRange(slab, offset, length);
    checkBlocks(length, rounds);
    addon.xtea256In(backwards, slab.id, offset, length, border.key(key, 'key', KEY_BYTES), rounds);
  };

  return {
    encrypt: (key, data, rounds, out) => crypted(0, key, data, rounds, out),
    decrypt: (key, data, rounds, out) => crypted(1, key, data, rounds, out),
    encryptIn: (slab, offset, length, key, rounds) => cryptIn(0, slab, offset, length, key, rounds),
    decryptIn: (slab, offset, length, key, rounds) => cryptIn(1, slab, offset, length, key, rounds),
  };
}

const KEY_BYTES = 32;
