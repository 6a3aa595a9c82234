/**
 * JSON of a peer, RFC 8259, bounded: strict UTF-8, no byte order mark, limits on bytes, depth and members, a name twice in one object refused, `__proto__` a name like any other.
 * Nothing throws for what a peer sent. Work is linear in the bytes, memory in the bytes received.
 */
import { strictText } from './text.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
/** Has no prototype: a member is there exactly when the text has it. */
export type JsonObject = { readonly [name: string]: JsonValue };

export interface JsonLimits {
  /** Of the whole text. */
  readonly bytes: number;
  /** Objects and arrays inside of each other; a bare `{}` has 1. */
  readonly depth: number;
  /** Members of objects and elements of arrays, of the whole text. */
  readonly members: number;
}

export type JsonFault = 'too-large' | 'too-deep' | 'not-utf8' | 'not-json' | 'duplicate-name' | 'too-many-members';

/** Parses one whole text, of any type; white space around it is allowed. Values are those of `JSON.parse`, but for the objects' missing prototype. */
export function parseJson(bytes: Uint8Array, limits: JsonLimits): { readonly value: JsonValue } | { readonly fault: JsonFault } {
  const text = jsonText(bytes, limits);
  return typeof text === 'string' ? parseJsonText(text, limits) : text;
}

/** The first half of it: what there is to parse. */
export function jsonText(bytes: Uint8Array, limits: JsonLimits): string | { readonly fault: JsonFault } {
  if (bytes.length > limits.bytes) return { fault: 'too-large' };
  const text = strictText(bytes);
  return text === undefined || text.charCodeAt(0) === BYTE_ORDER_MARK ? { fault: 'not-utf8' } : text;
}

/** The second half. @param text as `jsonText` gives it. */
export function parseJsonText(text: string, limits: JsonLimits): { readonly value: JsonValue } | { readonly fault: JsonFault } {
  const parser = new Parser(text, limits);
  const value = parser.text();
  return value === undefined ? { fault: parser.fault } : { value };
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the object has exactly these members; with `optional`, it may also have those. */
export function hasExactly(object: JsonObject, names: readonly string[], optional: readonly string[] = []): boolean {
  let found = 0;
  for (const name in object) {
    if (names.includes(name)) found++;
    else if (!optional.includes(name)) return false;
  }
  return found === names.length;
}

/** Each method gives undefined once something is wrong, and `fault` says what. */
class Parser {
  fault: JsonFault = 'not-json';
  readonly #text: string;
  readonly #depth: number;
  #members: number;
  #at = 0;

  constructor(text: string, { depth, members }: JsonLimits) {
    this.#text = text;
    this.#depth = depth;
    this.#members = members;
  }

  text(): JsonValue | undefined {
    const value = this.#value(this.#depth);
    if (value === undefined) return undefined;
    return Number.isNaN(this.#next()) ? value : undefined;
  }

  /** @param levels how many may still be opened. */
  #value(levels: number): JsonValue | undefined {
    switch (this.#next()) {
      case CHAR.brace:
        return levels > 0 ? this.#object(levels - 1) : this.#refuse('too-deep');
      case CHAR.bracket:
        return levels > 0 ? this.#array(levels - 1) : this.#refuse('too-deep');
      case CHAR.quote:
        return this.#string();
      case CHAR.t:
        return this.#literal('true', true);
      case CHAR.f:
        return this.#literal('false', false);
      case CHAR.n:
        return this.#literal('null', null);
      default:
        return this.#number();
    }
  }

  #object(levels: number): JsonObject | undefined {
    const object: Record<string, JsonValue> = Object.create(null);
    this.#at++;
    if (this.#next() === CHAR.braceEnd) {
      this.#at++;
      return object;
    }
    for (;;) {
      if (this.#next() !== CHAR.quote) return undefined;
      const name = this.#string();
      if (name === undefined || this.#next() !== CHAR.colon) return undefined;
      if (name in object) return this.#refuse('duplicate-name');
      if (this.#members-- <= 0) return this.#refuse('too-many-members');
      this.#at++;
      const value = this.#value(levels);
      if (value === undefined) return undefined;
      object[name] = value;
      const next = this.#next();
      this.#at++;
      if (next === CHAR.braceEnd) return object;
      if (next !== CHAR.comma) return undefined;
    }
  }

  #array(levels: number): JsonValue[] | undefined {
    const array: JsonValue[] = [];
    this.#at++;
    if (this.#next() === CHAR.bracketEnd) {
      this.#at++;
      return array;
    }
    for (;;) {
      if (this.#members-- <= 0) return this.#refuse('too-many-members');
      const value = this.#value(levels);
      if (value === undefined) return undefined;
      array.push(value);
      const next = this.#next();
      this.#at++;
      if (next === CHAR.bracketEnd) return array;
      if (next !== CHAR.comma) return undefined;
    }
  }

  #string(): string | undefined {
    let whole = '';
    for (;;) {
      const from = ++this.#at;
      PLAIN.lastIndex = from;
      PLAIN.test(this.#text);
      this.#at = PLAIN.lastIndex;
      whole += this.#text.slice(from, this.#at);
      const stop = this.#text.charCodeAt(this.#at);
      if (stop === CHAR.quote) {
        this.#at++;
        return whole;
      }
      if (stop !== CHAR.backslash) return undefined;
      const escaped = this.#escaped();
      if (escaped === undefined) return undefined;
      whole += escaped;
    }
  }

  /** Stands on the backslash before, and on the last character of the escape afterwards. */
  #escaped(): string | undefined {
    const letter = this.#text[++this.#at];
    if (letter !== 'u') return SHORT_ESCAPES.get(letter);
    const digits = this.#text.slice(this.#at + 1, this.#at + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) return undefined;
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #number(): number | undefined {
    NUMBER.lastIndex = this.#at;
    const found = NUMBER.exec(this.#text);
    if (!found) return undefined;
    this.#at = NUMBER.lastIndex;
    return Number(found[0]);
  }

  #literal<T extends JsonValue>(word: string, value: T): T | undefined {
    if (!this.#text.startsWith(word, this.#at)) return undefined;
    this.#at += word.length;
    return value;
  }

  /** The first character that is no white space; NaN at the end. */
  #next(): number {
    let char = this.#text.charCodeAt(this.#at);
    while (isJsonSpace(char)) char = this.#text.charCodeAt(++this.#at);
    return char;
  }

  #refuse(fault: JsonFault): undefined {
    this.fault = fault;
  }
}

/** Space, tab, line feed, carriage return: nothing else is white space in JSON. */
export function isJsonSpace(char: number): boolean {
  return char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09;
}

const CHAR = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  bracket: 0x5b,
  backslash: 0x5c,
  bracketEnd: 0x5d,
  f: 0x66,
  n: 0x6e,
  t: 0x74,
  brace: 0x7b,
  braceEnd: 0x7d,
} as const;
const BYTE_ORDER_MARK = 0xfeff;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings may not have them.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SHORT_ESCAPES = new Map(Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }));
