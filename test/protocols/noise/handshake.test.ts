import { describe, expect, it } from 'vitest';
import { HandfastError } from '../../../src/errors.ts';
import { NoiseHandshake } from '../../../src/protocols/noise/index.ts';
import { cores } from '../../support/cores.ts';
import { converse, filled, noisePair, settle } from '../../support/noise.ts';

const NAMES = ['NN', 'KK', 'XX', 'IK', 'XXpsk0+psk3', 'XXpsk2', 'KKpsk0', 'IKpsk1+psk2', 'NNpsk0'].flatMap((pattern) =>
  ['ChaChaPoly_SHA256', 'AESGCM_BLAKE2b', 'ChaChaPoly_SHA512'].map((suite) => `Noise_${pattern}_25519_${suite}`),
);
const XX = 'Noise_XXpsk2_25519_ChaChaPoly_SHA256';
const SMALL_ORDER = new Uint8Array(32);

describe.each(cores.map((core) => [core.name, core] as const))('a Noise handshake on the %s core', (_name, core) => {
  it.each(NAMES)('%s carries payloads, ends with the same hash, and leaves no secrets behind', (name) => {
    const before = core.guarded.live;
    const pair = noisePair(core, name, { prologue: filled(3, 10) });
    const payloads = [filled(1, 7), filled(2, 0), filled(3, 9)];
    const { told, splits } = converse(core, pair.sides, payloads);
    expect(told.map(({ payload }) => payload)).toEqual(payloads.slice(0, told.length));
    const [a, b] = splits;
    expect(a.handshakeHash).toEqual(b.handshakeHash);
    expect(b.receive.open(a.send.seal(filled(5, 100), filled(6, 3)), filled(6, 3))).toEqual(filled(5, 100));
    expect(a.receive.open(b.send.seal(filled(0, 0)))).toEqual(filled(0, 0));
    if (!name.includes('_NN')) expect(a.remoteStatic).toEqual(pair.options[1].staticKey?.publicKey);
    expect(pair.sides.map(({ writes }) => writes)).toEqual([undefined, undefined]);
    for (const { send, receive } of splits) {
      send.wipe();
      receive.wipe();
    }
    pair.wipe();
    expect(core.guarded.live).toBe(before);
  });

  it('refuses another prologue, another pre-shared key, another static key', () => {
    for (const [name, change] of [
      ['Noise_XX_25519_ChaChaPoly_SHA256', { prologue: filled(1, 1) }],
      [XX, { psks: [filled(8)] }],
      ['Noise_KKpsk0_25519_ChaChaPoly_SHA256', { remoteStatic: core.x25519.keyPair(filled(77)).publicKey }],
    ] as const) {
      const before = core.guarded.live;
      const { options, wipe } = noisePair(core, name);
      const sides = [new NoiseHandshake(options[0]), new NoiseHandshake({ ...options[1], ...change })] as const;
      expect(codeOf(() => converse(core, sides))).toBe('HF_BAD_TAG');
      for (const side of sides) side.wipe();
      wipe();
      expect(core.guarded.live).toBe(before);
    }
  });

  it('refuses every message with one bit turned, and every shorter one', () => {
    const { options, wipe } = noisePair(core, XX);
    const seeds = [filled(11), filled(12)];
    const fresh = () =>
      options.map((each, i) => new NoiseHandshake({ ...each, ephemeralSeed: seeds[i] })) as [NoiseHandshake, NoiseHandshake];
    const { told, splits } = converse(core, fresh(), [filled(1, 4), filled(2, 4), filled(3, 4)]);
    for (const { send, receive } of splits) {
      send.wipe();
      receive.wipe();
    }
    const codes = new Set<string>();
    for (const [i, { message }] of told.entries()) {
      for (let at = 0; at < message.length; at += 5) {
        const turned = message.slice();
        turned[at]! ^= 1 << (at % 8);
        for (const spoilt of [turned, message.subarray(0, at)]) {
          const sides = fresh();
          for (let k = 0; k < i; k++) {
            settle(core, sides[k % 2]!, sides[k % 2]!.write(filled(k + 1, 4)));
            settle(core, sides[1 - (k % 2)]!, sides[1 - (k % 2)]!.read(told[k]!.message));
          }
          const reader = sides[1 - (i % 2)]!;
          const read = settle(core, reader, reader.read(spoilt));
          codes.add('why' in read ? read.why.code : 'taken');
          expect(reader.writes).toBeUndefined();
          for (const side of sides) side.wipe();
        }
      }
    }
    expect([...codes].sort()).toEqual(['HF_BAD_TAG', 'HF_MALFORMED']);
    wipe();
  });

  it('refuses keys of small order and messages over 65,535 bytes', () => {
    const { sides, wipe } = noisePair(core, 'Noise_NN_25519_ChaChaPoly_SHA256');
    const [initiator, responder] = sides;
    settle(core, responder, responder.read(SMALL_ORDER));
    expect(codeIn(settle(core, responder, responder.write()))).toBe('HF_WEAK_KEY');
    settle(core, initiator, initiator.write());
    expect(codeIn(initiator.read(new Uint8Array(65_536)))).toBe('HF_TOO_LARGE');
    const other = noisePair(core, 'Noise_NN_25519_ChaChaPoly_SHA256').sides[0];
    const written = settle(core, other, other.write(new Uint8Array(65_535 - 31)));
    expect('why' in written && [written.why.code, written.why.blame]).toEqual(['HF_TOO_LARGE', 'caller']);
    wipe();
  });

  it('takes turns, and passes on that work failed', () => {
    const before = core.guarded.live;
    const { sides, wipe } = noisePair(core, XX);
    const [initiator, responder] = sides;
    expect(codeOf(() => initiator.read(filled(1, 80)))).toBe('HF_BAD_ARGUMENT');
    expect(codeOf(() => responder.write())).toBe('HF_BAD_ARGUMENT');
    expect(codeOf(() => responder.answered([]))).toBe('HF_BAD_ARGUMENT');
    // What is wrong is named by its option.
    expect(() => responder.answered([])).toThrow(/^answers: /);
    expect(initiator.write()).toHaveProperty('work');
    expect(codeOf(() => initiator.write())).toBe('HF_BAD_ARGUMENT');
    expect(codeIn(initiator.answered([{ op: 'failed', why: new HandfastError('BUSY', 'no') }]))).toBe('HF_BUSY');
    expect(codeOf(() => initiator.write())).toBe('HF_BAD_ARGUMENT');
    responder.wipe();
    wipe();
    expect(core.guarded.live).toBe(before);
  });

  it('needs the keys of its pattern, and no others', () => {
    const { options, wipe } = noisePair(core, 'Noise_IKpsk2_25519_ChaChaPoly_SHA256');
    for (const change of [
      { staticKey: undefined },
      { remoteStatic: undefined },
      { remoteStatic: filled(1, 31) },
      { psks: [] },
      { psks: [filled(1, 31)] },
    ]) {
      expect(codeOf(() => new NoiseHandshake({ ...options[0], ...change }))).toBe('HF_BAD_ARGUMENT');
    }
    for (const name of [
      'Noise_XY_25519_ChaChaPoly_SHA256',
      'Noise_XXpsk4_25519_ChaChaPoly_SHA256',
      'Noise_XXpsk1+psk1_25519_ChaChaPoly_SHA256',
      'Noise_XX_448_ChaChaPoly_SHA256',
    ]) {
      expect(codeOf(() => new NoiseHandshake({ ...options[0], name }))).toBe('HF_UNSUPPORTED');
    }
    wipe();
  });
});

function codeIn(step: object): string | undefined {
  return 'why' in step ? (step.why as HandfastError).code : undefined;
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof HandfastError) return error.code;
    throw error;
  }
  return undefined;
}
