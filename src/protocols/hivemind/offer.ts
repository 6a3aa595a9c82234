/** Encodings and ciphers: what the slave lists, what the master takes, and what the slave then checks; sections 3.3 and 3.4. */
import { HandfastError } from '../../errors.ts';
import type { JsonObject, JsonValue } from '../../wire/json.ts';
import { type Encoding, isEncoding } from './encodings.ts';
import { malformed } from './faults.ts';
import type { CommonSettings } from './options.ts';
import { type CipherName, isCipherName } from './sealing.ts';

/** A type, not an interface: only these are JSON objects to the compiler. */
export type Suite = {
  readonly encoding: Encoding;
  readonly cipher: CipherName;
};

/** What is meant where nothing is said. */
export const OLDEST_SUITE: Suite = { encoding: 'JSON-HEX', cipher: 'AES-GCM' };

/** The members of a slave's `shake`. */
export function offerOf(
  { encodings, ciphers }: CommonSettings,
  binarize: boolean,
): { binarize: boolean; encodings: readonly string[]; ciphers: readonly string[] } {
  return { binarize, encodings, ciphers };
}

/** The first of each of the slave's lists that the master allows; unknown names are passed over. @returns HF_MALFORMED, HF_SUITE_MISMATCH when there is none. */
export function chooseSuite({ encodings, ciphers }: CommonSettings, offer: JsonObject): Suite | HandfastError {
  const encoding = firstOf(offer.encodings, OLDEST_SUITE.encoding, (name) => isEncoding(name) && encodings.includes(name));
  const cipher = firstOf(offer.ciphers, OLDEST_SUITE.cipher, (name) => isCipherName(name) && ciphers.includes(name));
  if (encoding === 'misshapen' || cipher === 'misshapen') return malformed('a list of encodings or ciphers that is none of names');
  if (encoding === undefined || cipher === undefined) return new HandfastError('SUITE_MISMATCH', 'no encoding or cipher in common');
  return { encoding: encoding as Encoding, cipher: cipher as CipherName };
}

/** Whether a master's request leaves anything to offer. Masters that list nothing are old ones, which have one of each. */
export function checkRequestLists(settings: CommonSettings, request: JsonObject): HandfastError | undefined {
  const taken = chooseSuite(settings, { encodings: request.encodings ?? null, ciphers: request.ciphers ?? null });
  return taken instanceof HandfastError ? taken : undefined;
}

/** @returns what a master's answer says, or HF_SUITE_MISMATCH when it was not offered. */
export function answeredSuite({ encodings, ciphers }: CommonSettings, answer: JsonObject): Suite | HandfastError {
  const { encoding = OLDEST_SUITE.encoding, cipher = OLDEST_SUITE.cipher } = answer;
  if (!isEncoding(encoding) || !encodings.includes(encoding))
    return new HandfastError('SUITE_MISMATCH', 'the answer takes an encoding that we did not offer');
  if (!isCipherName(cipher) || !ciphers.includes(cipher))
    return new HandfastError('SUITE_MISMATCH', 'the answer takes a cipher that we did not offer');
  return { encoding, cipher };
}

function firstOf(list: JsonValue | undefined, whenEmpty: string, allowed: (name: string) => boolean): string | undefined | 'misshapen' {
  const names = list === undefined || list === null || (Array.isArray(list) && list.length === 0) ? [whenEmpty] : list;
  if (!Array.isArray(names) || !names.every((each) => typeof each === 'string')) return 'misshapen';
  return (names as string[]).find(allowed);
}
