/** What both sides must have seen alike, section 12: HELLO, the request with its lists, and the name of the handshake. Whoever alters any of it makes the handshake fail. */
import type { Bytes } from '../../core/core.ts';
import type { JsonObject, JsonValue } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';

export function prologueOf(hello: JsonObject, request: JsonObject, name: string): Bytes {
  return utf8(canonicalJson(hello) + canonicalJson(request) + name);
}

/** Members sorted by code point, no spaces, nothing escaped that need not be. Numbers as JavaScript writes them: peers write whole ones. */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const object = value as JsonObject;
  const names = Object.keys(object).sort(byCodePoint);
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(object[name]!)}`).join(',')}}`;
}

/** Not by UTF-16 unit, as `sort` does by itself. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
