import { describe, expect, it } from 'vitest';
import { encodeBase64url, looksLikeBase64url } from '../../../src/core/legacy/base64url.ts';
import { readJson } from '../../../src/protocols/sdmp/container.ts';
import { ENCRYPTED, readForm, SESSION, SIGNATURE, writeForm } from '../../../src/protocols/sdmp/form.ts';
import { parseJson } from '../../../src/wire/json.ts';
import { utf8 } from '../../../src/wire/text.ts';
import { Random, seedOfRun } from '../../support/random.ts';

const head = (schema: string) => ({ version: '0.12.0', schemas: [schema] });
const FORMS = [
  { form: SESSION, value: ([p, N]: string[]) => ({ sdmp: head('connection'), connection: { g: 2, p, N } }) },
  {
    form: SIGNATURE,
    value: ([identifier, payload, header, signature]: string[]) => ({
      sdmp: head('signature'),
      signature: { identifier, payload, signatures: [{ protected: header, signature }] },
    }),
  },
  { form: ENCRYPTED, value: ([iv, payload]: string[]) => ({ sdmp: head('encrypted'), encrypted: { iv, payload, recipients: [] } }) },
];

describe('forms of our writer', () => {
  const random = new Random(seedOfRun(), 'forms of our writer');
  const field = (most: number) => encodeBase64url(Uint8Array.from({ length: random.below(most) }, () => random.below(256)));
  const parsed = (text: string) => {
    const found = parseJson(utf8(text), { bytes: 65_536, depth: 16, members: 64 });
    return 'value' in found ? found.value : found.fault;
  };

  it('are what JSON.stringify writes, and are read as the reader of JSON reads them, without a prototype', () => {
    for (const { form, value } of FORMS) {
      for (let round = 0; round < 50; round++) {
        const fields = form.pieces.slice(1).map(() => field(300));
        const text = writeForm(form, ...fields);
        expect(text).toBe(JSON.stringify(value(fields)));
        expect(readForm(text)).toEqual(parsed(text));
        expect(JSON.stringify(readForm(text))).toBe(text);
        expect(readJson(utf8(text), 65_536, 2)).toMatchObject({ rule: 'F5' });
        expect(readJson(utf8(text), text.length - 1, 64)).toMatchObject({ rule: 'F2' });
      }
      const seen: unknown[] = [];
      JSON.parse(JSON.stringify(form.read(form.pieces.slice(1))), (_name, each) => each);
      const look = (each: unknown): void => {
        if (typeof each !== 'object' || each === null) return;
        seen.push(each);
        if (!Array.isArray(each)) expect(Object.getPrototypeOf(each)).toBeNull();
        for (const inner of Object.values(each)) look(inner);
      };
      look(form.read(form.pieces.slice(1)));
      expect(seen.length).toBeGreaterThan(3);
    }
  });

  it('leave to the reader whatever is otherwise, or make the same of it, at each place of a text', () => {
    const others = ['"', '\\', '\\u0041', '}', ' ', '\n', '\u0000', '+', '=', 'A', '\u00e9', '\u0141', '","x":"'];
    let left = 0;
    let taken = 0;
    for (const { form } of FORMS) {
      const text = writeForm(form, ...form.pieces.slice(1).map(() => field(12)));
      for (let at = 0; at <= text.length; at++) {
        for (const put of ['', ...others]) {
          for (const cut of [0, 1]) {
            const changed = text.slice(0, at) + put + text.slice(at + cut);
            const found = readForm(changed);
            if (found) expect([changed, found]).toEqual([changed, parsed(changed)]);
            if (found) taken++;
            else left++;
          }
        }
      }
    }
    expect(taken).toBeGreaterThan(100);
    expect(left).toBeGreaterThan(5_000);
  });
});

it('whether a text looks like base64url: what does not is none, and what is longer than its bytes say does not', () => {
  for (const good of ['', 'AA', 'AAA', 'Zm9v', '-_-_', 'AB', 'Zm9vYg']) expect([good, looksLikeBase64url(good)]).toEqual([good, true]);
  for (const bad of ['A', 'Zm9v"', 'Zm9\\', 'Z\u0000m9', 'Zm 9', 'Zm9v=', 'Zm9=', '"', 'Zm9v\nZm9v', 'ABCD\\']) {
    expect([bad, looksLikeBase64url(bad)]).toEqual([bad, false]);
  }
});
