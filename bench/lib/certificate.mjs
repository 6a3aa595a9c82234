// @ts-check
/** Certificates for node:tls, as the package itself makes them. */

/** @typedef {'Ed25519' | 'P-256'} CertificateKind */

const made = await import(new URL('../../dist/transport/certificate.js', import.meta.url).href);

/** Valid from 2020 to 2049. @type {(name: string, kind: CertificateKind) => { key: string, cert: string }} PEM. */
export const selfSigned = made.selfSigned;
