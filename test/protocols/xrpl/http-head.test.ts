import { describe, expect, it } from 'vitest';
import {
  type Held,
  latin1Bytes,
  NOTHING_HELD,
  readRequest,
  readResponse,
  takeHead,
  writeHead,
} from '../../../src/protocols/xrpl/http-head.ts';

const taken = (text: string) => takeHead(NOTHING_HELD, latin1Bytes(text));

describe('the end of a head', () => {
  it('is the first empty line; what is behind it is kept as it is, however much came', () => {
    const behind = 'x'.repeat(20_000);
    const result = taken(`GET / HTTP/1.1\r\nA: b\r\n\r\n${behind}`);
    expect(result).toMatchObject({ head: 'GET / HTTP/1.1\r\nA: b', bytes: 24 });
    expect((result as { rest: Uint8Array }).rest).toEqual(latin1Bytes(behind));
  });

  it('may come with the 8,208th byte and not later', () => {
    const head = (length: number): string => `GET / HTTP/1.1\r\nA: ${'y'.repeat(length - 23)}\r\n\r\n`;
    expect(head(8208)).toHaveLength(8208);
    expect(taken(head(8208))).toHaveProperty('head');
    expect(taken(head(8209))).toMatchObject({ fault: { code: 'HF_TOO_LARGE' } });
    let held: Held = NOTHING_HELD;
    for (let i = 0; i < 8207; i++) held = (takeHead(held, Uint8Array.of(0x79)) as { held: Held }).held;
    expect(held.bytes.length).toBe(8207);
    expect(takeHead(held, new Uint8Array(1_000_000))).toHaveProperty('fault');
  });

  it('is found wherever it stands among carriage returns and line feeds', () => {
    const letters = '\r\nx';
    for (let number = 0; number < letters.length ** 9; number++) {
      let text = '';
      for (let left = number, i = 0; i < 9; i++, left = Math.floor(left / letters.length)) text += letters[left % letters.length];
      const at = text.indexOf('\r\n\r\n');
      const found = taken(text);
      if ('head' in found ? found.bytes !== at + 4 : at >= 0) expect.fail(`${JSON.stringify(text)}: ${JSON.stringify(found)}`);
    }
  });

  it('leaves each byte before it a character of its own, what would be UTF-8 too, and what would not', () => {
    for (const text of [
      'A: \u00c3\u00a9',
      'A: \u00e9',
      'A: \u00ef\u00bf\u00bd',
      '\u00ef\u00bb\u00bfA: b',
      'A: \u0080\u009f\u00ff',
      'A: b\0',
    ])
      expect(taken(`${text}\r\n\r\n`)).toMatchObject({ head: text });
  });

  it('is not looked for twice in the same bytes', () => {
    const first = taken('GET / HTTP/1.1\r\n') as { held: Held };
    expect(first.held.searched).toBe(13);
    expect(takeHead(first.held, latin1Bytes('\r\n'))).toMatchObject({ head: 'GET / HTTP/1.1', bytes: 18 });
  });
});

describe('a request', () => {
  const fieldsOf = (...lines: string[]) => readRequest(['GET /x?y HTTP/1.1', ...lines].join('\r\n'))?.fields;

  it('has a method, a target, a version and fields', () => {
    expect(readRequest('GET /x?y HTTP/1.0\r\nA: b')).toEqual({ method: 'GET', target: '/x?y', version: 10, fields: new Map([['a', 'b']]) });
    expect(readRequest('GET / HTTP/1.1')?.fields.size).toBe(0);
  });

  it('the first of repeated fields counts, whatever the case of their names', () => {
    expect(fieldsOf('Key: 1', 'kEY: 2', 'KEY: 3')).toEqual(new Map([['key', '1']]));
  });

  it('blanks and tabs around a value go, others stay', () => {
    expect(fieldsOf('A: \t b  c \t', 'B:', 'C:d', 'D: \xa0e\xa0')).toEqual(
      new Map([
        ['a', 'b  c'],
        ['b', ''],
        ['c', 'd'],
        ['d', '\xa0e\xa0'],
      ]),
    );
  });

  it.each([
    ['a folded line', ['A: b', ' c']],
    ['a folded line by a tab', ['A: b', '\tc']],
    ['a blank before the colon', ['A : b']],
    ['no colon', ['A']],
    ['no name', [': b']],
    ['a lone line feed in a value', ['A: b\nC: d']],
    ['a lone carriage return', ['A: b\rC: d']],
    ['a zero byte', ['A: \0']],
    ['a name that is no token', ['A(b): c']],
    ['65 lines', new Array(65).fill('A: b')],
  ])('%s is none', (_name, lines) => {
    expect(fieldsOf(...(lines as string[]))).toBeUndefined();
  });

  it('64 lines are taken', () => {
    expect(fieldsOf(...new Array(64).fill('A: b'))).toBeDefined();
  });

  it.each([
    'GET /',
    'GET / HTTP/2.0',
    'GET / HTTP/1.2',
    'GET  / HTTP/1.1',
    'GET / HTTP/1.1 ',
    ' GET / HTTP/1.1',
    'GET / http/1.1',
    'G@T / HTTP/1.1',
    '',
  ])('%j is no first line', (line) => {
    expect(readRequest(line)).toBeUndefined();
  });

  it('a field named as a member of every object is one like others', () => {
    expect(fieldsOf('__proto__: x', 'constructor: y')?.get('constructor')).toBe('y');
  });
});

describe('a response', () => {
  it('has a status and a reason, possibly empty', () => {
    expect(readResponse('HTTP/1.1 400 Bad Request (x)')).toMatchObject({ version: 11, status: 400, reason: 'Bad Request (x)' });
    expect(readResponse('HTTP/1.0 200 ')).toMatchObject({ version: 10, status: 200, reason: '' });
    expect(readResponse('HTTP/1.1 200')?.reason).toBe('');
  });

  it.each(['HTTP/1.1 20 OK', 'HTTP/1.1 2000 OK', 'HTTP/1.1  200 OK', 'HTTP/2 200', 'GET / HTTP/1.1', 'HTTP/1.1 200 \x01'])(
    '%j is none',
    (line) => {
      expect(readResponse(line)).toBeUndefined();
    },
  );
});

it('a head is written in order, without what has no value', () => {
  expect(
    writeHead('X', [
      ['A', '1'],
      ['B', undefined],
      ['C', ''],
    ]),
  ).toBe('X\r\nA: 1\r\nC: \r\n\r\n');
});
