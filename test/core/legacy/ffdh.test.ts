import crypto from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FfdhKeyPair, keyPairsAhead } from '../../../src/core/legacy/ffdh.ts';
import { runLegacy } from '../../../src/core/legacy/jobs.ts';
import { ownTurn, waitingTurns } from '../../../src/core/legacy/turns.ts';
import { Workbench } from '../../../src/transport/workbench.ts';
import { codeOf } from '../../support/codes.ts';
import { pure } from '../../support/cores.ts';

const prime = () => new Uint8Array(crypto.getDiffieHellman('modp14').getPrime());
const group = () => ({ prime: prime(), generator: 2 });
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('Diffie-Hellman in prime fields', () => {
  it('agrees with node:crypto, in numbers as long as the prime, with a short exponent', () => {
    const pair = new FfdhKeyPair(group());
    const other = crypto.getDiffieHellman('modp14');
    const theirs = new Uint8Array(other.generateKeys());
    expect(pair.publicKey).toHaveLength(256);
    const secret = other.computeSecret(pair.publicKey);
    expect(Buffer.from(pair.derive(theirs) as Uint8Array).equals(secret)).toBe(true);
    // RFC 7919: 225 bits; OpenSSL counts whole octets.
    const exponents = Array.from({ length: 20 }, () => {
      const dh = crypto.createDiffieHellman(prime(), 2);
      dh.generateKeys();
      return dh.getPrivateKey().length * 8;
    });
    expect(Math.min(...exponents)).toBeGreaterThanOrEqual(208);
    expect(Math.max(...exponents)).toBeLessThanOrEqual(232);
  });

  it('gives one secret for each key pair, and none once it was wiped', () => {
    const [a, b] = [new FfdhKeyPair(group()), new FfdhKeyPair(group())];
    expect(a.derive(b.publicKey)).toHaveLength(256);
    expect(codeOf(() => a.derive(b.publicKey))).toBe('HF_RELEASED');
    b.wipe();
    expect(codeOf(() => b.derive(a.publicKey))).toBe('HF_RELEASED');
  });

  it('calls what is none of the group weak, and does not throw', () => {
    for (const bad of [Uint8Array.of(0), Uint8Array.of(1), prime(), new Uint8Array(0)])
      expect(new FfdhKeyPair(group()).derive(bad)).toBe('weak');
  });

  it('makes a few key pairs ahead while nobody waits, each given once', async () => {
    const job = { op: 'ffdh-keygen', ...group() } as const;
    const first = await runLegacy(job);
    for (let i = 0; i < 20; i++) await turn();
    expect(keyPairsAhead(job.prime)).toBe(4);
    const more = await Promise.all(Array.from({ length: 8 }, () => runLegacy(job)));
    const all = [first, ...more].map(({ keyPair }) => Buffer.from(keyPair.publicKey).toString('hex'));
    expect(new Set(all).size).toBe(9);
    expect(keyPairsAhead(prime())).toBe(0);
  });

  it('derives one secret in a turn, however many wait, in order', async () => {
    const order: number[] = [];
    let turns = 0;
    let counting = true;
    const count = (): void => {
      turns++;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const pieces = Array.from({ length: 10 }, (_, i) => ownTurn().then(() => order.push(i)));
    expect(waitingTurns()).toBe(10);
    await Promise.all(pieces);
    counting = false;
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it('is done by the workbench with everything else, and what fails there is an answer', async () => {
    const pair = new FfdhKeyPair(group());
    pair.wipe();
    const answers = await new Promise<readonly { op: string }[]>((resolve) => {
      new Workbench(pure).do(
        [{ op: 'ffdh-derive', keyPair: pair, publicKey: Uint8Array.of(4) }, { op: 'ffdh-keygen', ...group() }, { op: 'keygen' }],
        { wanted: true, answered: resolve },
      );
    });
    expect(answers.map(({ op }) => op)).toEqual(['failed', 'ffdh-keygen', 'keygen']);
    (answers[2] as { keyPair: { secretKey: { wipe(): void } } } & { op: string }).keyPair.secretKey.wipe();
  });
});
