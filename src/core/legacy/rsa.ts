/** RSA keys and RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2) by node:crypto, off the event loop. */
import type { KeyObject } from 'node:crypto';
import { HandfastError } from '../../errors.ts';
import type { Bytes } from '../core.ts';
import { nodeCrypto } from './node-crypto.ts';

export type RsaHash = 'sha256' | 'sha512';

/** Some 1.2 ms of a thread with 2,048 bits, 4 ms with 3,072. */
export interface RsaSignJob {
  op: 'rsa-sign';
  key: RsaPrivateKey;
  hash: RsaHash;
  message: Bytes;
}

export interface RsaSignAnswer {
  op: 'rsa-sign';
  /** As long as the modulus. */
  signature: Bytes;
}

/** Some 0.06 ms of a thread with 2,048 bits. */
export interface RsaVerifyJob {
  op: 'rsa-verify';
  key: RsaPublicKey;
  hash: RsaHash;
  message: Bytes;
  signature: Bytes;
}

export interface RsaVerifyAnswer {
  op: 'rsa-verify';
  valid: boolean;
}

/** What an RSA key may be read from: PEM, one line of base64 of the DER, the DER itself, or a key of node:crypto. */
export type RsaKeyInput = string | Bytes | KeyObject;

export class RsaPublicKey {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Bytes;
  readonly modulusBits: number;
  readonly handle: KeyObject;

  /** @throws HF_BAD_KEY unless it is an RSA key of 2,048 to 8,192 bits with an odd exponent of at most 32 bits. */
  constructor(input: RsaKeyInput) {
    this.handle = checked(read(input, 'public'));
    this.spki = new Uint8Array(this.handle.export({ type: 'spki', format: 'der' }));
    this.modulusBits = this.handle.asymmetricKeyDetails!.modulusLength!;
  }

  /** SubjectPublicKeyInfo, PEM. */
  exportPem(): string {
    return this.handle.export({ type: 'spki', format: 'pem' }).toString();
  }
}

export class RsaPrivateKey {
  readonly publicKey: RsaPublicKey;
  readonly handle: KeyObject;

  /** @throws HF_BAD_KEY, as for public keys. */
  constructor(input: RsaKeyInput, passphrase?: string) {
    this.handle = checked(read(input, 'private', passphrase));
    this.publicKey = new RsaPublicKey(nodeCrypto().createPublicKey(this.handle));
  }

  /** @param bits 2,048 to 8,192. */
  static generate(bits: number): Promise<RsaPrivateKey> {
    return new Promise((resolve, reject) => {
      nodeCrypto().generateKeyPair('rsa', { modulusLength: bits }, (error, _publicKey, privateKey) => {
        if (error) reject(new HandfastError('INTERNAL', 'no RSA key could be made', { cause: error }));
        else resolve(new RsaPrivateKey(privateKey));
      });
    });
  }

  /** PKCS #8, PEM. */
  exportPem(): string {
    return this.handle.export({ type: 'pkcs8', format: 'pem' }).toString();
  }
}

export function rsaSign({ key, hash, message }: RsaSignJob): Promise<RsaSignAnswer> {
  return new Promise((resolve, reject) => {
    nodeCrypto().sign(hash, message, withPadding(key.handle), (error, signature) => {
      if (error) reject(new HandfastError('INTERNAL', 'RSA could not sign', { cause: error }));
      else resolve({ op: 'rsa-sign', signature: new Uint8Array(signature.buffer, signature.byteOffset, signature.length) });
    });
  });
}

/** What a peer sent as a signature is never an error, only not valid. */
export function rsaVerify({ key, hash, message, signature }: RsaVerifyJob): Promise<RsaVerifyAnswer> {
  return new Promise((resolve, reject) => {
    if (signature.length !== Math.ceil(key.modulusBits / 8)) return resolve({ op: 'rsa-verify', valid: false });
    nodeCrypto().verify(hash, message, withPadding(key.handle), signature, (error, valid) => {
      if (error) reject(new HandfastError('INTERNAL', 'RSA could not verify', { cause: error }));
      else resolve({ op: 'rsa-verify', valid });
    });
  });
}

function withPadding(key: KeyObject): { key: KeyObject; padding: number } {
  return { key, padding: nodeCrypto().constants.RSA_PKCS1_PADDING };
}

function read(input: RsaKeyInput, kind: 'public' | 'private', passphrase?: string): KeyObject {
  const { createPrivateKey, createPublicKey, KeyObject } = nodeCrypto();
  if (input instanceof KeyObject) {
    if (input.type === kind) return input;
    throw badKey(`expected a ${kind} key, not a ${input.type} one`);
  }
  const pem = pemOf(input, kind);
  try {
    return kind === 'public' ? createPublicKey(pem) : createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch (cause) {
    throw badKey(kind === 'public' ? 'this is no public key' : 'this is no private key, or its passphrase is another', cause);
  }
}

/** Text stays as it is where it is PEM. A private key in DER is taken to be PKCS #8. */
function pemOf(input: string | Bytes, kind: 'public' | 'private'): string {
  if (typeof input === 'string' && input.includes('-----BEGIN ')) {
    if (kind === 'public' && input.includes('PRIVATE KEY-----')) throw badKey('expected a public key, not a private one');
    return input;
  }
  if (typeof input !== 'string' && !(input instanceof Uint8Array)) throw badKey('expected PEM, base64 or DER');
  const base64 = typeof input === 'string' ? input.replace(/\s+/g, '') : Buffer.from(input).toString('base64');
  const label = kind === 'public' ? 'PUBLIC KEY' : 'PRIVATE KEY';
  return `-----BEGIN ${label}-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`;
}

function checked(key: KeyObject): KeyObject {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== 'rsa') throw badKey(`expected an RSA key, not ${key.asymmetricKeyType}`);
  if (modulusLength < 2048 || modulusLength > 8192) throw badKey(`expected a modulus of 2,048 to 8,192 bits, not ${modulusLength}`);
  if (publicExponent % 2n === 0n || publicExponent < 3n || publicExponent >= 1n << 32n)
    throw badKey('expected an odd exponent of at most 32 bits');
  return key;
}

const badKey = (message: string, cause?: unknown): HandfastError => new HandfastError('BAD_KEY', `RSA key: ${message}`, { cause });
