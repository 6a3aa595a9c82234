/** Self-signed certificates with P-256 or Ed25519 keys (RFC 5280, RFC 5758, RFC 8410), written byte by byte: node:crypto makes keys and signatures but no certificates. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export type CertificateKind = 'P-256' | 'Ed25519';

/** Key and certificate of a server that nobody knows beforehand. Valid from 2020 to 2049. @param name in the subject, and as a DNS name. @returns PEM. */
export function selfSigned(name: string, kind: CertificateKind): { key: string; cert: string } {
  const ed25519 = kind === 'Ed25519';
  const { publicKey, privateKey } = ed25519 ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(ed25519 ? objectId(0x2b, 0x65, 0x70) : objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
  const commonName = sequence(objectId(0x55, 0x04, 0x03), element(0x0c, Buffer.from(name)));
  const fullName = sequence(element(0x31, commonName));
  const serial = randomBytes(8);
  serial[0] = (serial[0] & 0x7f) | 1;
  const dnsName = sequence(objectId(0x55, 0x1d, 0x11), element(0x04, sequence(element(0x82, Buffer.from(name)))));
  const body = sequence(
    element(0xa0, element(0x02, Buffer.of(2))), // version 3
    element(0x02, serial),
    algorithm,
    fullName, // issuer
    sequence(element(0x17, Buffer.from('200101000000Z')), element(0x17, Buffer.from('491231235959Z'))),
    fullName, // subject
    publicKey.export({ format: 'der', type: 'spki' }),
    element(0xa3, sequence(dnsName)),
  );
  const signature = sign(ed25519 ? null : 'sha256', body, privateKey);
  const lines = sequence(body, algorithm, element(0x03, Buffer.of(0), signature))
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
  return {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

function sequence(...parts: Buffer[]): Buffer {
  return element(0x30, ...parts);
}

function objectId(...bytes: number[]): Buffer {
  return element(0x06, Buffer.from(bytes));
}

/** Tag, length, contents. */
function element(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const { length } = body;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.of(tag, ...head), body]);
}
