/** Slabs, guarded secrets and jobs of any core. */
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { Answer, Core, Job, Secret } from '../../../src/core/core.ts';
import { ascii, filled, toHex } from '../../support/bytes.ts';
import { codeOf } from '../../support/codes.ts';

export function slabBehaviour(core: Core): void {
  test('are zeroed, at least as large as asked, and counted', () => {
    const before = core.slabs.leased;
    const slab = core.slab();
    const small = core.slab(1);
    const odd = core.slab(70_000);
    expect(slab.size).toBe(65_536);
    expect(small.size).toBeGreaterThanOrEqual(1);
    expect(odd.size).toBeGreaterThanOrEqual(70_000);
    expect(slab.bytes).toHaveLength(slab.size);
    expect(slab.bytes.every((byte) => byte === 0)).toBe(true);
    expect(core.slabs.leased).toBe(before + 3);
    expect(core.slabs.bytes).toBeGreaterThanOrEqual(slab.size + small.size + odd.size);
    expect(new Set([slab.id, small.id, odd.id]).size).toBe(3);
    for (const each of [slab, small, odd]) each.release();
    expect(core.slabs.leased).toBe(before);
  });

  test('have a front whose slice is a copy: whoever carries it may keep that', () => {
    const slab = core.slab();
    const front = slab.front(5);
    front[0] = 1;
    const kept = front.slice();
    front[0] = 2;
    expect([front.length, kept[0]]).toEqual([5, 1]);
    slab.release();
  });

  test('are wiped by their last holder, and unusable from then on', () => {
    const slab = core.slab(4096);
    const { bytes } = slab;
    bytes.fill(0xa5);
    expect(slab.retain()).toBe(slab);
    slab.release();
    expect(slab.released).toBe(false);
    expect(slab.bytes[0]).toBe(0xa5);
    slab.release();
    expect(slab.released).toBe(true);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    for (const use of [() => slab.bytes, () => slab.id, () => slab.retain(), () => slab.release()]) expect(codeOf(use)).toBe('HF_RELEASED');
  });

  test('of a block used before come as zeros, under a lease of their own', () => {
    const first = core.slab(4096);
    first.bytes.fill(1);
    first.release();
    const second = core.slab(4096);
    expect(second.bytes.every((byte) => byte === 0)).toBe(true);
    expect(codeOf(() => first.bytes)).toBe('HF_RELEASED');
    second.release();
  });

  test('have a size from 1 byte to 64 MiB', () => {
    for (const size of [0, -1, 1.5, Number.NaN, 64 * 1024 * 1024 + 1, '4096', null])
      expect(codeOf(() => core.slab(size as never))).toBe('HF_BAD_ARGUMENT');
  });

  test('whose memory went to another thread are given up, not lent again', () => {
    const before = core.slabs.bytes;
    const slab = core.slab(8 * 1024 * 1024);
    structuredClone(slab.bytes.buffer, { transfer: [slab.bytes.buffer as ArrayBuffer] });
    slab.release();
    expect(core.slabs.bytes).toBe(before);
    const next = core.slab(8 * 1024 * 1024);
    expect(next.bytes).toHaveLength(8 * 1024 * 1024);
    next.release();
  });
}

export function guardedBehaviour(core: Core): void {
  const { guarded, hash } = core;

  test.each(['import', 'importEphemeral'] as const)('are counted until wiped, and of no use afterwards: %s', (way) => {
    const before = guarded.live;
    const bytes = filled(32, 7);
    const secret = guarded[way](bytes);
    expect(guarded.live).toBe(before + 1);
    bytes.fill(0);
    expect(secret.export()).toEqual(filled(32, 7));
    secret.export().fill(0);
    expect(secret.export()).toEqual(filled(32, 7));
    expect([secret.length, secret.wiped]).toEqual([32, false]);
    secret.wipe();
    secret.wipe();
    expect(guarded.live).toBe(before);
    expect(secret.wiped).toBe(true);
    expect(secret.length).toBe(32);
    for (const use of [
      () => secret.export(),
      () => guarded.x25519Shared(secret, filled(32, 9)),
      () => guarded.blake2b([secret], 32),
      () => guarded.kdf(secret, 1, filled(8, 1)),
      () => core.x25519.publicKey(secret),
      () => core.secp256k1.sign(filled(32, 1), secret),
      () => core.ed25519.sign(filled(1, 1), secret),
    ]) {
      expect(codeOf(use)).toBe('HF_RELEASED');
    }
  });

  test('are never printed', () => {
    const secret = guarded.import(filled(32, 0xab));
    for (const text of [String(secret), JSON.stringify({ secret }), inspect(secret), inspect({ deep: { secret } }), `${secret}`]) {
      expect(text).toContain('Secret(32)');
      expect(text).not.toMatch(/abab|171/);
    }
    expect(Object.keys(secret).join()).not.toMatch(/bytes/i);
    secret.wipe();
  });

  test('hold 1 to 64 bytes', () => {
    for (const length of [1, 32, 64]) {
      const secret = guarded.import(filled(length, 1));
      expect(secret.length).toBe(length);
      secret.wipe();
    }
    for (const length of [0, 65]) {
      expect(codeOf(() => guarded.import(filled(length, 1)))).toBe('HF_BAD_ARGUMENT');
      expect(codeOf(() => guarded.importEphemeral(filled(length, 1)))).toBe('HF_BAD_ARGUMENT');
    }
  });

  test('agree with the open functions', () => {
    const before = guarded.live;
    const mine = guarded.x25519KeyPair(filled(32, 1));
    const yours = core.x25519.keyPair(filled(32, 2));
    expect(mine.publicKey).toEqual(core.x25519.keyPair(filled(32, 1)).publicKey);
    const shared = guarded.x25519Shared(mine.secretKey, yours.publicKey);
    expect(shared.export()).toEqual(core.x25519.shared(yours.secretKey, mine.publicKey));
    const signer = guarded.ed25519KeyPair(filled(32, 3));
    expect(signer.secretKey.export()).toEqual(core.ed25519.keyPair(filled(32, 3)).secretKey);
    expect(core.ed25519.verify(core.ed25519.sign(ascii('x'), signer.secretKey), ascii('x'), signer.publicKey)).toBe(true);
    const digest = guarded.blake2b([ascii('label'), shared, ascii('h')], 64);
    expect(digest.export()).toEqual(hash.blake2b([ascii('label'), shared.export(), ascii('h')]));
    const random = [guarded.x25519KeyPair(), guarded.ed25519KeyPair()];
    const derived = guarded.kdf(digest, 2 ** 40 + 3, ascii('handfst1'));
    const salt = new Uint8Array(16);
    new DataView(salt.buffer).setBigUint64(0, 2n ** 40n + 3n, true);
    const personal = new Uint8Array(16);
    personal.set(ascii('handfst1'));
    expect(toHex(derived.export())).toBe(
      toHex(hash.blake2b(new Uint8Array(), { length: 32, key: digest.export().subarray(0, 32), salt, personal })),
    );
    for (const each of [mine.secretKey, shared, signer.secretKey, digest, derived, ...random.map((pair) => pair.secretKey)]) each.wipe();
    expect(guarded.live).toBe(before);
  });

  test('refuse what the open functions refuse', () => {
    const before = guarded.live;
    const secret = guarded.import(filled(32, 1));
    const short = guarded.import(filled(31, 1));
    expect(codeOf(() => guarded.x25519Shared(secret, filled(32, 0)))).toBe('HF_WEAK_KEY');
    for (const use of [
      () => guarded.x25519Shared(short, filled(32, 9)),
      () => guarded.x25519Shared(secret, filled(31, 9)),
      () => guarded.x25519Shared(filled(32, 1) as unknown as Secret, filled(32, 9)),
      () => guarded.x25519KeyPair(filled(31, 1)),
      () => guarded.ed25519KeyPair(filled(33, 1)),
      () => guarded.blake2b([secret], 0),
      () => guarded.blake2b([secret], 65),
      () => guarded.blake2b([3 as never], 32),
      () => guarded.blake2b(secret as never, 32),
      () => guarded.kdf(short, 1, filled(8, 1)),
      () => guarded.kdf(secret, -1, filled(8, 1)),
      () => guarded.kdf(secret, 0.5, filled(8, 1)),
      () => guarded.kdf(secret, 2 ** 53, filled(8, 1)),
      () => guarded.kdf(secret, 1, filled(7, 1)),
      () => guarded.kdf(filled(32, 1) as unknown as Secret, 1, filled(8, 1)),
    ]) {
      expect(codeOf(use), use.toString()).toBe('HF_BAD_ARGUMENT');
    }
    secret.wipe();
    short.wipe();
    expect(guarded.live).toBe(before);
  });
}

export function jobBehaviour(core: Core): void {
  const message = ascii('message');
  const signer = core.ed25519.keyPair(filled(32, 1));
  const node = core.secp256k1.keyPair(filled(32, 1));
  const digest = core.hash.sha256(message);
  const peer = core.x25519.keyPair(filled(32, 5));
  const signature = core.ed25519.sign(message, signer.secretKey);
  const der = core.secp256k1.sign(digest, node.secretKey);
  const overHash = core.secp256k1.sign(core.hash.sha512(message).subarray(0, 32), node.secretKey);

  const jobs = (secretKey: Secret): Job[] => [
    { op: 'keygen' },
    { op: 'dh', secretKey, publicKey: peer.publicKey },
    { op: 'dh', secretKey, publicKey: filled(32, 0) },
    { op: 'sign', secretKey: signer.secretKey, message },
    { op: 'verify', signature, message, publicKey: signer.publicKey },
    { op: 'verify', signature, message: digest, publicKey: signer.publicKey },
    { op: 'verify', signature: filled(3, 3), message, publicKey: filled(1, 1) },
    { op: 'secp256k1-sign', secretKey: node.secretKey, digest },
    { op: 'secp256k1-verify', signature: der, digest, publicKey: node.publicKey },
    { op: 'secp256k1-verify', signature: der, digest, publicKey: filled(32, 2) },
    { op: 'secp256k1-verify-sha512', signature: overHash, message, publicKey: node.publicKey },
    { op: 'secp256k1-verify-sha512', signature: der, message, publicKey: node.publicKey },
  ];

  const check = (answers: Answer[]): void => {
    const [keygen, dh, ...rest] = answers;
    if (keygen?.op !== 'keygen' || dh?.op !== 'dh' || dh.shared === 'weak') throw new Error('not the answers asked for');
    expect(core.x25519.publicKey(keygen.keyPair.secretKey)).toEqual(keygen.keyPair.publicKey);
    expect(dh.shared.export()).toEqual(core.x25519.shared(peer.secretKey, core.x25519.publicKey(filled(32, 4))));
    expect(rest).toEqual([
      { op: 'dh', shared: 'weak' },
      { op: 'sign', signature },
      { op: 'verify', valid: true },
      { op: 'verify', valid: false },
      { op: 'verify', valid: false },
      { op: 'secp256k1-sign', signature: der },
      { op: 'secp256k1-verify', valid: true },
      { op: 'secp256k1-verify', valid: false },
      { op: 'secp256k1-verify-sha512', valid: true },
      { op: 'secp256k1-verify-sha512', valid: false },
    ]);
    keygen.keyPair.secretKey.wipe();
    dh.shared.wipe();
  };

  test('are answered in their order', () => {
    const before = core.guarded.live;
    const secretKey = core.guarded.import(filled(32, 4));
    check(core.run(jobs(secretKey)));
    expect(core.run([])).toEqual([]);
    secretKey.wipe();
    expect(core.guarded.live).toBe(before);
  });

  test('are answered off the event loop, from arguments copied before the call returns', async () => {
    const before = core.guarded.live;
    const secretKey = core.guarded.import(filled(32, 4));
    const own = jobs(secretKey).map((job) => ({ ...job, ...('message' in job && { message: new Uint8Array(job.message) }) }) as Job);
    const answers = core.runAsync(own);
    secretKey.wipe();
    for (const job of own) if ('message' in job) job.message.fill(0);
    check(await answers);
    expect(await core.runAsync([])).toEqual([]);
    expect(core.guarded.live).toBe(before);
  });

  test('of a misshapen kind are refused whole, and leave no secret behind', async () => {
    const before = core.guarded.live;
    const secretKey = core.guarded.import(filled(32, 4));
    const wrong = [
      undefined,
      null,
      {},
      { op: 'hash' },
      { op: 'dh', secretKey, publicKey: filled(31, 1) },
      { op: 'dh', secretKey: filled(32, 1), publicKey: peer.publicKey },
      { op: 'sign', secretKey: filled(32, 1), message },
      { op: 'sign', secretKey: signer.secretKey, message: 'text' },
      { op: 'verify', signature: 'x', message, publicKey: signer.publicKey },
      { op: 'secp256k1-sign', secretKey: node.secretKey, digest: filled(31, 1) },
      { op: 'secp256k1-verify', signature: der, digest: filled(33, 1), publicKey: node.publicKey },
      { op: 'secp256k1-verify-sha512', signature: der, digest, publicKey: node.publicKey },
    ];
    for (const job of wrong) {
      const list = [{ op: 'keygen' }, job] as Job[];
      expect(
        codeOf(() => core.run(list)),
        JSON.stringify(job),
      ).toBe('HF_BAD_ARGUMENT');
      await expect(core.runAsync(list)).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    }
    expect(codeOf(() => core.run('x' as never))).toBe('HF_BAD_ARGUMENT');
    await expect(core.runAsync(3 as never)).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    expect(codeOf(() => core.run([{ op: 'keygen' }, { op: 'secp256k1-sign', secretKey: filled(32, 0), digest }]))).toBe('HF_BAD_KEY');
    secretKey.wipe();
    expect(codeOf(() => core.run([{ op: 'keygen' }, { op: 'dh', secretKey, publicKey: peer.publicKey }]))).toBe('HF_RELEASED');
    expect(core.guarded.live).toBe(before);
  });
}
