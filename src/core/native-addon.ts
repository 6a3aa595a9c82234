/** Finds and loads the addon, and says what its functions take. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CodeName, HandfastError } from '../errors.ts';
import type { Lanes } from './core.ts';

/** Bytes on their way in or out: a place in the scratch block (`length << 15 | offset`), or a large array as it is. */
export type Place = number | Uint8Array;
/** A key in guarded memory: an integer of at least 2^32. */
export type Handle = number;

/** The functions of native/addon. All throw coded errors; sizes and meanings stand at each function there. */
export interface Addon {
  register(buffer: ArrayBuffer): number;
  unregister(id: number): void;
  setScratch(id: number): void;
  setErrorFactory(factory: (name: CodeName, message: string) => Error): void;
  random(out: Place): void;
  equal(a: Place, b: Place): boolean;
  info(): AddonInfo;

  x25519Public(out: Place, secretKey: number): void;
  x25519Shared(out: Place, secretKey: number, publicKey: Place): void;
  ed25519KeyPair(publicKey: Place, secretKey: Place, seed: number): void;
  ed25519Sign(out: Place, message: Place, secretKey: number): void;
  ed25519Verify(signature: Place, message: Place, publicKey: Place): boolean;
  ed25519Usable(publicKey: Place): boolean;
  secp256k1Public(out: Place, secretKey: number): void;
  secp256k1Sign(out: Place, digest: Place, secretKey: number): number;
  secp256k1Verify(signature: Place, digest: Place, publicKey: Place, lowS: 0 | 1): boolean;

  blake2b(out: Place, message: Place, key: Place, salt: Place, personal: Place): void;
  sha256(out: Place, message: Place): void;
  sha512(out: Place, message: Place): void;
  hmacSha256(out: Place, key: Place, message: Place): void;
  hmacSha512(out: Place, key: Place, message: Place): void;
  hkdfSha256(out: Place, ikm: Place, salt: Place, info: Place): void;

  aeadSeal(name: number, out: Place, key: number, nonce: Place, message: Place, ad: Place): void;
  aeadOpen(name: number, out: Place, key: number, nonce: Place, sealed: Place, ad: Place): void;

  xtea256(backwards: 0 | 1, out: Place, data: Place, key: number, rounds: number): void;
  xtea256In(backwards: 0 | 1, slab: number, offset: number, length: number, key: number, rounds: number): void;
  /** @param lanes 0: off, 1: avx2, 2: avx512-ifma. For the whole process. @returns false where this machine has none such. */
  setLanes(lanes: number): boolean;
  lanes(): Lanes;

  secretImport(bytes: Place): Handle;
  secretExport(out: Place, secret: Handle): void;
  secretWipe(secret: Handle): boolean;
  secretLive(): number;
  secretX25519KeyPair(publicKey: Place, seed: Place): Handle;
  secretX25519Shared(secretKey: number, publicKey: Place): Handle;
  secretEd25519KeyPair(publicKey: Place, seed: Place): Handle;
  secretBlake2b(length: number, parts: Place): Handle;
  secretKdf(key: Handle, id: number, context: Place): Handle;

  cipherNew(suite: number, key: number, lengthBytes: number, lengthIsAd: 0 | 1, rekeyEvery: number, high: number, low: number): Handle;
  cipherCounter(cipher: Handle): bigint;
  /** @returns the counter, or undefined where there was nothing to wipe. */
  cipherWipe(cipher: Handle): bigint | undefined;
  sealMany(cipher: Handle, slab: number, table: number, count: number): void;
  openMany(cipher: Handle, slab: number, start: number, end: number, table: number, maxLength: number): number;

  sequenceNew(program: Place): number;
  sequenceRun(sequence: number, room: number): boolean;

  run(block: number, count: number): void;
  runAsync(buffer: ArrayBuffer, used: number, count: number): Promise<void>;
}

export interface AddonInfo {
  sodium: string;
  /** Empty where the library is not linked in. */
  secp256k1: string;
  ipsecMb: string;
  gcm: 'ipsec-mb' | 'libsodium' | 'none';
  chacha: 'ipsec-mb' | 'libsodium';
  /** What computes shared secrets. */
  x25519: 'handfast' | 'libsodium';
  /** Vector kernels that public-key work goes through in batches, with avx2 X25519 alone; as of now, since `setLanes` changes it. */
  kernels: 'avx512-ifma' | 'avx2' | 'none';
  /** Threads that runAsync spreads a batch over. */
  threads: number;
}

/** @returns the addon, or one clause that says why there is none. HANDFAST_ADDON names another file than the one built or shipped. */
export function loadAddon(): { addon: Addon } | { why: string } {
  const require = createRequire(import.meta.url);
  const named = process.env.HANDFAST_ADDON;
  let addon: Addon & { [TAKEN]?: true };
  try {
    // src/core and dist/core both lie two levels below the package.
    const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
    const file: string = named ?? require('node-gyp-build').path(root);
    addon = require(file);
    if (addon?.[TAKEN]) addon = anotherOf(require.resolve(file));
  } catch (error) {
    return { why: whyNot(error as Error, named) };
  }
  // An addon of another version would fail at its first call, or worse.
  if (typeof addon?.sequenceRun !== 'function' || typeof addon.setErrorFactory !== 'function') {
    return { why: 'the addon found is not one of this version' };
  }
  Object.defineProperty(addon, TAKEN, { value: true });
  addon.setErrorFactory((name, message) => new HandfastError(name, message));
  return { addon };
}

/**
 * Test runners and bundlers read modules anew, but `require` gives every copy of them the one addon, whose scratch block and errors then belong to who came last: the others would read
 * zeros for results. So each further copy has an instance of its own.
 */
function anotherOf(file: string): Addon {
  const instance = { exports: {} };
  process.dlopen(instance, file);
  return instance.exports as Addon;
}

function whyNot(error: Error, named: string | undefined): string {
  const first = error.message.split('\n', 1)[0];
  if (named) return `HANDFAST_ADDON does not load: ${first}`;
  if (first?.startsWith('No native build was found')) {
    return 'no addon was built or shipped for this platform (in a clone of the repository scripts/setup and npm run build:native make one; elsewhere HANDFAST_ADDON can name its file)';
  }
  return `the addon does not load: ${first}`;
}

const TAKEN = Symbol.for('handfast.addon.taken');
