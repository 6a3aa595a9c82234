/** Batches of public-key work: in lanes, without them and on the pure core they come to the same, item by item. */
import { afterAll, describe, expect, test } from 'vitest';
import type { Answer, Core, Job, Secret } from '../../src/core/core.ts';
import { toHex } from '../support/bytes.ts';
import { cores, native, pure, switchLanesOff, whyNoNative } from '../support/cores.ts';
import { edgePoint, edgeSignature } from '../support/ed25519-edges.ts';
import { Random, seedOfRun } from '../support/random.ts';

const seed = seedOfRun();

/** A job without secrets of a core, so that each core can be given its own. */
type Plan =
  | { op: 'dh'; secretKey: Uint8Array; publicKey: Uint8Array }
  | { op: 'sign'; secretKey: Uint8Array; message: Uint8Array }
  | { op: 'verify'; signature: Uint8Array; message: Uint8Array; publicKey: Uint8Array }
  | { op: 'secp256k1-verify'; signature: Uint8Array; digest: Uint8Array; publicKey: Uint8Array }
  | { op: 'secp256k1-verify-sha512'; signature: Uint8Array; message: Uint8Array; publicKey: Uint8Array }
  | { op: 'secp256k1-sign'; secretKey: Uint8Array; digest: Uint8Array };

const MAKERS = {
  dh: (random: Random): Plan => ({
    op: 'dh',
    secretKey: random.bytes(32),
    publicKey: random.chance(0.2) ? edgePoint(random) : random.bytes(32),
  }),
  sign: (random: Random): Plan => ({
    op: 'sign',
    secretKey: pure.ed25519.keyPair(random.bytes(32)).secretKey,
    message: random.bytes(random.below(random.chance(0.1) ? 3000 : 300)),
  }),
  verify: (random: Random): Plan => {
    if (random.chance(0.3)) return { op: 'verify', ...edgeSignature(random) };
    const helper = native ?? pure;
    const { publicKey, secretKey } = helper.ed25519.keyPair(random.bytes(32));
    const message = random.bytes(random.below(random.chance(0.1) ? 3000 : 300));
    const signature = helper.ed25519.sign(message, secretKey);
    return { op: 'verify', signature: random.chance(0.2) ? random.mutated(signature) : signature, message, publicKey };
  },
  'secp256k1-verify': (random: Random): Plan => {
    const helper = native ?? pure;
    const { publicKey, secretKey } = helper.secp256k1.keyPair(random.bytes(32));
    const digest = random.bytes(32);
    const made = { signature: helper.secp256k1.sign(digest, secretKey), digest, publicKey };
    if (random.chance(0.1)) made.digest = random.bytes(32);
    const spoiled = random.chance(0.3) ? random.pick(['signature', 'publicKey'] as const) : undefined;
    return { op: 'secp256k1-verify', ...made, ...(spoiled && { [spoiled]: random.mutated(made[spoiled]) }) };
  },
  'secp256k1-verify-sha512': (random: Random): Plan => {
    const helper = native ?? pure;
    const { publicKey, secretKey } = helper.secp256k1.keyPair(random.bytes(32));
    const message = random.bytes(random.below(random.chance(0.1) ? 3000 : 300));
    const made = { signature: helper.secp256k1.sign(helper.hash.sha512(message).subarray(0, 32), secretKey), message, publicKey };
    const spoiled = random.chance(0.3) ? random.pick(['signature', 'message', 'publicKey'] as const) : undefined;
    return { op: 'secp256k1-verify-sha512', ...made, ...(spoiled && { [spoiled]: random.mutated(made[spoiled]) }) };
  },
  'secp256k1-sign': (random: Random): Plan => ({ op: 'secp256k1-sign', secretKey: random.bytes(32), digest: random.bytes(32) }),
};
const KINDS = Object.keys(MAKERS) as (keyof typeof MAKERS)[];

function planned(random: Random, count: number, kind?: keyof typeof MAKERS): Plan[] {
  return Array.from({ length: count }, () => MAKERS[kind ?? random.pick(KINDS)](random));
}

/** What the answers come to, as text; secrets are exported and wiped. */
async function outcome(core: Core, plans: readonly Plan[], run: (jobs: Job[]) => Answer[] | Promise<Answer[]>): Promise<string[]> {
  const lent: Secret[] = [];
  const jobs = plans.map((plan): Job => {
    if (plan.op !== 'dh') return plan;
    const secretKey = core.guarded.import(plan.secretKey);
    lent.push(secretKey);
    return { ...plan, secretKey };
  });
  try {
    return (await run(jobs)).map((answer) => {
      if (answer.op === 'dh') {
        if (answer.shared === 'weak') return 'dh weak';
        const bytes = answer.shared.export();
        answer.shared.wipe();
        return `dh ${toHex(bytes)}`;
      }
      if (answer.op === 'keygen') return 'keygen';
      return `${answer.op} ${'valid' in answer ? answer.valid : toHex(answer.signature)}`;
    });
  } finally {
    for (const secret of lent) secret.wipe();
  }
}

async function withoutLanes<T>(work: () => Promise<T>): Promise<T> {
  const switchOn = switchLanesOff();
  try {
    return await work();
  } finally {
    switchOn();
  }
}

describe.skipIf(native === undefined)(
  native ? `batches of the native core (HANDFAST_TEST_SEED=${seed})` : `batches: ${whyNoNative}`,
  () => {
    const core = native as Core;
    const run = (jobs: Job[]): Answer[] => core.run(jobs);

    test.each(KINDS)('of 1 to 65 times %s are the same with the lanes on and off', async (kind) => {
      const random = new Random(seed, kind);
      for (let count = 1; count <= 65; count++) {
        const plans = planned(random, count, kind);
        const inLanes = await outcome(core, plans, run);
        expect(inLanes, `${count}`).toEqual(await withoutLanes(() => outcome(core, plans, run)));
      }
    });

    test('of any mixture are the same as one by one, off the event loop too, and on the pure core', async () => {
      const random = new Random(seed, 'mixtures');
      for (const count of [2, 7, 8, 9, 40, 129, 300, 600]) {
        const plans = planned(random, count);
        const inLanes = await outcome(core, plans, run);
        expect(inLanes).toEqual(await outcome(core, plans, (jobs) => jobs.flatMap((job) => core.run([job]))));
        expect(inLanes).toEqual(await outcome(core, plans, (jobs) => core.runAsync(jobs)));
        if (count <= 129) expect(inLanes).toEqual(await outcome(pure, plans, (jobs) => pure.run(jobs)));
      }
    });

    test('several on their way at once do not mix', async () => {
      const random = new Random(seed, 'at once');
      const batches = [3, 70, 1, 300, 64].map((count) => planned(random, count));
      const alone = await Promise.all(batches.map((plans) => outcome(core, plans, run)));
      expect(await Promise.all(batches.map((plans) => outcome(core, plans, (jobs) => core.runAsync(jobs))))).toEqual(alone);
    });

    test('verifyMany of 1 to 65 says what verify says', () => {
      const random = new Random(seed, 'many');
      for (let count = 0; count <= 65; count++) {
        const items = planned(random, count, 'verify') as Extract<Plan, { op: 'verify' }>[];
        const each = items.map(({ signature, message, publicKey }) => Number(core.ed25519.verify(signature, message, publicKey)));
        expect([...core.ed25519.verifyMany(items)]).toEqual(each);
      }
    });
  },
);

describe.each(cores)('key pairs of the $name core', (core) => {
  const before = core.guarded.live;
  afterAll(() => expect(core.guarded.live).toBe(before));

  test('are all different, fit, and are counted only while somebody holds them', async () => {
    const held: { publicKey: Uint8Array; secretKey: Secret }[] = [];
    const keep = (answers: Answer[]): void => {
      for (const answer of answers) if (answer.op === 'keygen') held.push(answer.keyPair);
    };
    for (const count of [1, 1, 3, 8, 9]) keep(core.run(Array.from({ length: count }, () => ({ op: 'keygen' }))));
    for (let i = 0; i < 11; i++) held.push(core.guarded.x25519KeyPair());
    keep(await core.runAsync(Array.from({ length: 19 }, () => ({ op: 'keygen' }))));
    expect(held).toHaveLength(52);
    expect(core.guarded.live).toBe(before + held.length);
    expect(new Set(held.map(({ secretKey }) => toHex(secretKey.export()))).size).toBe(held.length);
    for (const { publicKey, secretKey } of held) expect(core.x25519.publicKey(secretKey)).toEqual(publicKey);
    for (const { secretKey } of held) secretKey.wipe();
    expect(core.guarded.live).toBe(before);
  });

  test('made from a seed have nothing to do with those made ahead', () => {
    core.guarded.x25519KeyPair().secretKey.wipe();
    const ahead = [core.guarded.x25519KeyPair(), core.guarded.x25519KeyPair()];
    const seeded = core.guarded.x25519KeyPair(new Uint8Array(32).fill(5));
    expect(seeded.secretKey.export()).toEqual(new Uint8Array(32).fill(5));
    for (const { secretKey } of [...ahead, seeded]) secretKey.wipe();
  });
});
