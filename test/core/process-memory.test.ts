/** Keys looked for in the memory of the whole process, from outside: there while they are in use, gone once they are wiped. The native core only; the pure one promises nothing of the kind. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { native } from '../support/cores.ts';
import { Random, seedOfRun } from '../support/random.ts';

const seed = seedOfRun();
const HIDE = 0x5a;
const dist = new URL('../../dist/core/native.js', import.meta.url).href;

/** The child is told its secrets in disguise, so that they are nowhere but where the core puts them. */
const CHILD = `
import { core } from ${JSON.stringify(dist)};
import { once } from 'node:events';
import { createInterface } from 'node:readline';
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const told = JSON.parse((await lines.next()).value);
// Memory of its own outside the heap, which the engine neither moves nor copies.
const shown = (hidden) => { const bytes = new Uint8Array(new ArrayBuffer(hidden.length)); for (let i = 0; i < bytes.length; i++) bytes[i] = hidden[i] ^ ${HIDE}; return bytes; };
const taken = (hidden, take) => { const bytes = shown(hidden); const made = take(bytes); bytes.fill(0); return made; };
const own = taken(told.own, (bytes) => core.guarded.x25519KeyPair(bytes));
const signing = taken(told.signing, (bytes) => core.guarded.ed25519KeyPair(bytes));
const plain = taken(told.plain, (bytes) => core.guarded.import(bytes));
const shared = core.guarded.x25519Shared(own.secretKey, Uint8Array.from(told.peer));
const key = core.guarded.kdf(shared, 1, Uint8Array.from(told.context));
core.ed25519.sign(new Uint8Array(100), signing.secretKey);
const framing = { lengthBytes: 4, ad: 'length', rekeyEvery: 0 };
const ciphers = ['chacha20-poly1305', 'aes-256-gcm'].map((suite) => core.cipher({ suite, key, framing }));
const slab = core.slab(4096);
const table = core.frameTable(1);
for (const cipher of ciphers) { table.entries.set([4, 100]); cipher.sealMany(slab, table, 1); }
console.log('in use');
await lines.next();
for (const secret of [own.secretKey, signing.secretKey, plain, shared, key, ...ciphers]) secret.wipe();
slab.release();
console.log('wiped');
await lines.next();
process.exit(0);
`;

describe.skipIf(!native || process.platform !== 'linux')(`the memory of a process with the native core (seed ${seed})`, () => {
  test('holds secret, shared and derived keys while they are in use, and none of them once they are wiped', async () => {
    const core = native!;
    const random = new Random(seed);
    const [own, signing, plain] = [random.bytes(32), random.bytes(32), random.bytes(32)];
    const peer = core.x25519.keyPair(random.bytes(32)).publicKey;
    const context = random.bytes(8);
    const shared = core.x25519.shared(own, peer);
    const kept = core.guarded.import(shared);
    const derived = core.guarded.kdf(kept, 1, context);
    const needles = { own, signing, plain, shared, derived: derived.export() };
    kept.wipe();
    derived.wipe();

    const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const hidden = (bytes: Uint8Array): number[] => [...bytes].map((byte) => byte ^ HIDE);
      child.stdin.write(
        `${JSON.stringify({ own: hidden(own), signing: hidden(signing), plain: hidden(plain), peer: [...peer], context: [...context] })}\n`,
      );
      expect((await lines.next()).value).toBe('in use');
      const before = found(child.pid!, needles);
      for (const [name, count] of Object.entries(before)) expect([name, count > 0]).toEqual([name, true]);
      child.stdin.write('wipe\n');
      expect((await lines.next()).value).toBe('wiped');
      expect(found(child.pid!, needles)).toEqual({ own: 0, signing: 0, plain: 0, shared: 0, derived: 0 });
    } finally {
      child.kill('SIGKILL');
    }
  });
});

/** How often each lies in what the process can read and write. */
function found<Name extends string>(pid: number, needles: Record<Name, Uint8Array>): Record<Name, number> {
  const counts = Object.fromEntries(Object.keys(needles).map((name) => [name, 0])) as Record<Name, number>;
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === undefined || to === undefined) continue;
      const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)];
      for (let at = start; at < end; at += PIECE) {
        // A piece more than a needle, so that none is cut in two.
        const piece = Buffer.alloc(Math.min(PIECE + 64, end - at));
        let length = 0;
        try {
          length = readSync(memory, piece, 0, piece.length, at);
        } catch {
          // Guard pages, and what the kernel keeps for itself.
        }
        for (const name of Object.keys(needles) as Name[]) {
          for (
            let hit = piece.subarray(0, length).indexOf(needles[name]);
            hit >= 0;
            hit = piece.subarray(0, length).indexOf(needles[name], hit + 1)
          )
            counts[name]++;
        }
      }
    }
  } finally {
    closeSync(memory);
  }
  return counts;
}

const PIECE = 1 << 20;
