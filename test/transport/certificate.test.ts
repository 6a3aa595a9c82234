import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { selfSigned } from '../../src/transport/certificate.ts';

it.each(['P-256', 'Ed25519'] as const)('a certificate with a key of kind %s names itself and is signed by its own key', (kind) => {
  const { key, cert } = selfSigned('example.test', kind);
  const certificate = new X509Certificate(cert);
  expect(certificate.subject).toBe('CN=example.test');
  expect(certificate.issuer).toBe('CN=example.test');
  expect(certificate.checkHost('example.test')).toBe('example.test');
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(certificate.serialNumber).not.toBe(new X509Certificate(selfSigned('example.test', kind).cert).serialNumber);
});
