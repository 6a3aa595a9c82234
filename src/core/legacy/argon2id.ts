/**
 * Argon2id, version 1.3 (RFC 9106), off the event loop: by node:crypto where it has it (24.7 and later), otherwise by @noble/hashes in a thread of its own. libsodium cannot, since its
 * salts have 16 bytes. With 64 MiB and three passes some 0.1 s natively, and 1 to 2 s otherwise.
 */
import { argon2id } from '@noble/hashes/argon2.js';
import { HandfastError } from '../../errors.ts';
import type { Bytes } from '../core.ts';
import { nodeCrypto, nodeModule, nodeThreads } from './node-crypto.ts';

export interface Argon2idJob {
  op: 'argon2id';
  password: Bytes;
  /** At least 8 bytes. */
  salt: Bytes;
  passes: number;
  memoryKib: number;
  lanes: number;
  /** Bytes of the key. */
  length: number;
}

export interface Argon2idAnswer {
  op: 'argon2id';
  key: Bytes;
}

/** @throws (by rejection) HF_INTERNAL, HF_UNSUPPORTED outside of Node. */
export async function deriveArgon2id(job: Argon2idJob): Promise<Argon2idAnswer> {
  const native = (nodeCrypto() as unknown as { argon2?: NativeArgon2 }).argon2;
  return { op: 'argon2id', key: await (native ? deriveNatively(native, job) : deriveInThread(job)) };
}

/** On the calling thread, which it blocks for a second or two: for tests and conformance. */
export function argon2idNow({ password, salt, passes, memoryKib, lanes, length }: Argon2idJob): Bytes {
  return argon2id(password, salt, { t: passes, m: memoryKib, p: lanes, dkLen: length });
}

type NativeArgon2 = (
  name: 'argon2id',
  parameters: { message: Bytes; nonce: Bytes; parallelism: number; tagLength: number; memory: number; passes: number },
  done: (error: Error | null, key: Uint8Array) => void,
) => void;

function deriveNatively(native: NativeArgon2, { password, salt, passes, memoryKib, lanes, length }: Argon2idJob): Promise<Bytes> {
  const parameters = { message: password, nonce: salt, parallelism: lanes, tagLength: length, memory: memoryKib, passes };
  return new Promise((resolve, reject) => {
    try {
      native('argon2id', parameters, (error, key) => (error ? reject(failed(error)) : resolve(new Uint8Array(key))));
    } catch (cause) {
      // What it does not take it throws at once.
      reject(failed(cause));
    }
  });
}

/** The thread ends with its one result, and what it held goes with it. */
function deriveInThread({ password, salt, passes, memoryKib, lanes, length }: Argon2idJob): Promise<Bytes> {
  const library = nodeModule()
    .createRequire(import.meta.url)
    .resolve('@noble/hashes/argon2.js');
  const workerData = { library, password, salt, options: { t: passes, m: memoryKib, p: lanes, dkLen: length } };
  return new Promise((resolve, reject) => {
    const thread = new (nodeThreads().Worker)(THREAD, { eval: true, workerData });
    thread.once('message', (key: Bytes) => resolve(key));
    thread.once('error', (error) => reject(failed(error)));
    thread.once('exit', () => reject(failed(new Error('the thread ended without a result'))));
  });
}

function failed(cause: unknown): HandfastError {
  return new HandfastError('INTERNAL', 'argon2id failed', { cause });
}

const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const { pathToFileURL } = require('node:url');
import(pathToFileURL(workerData.library).href).then(({ argon2id }) => {
  parentPort.postMessage(argon2id(workerData.password, workerData.salt, workerData.options));
});
`;
