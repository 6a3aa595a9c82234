/** Many signatures of both curves: the same answers from both cores, off the event loop, in parts. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import { type SignedMessage, verifyMany } from '../../../src/core/verify/many.ts';
import { detached, NOT_BYTES, toHex } from '../../support/bytes.ts';
import { cores, native, pure, whyNoNative } from '../../support/cores.ts';
import { Random, seedOfRun } from '../../support/random.ts';

const SEED = seedOfRun();
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Signed by the pure core, both curves in turn, with keys and messages of the seed. */
function signed(count: number, random: Random): SignedMessage[] {
  return Array.from({ length: count }, (_, i) => {
    const message = random.bytes(random.below(300));
    return i % 3 === 0 ? edwards(message, random) : koblitz(message, random, i % 3 === 1);
  });
}

function edwards(message: Uint8Array, random: Random): SignedMessage & { message: Uint8Array } {
  const { publicKey, secretKey } = pure.ed25519.keyPair(random.bytes(32));
  const key = random.chance(0.5) ? publicKey : Uint8Array.of(0xed, ...publicKey);
  return { algorithm: 'ed25519', publicKey: key, signature: pure.ed25519.sign(message, secretKey), message };
}

function koblitz(message: Uint8Array, random: Random, hashed = false): SignedMessage {
  const { publicKey, secretKey } = pure.secp256k1.keyPair(random.bytes(32));
  const digest = pure.hash.sha512(message).subarray(0, 32);
  const signature = pure.secp256k1.sign(digest, secretKey);
  return { algorithm: 'secp256k1', publicKey, signature, ...(hashed ? { digest } : { message }) };
}

/** The other signature of the same message: n - S. */
function highS(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${toHex(signature.subarray(6 + signature[3]!))}`);
  const bytes = Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex');
  const body = [...signature.subarray(2, 4 + signature[3]!), 0x02, 33, 0, ...bytes];
  return Uint8Array.of(0x30, body.length, ...body);
}

/** That core, and how many jobs it was given to do on threads. */
function countedBy(given: { jobs: number }, core: Core): Core {
  return {
    ...core,
    runAsync(jobs) {
      given.jobs += jobs.length;
      return core.runAsync(jobs);
    },
  };
}

function spoilt(item: SignedMessage, random: Random): SignedMessage {
  const change = (bytes: Uint8Array): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    copy[random.below(copy.length)]! ^= 1 << random.below(8);
    return copy;
  };
  switch (random.below(4)) {
    case 0:
      return { ...item, publicKey: change(item.publicKey) };
    case 1:
      return { ...item, signature: change(item.signature) };
    case 2:
      return { ...item, signature: random.mutated(item.signature) };
    default:
      return item.digest ? { ...item, digest: change(item.digest) } : { ...item, message: Uint8Array.of(...item.message!, 1) };
  }
}

for (const core of cores) {
  describe(`verifyMany on the ${core.name} core`, () => {
    const few = core.name === 'pure' ? 60 : 700;

    it('says of each signature whether it is one, in order', async () => {
      const random = new Random(SEED, 'order');
      const items = signed(few, random);
      const wrong = new Set<number>();
      for (let i = 0; i < items.length; i += 5) {
        const { algorithm, digest, message } = items[i]!;
        wrong.add(i);
        if (digest) items[i] = { ...items[i]!, digest: random.bytes(32) };
        else items[i] = { ...items[i]!, message: Uint8Array.of(...message!, algorithm.length) };
      }
      const valid = await verifyMany(items, { core });
      expect([...valid], `seed ${SEED}`).toEqual(items.map((_, i) => Number(!wrong.has(i))));
    });

    it('takes nothing for what it is not: a message of no bytes is one, no item is none', async () => {
      const random = new Random(SEED, 'empty');
      expect(await verifyMany([], { core })).toEqual(new Uint8Array(0));
      const items = [edwards(new Uint8Array(0), random), koblitz(new Uint8Array(0), random)];
      expect([...(await verifyMany(items, { core }))]).toEqual([1, 1]);
    });

    it('hashes a message longer than a part elsewhere, to the same', async () => {
      const random = new Random(SEED, 'long');
      const message = new Uint8Array(300_000).map((_, i) => i);
      const items = [koblitz(message, random), edwards(message, random), koblitz(message.subarray(1), random)];
      expect([...(await verifyMany([...items, { ...items[0]!, message: message.subarray(1) }], { core }))]).toEqual([1, 1, 1, 0]);
    });

    it('takes a high S unless told otherwise', async () => {
      const item = koblitz(Uint8Array.of(1, 2, 3), new Random(SEED, 'high'));
      const high = { ...item, signature: highS(item.signature) };
      const items = [item, { ...item, lowS: true }, high, { ...high, lowS: false }, { ...high, lowS: true }];
      expect([...(await verifyMany(items, { core }))]).toEqual([1, 1, 1, 1, 0]);
    });

    it('answers 0 to misshapen keys and signatures, which others may have sent', async () => {
      const random = new Random(SEED, 'shape');
      const edwardsItem = edwards(Uint8Array.of(1), random);
      const koblitzItem = koblitz(Uint8Array.of(1), random);
      const bare = edwardsItem.publicKey.slice(-32);
      const items: SignedMessage[] = [
        ...[0, 31, 33, 34, 65, 70_000].map((length) => ({ ...edwardsItem, publicKey: new Uint8Array(length) })),
        ...[0, 63, 65, 70_000].map((length) => ({ ...edwardsItem, signature: new Uint8Array(length) })),
        ...[0, 32, 33, 34, 65, 70_000].map((length) => ({ ...koblitzItem, publicKey: new Uint8Array(length) })),
        ...[0, 7, 8, 72, 73, 70_000].map((length) => ({ ...koblitzItem, signature: new Uint8Array(length).fill(0x30) })),
        { ...edwardsItem, publicKey: Uint8Array.of(0xec, ...bare) },
        { ...koblitzItem, publicKey: Uint8Array.of(0xed, ...bare) },
        { ...koblitzItem, signature: edwardsItem.signature },
      ];
      expect([...(await verifyMany(items, { core }))]).toEqual(items.map(() => 0));
    });

    it.each([
      ['no object', null, 'items[1]'],
      ['another algorithm', { algorithm: 'rsa' }, 'algorithm'],
      ['neither a message nor a digest', { message: undefined }, 'message or a digest'],
      ['both', { digest: new Uint8Array(32) }, 'message or a digest'],
      ['a digest for Ed25519', { algorithm: 'ed25519', message: undefined, digest: new Uint8Array(32) }, 'digest'],
      ['a digest of 31 bytes', { message: undefined, digest: new Uint8Array(31) }, 'digest'],
      ['a detached message', { message: detached() }, 'message'],
      ['lowS of another type', { lowS: 1 }, 'lowS'],
      ...NOT_BYTES.filter((value) => value !== undefined).map((value, i): [string, object, string] => [
        `no bytes, ${i}`,
        { message: value },
        'message',
      ]),
      ...NOT_BYTES.map((value, i): [string, object, string] => [`no key, ${i}`, { publicKey: value }, 'publicKey']),
      ...NOT_BYTES.map((value, i): [string, object, string] => [`no signature, ${i}`, { signature: value }, 'signature']),
    ])("refuses a caller's mistake: %s", async (_name, change, says) => {
      const item = koblitz(Uint8Array.of(1), new Random(SEED));
      const wrong = (change === null ? null : { ...item, ...change }) as SignedMessage;
      const refused = await verifyMany([item, wrong], { core }).catch((error) => error);
      expect(refused).toMatchObject({ code: 'HF_BAD_ARGUMENT' });
      expect(refused.message).toContain(says);
    });

    it('ends at once when cancelled, before and in the middle', async () => {
      const cause = new Error('enough');
      const items = signed(few, new Random(SEED, 'cancel'));
      await expect(verifyMany(items, { core, signal: AbortSignal.abort(cause) })).rejects.toMatchObject({ code: 'HF_ABORTED', cause });
      const controller = new AbortController();
      let asked = 0;
      const counting: Core = {
        ...core,
        runAsync(jobs) {
          asked += jobs.length;
          if (asked > 0) controller.abort(cause);
          return core.runAsync(jobs);
        },
      };
      await expect(verifyMany(items, { core: counting, signal: controller.signal })).rejects.toMatchObject({ code: 'HF_ABORTED', cause });
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(asked).toBeLessThan(items.length);
    });

    it('goes on with nothing after a mistake in the middle', async () => {
      const items = signed(few, new Random(SEED, 'mistake'));
      items[1] = { ...items[1]!, publicKey: 'key' as unknown as Uint8Array };
      const asked = { jobs: 0 };
      const counting = countedBy(asked, core);
      await expect(verifyMany(items, { core: counting })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(asked.jobs).toBeLessThan(items.length);
    });

    it('lets the event loop turn between its parts, and holds few items at a time', async () => {
      const items = signed(few, new Random(SEED, 'parts'));
      let held = 0;
      let most = 0;
      let largest = 0;
      const watched: Core = {
        ...core,
        async runAsync(jobs) {
          largest = Math.max(largest, jobs.length);
          held += jobs.length;
          most = Math.max(most, held);
          const answers = await core.runAsync(jobs);
          held -= jobs.length;
          return answers;
        },
      };
      let turns = 0;
      let over = false;
      const turn = (): void => {
        turns++;
        if (!over) setImmediate(turn);
      };
      setImmediate(turn);
      await verifyMany(items, { core: watched });
      over = true;
      expect(largest).toBeLessThanOrEqual(64);
      expect(most).toBeLessThanOrEqual(256);
      expect(turns).toBeGreaterThanOrEqual(items.length / 128);
    });
  });
}

describe('both cores', () => {
  it.runIf(native)(`give the same answers to whatever was spoilt${whyNoNative}`, async () => {
    const random = new Random(SEED, 'spoilt');
    const items = signed(150, random).map((item) => (random.chance(0.7) ? spoilt(item, random) : item));
    const [one, other] = await Promise.all([verifyMany(items, { core: pure }), verifyMany(items, { core: native! })]);
    expect([...one], `seed ${SEED}`).toEqual([...other]);
  });
});

describe('verifyMany of the built package', () => {
  const file = new URL('../../../dist/core/verify/many.js', import.meta.url);

  it('verifies on threads of its own where the core has none, never on the event loop', async () => {
    expect(existsSync(file), 'no dist/core/verify/many.js: npm run build first').toBe(true);
    const built = (await import(file.href)) as typeof import('../../../src/core/verify/many.ts');
    const here: Core = {
      ...pure,
      runAsync() {
        throw new Error('on the event loop');
      },
    };
    const random = new Random(SEED, 'threads');
    const items = signed(100, random).map((item) => (random.chance(0.3) ? spoilt(item, random) : item));
    expect([...(await built.verifyMany(items, { core: here }))], `seed ${SEED}`).toEqual([...(await verifyMany(items, { core: pure }))]);
  });

  it('verifies a few on threads too where a message is long, and a few short ones at once', async () => {
    const built = (await import(file.href)) as typeof import('../../../src/core/verify/many.ts');
    const here = { jobs: 0 };
    const counting = countedBy(here, pure);
    const random = new Random(SEED, 'few');
    const long = koblitz(new Uint8Array(100_000), random);
    expect([...(await built.verifyMany([long, { ...long, message: new Uint8Array(100_001) }], { core: counting }))]).toEqual([1, 0]);
    expect(here.jobs).toBe(0);
    expect([...(await built.verifyMany([koblitz(new Uint8Array(100), random)], { core: counting }))]).toEqual([1]);
    expect(here.jobs).toBe(1);
  });

  it.runIf(native)('leaves only secp256k1 to them where the addon lacks nothing else', async () => {
    const built = (await import(file.href)) as typeof import('../../../src/core/verify/many.ts');
    const ops = new Set<string>();
    const lacking: Core = {
      ...native!,
      parts: { ...native!.parts, secp256k1: pure.parts.secp256k1 },
      runAsync(jobs) {
        for (const { op } of jobs) ops.add(op);
        return native!.runAsync(jobs);
      },
    };
    const items = signed(40, new Random(SEED, 'lacking'));
    items[5] = { ...items[5]!, signature: items[2]!.signature };
    expect([...(await built.verifyMany(items, { core: lacking }))]).toEqual(items.map((_, i) => Number(i !== 5)));
    expect([...ops]).toEqual(['verify']);
  });
});
