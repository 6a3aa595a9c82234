// @ts-check
/**
 * The handfast/1 exchange as somebody would write it by hand straight onto a library: same messages, hashes, keys, AEAD, signatures and checks, but for one suite, one version and no
 * extensions, without states, errors, limits or anything else that makes a library of it. Every buffer is made once. Names follow section 3 of docs/protocols/handfast.md.
 *
 * @typedef {object} Library writes into `out` and never allocates where the library behind it lets it.
 * @property {(publicKey: Uint8Array, secretKey: Uint8Array, fixed?: Uint8Array) => void} keyPair X25519, of `fixed` where it is given.
 * @property {(out: Uint8Array, secretKey: Uint8Array, publicKey: Uint8Array) => void} shared throws for an all-zero result.
 * @property {(seed: Uint8Array) => { publicKey: Uint8Array, secretKey: Uint8Array }} identity Ed25519; the secret key as the library takes it.
 * @property {(out: Uint8Array, message: Uint8Array, secretKey: Uint8Array) => void} sign
 * @property {(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean} verify
 * @property {(out: Uint8Array, message: Uint8Array) => void} hash BLAKE2b-512.
 * @property {(out: Uint8Array, key: Uint8Array, id: number) => void} kdf
 * @property {(out: Uint8Array, key: Uint8Array, ad: Uint8Array, plaintext: Uint8Array) => void} seal ChaCha20-Poly1305 with a nonce of zeros.
 * @property {(out: Uint8Array, key: Uint8Array, ad: Uint8Array, sealed: Uint8Array) => void} open throws where it does not open.
 * @property {(a: Uint8Array, b: Uint8Array) => boolean} equal in constant time.
 * @property {(bytes: Uint8Array) => void} wipe
 *
 * @typedef {{ ephemeral?: Uint8Array, now?: number }} Fixed instead of random and clock, to compare with known answers.
 */

/** The frames, as they would lie in the buffers of two sockets. */
class Wire {
  hello = new Uint8Array(4 + HELLO);
  reply = new Uint8Array(4 + REPLY_HEAD + SEALED);
  finish = new Uint8Array(4 + 1 + SEALED);
  openOfA = new Uint8Array(4 + OPEN + TAG);
  openOfB = new Uint8Array(4 + OPEN + TAG);
}

/** What both sides have. */
class Side {
  /** @param {Library} library @param {Uint8Array} seed @param {Uint8Array} network 16 bytes. */
  constructor(library, seed, network) {
    this.library = library;
    this.tag = network;
    const { publicKey, secretKey } = library.identity(seed);
    this.id = publicKey;
    this.secretKey = secretKey;
    this.ephemeral = new Uint8Array(32);
    this.ephemeralSecret = new Uint8Array(32);
    this.h0 = new Uint8Array(64);
    library.hash(this.h0, label('transcript'));
    this.h1 = new Uint8Array(64);
    this.h2 = new Uint8Array(64);
    this.h3 = new Uint8Array(64);
    this.h4 = new Uint8Array(64);
    this.withHello = new Uint8Array(64 + HELLO);
    this.withHead = new Uint8Array(64 + REPLY_HEAD);
    this.withSealed = new Uint8Array(64 + SEALED);
    this.forKeys = concat(label('keys'), new Uint8Array(32 + 64));
    this.dh = this.forKeys.subarray(-96, -64);
    this.prk = new Uint8Array(64);
    this.kA = new Uint8Array(32);
    this.kB = new Uint8Array(32);
    this.kR = new Uint8Array(32);
    this.forSession = concat(label('session'), new Uint8Array(64 + 64));
    this.prk2 = new Uint8Array(64);
    this.toListener = new Uint8Array(32);
    this.toDialler = new Uint8Array(32);
    this.binding = new Uint8Array(32);
    this.responderText = concat(label('responder'), new Uint8Array(64 + CLAIM));
    this.initiatorText = concat(label('initiator'), new Uint8Array(64 + 32 + CLAIM));
    this.ownProof = new Uint8Array(CLAIM + 64);
    this.ownProof.set(this.id);
    this.ownClaim = this.ownProof.subarray(0, CLAIM);
    this.ownSignature = this.ownProof.subarray(CLAIM);
    this.proof = new Uint8Array(CLAIM + 64);
    this.peer = this.proof.subarray(0, 32);
    this.claim = this.proof.subarray(0, CLAIM);
    this.signature = this.proof.subarray(CLAIM);
    this.openBody = new Uint8Array(OPEN);
    writeU32(this.openBody, 1, 1_049_600);
    this.peerOpen = new Uint8Array(OPEN);
  }

  /** h of the next step: H(h || part). @param {Uint8Array} out @param {Uint8Array} joined room for both. @param {Uint8Array} h @param {Uint8Array} part */
  extend(out, joined, h, part) {
    joined.set(h);
    joined.set(part, 64);
    this.library.hash(out, joined);
  }

  handshakeKeys() {
    const { library, prk } = this;
    this.forKeys.set(this.h2, this.forKeys.length - 64);
    library.hash(prk, this.forKeys);
    library.wipe(this.dh);
    library.wipe(this.ephemeralSecret);
    library.kdf(this.kB, prk, 1);
    library.kdf(this.kA, prk, 2);
    library.kdf(this.kR, prk, 3);
  }

  sessionKeys() {
    const { library, prk, prk2 } = this;
    this.forSession.set(prk, this.forSession.length - 128);
    this.forSession.set(this.h4, this.forSession.length - 64);
    library.hash(prk2, this.forSession);
    library.kdf(this.toListener, prk2, 1);
    library.kdf(this.toDialler, prk2, 2);
    library.kdf(this.binding, prk2, 3);
    for (const secret of [prk, prk2, this.forSession.subarray(-128, -64), this.kA, this.kB, this.kR]) library.wipe(secret);
  }

  /** @param {number} now */
  checkProof(now) {
    const view = new DataView(this.claim.buffer, this.claim.byteOffset + 32);
    const timestamp = Number(view.getBigUint64(0));
    if (Math.abs(timestamp - now) > 30_000) throw new Error('clock');
    if (view.getUint16(8) !== 0) throw new Error('extensions');
  }

  /** @param {number} now */
  writeClaim(now) {
    new DataView(this.ownProof.buffer, this.ownProof.byteOffset + 32).setBigUint64(0, BigInt(now));
  }

  checkPeer() {
    if (this.library.equal(this.peer, this.id)) throw new Error('self');
  }

  /** @param {Uint8Array} frame @param {Uint8Array} key */
  sealOpen(frame, key) {
    writeU32(frame, 0, frame.length - 4);
    this.library.seal(frame.subarray(4), key, frame.subarray(0, 4), this.openBody);
  }

  /** @param {Uint8Array} frame @param {Uint8Array} key */
  readOpen(frame, key) {
    checkLength(frame);
    this.library.open(this.peerOpen, key, frame.subarray(0, 4), frame.subarray(4));
    if (this.peerOpen[0] !== 0 || readU32(this.peerOpen, 1) < 65_536) throw new Error('open');
  }

  wipe() {
    this.library.wipe(this.toListener);
    this.library.wipe(this.toDialler);
  }
}

class Dialler extends Side {
  /** @param {Uint8Array} frame @param {Fixed} fixed */
  writeHello(frame, fixed) {
    this.library.keyPair(this.ephemeral, this.ephemeralSecret, fixed.ephemeral);
    writeU32(frame, 0, HELLO);
    frame.set([1, 1, 1, 1, 1], 4);
    frame.set(this.tag, 9);
    frame.set(this.ephemeral, 25);
    frame[57] = 0;
    frame[58] = 0;
    this.extend(this.h1, this.withHello, this.h0, frame.subarray(4));
  }

  /** @param {Uint8Array} frame @param {number} now */
  readReply(frame, now) {
    checkLength(frame);
    if (frame[4] !== 2 || frame[5] !== 1 || frame[6] !== 1 || frame[39] !== 0 || frame[40] !== 0) throw new Error('reply');
    const { library } = this;
    library.shared(this.dh, this.ephemeralSecret, frame.subarray(7, 39));
    this.extend(this.h2, this.withHead, this.h1, frame.subarray(4, 4 + REPLY_HEAD));
    this.handshakeKeys();
    const sealed = frame.subarray(4 + REPLY_HEAD);
    library.open(this.proof, this.kB, this.h2, sealed);
    this.extend(this.h3, this.withSealed, this.h2, sealed);
    this.checkProof(now);
    const text = this.responderText;
    text.set(this.h2, text.length - CLAIM - 64);
    text.set(this.claim, text.length - CLAIM);
    if (!library.verify(this.signature, text, this.peer)) throw new Error('signature');
    this.checkPeer();
  }

  /** @param {Uint8Array} frame @param {Uint8Array} open @param {number} now */
  writeFinish(frame, open, now) {
    const { library } = this;
    this.writeClaim(now);
    const text = this.initiatorText;
    text.set(this.h3, text.length - CLAIM - 96);
    text.set(this.peer, text.length - CLAIM - 32);
    text.set(this.ownClaim, text.length - CLAIM);
    library.sign(this.ownSignature, text, this.secretKey);
    writeU32(frame, 0, frame.length - 4);
    frame[4] = 3;
    const sealed = frame.subarray(5);
    library.seal(sealed, this.kA, this.h3, this.ownProof);
    this.extend(this.h4, this.withSealed, this.h3, sealed);
    this.sessionKeys();
    this.sealOpen(open, this.toListener);
  }
}

class Listener extends Side {
  /** @param {Uint8Array} hello @param {Uint8Array} frame @param {Fixed} fixed @param {number} now */
  answer(hello, frame, fixed, now) {
    checkLength(hello);
    if (hello[4] !== 1 || hello[6] !== 1 || hello[8] !== 1 || hello[57] !== 0 || hello[58] !== 0) throw new Error('hello');
    const { library } = this;
    if (!library.equal(hello.subarray(9, 25), this.tag)) throw new Error('network');
    this.extend(this.h1, this.withHello, this.h0, hello.subarray(4));
    library.keyPair(this.ephemeral, this.ephemeralSecret, fixed.ephemeral);
    writeU32(frame, 0, frame.length - 4);
    frame.set([2, 1, 1], 4);
    frame.set(this.ephemeral, 7);
    frame[39] = 0;
    frame[40] = 0;
    this.extend(this.h2, this.withHead, this.h1, frame.subarray(4, 4 + REPLY_HEAD));
    library.shared(this.dh, this.ephemeralSecret, hello.subarray(25, 57));
    this.writeClaim(now);
    const text = this.responderText;
    text.set(this.h2, text.length - CLAIM - 64);
    text.set(this.ownClaim, text.length - CLAIM);
    library.sign(this.ownSignature, text, this.secretKey);
    this.handshakeKeys();
    const sealed = frame.subarray(4 + REPLY_HEAD);
    library.seal(sealed, this.kB, this.h2, this.ownProof);
    this.extend(this.h3, this.withSealed, this.h2, sealed);
  }

  /** @param {Uint8Array} frame @param {Uint8Array} open @param {Uint8Array} ownOpen @param {number} now */
  readFinish(frame, open, ownOpen, now) {
    checkLength(frame);
    if (frame[4] !== 3) throw new Error('finish');
    const { library } = this;
    const sealed = frame.subarray(5);
    library.open(this.proof, this.kA, this.h3, sealed);
    this.extend(this.h4, this.withSealed, this.h3, sealed);
    this.sessionKeys();
    this.checkProof(now);
    const text = this.initiatorText;
    text.set(this.h3, text.length - CLAIM - 96);
    text.set(this.id, text.length - CLAIM - 32);
    text.set(this.claim, text.length - CLAIM);
    if (!library.verify(this.signature, text, this.peer)) throw new Error('signature');
    this.checkPeer();
    this.readOpen(open, this.toListener);
    this.sealOpen(ownOpen, this.toDialler);
  }
}

/**
 * Both sides and the wire between them.
 * @param {Library} library
 */
export function byHand(library) {
  const tag = new Uint8Array(64);
  library.hash(tag, concat(label('network'), Buffer.from('demo')));
  const a = new Dialler(library, new Uint8Array(32).fill(1), tag.slice(0, 16));
  const b = new Listener(library, new Uint8Array(32).fill(2), tag.slice(0, 16));
  const wire = new Wire();
  const none = {};
  return {
    /** One complete handshake. @param {{ a: Fixed, b: Fixed }} [fixed] */
    handshake(fixed) {
      const fixedA = fixed?.a ?? none;
      const fixedB = fixed?.b ?? none;
      const nowA = fixed?.a.now ?? Date.now();
      const nowB = fixed?.b.now ?? Date.now();
      a.writeHello(wire.hello, fixedA);
      b.answer(wire.hello, wire.reply, fixedB, nowB);
      a.readReply(wire.reply, nowA);
      a.writeFinish(wire.finish, wire.openOfA, nowA);
      b.readFinish(wire.finish, wire.openOfA, wire.openOfB, nowB);
      a.readOpen(wire.openOfB, a.toDialler);
      a.wipe();
      b.wipe();
    },
    /** What the last handshake made. */
    made: () => ({ bindingOfA: a.binding, bindingOfB: b.binding, firstRecord: wire.openOfA }),
  };
}

/** @param {string} word */
function label(word) {
  return Buffer.from(`handfast/1 ${word}\0`);
}

/** @param {Uint8Array[]} parts */
function concat(...parts) {
  return new Uint8Array(Buffer.concat(parts));
}

/** @param {Uint8Array} frame */
function checkLength(frame) {
  if (readU32(frame, 0) !== frame.length - 4) throw new Error('length');
}

/** @param {Uint8Array} bytes @param {number} at @param {number} value */
function writeU32(bytes, at, value) {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** @param {Uint8Array} bytes @param {number} at */
function readU32(bytes, at) {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

const TAG = 16;
const CLAIM = 32 + 8 + 2;
const SEALED = CLAIM + 64 + TAG;
const HELLO = 55;
const REPLY_HEAD = 37;
const OPEN = 7;
