import { describe, expect, it } from 'vitest';
import { NoiseCipher } from '../../../src/protocols/noise/index.ts';
import { cores } from '../../support/cores.ts';
import { filled } from '../../support/noise.ts';

const LAST = 2n ** 64n - 1n;

describe.each(cores.flatMap((core) => (['ChaChaPoly', 'AESGCM'] as const).map((name) => [core.name, name, core] as const)))(
  'a cipher of Noise on the %s core: %s',
  (_core, name, core) => {
    const make = () => new NoiseCipher(core, name, filled(7));

    it('numbers messages, does not move for what does not open, and refuses it again', () => {
      const [sender, receiver] = [make(), make()];
      const sealed = [sender.seal(filled(1, 5)), sender.seal(filled(1, 5))];
      expect(sealed[0]).not.toEqual(sealed[1]);
      expect(() => receiver.open(sealed[1]!)).toThrow(expect.objectContaining({ code: 'HF_BAD_TAG' }));
      expect(receiver.counter).toBe(0n);
      expect(receiver.open(sealed[0]!)).toEqual(filled(1, 5));
      expect(() => receiver.open(sealed[0]!)).toThrow(expect.objectContaining({ code: 'HF_BAD_TAG' }));
      sender.wipe();
      receiver.wipe();
      expect(() => sender.seal(filled(1, 1))).toThrow(expect.objectContaining({ code: 'HF_RELEASED' }));
    });

    it('has 2^64-2 as its last number', () => {
      const cipher = make();
      cipher.counter = LAST - 1n;
      cipher.seal(filled(1, 1));
      expect(() => cipher.seal(filled(1, 1))).toThrow(expect.objectContaining({ code: 'HF_NONCE_SPENT' }));
      expect(() => cipher.open(filled(1, 20))).toThrow(expect.objectContaining({ code: 'HF_NONCE_SPENT' }));
      cipher.wipe();
    });

    it('replaces its key as the revision says: the first half of what the last number makes of zeros', () => {
      const [sender, receiver] = [make(), make()];
      receiver.open(sender.seal(filled(1, 1)));
      sender.rekey();
      const sealed = sender.seal(filled(2, 3));
      expect(sender.counter).toBe(2n);
      expect(() => receiver.open(sealed)).toThrow(expect.objectContaining({ code: 'HF_BAD_TAG' }));
      receiver.rekey();
      expect(receiver.open(sealed)).toEqual(filled(2, 3));
      const nonce = new Uint8Array(12).fill(255, 4);
      const key = core.aead
        .seal(name === 'AESGCM' ? 'aes-256-gcm' : 'chacha20-poly1305', filled(7), nonce, new Uint8Array(32))
        .subarray(0, 32);
      const byHand = new NoiseCipher(core, name, key);
      byHand.counter = 1n;
      expect(byHand.open(sealed)).toEqual(filled(2, 3));
      for (const cipher of [sender, receiver, byHand]) cipher.wipe();
    });

    it('keeps to 65,535 bytes', () => {
      const cipher = make();
      expect(cipher.seal(new Uint8Array(65_519)).length).toBe(65_535);
      expect(() => cipher.seal(new Uint8Array(65_520))).toThrow(expect.objectContaining({ code: 'HF_TOO_LARGE', blame: 'caller' }));
      expect(() => cipher.open(new Uint8Array(65_536))).toThrow(expect.objectContaining({ code: 'HF_TOO_LARGE', blame: 'peer' }));
      expect(() => cipher.open(new Uint8Array(15))).toThrow(expect.objectContaining({ code: 'HF_MALFORMED' }));
      cipher.wipe();
    });
  },
);
