/**
 * The seam between protocols and cryptography: one interface, two cores (`native.ts`, `pure.ts`) that agree on every output, refusal and error code.
 *
 * Everywhere: an argument of the wrong type, a detached buffer or a length that the caller decides is HF_BAD_ARGUMENT (blame caller). A Secret that was wiped is HF_RELEASED.
 * Bytes that came from a peer never throw that way: a `verify` of a misshapen key or signature is `false`, a sealed text too short for its tag is HF_BAD_TAG.
 * Results are new arrays unless `out` is given. Inputs may overlap `out` only where it says so.
 */
import type { Slab, SlabUse } from './slab.ts';

export type Bytes = Uint8Array;

/** Ciphers of a session. Nonces of 12 bytes, tags of 16. */
export type Suite = 'chacha20-poly1305' | 'aes-256-gcm';
/** Ciphers of single messages; XChaCha20-Poly1305 takes nonces of 24 bytes. */
export type AeadName = Suite | 'xchacha20-poly1305';
/** Vector kernels in use. */
export type Lanes = 'avx512-ifma' | 'avx2' | 'off';

/**
 * A key held by the core, behind a handle: in guarded memory (native) or an array of its own (pure).
 * It is never printed and becomes bytes only by `export`. The owner wipes it; until then it counts in `guarded.live`.
 */
export interface Secret {
  /** Bytes, 1 to 64. */
  readonly length: number;
  readonly wiped: boolean;
  /** A copy of the bytes, on purpose. @throws HF_RELEASED */
  export(): Bytes;
  /** Overwrites and frees the key; a second call does nothing. */
  wipe(): void;
}

export type SecretInput = Bytes | Secret;

export interface KeyPair {
  publicKey: Bytes;
  secretKey: Bytes;
}

export interface GuardedKeyPair {
  publicKey: Bytes;
  secretKey: Secret;
}

/** X25519, RFC 7748: the top bit of a public key is ignored, non-canonical ones are accepted. */
export interface X25519 {
  /** @param seed 32 bytes, the secret key itself; random when absent. */
  keyPair(seed?: Bytes): KeyPair;
  /** @param secretKey 32 bytes. @returns 32 bytes. */
  publicKey(secretKey: SecretInput): Bytes;
  /** @param secretKey 32 bytes. @param publicKey 32 bytes. @returns 32 bytes. @throws HF_WEAK_KEY (blame peer) when the result is all zero. */
  shared(secretKey: SecretInput, publicKey: Bytes): Bytes;
}

/**
 * Ed25519, RFC 8032, with one acceptance rule in both cores: key 32 and signature 64 bytes exactly, s below the group order, A and R canonical and not of small order,
 * R compared as bytes with sB - kA, no cofactor. A secret key is 64 bytes: seed, then public key.
 */
export interface Ed25519 {
  /** @param seed 32 bytes; random when absent. */
  keyPair(seed?: Bytes): KeyPair;
  /** @returns 64 bytes. */
  sign(message: Bytes, secretKey: SecretInput): Bytes;
  verify(signature: Bytes, message: Bytes, publicKey: Bytes): boolean;
  /** Many single checks, never the algebraic batch equation, which accepts a different set. @returns one byte an item, 1 or 0. */
  verifyMany(items: readonly SignedItem[]): Uint8Array;
  /** Whether 32 bytes may be a node's id: y below 2^255 - 19 and not of small order (whether it is on the curve is left to verify). */
  usablePublicKey(publicKey: Bytes): boolean;
}

export interface SignedItem {
  signature: Bytes;
  message: Bytes;
  publicKey: Bytes;
}

/** ECDSA on secp256k1 over a digest of 32 bytes; signatures are strict DER (X.690) of at most 72 bytes. */
export interface Secp256k1 {
  /** @param secretKey 32 bytes, 1 to n-1; random when absent. @returns publicKey 33 bytes, compressed. @throws HF_BAD_KEY */
  keyPair(secretKey?: Bytes): KeyPair;
  publicKey(secretKey: SecretInput): Bytes;
  /** Deterministic (RFC 6979, SHA-256), low-S. @returns 8 to 72 bytes of DER. @throws HF_BAD_KEY */
  sign(digest: Bytes, secretKey: SecretInput): Bytes;
  /** High-S is accepted unless `lowS`. @param publicKey 33 or 65 bytes (02, 03 or 04 first), anything else is false. */
  verify(signature: Bytes, digest: Bytes, publicKey: Bytes, options?: { lowS?: boolean }): boolean;
  /** As `verify`, of many. `message` is the digest. */
  verifyMany(items: readonly SignedItem[]): Uint8Array;
}

export interface Blake2bOptions {
  /** Bytes of the digest, 1 to 64; 64 by default. */
  length?: number;
  /** 1 to 64 bytes. */
  key?: Bytes;
  /** 16 bytes. */
  salt?: Bytes;
  /** 16 bytes. */
  personal?: Bytes;
}

export interface Hash {
  /** RFC 7693. `message` may be given in parts that are hashed as if joined. */
  blake2b(message: Bytes | readonly Bytes[], options?: Blake2bOptions): Bytes;
  sha256(message: Bytes): Bytes;
  sha512(message: Bytes): Bytes;
  /** @returns 32 bytes. */
  hmacSha256(key: Bytes, message: Bytes): Bytes;
  /** @returns 64 bytes. */
  hmacSha512(key: Bytes, message: Bytes): Bytes;
  /** RFC 5869. @param length 1 to 8,160. */
  hkdfSha256(ikm: Bytes, salt: Bytes, info: Bytes, length: number): Bytes;
}

/** Single messages. The 16-byte tag comes last. */
export interface Aead {
  /**
   * @param key 32 bytes. @param nonce 12 bytes, 24 for XChaCha20.
   * @param out message length + 16 bytes; may begin where `message` begins. @returns `out`, or a new array.
   */
  seal(name: AeadName, key: SecretInput, nonce: Bytes, message: Bytes, ad?: Bytes, out?: Bytes): Bytes;
  /**
   * @param out sealed length - 16 bytes; may begin where `sealed` begins.
   * @throws HF_BAD_TAG (blame peer); nothing of the message is then written to `out`, which is zeroed.
   */
  open(name: AeadName, key: SecretInput, nonce: Bytes, sealed: Bytes, ad?: Bytes, out?: Bytes): Bytes;
}

/** What handshakes do with keys that never become bytes. All results are the caller's to wipe. */
export interface Guarded {
  /** Copies bytes in (1 to 64); the caller wipes its own. */
  import(bytes: Bytes): Secret;
  /** As `import`, for a key of one session or handshake, whose owner wipes it in any case: the collector of garbage does not watch it, which costs more than all else about a short-lived key. */
  importEphemeral(bytes: Bytes): Secret;
  x25519KeyPair(seed?: Bytes): GuardedKeyPair;
  /** @throws HF_WEAK_KEY */
  x25519Shared(secretKey: Secret, publicKey: Bytes): Secret;
  /** The Secret is 64 bytes: seed, then public key. */
  ed25519KeyPair(seed?: Bytes): GuardedKeyPair;
  /** BLAKE2b of the parts joined, without key. @param length 1 to 64. */
  blake2b(parts: readonly SecretInput[], length: number): Secret;
  /** crypto_kdf_derive_from_key of libsodium: keyed BLAKE2b of nothing, salt `id` (u64 little-endian, then zeros), personal `context` (8 bytes, then zeros); the key is the first 32 bytes of `key`. @returns 32 bytes. */
  kdf(key: Secret, id: number, context: Bytes): Secret;
  /** Secrets not wiped yet; 0 when every session has ended. */
  readonly live: number;
}

/**
 * XTEA256, the cipher of LightweightSecureTCP and of nothing else: XTEA with eight key words (docs/protocols/lwstcp.md). Nobody has analysed it, and each block is enciphered on its own,
 * so that equal blocks show as equal. A key is 32 bytes: eight words, each little-endian, word 0 first. Data are whole blocks of 8 bytes, rounds 1 to 128.
 */
export interface Xtea256 {
  /** @param out as long as `data`; may be `data` itself, but not overlap it otherwise. @throws HF_BAD_ARGUMENT */
  encrypt(key: SecretInput, data: Bytes, rounds: number, out?: Bytes): Bytes;
  decrypt(key: SecretInput, data: Bytes, rounds: number, out?: Bytes): Bytes;
  /** In place: `length` bytes from `offset` of a slab, in one call that allocates nothing. */
  encryptIn(slab: Slab, offset: number, length: number, key: SecretInput, rounds: number): void;
  decryptIn(slab: Slab, offset: number, length: number, key: SecretInput, rounds: number): void;
}

/** How frames lie in a stream. The length counts ciphertext and tag; it is big-endian. */
export interface Framing {
  lengthBytes: 2 | 4;
  /** Whether the length bytes are the associated data of their frame. */
  ad: 'length' | 'none';
  /** The key is replaced before each frame whose counter is a multiple of this (Noise revision 34, section 11.3); 0: never. */
  rekeyEvery: number;
}

export interface CipherOptions {
  suite: Suite;
  /** 32 bytes; copied, so that the caller still wipes its own. */
  key: SecretInput;
  framing: Framing;
  /** The counter of the first frame; 0n by default. A start beyond a multiple of `rekeyEvery` takes `key` as the one in force there. */
  counter?: bigint;
}

/**
 * Where the frames of a chunk lie: pairs of offset and length in a slab, and the outcome of the last `openMany`. Made once and used for every chunk.
 */
export interface FrameTable {
  readonly capacity: number;
  /** 2 x capacity words: offset and length of each message (without length bytes and tag). */
  readonly entries: Uint32Array;
  /** Word 0: a value of {@link Stop}; word 1: the offset of the first byte not consumed; word 2: the length that the frame at that offset declares, where it was read. */
  readonly outcome: Uint32Array;
}

/** Why `openMany` stopped. */
export const Stop = {
  /** The rest is not a whole frame. */
  short: 0,
  /** The table is full; call again. */
  full: 1,
  /** The frame declares more than the limit. */
  tooLarge: 2,
  /** The frame declares less than a tag and one byte. */
  malformed: 3,
  /** The frame does not open; its bytes are zeroed and the counter stays. */
  badTag: 4,
  /** The counter has reached its end; nothing more can be opened under this key. */
  nonceSpent: 5,
} as const;

/** One direction of a session. The counter is private, rises by one a frame, is not advanced by a frame that fails, and never repeats; 2^64-2 is its last value. */
export interface Cipher {
  readonly suite: Suite;
  /** The counter of the next frame. */
  readonly counter: bigint;
  /**
   * Seals `count` messages in place: entry i of the table says where message i lies (1 byte or more); its length bytes are written right before it, its tag right behind.
   * @throws HF_NONCE_SPENT, before anything is sealed, when the counter cannot number them all.
   */
  sealMany(slab: Slab, table: FrameTable, count: number): void;
  /**
   * Opens the whole frames from `start` to `end` in place, in one call.
   * @param maxLength the largest declared length accepted. @returns how many messages were opened; `table` says where they lie and why it stopped.
   */
  openMany(slab: Slab, start: number, end: number, table: FrameTable, maxLength: number): number;
  /**
   * One frame in memory of its own, for what is rare. @param message 1 to 4,096 bytes. @returns its length bytes, the message sealed, the tag.
   * @throws HF_NONCE_SPENT
   */
  seal(message: Bytes): Bytes;
  /** @param frame at most 4,116 bytes. @returns the message, or undefined where it is not one whole frame that opens; then the counter stays. */
  open(frame: Bytes): Bytes | undefined;
  /** Wipes the key; every later call is HF_RELEASED. */
  wipe(): void;
}

/**
 * What a handshake does with hashes and keys between two messages, said once and run for each: one call into the core, and keys that are no results never leave it.
 * Values have names: inputs, then results of steps.
 */
export interface SequenceOptions {
  /** In the order in which `run` takes them. Keys have a fixed length, 1 to 64; those that are `spent` are wiped by the run. */
  inputs: Readonly<Record<string, 'bytes' | { secret: number } | { spent: number }>>;
  /** 1 to 16. */
  steps: readonly SequenceStep[];
  /** In the order in which `run` gives them, at most 8; what `seal`, `open` and `cipher` make must be among them. */
  results: Readonly<Record<string, 'bytes' | 'secret' | 'cipher'>>;
}

/** `into` names what a step makes; bytes in place of a name are constants of at most 255 bytes. */
export type SequenceStep =
  /** BLAKE2b of the parts joined, 64 bytes, without key. */
  | { op: 'blake2b'; into: string; parts: readonly (string | Bytes)[] }
  /** As `guarded.kdf`. @param key 32 to 64 bytes. */
  | { op: 'kdf'; into: string; key: string; id: number; context: Bytes }
  /** As `aead.seal` with a nonce of zeros: for keys that seal one message. @param key 32 bytes. */
  | { op: 'seal'; into: string; suite: Suite; key: string; message: string; ad: string }
  | { op: 'open'; into: string; suite: Suite; key: string; sealed: string; ad: string }
  /** As `cipher`. @param key 32 bytes. */
  | { op: 'cipher'; into: string; suite: Suite; key: string; framing: Framing };

export type SequenceResult = Bytes | Secret | Cipher;

export interface Sequence {
  /**
   * @returns the results, the caller's to wipe, or undefined where something did not open: then nothing is left of the run. Bytes are views of memory shared with other results: not to be kept for long, nor given away.
   * @param inputs bytes are copied first, so that memory shared with other threads will do. @throws HF_BAD_ARGUMENT, HF_RELEASED; then no key is spent.
   */
  run(inputs: readonly (Bytes | Secret)[]): SequenceResult[] | undefined;
}

/** Work that handshakes ask for and drivers gather: everything over some 20 us. */
export type Job =
  /** An X25519 key pair of its own. */
  | { op: 'keygen' }
  | { op: 'dh'; secretKey: Secret; publicKey: Bytes }
  | { op: 'sign'; secretKey: SecretInput; message: Bytes }
  | { op: 'verify'; signature: Bytes; message: Bytes; publicKey: Bytes }
  | { op: 'secp256k1-sign'; secretKey: SecretInput; digest: Bytes }
  | { op: 'secp256k1-verify'; signature: Bytes; digest: Bytes; publicKey: Bytes }
  /** Of the message's SHA-512 the first 32 bytes are what is signed (FIPS 186-5, section 6.4.1: as many bits as the group order has). */
  | { op: 'secp256k1-verify-sha512'; signature: Bytes; message: Bytes; publicKey: Bytes };

/** The answer to a Job, at the same index. `weak`: an all-zero shared secret. */
export type Answer =
  | { op: 'keygen'; keyPair: GuardedKeyPair }
  | { op: 'dh'; shared: Secret | 'weak' }
  | { op: 'sign' | 'secp256k1-sign'; signature: Bytes }
  | { op: 'verify' | 'secp256k1-verify' | 'secp256k1-verify-sha512'; valid: boolean };

export interface Core {
  readonly name: 'native' | 'pure';
  readonly lanes: Lanes;
  /** What does the work: names and versions of the libraries, for `doctor`. */
  readonly parts: Readonly<Record<'ed25519' | 'x25519' | 'secp256k1' | 'chacha20-poly1305' | 'aes-256-gcm' | 'hash', string>>;
  /** Whether AES-256-GCM runs on hardware; only then is it offered. */
  readonly fastAes: boolean;
  /** Threads that `runAsync` spreads a batch over; 0: it is done on the event loop. */
  readonly threads: number;
  random(length: number): Bytes;
  /** In constant time for equal lengths. */
  equal(a: Bytes, b: Bytes): boolean;
  /** Overwrites with zeros. */
  wipe(bytes: Bytes): void;
  readonly x25519: X25519;
  readonly ed25519: Ed25519;
  readonly secp256k1: Secp256k1;
  readonly hash: Hash;
  readonly aead: Aead;
  readonly guarded: Guarded;
  readonly xtea256: Xtea256;
  /** @throws HF_BAD_ARGUMENT when `key` is not 32 bytes. */
  cipher(options: CipherOptions): Cipher;
  /** Made once and used for long: what the core keeps of it is never given back. @throws HF_BAD_ARGUMENT */
  sequence(options: SequenceOptions): Sequence;
  /** @param capacity frames, 1 to 65,536. */
  frameTable(capacity: number): FrameTable;
  /** Leases a slab of at least `size` bytes (64 KiB when absent), zeroed. */
  slab(size?: number): Slab;
  readonly slabs: SlabUse;
  /** Mixed work, one answer each. A job of misshapen input throws HF_BAD_ARGUMENT; a peer's misshapen key or signature is an answer. */
  run(jobs: readonly Job[]): Answer[];
  /** As `run`, off the event loop where the core can. Arguments are copied before it returns. */
  runAsync(jobs: readonly Job[]): Promise<Answer[]>;
}
