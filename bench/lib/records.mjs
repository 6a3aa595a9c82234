/** Subjects that seal records and open them again, 64 at a time: handfast on a slab in one call each way, or message by message as all others. */
import { execFileSync } from 'node:child_process';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadCore, optional, sameBytes } from './suite.mjs';

const BATCH = 64;
const TAG = 16;
const GCM_LOOP = fileURLToPath(new URL('../../build/bench/bench-gcm-loop', import.meta.url));
const SUITES = { 'aes-256-gcm': 'AES-256-GCM', 'chacha20-poly1305': 'ChaCha20-Poly1305' };

/**
 * One case for each size and suite, `aes-256-gcm/256-B`. The reference is the only one of the others that is there for every size and never allocates; it has ChaCha20 only, also where
 * the case says AES.
 * @param {readonly string[]} sizes `1 B`, `16 KiB`... @param {string} how @returns {import('./suite.mjs').Case[]}
 */
export function recordCases(sizes, how) {
  return Object.entries(SUITES).flatMap(([suiteName, title]) =>
    sizes.map((size) => ({
      name: `${suiteName}/${size}`.replaceAll(' ', '-'),
      operation: `one message of ${size} sealed and opened, ${how}, ${title}`,
      reference: 'sodium-native',
    })),
  );
}

/** @param {string} caseName */
function parse(caseName) {
  const [suiteName, size] = caseName.split('/');
  const [number, unit] = size.split('-');
  return { suiteName, size: Number(number) * (unit === 'KiB' ? 1024 : 1) };
}

/** A core's ciphers: 64 frames of a slab sealed in one call and opened in one call, in place. */
export async function slabs(name, caseName) {
  const core = await loadCore(name);
  if (core.missing) return core;
  const { suiteName, size } = parse(caseName);
  const key = randomBytes(32);
  const framing = { lengthBytes: 4, ad: 'length', rekeyEvery: 65_536 };
  const sealer = core.cipher({ suite: suiteName, key, framing });
  const opener = core.cipher({ suite: suiteName, key, framing });
  const frame = 4 + size + TAG;
  const slab = core.slab(BATCH * frame);
  const table = core.frameTable(BATCH);
  const messages = randomBytes(BATCH * size);
  const at = (i) => i * frame + 4;
  for (let i = 0; i < BATCH; i++) slab.bytes.set(messages.subarray(i * size, (i + 1) * size), at(i));
  const seal = () => {
    for (let i = 0; i < BATCH; i++) {
      table.entries[2 * i] = at(i);
      table.entries[2 * i + 1] = size;
    }
    sealer.sealMany(slab, table, BATCH);
  };
  const open = () => {
    if (opener.openMany(slab, 0, BATCH * frame, table, size + TAG) !== BATCH) throw new Error('not every record opened');
  };
  return {
    operations: BATCH,
    call() {
      seal();
      open();
    },
    check() {
      for (let i = 0; i < BATCH; i++)
        sameBytes(slab.bytes.subarray(at(i), at(i) + size), messages.subarray(i * size, (i + 1) * size), `message ${i}`);
      checkFrames(core, suiteName, framing, slab, table, messages, size, frame, at);
    },
    close() {
      sealer.wipe();
      opener.wipe();
      slab.release();
    },
    facts: { core: core.name, part: core.parts[suiteName] },
  };
}

/** The frames of a cipher of its own, from counter 0, against node:crypto. */
function checkFrames(core, suiteName, framing, slab, table, messages, size, frame, at) {
  const key = randomBytes(32);
  const sealer = core.cipher({ suite: suiteName, key, framing });
  const opener = core.cipher({ suite: suiteName, key, framing });
  for (let i = 0; i < BATCH; i++) {
    table.entries[2 * i] = at(i);
    table.entries[2 * i + 1] = size;
  }
  sealer.sealMany(slab, table, BATCH);
  for (let i = 0; i < BATCH; i++) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(size + TAG);
    const sealed = sealOf(suiteName, key, nonceOf(suiteName, i), messages.subarray(i * size, (i + 1) * size), length);
    sameBytes(slab.bytes.subarray(i * frame, (i + 1) * frame), Buffer.concat([length, sealed]), `frame ${i}`);
  }
  if (opener.openMany(slab, 0, BATCH * frame, table, size + TAG) !== BATCH) throw new Error('not every frame opened');
  sealer.wipe();
  opener.wipe();
}

/** A core's calls for single messages: the key behind a handle, results into arrays made before. */
export async function calls(name, caseName) {
  const core = await loadCore(name);
  if (core.missing) return core;
  const { suiteName, size } = parse(caseName);
  const key = randomBytes(32);
  const secret = core.guarded.import(key);
  const nonce = Buffer.alloc(12);
  const made = perMessage(suiteName, size, key, nonce, {
    seal: (out, message) => core.aead.seal(suiteName, secret, nonce, message, undefined, out),
    open: (out, sealed) => core.aead.open(suiteName, secret, nonce, sealed, undefined, out),
  });
  return { ...made, close: () => secret.wipe(), facts: { core: core.name, part: core.parts[suiteName] } };
}

/** Every message with buffers made before, as its documentation shows. It has no AES: its ChaCha20-Poly1305 stands in both suites. */
export async function sodiumNative(caseName) {
  const sodium = await optional('sodium-native');
  if (sodium.missing) return sodium;
  const { size } = parse(caseName);
  const key = randomBytes(32);
  const nonce = Buffer.alloc(12);
  return perMessage('chacha20-poly1305', size, key, nonce, {
    seal: (out, message) => sodium.crypto_aead_chacha20poly1305_ietf_encrypt(out, message, null, null, nonce, key),
    open: (out, sealed) => sodium.crypto_aead_chacha20poly1305_ietf_decrypt(out, null, sealed, null, nonce, key),
  });
}

/** Every message by a cipher object of its own, which is the only way node:crypto has. */
export function nodeCrypto(caseName) {
  const { suiteName, size } = parse(caseName);
  const key = randomBytes(32);
  const nonce = Buffer.alloc(12);
  const options = { authTagLength: TAG };
  return perMessage(suiteName, size, key, nonce, {
    seal(out, message) {
      const cipher = createCipheriv(suiteName, key, nonce, options);
      out.set(cipher.update(message));
      cipher.final();
      out.set(cipher.getAuthTag(), size);
    },
    open(out, sealed) {
      const decipher = createDecipheriv(suiteName, key, nonce, options);
      decipher.setAuthTag(sealed.subarray(size));
      out.set(decipher.update(sealed.subarray(0, size)));
      decipher.final();
    },
  });
}

export async function noble(caseName) {
  const { suiteName, size } = parse(caseName);
  const { gcm } = await import('@noble/ciphers/aes.js');
  const { chacha20poly1305 } = await import('@noble/ciphers/chacha.js');
  const cipher = suiteName === 'aes-256-gcm' ? gcm : chacha20poly1305;
  const key = new Uint8Array(randomBytes(32));
  const nonce = new Uint8Array(12);
  return perMessage(suiteName, size, key, nonce, {
    seal: (out, message) => out.set(cipher(key, nonce).encrypt(message)),
    open: (out, sealed) => out.set(cipher(key, nonce).decrypt(sealed)),
  });
}

/** The same in C on the engine that the addon has: each message sealed and opened by a call of its own, 64 in turn. AES-256-GCM only. */
export async function gcmLoop(caseName) {
  const { suiteName, size } = parse(caseName);
  if (suiteName !== 'aes-256-gcm') return undefined;
  if (!existsSync(GCM_LOOP))
    return { missing: 'cmake -S . -B build/bench -DHANDFAST_BENCH=ON && cmake --build build/bench --target bench-gcm-loop' };
  const run = () => JSON.parse(execFileSync(GCM_LOOP, ['5', String(size)], { encoding: 'utf8' }));
  const { engine } = run();
  if (engine === 'none') return undefined;
  return {
    operations: 1,
    sample: async () => {
      const { sealNs, openNs } = run();
      const nanoseconds = sealNs + openNs;
      return { opsPerSecond: 1e9 / nanoseconds, nsPerOp: { p50: nanoseconds, p99: nanoseconds } };
    },
    check() {}, // It aborts when a message does not open.
    facts: { engine },
  };
}

/** 64 messages, each with a place of its own and a new nonce, sealed and then opened. No associated data: the kindest form for those without frames. */
function perMessage(suiteName, size, key, nonce, { seal, open }) {
  const area = (length) => {
    const memory = Buffer.alloc(BATCH * length);
    return Array.from({ length: BATCH }, (_, i) => memory.subarray(i * length, (i + 1) * length));
  };
  const plain = area(size);
  const sealed = area(size + TAG);
  const opened = area(size);
  for (const message of plain) message.set(randomBytes(size));
  let counter = 0;
  const setNonce = (number) => {
    nonce[8] = number >>> 24;
    nonce[9] = number >>> 16;
    nonce[10] = number >>> 8;
    nonce[11] = number;
  };
  return {
    operations: BATCH,
    call() {
      for (let i = 0; i < BATCH; i++) {
        setNonce(counter + i);
        seal(sealed[i], plain[i]);
      }
      for (let i = 0; i < BATCH; i++) {
        setNonce(counter + i);
        open(opened[i], sealed[i]);
      }
      counter += BATCH;
    },
    check() {
      const first = counter;
      this.call();
      for (let i = 0; i < BATCH; i++) {
        setNonce(first + i);
        sameBytes(sealed[i], sealOf(suiteName, key, Buffer.from(nonce), plain[i]), `sealed message ${i}`);
        sameBytes(opened[i], plain[i], `message ${i}`);
      }
    },
    facts: { cipher: suiteName },
  };
}

/** The record as node:crypto makes it. @returns ciphertext, then tag. */
function sealOf(suiteName, key, nonce, message, ad) {
  const cipher = createCipheriv(suiteName, key, nonce, { authTagLength: TAG });
  if (ad) cipher.setAAD(ad, { plaintextLength: message.length });
  return Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]);
}

/** Section 1 of docs/protocols/handfast.md: little-endian for ChaCha20-Poly1305, big-endian for AES-256-GCM. */
function nonceOf(suiteName, counter) {
  const nonce = Buffer.alloc(12);
  if (suiteName === 'aes-256-gcm') nonce.writeUInt32BE(counter, 8);
  else nonce.writeUInt32LE(counter, 4);
  return nonce;
}
