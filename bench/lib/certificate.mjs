// @ts-check
/** Self-signed certificates with Ed25519 or P-256 keys (RFC 5280, RFC 8410, RFC 5758), written byte by byte: node:crypto makes keys and signatures but no certificates. For benches only. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** @typedef {'Ed25519' | 'P-256'} CertificateKind */

/** Valid from 2020 to 2049. @param {string} name @param {CertificateKind} kind @returns {{ key: string, cert: string }} PEM. */
export function selfSigned(name, kind) {
  const { publicKey, privateKey } =
    kind === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signature = sequence(kind === 'Ed25519' ? objectId(0x2b, 0x65, 0x70) : objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
  const commonName = sequence(objectId(0x55, 0x04, 0x03), element(0x0c, Buffer.from(name)));
  const fullName = sequence(element(0x31, commonName));
  const serial = randomBytes(8);
  serial[0] = (serial[0] & 0x7f) | 1;
  const subjectAltName = sequence(
    objectId(0x55, 0x1d, 0x11),
    element(0x04, sequence(element(0x82, Buffer.from(name)))), // dNSName
  );
  const body = sequence(
    element(0xa0, element(0x02, Buffer.of(2))), // version 3
    element(0x02, serial),
    signature,
    fullName, // issuer
    sequence(element(0x17, Buffer.from('200101000000Z')), element(0x17, Buffer.from('491231235959Z'))),
    fullName, // subject
    publicKey.export({ format: 'der', type: 'spki' }),
    element(0xa3, sequence(subjectAltName)),
  );
  const certificate = sequence(body, signature, element(0x03, Buffer.of(0), sign(kind === 'Ed25519' ? null : 'sha256', body, privateKey)));
  const lines = certificate.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return {
    key: /** @type {string} */ (privateKey.export({ format: 'pem', type: 'pkcs8' })),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

/** @param {Buffer[]} parts */
function sequence(...parts) {
  return element(0x30, ...parts);
}

/** @param {number[]} bytes */
function objectId(...bytes) {
  return element(0x06, Buffer.from(bytes));
}

/** Tag, length, contents. @param {number} tag @param {Buffer[]} contents */
function element(tag, ...contents) {
  const body = Buffer.concat(contents);
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.of(tag, ...length), body]);
}
