/** The border between JavaScript and the addon: whatever comes over it, the process lives and every wrong call ends in a coded error. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { type Addon, loadAddon } from '../../src/core/native-addon.ts';
import { HandfastError } from '../../src/errors.ts';
import { seedOfRun } from '../support/random.ts';

const loaded = loadAddon();
const require = createRequire(import.meta.url);
const root = new URL('../..', import.meta.url).pathname;
const file =
  'why' in loaded ? '' : (process.env.HANDFAST_ADDON ?? (require('node-gyp-build') as { path(root: string): string }).path(root));
const seed = seedOfRun();
const LISTS = 1000;

describe.skipIf('why' in loaded)(`the addon's border (seed ${seed})`, () => {
  const addon = 'why' in loaded ? (undefined as unknown as Addon) : loaded.addon;

  test('every export refuses 1,000 wrong argument lists with a coded error', () => {
    const outcome = hostile(addon, seed, LISTS, (error) => error instanceof HandfastError);
    expect(outcome.faults).toEqual([]);
    expect(outcome.exports).toEqual(Object.keys(addon).sort());
    expect(outcome.refused).toBe(outcome.lists);
  });

  test('the same in two worker threads at once, each with errors of its own', async () => {
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      const addon = require(workerData.file);
      class Coded extends Error { constructor(name, message) { super(message); this.code = 'HF_' + name; } }
      addon.setErrorFactory((name, message) => new Coded(name, message));
      const hostile = ${hostile.toString()};
      parentPort.postMessage(hostile(addon, workerData.seed, ${LISTS}, (error) => error instanceof Coded));`;
    const outcomes = await Promise.all([1, 2].map((n) => inWorker(code, { file, seed: seed + n })));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ faults: [] });
  });

  test('a slab that is the table itself is refused: sealing would write over what was checked', () => {
    const key = new Uint8Array(32);
    const id = addon.register(new ArrayBuffer(4096));
    const scratch = addon.register(new ArrayBuffer(32 * 1024));
    addon.setScratch(scratch);
    const cipher = addon.cipherNew(0, key.length << 15, 4, 1, 0, 0, 0);
    expect(() => addon.sealMany(cipher, id, id, 0)).toThrow(/another block/);
    expect(() => addon.openMany(cipher, id, 0, 4096, id, 4096)).toThrow(/another block/);
    addon.cipherWipe(cipher);
    addon.unregister(id);
    addon.unregister(scratch);
  });

  test('records of a batch that are garbage are refused or answered, never followed out of the block', async () => {
    const next = numbers(seed);
    const buffer = new ArrayBuffer(4096);
    const doubles = new Float64Array(buffer);
    const id = addon.register(buffer);
    const key = addon.secretImport(new Uint8Array(64).fill(9));
    const odd = [
      Number.NaN,
      Infinity,
      -Infinity,
      -1,
      -0,
      0.5,
      4096,
      4095,
      4033,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      1e300,
      key,
      key + 1,
      0,
      32,
      64,
      72,
      1024,
    ];
    const before = addon.secretLive();
    let refused = 0;
    for (let i = 0; i < 5000; i++) {
      const count = 1 + (next() % 4);
      for (let at = 0; at < 8 * count; at++) doubles[at] = at % 8 === 0 ? next() % 7 : odd[next() % odd.length]!;
      try {
        if (i % 50 === 0) await addon.runAsync(buffer, 4096, count);
        else addon.run(id, count);
        // What was made is released, so that the count below tells whether a refusal leaks.
        for (let job = 0; job < count; job++)
          if (doubles[8 * job]! < 2 && doubles[8 * job + 7]! >= 2 ** 32) addon.secretWipe(doubles[8 * job + 7]!);
      } catch (error) {
        expect(error).toBeInstanceOf(HandfastError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
    expect(addon.secretLive()).toBe(before);
    addon.secretWipe(key);
    addon.unregister(id);
  });

  test('programs and inputs of sequences that are garbage are refused or run, never followed out of the scratch block', () => {
    const next = numbers(seed);
    const scratch = new ArrayBuffer(32768);
    const id = addon.register(scratch);
    addon.setScratch(id);
    const doubles = new Float64Array(scratch, 1024, 64);
    const keys = [32, 64, 5].map((size) => addon.secretImport(new Uint8Array(size).fill(9)));
    const before = addon.secretLive();
    // Inputs: bytes, a key of 32, one of 64. Steps: hash of all, kdf of the long one, seal, open, a cipher. All but the hash are results.
    const step = (op: number, number: readonly number[], ...values: number[]) => [op, ...number, ...values];
    const none = [0, 0, 0, 0, 0, 0, 0, 0];
    const program = [
      ...[3, 0, 0, 1, 32, 1, 64],
      ...[1, 8, 1, 2, 3, 4, 5, 6, 7, 8],
      ...[5, ...step(0, none, 3, 0, 1, 2), ...step(1, [7, 0, 0, 0, 0, 0, 0, 0], 2, 2, 3), ...step(2, none, 3, 5, 0, 4)],
      ...[...step(3, none, 3, 5, 6, 4), ...step(4, [0, 4, 1, 0, 0, 1, 0, 0], 1, 5)],
      ...[4, 5, 1, 6, 0, 7, 0, 8, 3],
    ];
    const place = (offset: number, length: number) => length * 32768 + offset;
    const odd = [
      ...keys,
      keys[0]! + 1,
      keys[1]! + 0.5,
      0,
      place(2000, 100),
      place(32700, 68),
      place(32700, 69),
      place(0, 32768),
      -1,
      Number.NaN,
      Infinity,
      2 ** 53,
    ];
    const made: number[] = [];
    let refused = 0;
    let run = 0;
    for (let i = 0; i < 20_000; i++) {
      const mutated = Uint8Array.from(program);
      if (i > 0) for (let k = next() % 3; k >= 0; k--) mutated[next() % mutated.length] = next() % 4 === 0 ? next() : next() % 10;
      try {
        if (made.length < 1000) made.push(addon.sequenceNew(i % 7 === 6 ? mutated.subarray(0, next() % mutated.length) : mutated));
      } catch (error) {
        expect(error).toBeInstanceOf(HandfastError);
        refused++;
      }
      const right = [place(2000, 100), keys[0]!, keys[1]!];
      for (let at = 0; at < 64; at++) doubles[at] = at < 3 && next() % 4 > 0 ? right[at]! : odd[next() % odd.length]!;
      try {
        const opened = addon.sequenceRun(made[next() % made.length]!, next() % 4 > 0 ? 4000 : 1536 + (next() % 31_232));
        if (opened) run++;
        // What was made is released, so that the counts below tell whether a refusal leaks.
        for (const handle of doubles)
          if (handle >= 2 ** 32 && handle < 2 ** 53 && Number.isInteger(handle) && !keys.includes(handle)) addon.cipherWipe(handle);
        for (const handle of doubles)
          if (handle >= 2 ** 32 && handle < 2 ** 53 && Number.isInteger(handle) && !keys.includes(handle)) addon.secretWipe(handle);
      } catch (error) {
        expect(error).toBeInstanceOf(HandfastError);
        refused++;
      }
      // A program that was changed may spend its keys.
      for (const [k, size] of [32, 64, 5].entries()) if (addon.secretLive() < before) keys[k] = again(keys[k]!, size);
    }
    expect(refused).toBeGreaterThan(1000);
    expect(run).toBeGreaterThan(1000);
    expect(addon.secretLive()).toBe(before);
    for (const key of keys) addon.secretWipe(key);
    addon.unregister(id);

    function again(key: number, size: number): number {
      addon.secretWipe(key);
      return addon.secretImport(new Uint8Array(size).fill(9));
    }
  });

  test('a registered buffer that is detached later is refused, and usable again as a new registration', () => {
    const buffer = new ArrayBuffer(4096);
    const table = addon.register(new ArrayBuffer(1040));
    const id = addon.register(buffer);
    const place = new Uint8Array(32).fill(1);
    const scratch = addon.register(new ArrayBuffer(32768));
    addon.setScratch(scratch);
    const cipher = addon.cipherNew(0, 32 << 15, 4, 1, 0, 0, 0);
    expect(addon.openMany(cipher, id, 0, 4096, table, 100)).toBe(0);
    structuredClone(buffer, { transfer: [buffer] });
    expect(() => addon.openMany(cipher, id, 0, 4096, table, 100)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
    expect(() => addon.register(buffer)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
    addon.unregister(id);
    expect(() => addon.unregister(id)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
    const fresh = addon.register(new ArrayBuffer(4096));
    expect(fresh).not.toBe(id);
    expect(() => addon.openMany(cipher, id, 0, 4096, table, 100)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
    addon.cipherWipe(cipher);
    expect(() => addon.openMany(cipher, fresh, 0, 4096, table, 100)).toThrow(expect.objectContaining({ code: 'HF_RELEASED' }));
    addon.random(place);
    for (const block of [fresh, table, scratch]) addon.unregister(block);
  });

  test('a resizable buffer that shrinks is never read beyond its new end', () => {
    // Younger than the types of Node 20.
    const Resizable = ArrayBuffer as unknown as new (
      size: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer & { resize(size: number): void };
    const buffer = new Resizable(1 << 20, { maxByteLength: 1 << 20 });
    const table = addon.register(new ArrayBuffer(1040));
    const scratch = addon.register(new ArrayBuffer(32768));
    addon.setScratch(scratch);
    const cipher = addon.cipherNew(0, 32 << 15, 4, 1, 0, 0, 0);
    const id = addon.register(buffer);
    expect(addon.openMany(cipher, id, 0, 1 << 20, table, 100)).toBe(0);
    buffer.resize(4096);
    expect(() => addon.openMany(cipher, id, 0, 1 << 20, table, 100)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
    addon.cipherWipe(cipher);
    for (const block of [id, table, scratch]) addon.unregister(block);
  });

  test.each([
    ['the process exits', 'start(); process.exit(0);'],
    ['the process ends by itself', 'start();'],
    ['the process exits in the middle', 'start(); setImmediate(() => process.exit(0));'],
    ['a worker exits', inThread('start(); process.exit(0);')],
    ['a worker is terminated', `${inThread('start(); parentPort.postMessage(0);')} worker.on("message", () => worker.terminate());`],
    [
      'the buffer is detached',
      'const { buffer, done } = start(); structuredClone(buffer, { transfer: [buffer] }); done.then(() => process.exit(3), (e) => process.exit(e.code === "HF_BAD_ARGUMENT" ? 0 : 4));',
    ],
  ])('work on other threads is safe when %s', (_, code) => {
    const { status, signal, stderr } = spawnSync(process.execPath, ['-e', `${START}\n${code}`], {
      env: { ...process.env, ADDON: file },
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  });
});

/** Starts 512 key generations on the pool: some 10 ms of work. */
const START = `
  const start = () => {
    const addon = require(process.env.ADDON);
    const count = 512, buffer = new ArrayBuffer(count * 96), numbers = new Float64Array(buffer);
    for (let i = 0; i < count; i++) numbers.set([0, count * 64 + i * 32, 32], i * 8);
    return { buffer, done: addon.runAsync(buffer, buffer.byteLength, count) };
  };`;

function inThread(code: string): string {
  const source = `const { parentPort } = require('node:worker_threads'); ${START} ${code}`;
  return `const { Worker } = require('node:worker_threads'); const worker = new Worker(${JSON.stringify(source)}, { eval: true });`;
}

function inWorker(code: string, workerData: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true, workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (status) => reject(new Error(`the worker ended with ${status} before it had answered`)));
  });
}

function numbers(from: number): () => number {
  let state = from >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

interface Outcome {
  exports: string[];
  lists: number;
  refused: number;
  faults: string[];
}

/**
 * Calls every export with argument lists of which at least one argument cannot be right. Self-contained, since workers get its source.
 * @param known whether an error is the one that the factory of this thread makes.
 */
function hostile(addon: object, from: number, lists: number, known: (error: unknown) => boolean): Outcome {
  let state = from >>> 0 || 1;
  const next = (below: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
  const call = addon as Record<string, (...values: unknown[]) => unknown>;
  const block = call.register!(new ArrayBuffer(4096));
  const table = call.register!(new ArrayBuffer(16 + 8 * 64));
  const scratch = call.register!(new ArrayBuffer(32768));
  call.setScratch!(scratch);
  const secret = call.secretImport!(new Uint8Array(32).fill(5)) as number;
  const cipher = call.cipherNew!(0, 32 << 15, 4, 1, 0, 0, 0) as number;
  // One input, and its hash.
  const PROGRAM = [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 0];
  call.sequenceNew!(new Uint8Array(PROGRAM));
  const stale = call.secretImport!(new Uint8Array(32)) as number;
  call.secretWipe!(stale);

  const shared = (n: number) => new Uint8Array(new SharedArrayBuffer(n));
  const detached = (n: number) => {
    const array = new Uint8Array(n);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    return array;
  };
  // Wrong everywhere but where a number or a function is expected.
  const never: (() => unknown)[] = [
    () => null,
    () => undefined,
    () => 'text',
    () => ({}),
    () => [1, 2, 3],
    () => Symbol('s'),
    () => 1n,
    () => true,
    () => ({ length: 32, valueOf: () => 1 }),
    () => new Uint16Array(32),
    () => new Int8Array(32),
    () => new DataView(new ArrayBuffer(32)),
    () => Object.create(Uint8Array.prototype),
    () => new Proxy(new Uint8Array(32), {}),
    () => new Date(0),
  ];
  const numbersNever = [
    () => Number.NaN,
    () => Infinity,
    () => -Infinity,
    () => -1,
    () => 0.5,
    () => 2 ** 53,
    () => 1e300,
    () => -(2 ** 31),
  ];
  const wrongBytes = (least: number, most: number): (() => unknown)[] => [
    ...never,
    ...numbersNever,
    () => new ArrayBuffer(32),
    () => () => 0,
    () => shared(Math.max(least, 1)),
    () => detached(32),
    () => detached(0),
    () => (32 << 15) | 32767, // reaches beyond the scratch block
    () => 65535 * 32768,
    ...(least > 0 ? [() => new Uint8Array(least - 1), () => (least - 1) << 15, () => new Uint8Array(0)] : []),
    ...(most < 60000 ? [() => new Uint8Array(most + 1), () => (most + 1) << 15] : []),
  ];
  const wrongInteger = (most: number): (() => unknown)[] => [
    ...never,
    ...numbersNever,
    () => new Uint8Array(4),
    () => () => 0,
    () => most + 1,
  ];
  const noHandle = [...never, ...numbersNever, () => 0, () => 77, () => new Uint8Array(32)];
  const wrongHandle = [...noHandle, () => 2 ** 32 + 999, () => 2 ** 52 + 1, () => stale];
  const any = { good: () => 8 << 15, bad: wrongBytes(0, 1 << 30) };
  const bytes = (least: number, most = least) => ({ good: () => least << 15, bad: wrongBytes(least, most) });
  const key = (size: number) => ({
    good: () => size << 15,
    bad: wrongBytes(size, size).concat(
      () => stale,
      () => new Uint8Array(size),
    ),
  });
  const integer = (good: number, most: number) => ({ good: () => good, bad: wrongInteger(most) });
  const handle = { good: () => secret, bad: wrongHandle };
  const ciphers = { good: () => cipher, bad: wrongHandle };
  const blocks = (good: unknown) => ({
    good: () => good,
    bad: [...wrongInteger(2 ** 31), () => 0, () => 12345, () => (block as number) + 2 ** 20],
  });
  const buffers = {
    good: () => new ArrayBuffer(64),
    bad: [...never, ...numbersNever, () => new Uint8Array(32), () => new SharedArrayBuffer(64), () => detached(8).buffer, () => () => 0],
  };
  const U53 = 2 ** 53 - 1;

  const shapes: Record<string, { good: () => unknown; bad: (() => unknown)[] }[]> = {
    register: [buffers],
    unregister: [blocks(0)],
    setScratch: [blocks(0)],
    setErrorFactory: [{ good: () => 0, bad: [...never, ...numbersNever, () => new Uint8Array(1)] }],
    random: [any],
    equal: [any, any],
    x25519Public: [bytes(32), key(32)],
    x25519Shared: [bytes(32), key(32), bytes(32)],
    ed25519KeyPair: [bytes(32), bytes(64), key(32)],
    ed25519Sign: [bytes(64), any, key(64)],
    ed25519Verify: [any, any, any],
    ed25519Usable: [any],
    secp256k1Public: [bytes(33), key(32)],
    secp256k1Sign: [bytes(72), bytes(32), key(32)],
    secp256k1Verify: [any, bytes(32), any, integer(0, 1)],
    blake2b: [bytes(1, 64), any, bytes(0, 64), bytes(0, 16), bytes(0, 16)],
    sha256: [bytes(32), any],
    sha512: [bytes(64), any],
    hmacSha256: [bytes(32), any, any],
    hmacSha512: [bytes(64), any, any],
    hkdfSha256: [bytes(1, 8160), any, any, any],
    aeadSeal: [integer(0, 2), bytes(24), key(32), bytes(12), any, any],
    aeadOpen: [integer(0, 2), any, key(32), bytes(12), bytes(24, 1 << 30), any],
    secretImport: [bytes(1, 64)],
    secretExport: [bytes(32), handle],
    secretWipe: [{ good: () => 0, bad: noHandle }],
    secretX25519KeyPair: [bytes(32), bytes(0, 32)],
    secretX25519Shared: [key(32), bytes(32)],
    secretEd25519KeyPair: [bytes(32), bytes(0, 32)],
    secretBlake2b: [integer(1, 64), bytes(0, 512)],
    secretKdf: [handle, integer(1, U53), bytes(8)],
    cipherNew: [integer(0, 1), key(32), integer(2, 4), integer(0, 1), integer(0, U53), integer(0, 2 ** 32 - 1), integer(0, 2 ** 32 - 1)],
    cipherCounter: [ciphers],
    cipherWipe: [{ good: () => 0, bad: noHandle }],
    sealMany: [ciphers, blocks(block), blocks(table), integer(0, 64)],
    openMany: [ciphers, blocks(block), integer(0, 4096), integer(0, 4096), blocks(table), integer(100, 2 ** 32 - 1)],
    sequenceNew: [{ good: () => new Uint8Array(PROGRAM), bad: wrongBytes(1, 1 << 30) }],
    sequenceRun: [integer(1, 4096), integer(1536, 32767)],
    run: [blocks(block), integer(0, 64)],
    runAsync: [buffers, integer(64, 64), integer(1, 1)],
    xtea256: [integer(0, 1), any, any, key(32), integer(32, 128)],
    xtea256In: [integer(0, 1), blocks(block), integer(0, 4096), integer(64, 4096), key(32), integer(32, 128)],
    setLanes: [integer(0, 2)],
  };
  // These take nothing that could be wrong.
  const harmless = ['info', 'lanes', 'secretLive'];

  const outcome: Outcome = { exports: [...Object.keys(shapes), ...harmless].sort(), lists: 0, refused: 0, faults: [] };
  const fault = (text: string) => {
    if (outcome.faults.length < 20) outcome.faults.push(text);
  };
  for (const [name, shape] of Object.entries(shapes)) {
    for (let i = 0; i < lists; i++) {
      // At least one argument is wrong: the one that this list is about; the others are right three times of four.
      const about = i % shape.length;
      const values = shape.map(({ good, bad }, at) => (at === about || next(4) === 0 ? bad[next(bad.length)]!() : good()));
      if (next(10) === 0) values.length = about;
      if (next(10) === 0) for (let extra = 0; extra < 12; extra++) values.push(never[next(never.length)]!());
      outcome.lists++;
      try {
        call[name]!(...values);
        fault(`${name} took ${values.map(String).join(', ').slice(0, 200)} (list ${i})`);
      } catch (error) {
        if (!known(error)) fault(`${name}: ${String(error)}`);
        else if (!/^HF_(BAD_ARGUMENT|RELEASED|BAD_KEY|BAD_TAG|WEAK_KEY)$/.test((error as { code: string }).code))
          fault(`${name}: ${(error as { code: string }).code}`);
        else outcome.refused++;
      }
    }
  }
  for (const name of harmless) for (let i = 0; i < lists; i++) call[name]!(...never.slice(0, next(never.length)).map((make) => make()));
  call.secretWipe!(secret);
  call.cipherWipe!(cipher);
  for (const id of [block, table, scratch]) call.unregister!(id);
  return outcome;
}
