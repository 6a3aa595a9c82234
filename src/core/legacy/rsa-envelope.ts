/**
 * Signed envelopes of RSA, as HiveMind has them: RSA-OAEP (SHA-1, MGF1-SHA-1, empty label) for the recipient, and RSA-PSS (SHA-256, MGF1-SHA-256, salt of 32 bytes) of the sender over
 * the ciphertext: RFC 8017, sections 7.1 and 8.1. Off the event loop, but for what takes under 0.1 ms.
 */
import type { KeyObject } from 'node:crypto';
import { HandfastError } from '../../errors.ts';
import type { Bytes } from '../core.ts';
import { nodeCrypto } from './node-crypto.ts';

/** Some 1.2 ms of a thread with 2,048 bits. */
export interface EnvelopeSealJob {
  op: 'rsa-envelope-seal';
  /** The sender's, PEM: PKCS #1 or PKCS #8. */
  privateKey: string;
  /** The recipient's, PEM: SubjectPublicKeyInfo. */
  publicKey: string;
  /** At most the recipient's modulus less 42 bytes. */
  plaintext: Bytes;
  /** What is signed; the ciphertext when absent. */
  signed?: Bytes | undefined;
}

export interface EnvelopeSealAnswer {
  op: 'rsa-envelope-seal';
  /** As long as the recipient's modulus; undefined when the recipient's key is none of RSA, under 2,048 bits, or too small for the plaintext. */
  ciphertext: Bytes | undefined;
  /** As long as the sender's modulus. */
  signature: Bytes | undefined;
}

/** Some 1.3 ms of a thread with 2,048 bits. */
export interface EnvelopeOpenJob {
  op: 'rsa-envelope-open';
  /** The recipient's. */
  privateKey: string;
  /** The sender's. */
  publicKey: string;
  ciphertext: Bytes;
  signature: Bytes;
  /** What is signed; the ciphertext when absent. */
  signed?: Bytes | undefined;
}

export interface EnvelopeOpenAnswer {
  op: 'rsa-envelope-open';
  /** `forged`: the signature does not match, and nothing was decrypted. `unreadable`: it does, and is for another key. */
  plaintext: Bytes | 'forged' | 'unreadable';
}

/** Bytes of the modulus of a public key; undefined for what is no RSA key of at least 2,048 bits, in PEM. */
export function modulusBytes(publicKey: string): number | undefined {
  const key = readPublic(publicKey);
  return key && key.asymmetricKeyDetails!.modulusLength! / 8;
}

/** Bytes that can be sealed to a public key at most; undefined where `modulusBytes` is. */
export function sealedLimit(publicKey: string): number | undefined {
  const modulus = modulusBytes(publicKey);
  return modulus && modulus - OAEP_OVERHEAD;
}

/** SubjectPublicKeyInfo of a private key, PEM without a final newline. @throws HF_BAD_KEY unless it is an RSA key of at least 2,048 bits. */
export function publicPemOf(privateKey: string): string {
  const key = nodeCrypto().createPublicKey(readPrivate(privateKey));
  return key.export({ type: 'spki', format: 'pem' }).toString().trimEnd();
}

export function sealEnvelope({ privateKey, publicKey, plaintext, signed }: EnvelopeSealJob): Promise<EnvelopeSealAnswer> {
  return settled(() => {
    const { publicEncrypt, constants } = nodeCrypto();
    const signer = readPrivate(privateKey);
    const recipient = readPublic(publicKey);
    if (!recipient || plaintext.length > sealedLimit(publicKey)!) {
      return Promise.resolve({ op: 'rsa-envelope-seal', ciphertext: undefined, signature: undefined });
    }
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const ciphertext = new Uint8Array(publicEncrypt({ key: recipient, padding, oaepHash: 'sha1' }, plaintext));
    return sign(signer, signed ?? ciphertext).then((signature) => ({ op: 'rsa-envelope-seal', ciphertext, signature }));
  });
}

export function openEnvelope({ privateKey, publicKey, ciphertext, signature, signed }: EnvelopeOpenJob): Promise<EnvelopeOpenAnswer> {
  return settled(async () => {
    const recipient = readPrivate(privateKey);
    const sender = readPublic(publicKey);
    if (!sender || !(await verify(sender, signed ?? ciphertext, signature))) return { op: 'rsa-envelope-open', plaintext: 'forged' };
    return { op: 'rsa-envelope-open', plaintext: (await decrypt(recipient, ciphertext)) ?? 'unreadable' };
  });
}

/** As `openEnvelope`, at once, on the event loop: for tools, never for what a peer sent. */
export function openEnvelopeNow({
  privateKey,
  publicKey,
  ciphertext,
  signature,
}: Omit<EnvelopeOpenJob, 'op'>): EnvelopeOpenAnswer['plaintext'] {
  const { verify: verifyNow, privateDecrypt, constants } = nodeCrypto();
  const key = readPrivate(privateKey);
  const sender = readPublic(publicKey);
  if (!sender || !verifyNow('sha256', ciphertext, { key: sender, ...pss() }, signature)) return 'forged';
  try {
    return new Uint8Array(privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, ciphertext));
  } catch {
    return 'unreadable';
  }
}

function readPublic(pem: string): KeyObject | undefined {
  try {
    return checked(nodeCrypto().createPublicKey({ key: pem, format: 'pem' }));
  } catch {
    return undefined;
  }
}

function readPrivate(pem: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = checked(nodeCrypto().createPrivateKey({ key: pem, format: 'pem' }));
  } catch {
    // Messages of the library may hold parts of the key.
  }
  if (key) return key;
  throw new HandfastError('BAD_KEY', `the private key is no RSA key in PEM of ${LEAST_BITS} to ${MOST_BITS} bits`);
}

function checked(key: KeyObject): KeyObject | undefined {
  const bits = key.asymmetricKeyType === 'rsa' ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
  return bits >= LEAST_BITS && bits <= MOST_BITS && bits % 8 === 0 ? key : undefined;
}

function sign(key: KeyObject, message: Bytes): Promise<Bytes> {
  return new Promise((resolve, reject) => {
    nodeCrypto().sign('sha256', message, { key, ...pss() }, (error, signature) =>
      error ? reject(error) : resolve(new Uint8Array(signature)),
    );
  });
}

function verify(key: KeyObject, message: Bytes, signature: Bytes): Promise<boolean> {
  return new Promise((resolve) => {
    nodeCrypto().verify('sha256', message, { key, ...pss() }, signature, (error, valid) => resolve(!error && valid));
  });
}

/** By the asynchronous interface of the web, since the other one has none for this. */
async function decrypt(key: KeyObject, ciphertext: Bytes): Promise<Bytes | undefined> {
  const { subtle } = nodeCrypto().webcrypto;
  const algorithm = { name: 'RSA-OAEP', hash: 'SHA-1' };
  const imported = await subtle.importKey('pkcs8', key.export({ type: 'pkcs8', format: 'der' }), algorithm, false, ['decrypt']);
  try {
    return new Uint8Array(await subtle.decrypt(algorithm, imported, ciphertext));
  } catch {
    return undefined;
  }
}

function pss(): { padding: number; saltLength: number } {
  return { padding: nodeCrypto().constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
}

async function settled<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof HandfastError ? error : new HandfastError('INTERNAL', 'an RSA operation failed', { cause: error });
  }
}

const OAEP_OVERHEAD = 42;
const LEAST_BITS = 2048;
const MOST_BITS = 8192;
