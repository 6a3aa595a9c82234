/**
 * `handfast/adapters/noise-curve`: X25519 for noise-handshake, by the core: `new Noise(pattern, initiator, keyPair, { curve })`. Both calling forms of `dh` are taken: the secret key itself
 * (noise-handshake 2) and `{ secretKey }` (3 and 4).
 */
import { core as chosen } from '../core/choose.ts';
import type { Bytes, Core } from '../core/core.ts';

export interface NoiseCurve {
  /** Bytes of a shared secret, a public key, a secret key, a seed. */
  readonly DHLEN: 32;
  readonly PKLEN: 32;
  readonly SKLEN: 32;
  readonly SEEDLEN: 32;
  /** As it stands in the protocol's name. */
  readonly ALG: '25519';
  /** @param secretKey 32 bytes; random when absent. */
  generateKeyPair(secretKey?: Bytes): CurveKeyPair;
  /** As crypto_kx_seed_keypair of libsodium: the secret key is BLAKE2b-256 of the seed. @param seed 32 bytes. */
  generateSeedKeyPair(seed: Bytes): CurveKeyPair;
  /** RFC 7748, section 6.1. @returns 32 bytes. @throws HF_WEAK_KEY when they would all be zero. */
  dh(publicKey: Bytes, secretKey: Bytes | { readonly secretKey: Bytes }): Buffer;
}

export interface CurveKeyPair {
  publicKey: Buffer;
  secretKey: Buffer;
}

/** By a core of your choice. */
export function noiseCurve(core: Core): NoiseCurve {
  const { hash, x25519 } = core;
  const generateKeyPair = (secretKey?: Bytes): CurveKeyPair => {
    const pair = x25519.keyPair(secretKey);
    return { publicKey: asBuffer(pair.publicKey), secretKey: asBuffer(pair.secretKey) };
  };
  return {
    DHLEN: 32,
    PKLEN: 32,
    SKLEN: 32,
    SEEDLEN: 32,
    ALG: '25519',
    generateKeyPair,
    generateSeedKeyPair: (seed) => generateKeyPair(hash.blake2b(seed, { length: 32 })),
    dh: (publicKey, secretKey) => asBuffer(x25519.shared(secretKey instanceof Uint8Array ? secretKey : secretKey.secretKey, publicKey)),
  };
}

/** By the chosen core. */
export const curve: NoiseCurve = noiseCurve(chosen);

export const { DHLEN, PKLEN, SKLEN, SEEDLEN, ALG, generateKeyPair, generateSeedKeyPair, dh } = curve;

function asBuffer(bytes: Bytes): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
