/** Session objects, `{g, p, N}`: rules S, and how ours are written. */
import type { Bytes } from '../../core/core.ts';
import { asciiOf } from '../../core/legacy/ascii.ts';
import { decodeBase64url, encodeBase64url } from '../../core/legacy/base64url.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../wire/json.ts';
import { type Reading, readContainer, type Shape } from './container.ts';
import { SESSION, writeForm } from './form.ts';
import type { Group } from './groups.ts';
import { broken, type RuleError } from './rules.ts';

/** What one side offers. */
export interface Offer {
  readonly group: Group;
  /** N, as long as the prime. */
  readonly publicKey: Bytes;
}

/** Rules C, then S1 to S7. @param root as `readJson` gives it. */
export function readOffer(root: JsonObject, groups: readonly Group[], reading: Reading): Offer | RuleError {
  const container = readContainer(root, SHAPE, reading);
  if (!('property' in container)) return container;
  const { property } = container;
  if (!isJsonObject(property) || !('g' in property && 'p' in property && 'N' in property)) return broken('S1', 'g, p or N is missing');
  const generator = readGenerator(property.g, reading);
  if (generator === undefined) return broken('S2', 'g is not an integer');
  // As our own writer has it, p is a text that is known; read otherwise it is the same number.
  const written = groups.find((each) => each.text === property.p);
  const p = written ? written.prime : readInteger(property.p);
  const n = readInteger(property.N);
  if (!p || !n) return broken('S3', 'p or N is not base64url');
  const prime = withoutZeros(p);
  const group = written ?? groups.find((each) => same(each.prime, prime));
  if (!group) return broken('S4', 'p is not the prime of an accepted group');
  const { length } = group.prime;
  if (zerosTooMany(p, length, reading) || (reading === 'strict' && p.length !== length) || zerosTooMany(n, length, reading)) {
    return broken('S7', 'too many zero octets in front');
  }
  if (generator !== group.generator) return broken('S5', 'g is not the generator of the group');
  const publicKey = padded(withoutZeros(n), length);
  if (!publicKey || !inRange(publicKey, group)) return broken('S6', 'N lies outside of the group');
  return { group, publicKey };
}

/** S8 and S9: what the initiator asks of the answer to its offer. */
export function checkAnswer(answer: Offer, own: Offer): RuleError | undefined {
  if (answer.group !== own.group) return broken('S8', `${answer.group.name} in answer to ${own.group.name}`);
  return sameOffer(answer, own) ? broken('S9', 'our own N came back') : undefined;
}

export function sameOffer(a: Offer, b: Offer): boolean {
  return a.group === b.group && same(a.publicKey, b.publicKey);
}

export function writeOffer({ group, publicKey }: Offer): Bytes {
  return asciiOf(writeForm(SESSION, group.text, encodeBase64url(publicKey)));
}

/** @returns undefined when it is no integer; NaN where it is one that no group has. */
function readGenerator(g: JsonValue, reading: Reading): number | undefined {
  if (typeof g === 'number') return Number.isInteger(g) ? g : undefined;
  if (reading === 'strict' || typeof g !== 'string') return undefined;
  if (/^[0-9]$/.test(g)) return Number(g);
  const octets = readInteger(g);
  if (!octets) return undefined;
  const value = withoutZeros(octets);
  return value.length === 1 ? value[0] : Number.NaN;
}

function readInteger(text: JsonValue): Bytes | undefined {
  return typeof text === 'string' && text !== '' ? decodeBase64url(text) : undefined;
}

/** A sign octet is what some libraries write; the strict reader takes all of the prime's length, or no zero at all. */
function zerosTooMany(octets: Bytes, length: number, reading: Reading): boolean {
  if (octets.length === 1 || octets[0] !== 0) return false;
  return reading === 'strict' ? octets.length !== length : octets.length > length + 1;
}

function withoutZeros(octets: Bytes): Bytes {
  let zeros = 0;
  while (zeros < octets.length && octets[zeros] === 0) zeros++;
  return octets.subarray(zeros);
}

function padded(octets: Bytes, length: number): Bytes | undefined {
  if (octets.length >= length) return octets.length === length ? octets : undefined;
  const whole = new Uint8Array(length);
  whole.set(octets, length - octets.length);
  return whole;
}

/** From 2 to prime - 2. */
function inRange(octets: Bytes, { most }: Group): boolean {
  const last = octets.length - 1;
  const small = octets[last] < 2 && octets.subarray(0, last).every((octet) => octet === 0);
  const above = octets.findIndex((octet, i) => octet !== most[i]);
  return !small && (above < 0 || octets[above] < most[above]);
}

/** Of public values: not in constant time. */
function same(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}

const SHAPE: Shape = { property: 'connection', schema: 'connection', otherSchema: 'shared_key', members: ['g', 'p', 'N'] };
