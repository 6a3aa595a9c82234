/** Fingerprints of RSA keys: SHA-512 in base64url, 86 characters, of one of three texts of the public key; and how a signature names one. */
import type { Bytes, Core } from '../../core/core.ts';
import { encodeBase64url } from '../../core/legacy/base64url.ts';
import { utf8 } from '../../wire/text.ts';

export const FINGERPRINT_FORMS = ['pem-escaped', 'der-base64', 'pem-lf'] as const;
/** `pem-escaped`, which ours are: PEM without the last line feed, each other one as backslash and n. `pem-lf`: with real ones. `der-base64`: one line of base64, no armour. */
export type FingerprintForm = (typeof FINGERPRINT_FORMS)[number];

/** @param spki SubjectPublicKeyInfo, DER. */
export function fingerprintOf(core: Core, spki: Bytes, form: FingerprintForm): string {
  return encodeBase64url(core.hash.sha512(utf8(textOf(spki, form))));
}

/** `protected` of a signature, as our writer has it: the same text for the same key, always. @param id the fingerprint in the form `pem-escaped`. */
export function headerOf(id: string): string {
  return encodeBase64url(utf8(`{"alg":"HS512","kid":"${id}"}`));
}

function textOf(spki: Bytes, form: FingerprintForm): string {
  const bare = encodeBase64url(spki).replaceAll('-', '+').replaceAll('_', '/');
  const base64 = bare.padEnd(Math.ceil(bare.length / 4) * 4, '=');
  if (form === 'der-base64') return base64;
  const lines = ['-----BEGIN PUBLIC KEY-----', ...base64.match(/.{1,64}/g)!, '-----END PUBLIC KEY-----'];
  return lines.join(form === 'pem-escaped' ? '\\n' : '\n');
}
