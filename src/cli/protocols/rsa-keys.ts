/** RSA keys in identity files: PKCS #8 as their secret, PEM for everybody else. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Call, Failure, type Options } from '../command.ts';

export const RSA_OPTIONS: Options = {
  bits: { type: 'string', value: '2048|3072|4096', help: 'Bits of the RSA key; 2048 unless given.' },
  import: { type: 'string', value: 'FILE', help: 'Take the private key from FILE, PEM in clear, instead of making one.' },
};

/** For `keygen`. @returns PKCS #8, DER. */
export async function makeRsaKey(call: Call): Promise<Uint8Array> {
  const bits = Number(call.choice('bits', ['2048', '3072', '4096']) ?? 2048);
  const file = call.text('import');
  return file === undefined ? newRsaKey(bits) : derOf(await imported(file));
}

/** @returns PKCS #8, DER. Cost: some 100 ms of a thread with 2,048 bits. */
export async function newRsaKey(modulusLength = 2048): Promise<Uint8Array> {
  return derOf((await generate('rsa', { modulusLength })).privateKey);
}

/** @param secret PKCS #8, DER. */
export function privatePem(secret: Uint8Array): string {
  return `${privateKeyOf(secret).export({ type: 'pkcs8', format: 'pem' })}`.trim();
}

/** SubjectPublicKeyInfo, as PEM and as DER. */
export function publicHalf(secret: Uint8Array): { pem: string; der: Uint8Array } {
  const key = createPublicKey(privateKeyOf(secret));
  return { pem: `${key.export({ type: 'spki', format: 'pem' })}`.trim(), der: key.export({ type: 'spki', format: 'der' }) };
}

function derOf(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'pkcs8', format: 'der' }));
}

function privateKeyOf(secret: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(secret.buffer, secret.byteOffset, secret.length), format: 'der', type: 'pkcs8' });
}

async function imported(path: string): Promise<KeyObject> {
  const text = await readFile(path, 'utf8');
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'rsa' && key.asymmetricKeyDetails!.modulusLength! >= LEAST_BITS) return key;
  } catch {
    // The parser's words are about its own insides.
  }
  throw new Failure(
    `${path}: no RSA private key of ${LEAST_BITS} bits or more lies in clear in it`,
    'It should be PEM of PKCS #1 or #8; openssl pkey takes a passphrase off',
  );
}

const generate = promisify(generateKeyPair);
const LEAST_BITS = 2048;
