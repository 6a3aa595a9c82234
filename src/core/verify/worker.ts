/** A worker thread of {@link ../verify/pool.ts}: the pure core, asked by packed signatures, answering with a byte each. */
import { parentPort } from 'node:worker_threads';
import { ed25519 } from '../pure-ed25519.ts';
import { hash } from '../pure-hash.ts';
import { secp256k1 } from '../pure-secp256k1.ts';
import { type ToVerify, unpack } from './packed.ts';

parentPort?.on('message', (packed: Uint8Array) => {
  const valid = Uint8Array.from(unpack(packed), (check) => Number(isValid(check)));
  parentPort?.postMessage(valid, [valid.buffer]);
});

function isValid({ algorithm, publicKey, signature, message, hashed }: ToVerify): boolean {
  if (algorithm === 'ed25519') return ed25519.verify(signature, message, publicKey);
  return secp256k1.verify(signature, hashed ? message : hash.sha512(message).subarray(0, 32), publicKey);
}
