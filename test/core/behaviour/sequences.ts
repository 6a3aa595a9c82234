/** Sequences on any core: the same as its other parts, one after the other, and nothing left of what is no result. */
import { expect, test } from 'vitest';
import type { Bytes, Cipher, Core, Framing, Secret, SequenceOptions, Suite } from '../../../src/core/core.ts';
import { ascii, detached, filled, NOT_BYTES } from '../../support/bytes.ts';
import { codeOf } from '../../support/codes.ts';
import { pure } from '../../support/cores.ts';

const FRAMING: Framing = { lengthBytes: 4, ad: 'length', rekeyEvery: 100 };
const LABEL = ascii('label');
const CONTEXT = ascii('contexts');

const all = (suite: Suite): SequenceOptions => ({
  inputs: { dh: { spent: 32 }, text: 'bytes', long: { secret: 64 } },
  steps: [
    { op: 'blake2b', into: 'public', parts: [LABEL, 'text'] },
    { op: 'blake2b', into: 'prk', parts: [LABEL, 'dh', 'public', 'long'] },
    { op: 'kdf', into: 'key', key: 'prk', id: 2 ** 40 + 3, context: CONTEXT },
    { op: 'kdf', into: 'shown', key: 'long', id: 1, context: CONTEXT },
    { op: 'seal', into: 'sealed', suite, key: 'key', message: 'text', ad: 'public' },
    { op: 'cipher', into: 'cipher', suite, key: 'key', framing: FRAMING },
  ],
  results: { cipher: 'cipher', sealed: 'bytes', prk: 'secret', shown: 'bytes', public: 'bytes' },
});
const opening = (suite: Suite): SequenceOptions => ({
  inputs: { key: { spent: 32 }, sealed: 'bytes', ad: 'bytes' },
  steps: [
    { op: 'kdf', into: 'other', key: 'key', id: 9, context: CONTEXT },
    { op: 'cipher', into: 'cipher', suite, key: 'other', framing: FRAMING },
    { op: 'open', into: 'text', suite, key: 'key', sealed: 'sealed', ad: 'ad' },
    { op: 'blake2b', into: 'digest', parts: ['text'] },
  ],
  results: { other: 'secret', text: 'bytes', cipher: 'cipher', digest: 'bytes' },
});

export function sequenceBehaviour(core: Core): void {
  const { guarded, hash, aead } = core;
  for (const suite of ['chacha20-poly1305', 'aes-256-gcm'] as const) {
    test(`${suite}: what the other functions make, and of keys only the results are left`, () => {
      const sequence = core.sequence(all(suite));
      for (const length of [0, 1, 100, 2000, 5000]) {
        const before = guarded.live;
        const text = filled(length, 3);
        const [dh, long] = [guarded.import(filled(32, 1)), guarded.import(filled(64, 2))];
        const [cipher, sealed, prk, shown, digest] = sequence.run([dh, text, long]) as [Cipher, Bytes, Secret, Bytes, Bytes];
        expect([dh.wiped, long.wiped, prk.length]).toEqual([true, false, 64]);
        expect(guarded.live).toBe(before + 2);

        expect(digest).toEqual(hash.blake2b([LABEL, text]));
        expect(prk.export()).toEqual(hash.blake2b([LABEL, filled(32, 1), digest, filled(64, 2)]));
        const shownKey = guarded.kdf(long, 1, CONTEXT);
        expect(shown).toEqual(shownKey.export());
        const key = guarded.kdf(prk, 2 ** 40 + 3, CONTEXT);
        expect(sealed).toEqual(aead.seal(suite, key, filled(12, 0), text, digest));
        const same = core.cipher({ suite, key, framing: FRAMING });
        expect(cipher.seal(text.length > 0 ? text.subarray(0, 4096) : filled(1, 1))).toEqual(
          same.seal(text.length > 0 ? text.subarray(0, 4096) : filled(1, 1)),
        );
        expect([cipher.suite, cipher.counter]).toEqual([suite, 1n]);
        for (const each of [prk, long, key, shownKey, cipher, same]) each.wipe();
        expect(guarded.live).toBe(before);
      }
    });

    test(`${suite}: what does not open leaves nothing, but keys are spent`, () => {
      const sequence = core.sequence(opening(suite));
      const before = guarded.live;
      const sealed = aead.seal(suite, filled(32, 7), filled(12, 0), filled(300, 5), filled(64, 6));
      const run = (given: Bytes, ad = filled(64, 6)) => {
        const key = guarded.import(filled(32, 7));
        const made = sequence.run([key, given, ad]);
        expect(key.wiped).toBe(true);
        return made;
      };
      for (const wrong of [
        sealed.subarray(1),
        sealed.subarray(0, 15),
        filled(0, 0),
        filled(16, 0),
        sealed.map((byte, i) => (i === 299 ? byte ^ 1 : byte)),
      ]) {
        expect(run(wrong)).toBeUndefined();
        expect(guarded.live).toBe(before);
      }
      expect(run(sealed, filled(63, 6))).toBeUndefined();
      const [other, text, cipher, digest] = run(sealed) as [Secret, Bytes, Cipher, Bytes];
      expect(text).toEqual(filled(300, 5));
      expect(digest).toEqual(hash.blake2b(filled(300, 5)));
      other.wipe();
      cipher.wipe();
      expect(guarded.live).toBe(before);
    });
  }

  test('results stay what they were, whatever is made later, and writing over one changes no other', () => {
    const suite = 'chacha20-poly1305';
    const sequence = core.sequence(all(suite));
    const long = guarded.import(filled(64, 2));
    const made: Bytes[] = [];
    // Some 60 KiB of all lengths, one longer than any before or after it.
    for (const length of [...Array.from({ length: 120 }, (_, i) => 3 * i), 2500, 1, 2]) {
      const text = filled(length, length % 251);
      const [cipher, sealed, prk, shown, digest] = sequence.run([guarded.import(filled(32, 1)), text, long]) as [
        Cipher,
        Bytes,
        Secret,
        Bytes,
        Bytes,
      ];
      made.push(sealed, shown, digest, cipher.seal(filled(1 + length, 7)));
      cipher.wipe();
      prk.wipe();
    }
    const again = made.map((bytes) => bytes.slice());
    for (let i = 0; i < 40; i++) {
      const cipher = core.cipher({ suite, key: filled(32, i), framing: FRAMING });
      made.push(cipher.seal(filled(100 + i, i)));
      cipher.wipe();
    }
    for (let i = 0; i < again.length; i++) expect(made[i]).toEqual(again[i]);
    for (let i = 0; i < again.length; i += 2) made[i]!.fill(0xff);
    for (let i = 1; i < again.length; i += 2) expect(made[i]).toEqual(again[i]);
    long.wipe();
  });

  test('take keys of another core, arguments that change afterwards, and shared memory', () => {
    const sequence = core.sequence(all('chacha20-poly1305'));
    const text = new Uint8Array(new SharedArrayBuffer(20)).fill(4);
    const keys = [core, pure].map(({ guarded }) => [guarded.import(filled(32, 1)), guarded.import(filled(64, 2))] as const);
    const made = keys.map(([dh, long]) => sequence.run([dh, text, long]) as [Cipher, Bytes, Secret, Bytes, Bytes]);
    text.fill(0);
    for (const at of [1, 3, 4] as const) expect(made[1]![at]).toEqual(made[0]![at]);
    expect(made[0]![2].export()).toEqual(made[1]![2].export());
    for (const [dh, long] of keys) {
      expect([dh.wiped, long.wiped]).toEqual([true, false]);
      long.wipe();
    }
    for (const [cipher, , prk] of made) {
      cipher.wipe();
      prk.wipe();
    }
  });

  test('refuse inputs that are none of theirs, and then spend nothing', () => {
    const before = guarded.live;
    const sequence = core.sequence(all('chacha20-poly1305'));
    const [dh, long, short, gone] = [32, 64, 31, 32].map((length) => guarded.import(filled(length, 1))) as [Secret, Secret, Secret, Secret];
    gone.wipe();
    const text = filled(5, 5);
    const refused: [unknown, string][] = [
      [[dh, text], 'HF_BAD_ARGUMENT'],
      [[dh, text, long, long], 'HF_BAD_ARGUMENT'],
      [undefined, 'HF_BAD_ARGUMENT'],
      [[short, text, long], 'HF_BAD_ARGUMENT'],
      [[dh, text, dh], 'HF_BAD_ARGUMENT'],
      [[filled(32, 1), text, long], 'HF_BAD_ARGUMENT'],
      [[dh, dh, long], 'HF_BAD_ARGUMENT'],
      [[gone, text, long], 'HF_RELEASED'],
      [[dh, detached(), long], 'HF_BAD_ARGUMENT'],
      ...NOT_BYTES.filter((each) => !(each instanceof Uint8Array)).map((each): [unknown, string] => [[dh, each, long], 'HF_BAD_ARGUMENT']),
    ];
    for (const [inputs, code] of refused) expect(codeOf(() => sequence.run(inputs as never))).toBe(code);
    expect([dh.wiped, long.wiped, short.wiped]).toEqual([false, false, false]);
    for (const each of [dh, long, short]) each.wipe();
    expect(guarded.live).toBe(before);
  });

  test('are refused where a step could not be done, or what it makes would be lost', () => {
    const { inputs, steps, results } = all('chacha20-poly1305');
    const good: SequenceOptions = { inputs, steps, results };
    const changed = (i: number, change: object) => ({ ...good, steps: steps.map((step, k) => (k === i ? { ...step, ...change } : step)) });
    const wrong: unknown[] = [
      undefined,
      { ...good, steps: [] },
      { ...good, steps: undefined },
      { ...good, inputs: { ...inputs, dh: { spent: 65 } } },
      { ...good, inputs: { ...inputs, dh: { spent: 0 } } },
      { ...good, inputs: { ...inputs, dh: 'secret' } },
      { ...good, results: { ...results, sealed: undefined } },
      { ...good, results: { cipher: 'cipher' } },
      { ...good, results: { ...results, cipher: 'bytes' } },
      { ...good, results: { ...results, sealed: 'secret' } },
      { ...good, results: { ...results, prk: 'cipher' } },
      { ...good, results: { ...results, text: 'bytes' } },
      { ...good, results: { ...results, nothing: 'bytes' } },
      changed(0, { into: 'text' }),
      changed(0, { parts: [] }),
      changed(0, { parts: ['prk'] }),
      changed(0, { parts: [filled(256, 1)] }),
      changed(1, { into: 'public' }),
      changed(2, { key: 'text' }),
      changed(2, { id: -1 }),
      changed(2, { id: 0.5 }),
      changed(2, { context: filled(7, 1) }),
      changed(4, { key: 'prk' }),
      changed(4, { key: 'long' }),
      changed(4, { suite: 'xchacha20-poly1305' }),
      changed(4, { message: 'cipher' }),
      changed(5, { framing: { ...FRAMING, lengthBytes: 3 } }),
      changed(3, { op: 'hkdf' }),
      { ...good, steps: Array.from({ length: 17 }, (_, i) => ({ op: 'blake2b', into: `h${i}`, parts: ['text'] })), results: {} },
    ];
    for (const options of wrong)
      expect(
        codeOf(() => core.sequence(options as never)),
        JSON.stringify(options),
      ).toBe('HF_BAD_ARGUMENT');
    expect(codeOf(() => core.sequence(good))).toBe('no error');
  });
}
