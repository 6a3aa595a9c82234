/** Keys and messages are gone once released: looked for in the memory itself, where JavaScript can see it. */
import { describe, expect, test, vi } from 'vitest';
import { PureSecret } from '../../src/core/pure-secret.ts';
import { ascii, filled } from '../support/bytes.ts';
import { cores, pure } from '../support/cores.ts';

for (const core of cores) {
  describe(`memory of the ${core.name} core`, () => {
    test('a slab holds no byte of its messages after its last holder', () => {
      const slab = core.slab(8192);
      const { bytes } = slab;
      bytes.set(ascii('a message and its key'), 4000);
      slab.release();
      expect(bytes.every((byte) => byte === 0)).toBe(true);
    });

    test('a slab too many to be kept is wiped too', () => {
      const before = core.slabs.bytes;
      const large = [core.slab(8 * 1024 * 1024), core.slab(8 * 1024 * 1024)];
      const views = large.map((slab) => slab.bytes);
      for (const view of views) view.fill(0xa5);
      for (const slab of large) slab.release();
      for (const view of views) expect(view.some((byte) => byte !== 0)).toBe(false);
      expect(core.slabs.bytes).toBeLessThanOrEqual(before + 8 * 1024 * 1024);
    });

    test('a frame that does not open leaves zeros, not plaintext', () => {
      const framing = { lengthBytes: 4, ad: 'length', rekeyEvery: 0 } as const;
      const options = { suite: 'chacha20-poly1305', key: filled(32, 1), framing } as const;
      const slab = core.slab(4096);
      const table = core.frameTable(1);
      slab.bytes.set(ascii('secret words'), 4);
      table.entries.set([4, 12]);
      core.cipher(options).sealMany(slab, table, 1);
      slab.bytes[31]! ^= 1;
      expect(core.cipher(options).openMany(slab, 0, 32, table, 100)).toBe(0);
      expect(slab.bytes.subarray(0, 32)).toEqual(new Uint8Array(32));
      slab.release();
    });

    test('keys that were handed out are copies: wiping a secret leaves them, wiping them leaves it', () => {
      const secret = core.guarded.import(filled(32, 3));
      const copy = secret.export();
      core.wipe(copy);
      expect(secret.export()).toEqual(filled(32, 3));
      const kept = secret.export();
      secret.wipe();
      expect(kept).toEqual(filled(32, 3));
    });
  });
}

describe('memory of the pure core alone', () => {
  test('a secret overwrites the array it took', () => {
    const bytes = filled(32, 5);
    const secret = new PureSecret(bytes);
    expect(PureSecret.peek(secret)).toBe(bytes);
    secret.wipe();
    expect(bytes).toEqual(new Uint8Array(32));
  });

  test('a cipher overwrites its key, at each rekeying and at the end', () => {
    // The one array of 32 bytes that a cipher makes is its copy of the key: caught as it is made.
    const made: Uint8Array[] = [];
    const Real = globalThis.Uint8Array;
    const Spy = new Proxy(Real, {
      construct(target, args: [never]) {
        const array = new target(...args);
        if ((args[0] as unknown) instanceof Real) made.push(array);
        return array;
      },
    });
    vi.stubGlobal('Uint8Array', Spy);
    const cipher = pure.cipher({
      suite: 'chacha20-poly1305',
      key: filled(32, 9),
      framing: { lengthBytes: 2, ad: 'none', rekeyEvery: 1 },
    });
    vi.unstubAllGlobals();
    const key = made.find((array) => array.length === 32)!;
    expect(key).toEqual(filled(32, 9));
    const slab = pure.slab(4096);
    const table = pure.frameTable(1);
    for (let i = 0; i < 2; i++) {
      table.entries.set([2, 1]);
      cipher.sealMany(slab, table, 1);
    }
    expect(key).not.toEqual(filled(32, 9));
    cipher.wipe();
    expect(key).toEqual(new Real(32));
    slab.release();
  });

  test('a secret of another core is borrowed as a copy, and the copy wiped', () => {
    const copies: Uint8Array[] = [];
    const foreign = {
      length: 32,
      wiped: false,
      wipe: () => {},
      export: () => {
        copies.push(filled(32, 6));
        return copies.at(-1)!;
      },
    };
    expect(pure.secp256k1.publicKey(foreign)).toEqual(pure.secp256k1.publicKey(filled(32, 6)));
    expect(copies).toEqual([new Uint8Array(32)]);
  });
});
