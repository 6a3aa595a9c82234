import { describe, expect, it } from 'vitest';
import { JsonStream, type JsonStreamFault } from '../../src/wire/json-stream.ts';
import { ascii } from '../support/bytes.ts';
import { Random, seedOfRun } from '../support/random.ts';

const LIMITS = { bytes: 200, depth: 16, gap: 64 };

/** Gives pieces one after the other. */
function run(
  pieces: readonly Uint8Array[],
  limits = LIMITS,
): { objects: string[]; fault: JsonStreamFault | undefined; stream: JsonStream } {
  const stream = new JsonStream(limits);
  const objects: string[] = [];
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; ) {
      const taken = stream.take(piece, from);
      if ('fault' in taken) return { objects, fault: taken.fault, stream };
      expect(taken.next).toBeGreaterThan(from);
      from = taken.next;
      if (taken.object) objects.push(Buffer.from(taken.object).toString());
    }
  }
  return { objects, fault: undefined, stream };
}

const bytewise = (text: string) => [...ascii(text)].map((byte) => Uint8Array.of(byte));

/** The first object of a text that begins with a brace, by one byte at a time; and whether it is refused. */
function firstObject(text: string, { bytes, depth: deepest }: typeof LIMITS): [string | undefined, boolean] {
  let depth = 0;
  let inString = false;
  let escaped = false;
  for (let at = 0; at < text.length; at++) {
    if (at === bytes) return [undefined, true];
    const char = text[at];
    if (escaped) escaped = false;
    else if (inString && char === '\\') escaped = true;
    else if (char === '"') inString = !inString;
    else if (!inString && (char === '{' || char === '[') && ++depth > deepest) return [undefined, true];
    else if (!inString && (char === '}' || char === ']') && --depth === 0) return [text.slice(0, at + 1), false];
  }
  return [undefined, false];
}

const FIRST = '{"a":"}{][\\"\\\\","b":[{"c":[]}],"d\\"}":"\\\\\\"}"}';
const SECOND = '{"\u00fc":{}}';

describe('a stream of JSON objects', () => {
  it.each([
    ['line feeds', `${FIRST}\n${SECOND}\n`],
    ['nothing', FIRST + SECOND],
    ['white space of every kind', ` \t\r\n${FIRST}\r\n\t ${SECOND}`],
  ])('is cut with %s between them, wherever its bytes were cut', (_name, text) => {
    const all = ascii(text);
    const expected = [FIRST, SECOND];
    expect(run([all]).objects).toEqual(expected);
    expect(run(bytewise(text)).objects).toEqual(expected);
    for (let cut = 1; cut < all.length; cut++) {
      expect(run([all.slice(0, cut), all.slice(cut)]).objects, `cut at ${cut}`).toEqual(expected);
    }
  });

  it('gives an object that is whole as a view, and one that came in pieces as memory of its own', () => {
    const all = ascii(FIRST);
    const stream = new JsonStream(LIMITS);
    const whole = stream.take(all);
    expect('object' in whole && whole.object?.buffer).toBe(all.buffer);
    stream.take(all.slice(0, 5));
    const pieces = stream.take(all.slice(5));
    const first = 'object' in pieces ? pieces.object! : new Uint8Array();
    for (const byte of bytewise(SECOND)) stream.take(byte);
    expect(Buffer.from(first).toString()).toBe(FIRST);
  });

  it('knows whether it stands inside an object', () => {
    expect(run([ascii(`${FIRST} `)]).stream.inside).toBe(false);
    expect(run([ascii(`${FIRST} {`)]).stream.inside).toBe(true);
  });

  it('starts anew after an object with brackets that do not match, which is for the parser to refuse', () => {
    expect(run([ascii('{]{"a":1}')]).objects).toEqual(['{]', '{"a":1}']);
  });

  it.each([['[]'], ['nope'], ['\ufeff{}'], ['"a"'], ['}'], ['\u0000'], ['{}x'], ['{},{}']])(
    'refuses %j: no object begins there',
    (text) => {
      expect(run([ascii(text)]).fault).toBe('not-object');
      expect(run(bytewise(text)).fault).toBe('not-object');
    },
  );

  it('refuses more white space than allowed, counted anew for each object', () => {
    const gap = ' '.repeat(64);
    expect(run(bytewise(`${gap}{}${gap}{}${gap}`)).objects).toEqual(['{}', '{}']);
    expect(run(bytewise(`${gap} `)).fault).toBe('gap');
    expect(run([ascii(`{}${gap}\n{}`)]).fault).toBe('gap');
  });

  it('refuses an object that is too deep as soon as it is', () => {
    const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}`;
    expect(run(bytewise(nested(16))).fault).toBeUndefined();
    expect(run(bytewise(nested(17))).fault).toBe('too-deep');
    expect(run([ascii('{"a":'.repeat(17))]).fault).toBe('too-deep');
  });

  it('refuses an object that is too large at the first byte too many, and holds no more than the limit', () => {
    const object = (length: number) => `{"a":"${'x'.repeat(length - 8)}"}`;
    expect(run(bytewise(object(200))).objects).toHaveLength(1);
    expect(run([ascii(object(200) + object(200))]).objects).toHaveLength(2);
    expect(run([ascii(object(201))]).fault).toBe('too-large');
    const cut = run(bytewise(object(1_000)));
    expect(cut.fault).toBe('too-large');
    expect(cut.stream.heldBytes).toBe(200);
  });

  it('finds the end where a reader of one byte at a time does, of any text and any cut', () => {
    const random = new Random(seedOfRun(), 'json-stream');
    const letters = [...'{}[]""""\\\\\\\\ a'];
    for (let round = 0; round < 2_000; round++) {
      const text = `{${Array.from({ length: random.below(60) }, () => random.pick(letters)).join('')}`;
      const limits = { bytes: random.between(1, 70), depth: 16, gap: 64 };
      const all = ascii(text);
      const pieces: Uint8Array[] = [];
      for (let from = 0; from < all.length; ) {
        const length = random.between(1, 20);
        pieces.push(all.subarray(from, from + length));
        from += length;
      }
      const { objects, fault } = run(pieces, limits);
      expect([text, objects[0], objects.length === 0 && fault !== undefined]).toEqual([text, ...firstObject(text, limits)]);
    }
  });

  it('looks at each byte once, however it comes', () => {
    let reads = 0;
    const counted = (bytes: Uint8Array): Uint8Array =>
      new Proxy(bytes, {
        get(target, name) {
          if (typeof name === 'string' && /^[0-9]+$/.test(name)) reads++;
          const value = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const stream = new JsonStream({ bytes: 100_000, depth: 16, gap: 64 });
    const text = `{"a":"${'{[\\"'.repeat(5_000)}"}`;
    for (const byte of bytewise(text)) stream.take(counted(byte));
    expect(stream.inside).toBe(false);
    expect(reads).toBeLessThan(text.length + 10);
  });

  it('forgets, and overwrites, what it is told to', () => {
    const stream = new JsonStream(LIMITS);
    stream.take(ascii('{"secret":"'));
    stream.wipe();
    expect(stream.heldBytes).toBe(0);
    expect(stream.inside).toBe(false);
    const next = stream.take(ascii('{"a":1}'));
    expect('object' in next && next.object?.length).toBe(7);
  });
});
