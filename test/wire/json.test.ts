import { describe, expect, it } from 'vitest';
import { hasExactly, isJsonObject, type JsonLimits, type JsonObject, parseJson } from '../../src/wire/json.ts';
import { ascii } from '../support/bytes.ts';
import { Random, seedOfRun } from '../support/random.ts';

const LIMITS: JsonLimits = { bytes: 100_000, depth: 16, members: 1_000 };
const parse = (text: string | Uint8Array, limits = LIMITS) => parseJson(typeof text === 'string' ? ascii(text) : text, limits);
const fault = (text: string | Uint8Array, limits?: JsonLimits) => {
  const parsed = parse(text, limits);
  return 'fault' in parsed ? parsed.fault : undefined;
};

/** As `JSON.parse` gives it, to compare with: prototypes do not count. */
const plain = (value: unknown) => JSON.stringify(value);

describe('parseJson', () => {
  it.each([
    ['{}'],
    [' \t\r\n{ "a" : [ 1 , 2 ] } \n'],
    ['[]'],
    ['[[],{},null,true,false]'],
    ['""'],
    ['"\\u0041\\n\\"\\\\\\/\\b\\f\\r\\t\\ud83d\\ude00"'],
    ['"\\ud800"'],
    ['"\u00fc\u2028\u007f"'],
    ['-0'],
    ['0.5e-7'],
    ['1E+2'],
    ['12345678901234567890'],
    ['{"":0,"b":{"":1}}'],
  ])('reads %s as JSON.parse does', (text) => {
    const parsed = parse(text);
    expect('value' in parsed && plain(parsed.value)).toBe(plain(JSON.parse(text)));
  });

  it.each([
    [''],
    [' '],
    ['{'],
    ['{"a"}'],
    ['{"a":}'],
    ['{"a":1,}'],
    ['{a:1}'],
    ["{'a':1}"],
    ['{"a":1 "b":2}'],
    ['{]'],
    ['[}'],
    ['[1,]'],
    ['[,1]'],
    ['[1 2]'],
    ['{} {}'],
    ['{}x'],
    ['01'],
    ['+1'],
    ['1.'],
    ['.5'],
    ['1e'],
    ['-'],
    ['0x10'],
    ['NaN'],
    ['Infinity'],
    ['undefined'],
    ['tru'],
    ['True'],
    ['"'],
    ['"\\'],
    ['"\\x"'],
    ['"\\u12g4"'],
    ['"\\u12'],
    ['"a\nb"'],
    ['"a\u0000b"'],
    ['\u00a0{}'],
    ['{}\u0000'],
    ['/* */{}'],
  ])('refuses %j, as JSON.parse does', (text) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(fault(text)).toBe('not-json');
  });

  it('refuses a byte order mark and bytes that are not UTF-8, also where JSON.parse would never see them', () => {
    const mark = Uint8Array.of(0xef, 0xbb, 0xbf);
    expect(fault(Buffer.concat([mark, ascii('{}')]))).toBe('not-utf8');
    for (const bad of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0x80]]) {
      expect(fault(Buffer.concat([ascii('{"a":"'), Uint8Array.from(bad), ascii('"}')])), String(bad)).toBe('not-utf8');
    }
  });

  it.each([
    ['{"a":1,"a":1}'],
    ['{"a":1,"\\u0061":2}'],
    ['{"__proto__":1,"__proto__":2}'],
    ['{"a":{"b":[{"c":1,"d":2,"c":3}]}}'],
    ['{"0":1,"0":2}'],
    ['{"":1,"":2}'],
  ])('refuses a name twice in one object: %s', (text) => {
    expect(fault(text)).toBe('duplicate-name');
  });

  it('takes a name twice in two objects, and names that every object has', () => {
    expect(fault('{"a":{"a":{"a":1}},"toString":{"a":1},"constructor":0,"hasOwnProperty":0,"length":0}')).toBeUndefined();
  });

  it('has `__proto__` as a member like any other, and gives objects without prototype', () => {
    const parsed = parse('{"__proto__":{"polluted":true},"a":{}}');
    const object = ('value' in parsed && parsed.value) as JsonObject;
    expect(Object.getPrototypeOf(object)).toBeNull();
    expect(Object.getPrototypeOf(object.a)).toBeNull();
    expect(Object.keys(object)).toEqual(['__proto__', 'a']);
    expect('polluted' in object).toBe(false);
    expect(({} as { polluted?: true }).polluted).toBeUndefined();
    expect(hasExactly(object, ['a'])).toBe(false);
  });

  it('bounds depth, and does not go deeper than that', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(fault(nested(16))).toBeUndefined();
    expect(fault(nested(17))).toBe('too-deep');
    expect(fault('{"a":'.repeat(17) + 1 + '}'.repeat(17))).toBe('too-deep');
    expect(fault('['.repeat(100_000))).toBe('too-deep');
  });

  it('bounds members and elements of the whole text', () => {
    const limits = { ...LIMITS, members: 4 };
    expect(fault('{"a":[1,2,3]}', limits)).toBeUndefined();
    expect(fault('{"a":[1,2,3,4]}', limits)).toBe('too-many-members');
    expect(fault('{"a":1,"b":{"c":1,"d":1,"e":1}}', limits)).toBe('too-many-members');
  });

  it('bounds bytes before anything is read', () => {
    expect(fault('"12345678"', { ...LIMITS, bytes: 10 })).toBeUndefined();
    expect(fault('"123456789"', { ...LIMITS, bytes: 10 })).toBe('too-large');
    expect(fault(new Uint8Array(11).fill(0xff), { ...LIMITS, bytes: 10 })).toBe('too-large');
  });

  it('agrees with JSON.parse on texts that were damaged at random', () => {
    const seed = seedOfRun();
    const random = new Random(seed, 'json');
    const whole = '{"a":[1,-2.5e3,true,null,{"b":"c\\u00e9\\n"}],"d":"}{","e":{"f":[[]],"g":false}} ';
    const letters = '{}[]":,\\ue01-.+trfn \n\t\u0001x';
    let taken = 0;
    for (let i = 0; i < 20_000; i++) {
      let text = whole;
      for (let edits = random.between(0, 3); edits > 0; edits--) {
        const at = random.below(text.length);
        text = text.slice(0, at) + letters[random.below(letters.length)] + text.slice(at + random.below(3));
      }
      let expected: unknown = 'refused';
      try {
        expected = plain(JSON.parse(text));
      } catch {}
      const parsed = parse(text);
      if ('fault' in parsed && parsed.fault === 'duplicate-name') continue;
      if ('value' in parsed) taken++;
      const found = 'value' in parsed ? plain(parsed.value) : 'refused';
      if (found !== expected) expect.fail(`seed ${seed}: ${JSON.stringify(text)} is ${found}, not ${expected}`);
    }
    expect(taken).toBeGreaterThan(1_000);
  });
});

describe('hasExactly', () => {
  const object = (text: string) => (parse(text) as { value: JsonObject }).value;

  it('wants each name once and no other', () => {
    expect(hasExactly(object('{"a":1,"b":2}'), ['b', 'a'])).toBe(true);
    expect(hasExactly(object('{"a":1}'), ['b', 'a'])).toBe(false);
    expect(hasExactly(object('{"a":1,"b":2,"c":3}'), ['b', 'a'])).toBe(false);
    expect(hasExactly(object('{"a":1,"c":3}'), ['a'], ['c'])).toBe(true);
    expect(hasExactly(object('{"c":3}'), ['a'], ['c'])).toBe(false);
    expect(hasExactly(object('{}'), [])).toBe(true);
  });
});

describe('isJsonObject', () => {
  it('is true of objects alone', () => {
    const values = ['{}', '[]', 'null', '1', '""', 'true'].map((text) => (parse(text) as { value: JsonObject }).value);
    expect(values.map(isJsonObject)).toEqual([true, false, false, false, false, false]);
    expect(isJsonObject(undefined)).toBe(false);
  });
});
