/**
 * `handfast/adapters/ripple-keypairs`: the shape of ripple-keypairs 3, by the core, for npm `overrides` of programs that sign and verify for the XRP Ledger. Same texts, same signatures, byte
 * for byte; faults are thrown where they are there. One difference: Ed25519 follows the acceptance rule of the core, which is that of the ledger's own servers, not the cofactored one of
 * @noble/curves; they differ only for keys made on purpose.
 */
import { ripemd160 } from '@noble/hashes/legacy.js';
import { core as chosen } from '../core/choose.ts';
import type { Bytes, Core } from '../core/core.ts';
import { compactOfDer } from '../core/pure-secp256k1.ts';
import { HandfastError } from '../errors.ts';
import { accountPublicKey, accountSecretKey, rootSecretKey } from './ripple/derivation.ts';
import { decodeNodePublic, decodeSeed, encodeAccountId, encodeSeed, type Seed } from './ripple/text.ts';

export { decodeSeed } from './ripple/text.ts';

export type Algorithm = 'ecdsa-secp256k1' | 'ed25519';
export type HexString = string;

export interface KeyPair {
  /** 33 bytes in hexadecimal digits: `ED`, `02` or `03` first. */
  publicKey: HexString;
  /** 33 bytes in hexadecimal digits: `ED` or `00` first. */
  privateKey: HexString;
}

export interface RippleKeypairs {
  /** @param options.entropy 16 bytes; random when absent. @returns `sEd...` or `s...`. @throws HF_BAD_ARGUMENT */
  generateSeed(options?: { entropy?: Bytes; algorithm?: Algorithm }): string;
  /** @param options.validator the root key itself, as validators use it. @throws HF_BAD_ARGUMENT */
  deriveKeypair(seed: string, options?: { algorithm?: Algorithm; validator?: boolean; accountIndex?: number }): KeyPair;
  /** secp256k1 over the first half of SHA-512 (RFC 6979, low S, DER), or plain Ed25519. @returns upper-case hexadecimal digits. @throws HF_BAD_KEY */
  sign(messageHex: HexString, privateKey: HexString): HexString;
  /** @throws HF_BAD_ARGUMENT for what is no hexadecimal text, no key, or no DER. */
  verify(messageHex: HexString, signature: HexString, publicKey: HexString): boolean;
  /** @returns `r...`. */
  deriveAddress(publicKey: HexString): string;
  /** @param publicKey `n...`. @returns the address of its account, `r...`. */
  deriveNodeAddress(publicKey: string): string;
  decodeSeed(text: string): Seed;
}

/** By a core of your choice. */
export function rippleKeypairs(core: Core): RippleKeypairs {
  const { ed25519, hash, secp256k1 } = core;
  const half = (message: Bytes): Bytes => hash.sha512(message).subarray(0, 32);
  const addressOf = (publicKey: Bytes): string => encodeAccountId(ripemd160(hash.sha256(publicKey)));
  const edSecretKey = (seed: Bytes): Bytes => ed25519.keyPair(seed).secretKey;

  return {
    generateSeed({ entropy, algorithm } = {}) {
      if (algorithm !== undefined && algorithm !== 'ecdsa-secp256k1' && algorithm !== 'ed25519') {
        throw bad(`algorithm: ${JSON.stringify(algorithm)} is none of ecdsa-secp256k1, ed25519`);
      }
      if (entropy !== undefined && !(entropy instanceof Uint8Array && entropy.length === 16)) throw bad('entropy: expected 16 bytes');
      return encodeSeed(entropy ?? core.random(16), algorithm === 'ecdsa-secp256k1' ? 'secp256k1' : 'ed25519');
    },

    deriveKeypair(seed, { algorithm, validator, accountIndex = 0 } = {}) {
      const { bytes, type } = decodeSeed(seed);
      if ((algorithm ?? type) === 'ed25519') {
        const { publicKey, secretKey } = ed25519.keyPair(half(bytes));
        return { privateKey: `ED${toHex(secretKey.subarray(0, 32))}`, publicKey: `ED${toHex(publicKey)}` };
      }
      const root = rootSecretKey(core, bytes);
      const secretKey = validator ? root : accountSecretKey(core, root, accountIndex);
      return { privateKey: `00${toHex(secretKey)}`, publicKey: toHex(secp256k1.publicKey(secretKey)) };
    },

    sign(messageHex, privateKey) {
      const message = fromHex(messageHex, 'messageHex');
      const key = fromHex(privateKey, 'privateKey');
      if (key.length === 33 && key[0] === 0xed) return toHex(ed25519.sign(message, edSecretKey(key.subarray(1))));
      const plain = key.length === 33 && key[0] === 0 ? key.subarray(1) : key;
      if (plain.length !== 32) throw new HandfastError('BAD_KEY', 'privateKey: expected 32 bytes, or 33 that begin with 00 or ED');
      return toHex(secp256k1.sign(half(message), plain));
    },

    verify(messageHex, signatureHex, publicKey) {
      const message = fromHex(messageHex, 'messageHex');
      const signature = fromHex(signatureHex, 'signature');
      const key = fromHex(publicKey, 'publicKey');
      if (key.length === 33 && key[0] === 0xed) return ed25519.verify(signature, message, key.subarray(1));
      if (!(key.length === 33 && (key[0] === 2 || key[0] === 3)) && !(key.length === 65 && key[0] === 4)) {
        throw bad('publicKey: expected 33 bytes that begin with ED, 02 or 03, or 65 that begin with 04');
      }
      if (!compactOfDer(signature)) throw bad('signature: expected DER');
      return secp256k1.verify(signature, half(message), key, { lowS: true });
    },

    deriveAddress: (publicKey) => addressOf(fromHex(publicKey, 'publicKey')),
    deriveNodeAddress: (publicKey) => addressOf(accountPublicKey(core, decodeNodePublic(publicKey))),
    decodeSeed,
  };
}

/** By the chosen core. */
export const { generateSeed, deriveKeypair, sign, verify, deriveAddress, deriveNodeAddress } = rippleKeypairs(chosen);

function toHex(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex').toUpperCase();
}

function fromHex(text: HexString, name: string): Bytes {
  if (typeof text !== 'string' || !/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw bad(`${name}: expected hexadecimal digits`);
  return new Uint8Array(Buffer.from(text, 'hex'));
}

const bad = (message: string): HandfastError => new HandfastError('BAD_ARGUMENT', message);
