import crypto from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { runLegacy } from '../../../src/core/legacy/jobs.ts';
import { RsaPrivateKey, RsaPublicKey } from '../../../src/core/legacy/rsa.ts';
import { ascii } from '../../support/bytes.ts';
import { codeOf } from '../../support/codes.ts';
import { privatePem, publicPem } from '../../support/sdmp.ts';

const pem = publicPem('spec-node');
const secret = privatePem('spec-node');
const message = ascii('message');

describe('RSA keys', () => {
  it('are the same from PEM, one line of base64, DER and a KeyObject', () => {
    const { spki } = new RsaPublicKey(pem);
    const base64 = Buffer.from(spki).toString('base64');
    for (const form of [base64, `${base64.slice(0, 64)}\n${base64.slice(64)}`, spki, crypto.createPublicKey(pem)]) {
      expect(new RsaPublicKey(form).spki).toEqual(spki);
    }
    expect(new RsaPublicKey(pem)).toMatchObject({ modulusBits: 2056 });
    expect(new RsaPublicKey(pem).exportPem().trim()).toBe(pem.trim());
    const pkcs8 = crypto.createPrivateKey(secret).export({ type: 'pkcs8', format: 'der' });
    for (const form of [secret, pkcs8, pkcs8.toString('base64'), crypto.createPrivateKey(secret), new RsaPrivateKey(secret).exportPem()]) {
      expect(new RsaPrivateKey(form).publicKey.spki).toEqual(spki);
    }
  });

  it('are opened by their passphrase', () => {
    const sealed = crypto
      .createPrivateKey(secret)
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'word' })
      .toString();
    expect(new RsaPrivateKey(sealed, 'word').publicKey.modulusBits).toBe(2056);
    expect(codeOf(() => new RsaPrivateKey(sealed, 'other'))).toBe('HF_BAD_KEY');
    expect(codeOf(() => new RsaPrivateKey(sealed))).toBe('HF_BAD_KEY');
  });

  it.each<[string, () => unknown]>([
    ['another kind of key', () => crypto.generateKeyPairSync('ed25519').publicKey],
    ['RSA-PSS', () => crypto.generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey],
    ['1,024 bits', () => crypto.generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey],
    ['a private key', () => crypto.createPrivateKey(secret)],
    ['a private key as PEM', () => secret],
    ['a secret key', () => crypto.createSecretKey(Buffer.alloc(32))],
    ['text that is no key', () => 'hello'],
    ['PEM of nothing', () => '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----'],
    ['a number', () => 7],
    ['nothing', () => undefined],
  ])('are not %s', (_name, make) => {
    expect(codeOf(() => new RsaPublicKey(make() as string))).toBe('HF_BAD_KEY');
  });

  it('have an odd exponent of at most 32 bits', () => {
    const jwk = crypto.createPublicKey(pem).export({ format: 'jwk' });
    const withExponent = (hex: string) =>
      crypto.createPublicKey({ key: { ...jwk, e: Buffer.from(hex, 'hex').toString('base64url') }, format: 'jwk' });
    expect(new RsaPublicKey(withExponent('03')).modulusBits).toBe(2056);
    expect(new RsaPublicKey(withExponent('ffffffff')).modulusBits).toBe(2056);
    for (const bad of ['01', '010000', '0100000001'])
      expect(
        codeOf(() => new RsaPublicKey(withExponent(bad))),
        bad,
      ).toBe('HF_BAD_KEY');
  });

  it('are made in sizes that are asked for', async () => {
    const key = await RsaPrivateKey.generate(2048);
    expect(key.publicKey.modulusBits).toBe(2048);
  });
});

describe('RSA signatures', () => {
  const key = new RsaPrivateKey(secret);

  it('are those of node:crypto with PKCS #1 v1.5, and are verified', async () => {
    for (const hash of ['sha256', 'sha512'] as const) {
      const { signature } = await runLegacy({ op: 'rsa-sign', key, hash, message });
      expect(Buffer.from(signature).equals(crypto.sign(hash, message, secret))).toBe(true);
      expect(await runLegacy({ op: 'rsa-verify', key: key.publicKey, hash, message, signature })).toEqual({
        op: 'rsa-verify',
        valid: true,
      });
    }
  });

  it('are not valid when anything is changed, of any length, and never an error', async () => {
    const { signature } = await runLegacy({ op: 'rsa-sign', key, hash: 'sha512', message });
    const verify = async (change: Partial<{ message: Uint8Array; signature: Uint8Array; hash: 'sha256' }>) =>
      (await runLegacy({ op: 'rsa-verify', key: key.publicKey, hash: 'sha512', message, signature, ...change })).valid;
    const flipped = signature.slice();
    flipped[100] ^= 1;
    expect(await verify({})).toBe(true);
    expect(await verify({ message: ascii('massage') })).toBe(false);
    expect(await verify({ hash: 'sha256' })).toBe(false);
    for (const bad of [
      flipped,
      signature.subarray(1),
      Buffer.concat([Buffer.alloc(1), signature]),
      new Uint8Array(0),
      new Uint8Array(257).fill(255),
      new Uint8Array(257),
    ]) {
      expect(await verify({ signature: bad })).toBe(false);
    }
    const pss = crypto.sign('sha512', message, { key: secret, padding: crypto.constants.RSA_PKCS1_PSS_PADDING });
    expect(await verify({ signature: pss })).toBe(false);
  });
});
