/**
 * The password handshake of HiveMind, section 4: each side shows a hash of the password under a nonce of its own (`hsub`), and the key is stretched under both nonces.
 * The hash is cheap to test guesses against, stretched or not: docs/protocols/hivemind.md says what follows from that.
 */
import type { Bytes, Core } from '../../core/core.ts';
import type { Pbkdf2Job } from '../../core/legacy/jobs.ts';
import { utf8 } from '../../wire/text.ts';
import { join } from '../../wire/writer.ts';
import { bytesOfHex, hexOf } from './encodings.ts';

/** @param iv 8 bytes. @param digits 48 to 80. @returns so many lower-case hexadecimal digits. */
export function createHsub(core: Core, password: string, iv: Bytes, digits = LEAST_DIGITS): string {
  return hexOf(join([iv, core.hash.sha256(join([iv, utf8(password)]))])).slice(0, digits);
}

/**
 * What an envelope says: its nonce where it has the shape of one and was made with this password. Compared in constant time.
 * @returns `misshapen` for what is no envelope, `wrong` for another password's.
 */
export function matchHsub(core: Core, hsub: string, password: string): Bytes | 'misshapen' | 'wrong' {
  if (hsub.length < LEAST_DIGITS || hsub.length > MOST_DIGITS || !/^[0-9a-fA-F]+$/.test(hsub)) return 'misshapen';
  const iv = bytesOfHex(hsub.slice(0, 2 * IV_BYTES))!;
  return core.equal(utf8(createHsub(core, password, iv, hsub.length)), utf8(hsub)) ? iv : 'wrong';
}

/** The work that makes the 32-byte key. Either order of the nonces gives the same. */
export function keyJob(password: string, ownIv: Bytes, peerIv: Bytes): Pbkdf2Job {
  return { op: 'pbkdf2-sha256', password: utf8(password), salt: saltOf(ownIv, peerIv), iterations: 100_000, length: 32 };
}

/** @returns 8 bytes. */
export function saltOf(a: Bytes, b: Bytes): Bytes {
  return a.map((byte, i) => byte ^ b[i]);
}

export const IV_BYTES = 8;
const LEAST_DIGITS = 48;
const MOST_DIGITS = 80;
