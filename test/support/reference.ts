/**
 * A second handfast/1, written straight from the formulas of its specification and sharing no line with src: BLAKE2b of @noble, everything else of node:crypto.
 * It computes the recorded vectors, and it plays the hostile side in tests: every part of every message can be replaced.
 */
import { createCipheriv, createDecipheriv, createPrivateKey, createPublicKey, diffieHellman, sign } from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';

export type Bytes = Uint8Array;

export const LABEL = 'handfast/1 ';
export const CHACHA = 1;
export const AES = 2;

export function cat(...parts: (Bytes | number[])[]): Bytes {
  return new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part))));
}

export function text(value: string): Bytes {
  return new Uint8Array(Buffer.from(value, 'utf8'));
}

export function u16(value: number): Bytes {
  const out = Buffer.alloc(2);
  out.writeUInt16BE(value);
  return new Uint8Array(out);
}

export function u32(value: number): Bytes {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return new Uint8Array(out);
}

export function u64(value: bigint): Bytes {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(value);
  return new Uint8Array(out);
}

/** L(x) */
export function labelled(word: string): Bytes {
  return cat(text(LABEL + word), [0]);
}

/** H */
export function hash(...parts: Bytes[]): Bytes {
  return blake2b(cat(...parts));
}

export function kdf(key: Bytes, n: number): Bytes {
  const salt = Buffer.alloc(16);
  salt.writeBigUInt64LE(BigInt(n));
  return blake2b(new Uint8Array(0), {
    dkLen: 32,
    key: key.slice(0, 32),
    salt: new Uint8Array(salt),
    personalization: cat(text('handfst1'), new Uint8Array(8)),
  });
}

export function tagOf(network: string): Bytes {
  return hash(labelled('network'), text(network)).slice(0, 16);
}

/** Entries of type and value; a raw list where they are bytes already. */
export type Extensions = Bytes | readonly (readonly [number, Bytes])[];

export function ext(entries: Extensions = []): Bytes {
  if (entries instanceof Uint8Array) return entries;
  const list = cat(...entries.map(([type, value]) => cat(u16(type), u16(value.length), value)));
  return cat(u16(list.length), list);
}

export function framed(frame: Bytes): Bytes {
  return cat(u32(frame.length), frame);
}

function nonce(suite: number, counter: bigint): Buffer {
  const out = Buffer.alloc(12);
  if (suite === CHACHA) out.writeBigUInt64LE(counter, 4);
  else out.writeBigUInt64BE(counter, 4);
  return out;
}

const cipherName = (suite: number) => (suite === CHACHA ? 'chacha20-poly1305' : 'aes-256-gcm') as 'chacha20-poly1305';

export function seal(suite: number, key: Bytes, counter: bigint, ad: Bytes, plain: Bytes): Bytes {
  const cipher = createCipheriv(cipherName(suite), key, nonce(suite, counter), { authTagLength: 16 });
  cipher.setAAD(ad, { plaintextLength: plain.length });
  return cat(cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

/** @throws when it does not open. */
export function open(suite: number, key: Bytes, counter: bigint, ad: Bytes, sealed: Bytes): Bytes {
  const decipher = createDecipheriv(cipherName(suite), key, nonce(suite, counter), { authTagLength: 16 });
  decipher.setAuthTag(sealed.subarray(sealed.length - 16));
  decipher.setAAD(ad, { plaintextLength: sealed.length - 16 });
  return cat(decipher.update(sealed.subarray(0, sealed.length - 16)), decipher.final());
}

export function publicOf(seed: Bytes): Bytes {
  return raw(createPublicKey(privateKey('ed25519', seed)));
}

export function signed(seed: Bytes, message: Bytes): Bytes {
  return new Uint8Array(sign(null, message, privateKey('ed25519', seed)));
}

export function ephemeralOf(secret: Bytes): Bytes {
  return raw(createPublicKey(privateKey('x25519', secret)));
}

export function agreed(secret: Bytes, publicKey: Bytes): Bytes {
  const der = cat(Buffer.from('302a300506032b656e032100', 'hex'), publicKey);
  const peer = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  return new Uint8Array(diffieHellman({ privateKey: privateKey('x25519', secret), publicKey: peer }));
}

function privateKey(curve: 'ed25519' | 'x25519', secret: Bytes) {
  const oid = curve === 'ed25519' ? '70' : '6e';
  return createPrivateKey({
    key: Buffer.from(cat(Buffer.from(`302e020100300506032b65${oid}04220420`, 'hex'), secret)),
    format: 'der',
    type: 'pkcs8',
  });
}

function raw(key: ReturnType<typeof createPublicKey>): Bytes {
  return new Uint8Array(key.export({ format: 'der', type: 'spki' })).slice(-32);
}

/** One direction of a session. */
export class Direction {
  counter = 0n;
  readonly suite: number;
  key: Bytes;

  constructor(suite: number, key: Bytes) {
    this.suite = suite;
    this.key = key;
  }

  record(kind: number, body: Bytes = new Uint8Array(0)): Bytes {
    return this.sealed(cat([kind], body));
  }

  sealed(plain: Bytes): Bytes {
    const length = u32(plain.length + 16);
    return cat(length, seal(this.suite, this.#keyOfNext(), this.counter++, length, plain));
  }

  /** @returns kind and body of one whole record with its length. @throws when it does not open. */
  read(record: Bytes): { kind: number; body: Bytes } {
    const plain = open(this.suite, this.#keyOfNext(), this.counter, record.subarray(0, 4), record.subarray(4));
    this.counter++;
    return { kind: plain[0]!, body: plain.slice(1) };
  }

  #keyOfNext(): Bytes {
    if (this.counter > 0n && this.counter % 65_536n === 0n) this.key = rekeyed(this.suite, this.key);
    return this.key;
  }
}

export function rekeyed(suite: number, key: Bytes): Bytes {
  return seal(suite, key, 2n ** 64n - 1n, new Uint8Array(0), new Uint8Array(32)).slice(0, 32);
}

export interface PartyOptions {
  /** Of the identity. */
  seed: Bytes;
  /** The X25519 secret. */
  ephemeral: Bytes;
  timestamp: bigint;
  network?: string;
  versions?: number[];
  suites?: number[];
}

/** What may be replaced in a proof. */
export interface ProofChanges {
  id?: Bytes;
  timestamp?: bigint;
  extensions?: Extensions;
  signature?: Bytes;
  /** Makes another signature of the right one. */
  respell?: (signature: Bytes) => Bytes;
  /** Instead of claim and signature. */
  proof?: Bytes;
  /** Instead of the text that is signed. */
  text?: Bytes;
}

/** What both sides of the second implementation have. */
export class Party {
  readonly options: PartyOptions;
  readonly id: Bytes;
  suite = CHACHA;
  h1!: Bytes;
  h2!: Bytes;
  h3!: Bytes;
  h4!: Bytes;
  dh!: Bytes;
  prk!: Bytes;
  prk2!: Bytes;
  kB!: Bytes;
  kA!: Bytes;
  kR!: Bytes;
  binding!: Bytes;
  toListener!: Direction;
  toDialler!: Direction;

  constructor(options: PartyOptions) {
    this.options = options;
    this.id = publicOf(options.seed);
  }

  protected derive(head: Bytes, peerEphemeral: Bytes): void {
    this.h2 = hash(this.h1, head);
    this.dh = agreed(this.options.ephemeral, peerEphemeral);
    this.prk = hash(labelled('keys'), this.dh, this.h2);
    this.kB = kdf(this.prk, 1);
    this.kA = kdf(this.prk, 2);
    this.kR = kdf(this.prk, 3);
  }

  protected enter(sealedFinish: Bytes): void {
    this.h4 = hash(this.h3, sealedFinish);
    this.prk2 = hash(labelled('session'), this.prk, this.h4);
    this.toListener = new Direction(this.suite, kdf(this.prk2, 1));
    this.toDialler = new Direction(this.suite, kdf(this.prk2, 2));
    this.binding = kdf(this.prk2, 3);
  }

  protected proofOver(prefix: Bytes, changes: ProofChanges): Bytes {
    const claim = cat(changes.id ?? this.id, u64(changes.timestamp ?? this.options.timestamp), ext(changes.extensions));
    const signature = changes.signature ?? signed(this.options.seed, changes.text ?? cat(prefix, claim));
    return changes.proof ?? cat(claim, changes.respell?.(signature) ?? signature);
  }
}

/** The frame in front of `bytes`, without its length. */
export function firstFrame(bytes: Bytes): Bytes {
  return bytes.slice(4, 4 + Buffer.from(bytes).readUInt32BE(0));
}

export class ReferenceDialler extends Party {
  #hello = new Uint8Array(0) as Bytes;

  hello(
    changes: { versions?: number[]; suites?: number[]; tag?: Bytes; ephemeral?: Bytes; extensions?: Extensions; tail?: Bytes } = {},
  ): Bytes {
    const { versions = this.options.versions ?? [1], suites = this.options.suites ?? [1] } = changes;
    const tag = changes.tag ?? tagOf(this.options.network ?? 'demo');
    this.#hello = cat(
      [1, versions.length, ...versions, suites.length, ...suites],
      tag,
      changes.ephemeral ?? ephemeralOf(this.options.ephemeral),
      ext(changes.extensions),
      changes.tail ?? [],
    );
    this.h1 = hash(hash(labelled('transcript')), this.#hello);
    return framed(this.#hello);
  }

  /** Reads the reply. @returns the listener's proof. @throws when it does not open. */
  takeReply(bytes: Bytes): Bytes {
    const frame = firstFrame(bytes);
    this.suite = frame[2]!;
    const headLength = 37 + Buffer.from(frame).readUInt16BE(35);
    const head = frame.slice(0, headLength);
    const sealed = frame.slice(headLength);
    this.derive(head, frame.slice(3, 35));
    this.h3 = hash(this.h2, sealed);
    return open(this.suite, this.kB, 0n, this.h2, sealed);
  }

  finish(idOfB: Bytes, changes: ProofChanges = {}): Bytes {
    const sealed = seal(this.suite, this.kA, 0n, this.h3, this.proofOver(cat(labelled('initiator'), this.h3, idOfB), changes));
    this.enter(sealed);
    return framed(cat([3], sealed));
  }

  refusal(code: number, reason: Bytes = new Uint8Array(0), body = cat(u16(code), reason)): Bytes {
    return framed(cat([4], seal(this.suite, this.kR, 0n, this.h3, body)));
  }

  /** Its first record. */
  open(largest = 1_049_600, extensions: Extensions = []): Bytes {
    return this.toListener.record(0, cat(u32(largest), ext(extensions)));
  }
}

export class ReferenceListener extends Party {
  takeHello(bytes: Bytes): void {
    const frame = firstFrame(bytes);
    this.h1 = hash(hash(labelled('transcript')), frame);
    const at = 3 + frame[1]! + frame[2 + frame[1]!]! + 16;
    this.#peerEphemeral = frame.slice(at, at + 32);
  }

  #peerEphemeral = new Uint8Array(0) as Bytes;

  reply(
    changes: ProofChanges & {
      version?: number;
      suite?: number;
      sealWith?: number;
      ephemeral?: Bytes;
      headExtensions?: Extensions;
      key?: Bytes;
    } = {},
  ): Bytes {
    const suite = changes.suite ?? this.options.suites?.[0] ?? 1;
    this.suite = changes.sealWith ?? suite;
    const head = cat(
      [2, changes.version ?? 1, suite],
      changes.ephemeral ?? ephemeralOf(this.options.ephemeral),
      ext(changes.headExtensions),
    );
    this.derive(head, this.#peerEphemeral);
    const sealed = seal(this.suite, changes.key ?? this.kB, 0n, this.h2, this.proofOver(cat(labelled('responder'), this.h2), changes));
    this.h3 = hash(this.h2, sealed);
    return framed(cat(head, sealed));
  }

  /** Reads the finish. @returns the dialler's proof. @throws when it does not open. */
  takeFinish(bytes: Bytes): Bytes {
    const sealed = firstFrame(bytes).slice(1);
    const proof = open(this.suite, this.kA, 0n, this.h3, sealed);
    this.enter(sealed);
    return proof;
  }

  /** Reads a sealed refusal. */
  takeRefusal(bytes: Bytes): Bytes {
    return open(this.suite, this.kR, 0n, this.h3, firstFrame(bytes).slice(1));
  }

  open(largest = 1_049_600, extensions: Extensions = []): Bytes {
    return this.toDialler.record(0, cat(u32(largest), ext(extensions)));
  }
}

/** A gossip envelope of section 4: what is signed, the signature, the message id. */
export function envelope(seed: Bytes, network: string, sequence: bigint, timestamp: bigint, topic: string, payload: Bytes) {
  const body = cat(publicOf(seed), u64(sequence), u64(timestamp), [text(topic).length], text(topic), u32(payload.length), payload);
  const message = cat(labelled('broadcast'), tagOf(network), body);
  return { body, message, id: hash(message).slice(0, 32), signature: signed(seed, message) };
}
