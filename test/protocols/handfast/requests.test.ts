import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODES, type CodeName } from '../../../src/errors.ts';
import { Kind } from '../../../src/protocols/handfast/format.ts';
import { LIMITS } from '../../../src/protocols/handfast/limits.ts';
import {
  directRecord,
  errorRecord,
  readAnswer,
  readDirect,
  requestId,
  responseRecord,
  writeMillisecondsLeft,
} from '../../../src/protocols/handfast/requests.ts';

const anyId = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });
const anyTopic = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((topic) => Buffer.byteLength(topic) <= 255);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('records of requests', () => {
  it('have the bytes that the document states', () => {
    const record = directRecord(0x0102030405060708n, Buffer.from('news'), Buffer.from('hi'));
    writeMillisecondsLeft(record, 10_000);
    expect(hex(record)).toBe('01' + '0102030405060708' + '00002710' + '04' + '6e657773' + '6869');
    expect(hex(responseRecord(2n ** 64n - 1n, Buffer.from('yo')))).toBe('02' + 'ffffffffffffffff' + '796f');
    expect(hex(errorRecord(1n, 'ANSWER_LOST'))).toBe('03' + '0000000000000001' + '0406');
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(
        anyId,
        anyTopic,
        fc.uint8Array({ maxLength: 100 }),
        fc.integer({ min: 1, max: LIMITS.requestMs }),
        (id, topic, payload, left) => {
          const record = directRecord(id, Buffer.from(topic), payload);
          writeMillisecondsLeft(record, left);
          expect(record[0]).toBe(Kind.direct);
          const direct = readDirect(record.subarray(1))!;
          expect({ ...direct, id: requestId(direct), payload: hex(direct.payload) }).toEqual({
            id,
            topic,
            payload: hex(payload),
            millisecondsLeft: left,
          });
          expect(readAnswer(Kind.response, responseRecord(id, payload).subarray(1))).toEqual({ id, payload });
        },
      ),
    );
    for (const code of ['NO_HANDLER', 'HANDLER_FAILED', 'BUSY', 'DEADLINE_EXCEEDED', 'ANSWER_TOO_LARGE', 'ANSWER_LOST'] as CodeName[]) {
      const { wire } = CODES[code] as { wire: number };
      expect(readAnswer(Kind.error, errorRecord(9n, code).subarray(1))).toEqual({ id: 9n, code: wire, reason: '' });
    }
  });

  it('are refused with an id of 0, a time out of range, a topic that is no UTF-8, or bytes missing', () => {
    const good = directRecord(1n, Buffer.from('ab'), new Uint8Array(0)).subarray(1);
    const read = (change: (body: Uint8Array) => Uint8Array | undefined) => {
      const body = good.slice();
      body[11] = 1;
      return readDirect(change(body) ?? body);
    };
    expect(read(() => undefined)).toBeDefined();
    expect(read((body) => body.fill(0, 0, 8))).toBeUndefined();
    expect(read((body) => body.fill(0, 8, 12))).toBeUndefined();
    expect(read((body) => body.fill(0xff, 8, 12))).toBeUndefined();
    expect(read((body) => body.fill(0xff, 13, 14))).toBeUndefined();
    for (let length = 0; length < good.length; length++) expect(read((body) => body.subarray(0, length))).toBeUndefined();
  });

  it('answers are refused with an id of 0, a code that is none of answers, a reason too long, or bytes missing', () => {
    const error = (code: number, reason: number) => {
      const body = new Uint8Array(10 + reason);
      body.set([0, 0, 0, 0, 0, 0, 0, 1, code >>> 8, code & 255]);
      return readAnswer(Kind.error, body);
    };
    expect(error(0x0401, 0)).toBeDefined();
    expect(error(0x04ff, LIMITS.reason)).toBeDefined();
    expect(error(0x0401, LIMITS.reason + 1)).toBeUndefined();
    expect(error(0x0301, 0)).toBeUndefined();
    expect(readAnswer(Kind.error, new Uint8Array(9).fill(4))).toBeUndefined();
    expect(readAnswer(Kind.response, new Uint8Array(7).fill(4))).toBeUndefined();
    expect(readAnswer(Kind.response, new Uint8Array(20))).toBeUndefined();
    expect(readAnswer(Kind.response, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1))).toEqual({ id: 1n, payload: new Uint8Array(0) });
  });
});
