import { afterAll, describe, expect, it } from 'vitest';
import { type HandfastOptions, handfast } from '../../../src/protocols/handfast/index.ts';
import { settingsOf } from '../../../src/protocols/handfast/settings.ts';
import { cores } from '../../support/cores.ts';
import { Bench } from '../../support/handfast.ts';

for (const core of cores) {
  describe(`options, ${core.name} core`, () => {
    const bench = new Bench(core);
    afterAll(() => expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 }));
    const base = (): HandfastOptions => ({ core, identity: bench.identity(1), network: 'demo' });

    for (const [name, values] of Object.entries({
      identity: [undefined, null, {}, 'me', new Uint8Array(32)],
      network: [undefined, '', 7, 'n'.repeat(65), 'é'.repeat(33), 'lone \ud800'],
      peer: ['', 'x', 7, '12D3KooW', new Uint8Array(32)],
      deadlineMs: [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '30000', 3_600_001],
      clockWindowMs: [0, -1, 0.5, Number.NaN, 86_400_001],
      maxMessage: [0, 64_511, 16_777_217, 100_000.5, Number.NaN, '1'],
      suites: [[], ['aes'], ['aes-256-gcm', 'aes-256-gcm'], 'aes-256-gcm', ['toString'], [undefined]],
      agent: ['', 'a'.repeat(65), 'é'.repeat(33), 7],
      node: ['yes', 1, null],
      bootId: [new Uint8Array(16), new Uint8Array(15), 'b'.repeat(16)],
    })) {
      it(`${name}: what cannot be is refused by name, before anything is sent`, () => {
        for (const value of values) {
          for (const role of ['initiator', 'responder'] as const) {
            expect(() => handfast[role]({ ...base(), [name]: value } as never), String(value)).toThrow(
              expect.objectContaining({ code: 'HF_BAD_ARGUMENT', blame: 'caller', message: expect.stringContaining(`${name}:`) }),
            );
          }
        }
      });
    }

    it('the ends of every range are taken', () => {
      for (const changes of [
        { network: 'n'.repeat(64) },
        { network: 'é'.repeat(32) },
        { deadlineMs: 1 },
        { deadlineMs: 3_600_000 },
        { clockWindowMs: 1 },
        { clockWindowMs: 86_400_000 },
        { agent: 'a'.repeat(64) },
        { peer: bench.identity(2).id },
      ]) {
        expect(() => settingsOf({ ...base(), ...changes })).not.toThrow();
      }
      expect(settingsOf({ ...base(), maxMessage: 64_512 }).largestRecord).toBe(65_536);
      expect(settingsOf({ ...base(), maxMessage: 16_777_216 }).largestRecord).toBe(16_778_240);
      expect(settingsOf(base()).largestRecord).toBe(1_049_600);
    });

    it('suites: offered in rising order, preferred in the order given, AES by itself only where it is fast', () => {
      const both = settingsOf({ ...base(), suites: ['aes-256-gcm', 'chacha20-poly1305'] });
      expect(both.suites).toEqual([2, 1]);
      expect([...both.offeredSuites]).toEqual([1, 2]);
      expect(settingsOf(base()).suites).toEqual(core.fastAes ? [2, 1] : [1]);
    });

    it('a boot id is 16 bytes of a node, copied', () => {
      const bootId = new Uint8Array(16).fill(1);
      const settings = settingsOf({ ...base(), node: true, bootId });
      bootId.fill(2);
      expect(settings.bootId).toEqual(new Uint8Array(16).fill(1));
      for (const wrong of [new Uint8Array(15), new Uint8Array(17), 'b'.repeat(16)]) {
        expect(() => settingsOf({ ...base(), node: true, bootId: wrong as Uint8Array })).toThrow(
          expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }),
        );
      }
    });

    it('networks are compared as bytes: two spellings of one name are two networks', () => {
      const [composed, decomposed] = ['\u00e9', 'e\u0301'].map((network) =>
        Buffer.from(settingsOf({ ...base(), network }).tag).toString('hex'),
      );
      expect(composed).not.toBe(decomposed);
    });
  });
}
