import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AT,
  countIds,
  type EnvelopeFields,
  GOSSIP,
  messageDigest,
  readBroadcast,
  signedPrefix,
  topicBytes,
  topicText,
  writeEnvelope,
} from '../../../src/protocols/handfast/envelope.ts';
import { toHex } from '../../support/bytes.ts';
import { cores } from '../../support/cores.ts';
import { Random, seedOfRun } from '../../support/random.ts';
import { cat, envelope, tagOf, text } from '../../support/reference.ts';

const seed = seedOfRun();
const runs = { seed: seed | 0, numRuns: 300 };
console.log(`HANDFAST_TEST_SEED=${seed}`);

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const topics = fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }).filter((topic) => topicBytes(topic) !== undefined);
const fieldsOf = fc.record<EnvelopeFields>({
  origin: bytesOf(32),
  sequence: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  timestamp: fc.bigInt({ min: 0n, max: 2n ** 53n }),
  topic: topics.map((topic) => topicBytes(topic)!),
  payload: fc.uint8Array({ maxLength: 300 }),
});
const bodyOf = (fields: EnvelopeFields, hops = 3) => cat([hops], writeEnvelope(fields), new Uint8Array(64).fill(9));

describe('an envelope', () => {
  it('reads as what was written, whatever its fields', () => {
    fc.assert(
      fc.property(fieldsOf, fc.nat(255), (fields, hops) => {
        const body = bodyOf(fields, hops);
        const shape = readBroadcast(body)!;
        expect(shape.hops).toBe(hops);
        expect(shape.timestamp).toBe(Number(fields.timestamp));
        expect(body.slice(AT.origin, AT.sequence)).toEqual(fields.origin);
        expect(body.slice(AT.topic, AT.topic + shape.topicLength)).toEqual(new Uint8Array(fields.topic));
        expect(body.slice(shape.payloadAt, shape.signatureAt)).toEqual(fields.payload);
        expect(body.length - shape.signatureAt).toBe(64);
      }),
      runs,
    );
  });

  it('is refused when a byte is missing or left over', () => {
    fc.assert(
      fc.property(fieldsOf, fc.nat(), (fields, cutAt) => {
        const body = bodyOf(fields);
        expect(readBroadcast(body)).toBeDefined();
        expect(readBroadcast(body.slice(0, cutAt % body.length))).toBeUndefined();
        expect(readBroadcast(body.slice(1 + (cutAt % (body.length - 1))))?.signatureAt).not.toBe(body.length - 64);
        expect(readBroadcast(cat(body, [0]))).toBeUndefined();
      }),
      runs,
    );
  });

  it('never throws, and never reads past its end', () => {
    const random = new Random(seed, 'envelope');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fieldsOf.map((fields) => random.mutated(bodyOf(fields))),
        ),
        (body) => {
          const shape = readBroadcast(body);
          if (!shape) return;
          expect(shape.topicLength).toBeGreaterThanOrEqual(1);
          expect(shape.payloadAt).toBe(AT.topic + shape.topicLength + 4);
          expect(shape.signatureAt).toBe(body.length - 64);
          expect(shape.payloadAt).toBeLessThanOrEqual(shape.signatureAt);
          expect(topicBytes(topicText(body.subarray(AT.topic, AT.topic + shape.topicLength)))).toBeDefined();
        },
      ),
      { ...runs, numRuns: 2000 },
    );
  });

  const fields = { origin: new Uint8Array(32), sequence: 1n, timestamp: 1n, topic: text('t'), payload: new Uint8Array(3) };
  it.each([
    ['no topic', { ...fields, topic: new Uint8Array(0) }],
    ['a topic that is not UTF-8', { ...fields, topic: Uint8Array.of(0x61, 0xff) }],
    ['a topic cut within a character', { ...fields, topic: text('é').slice(0, 1) }],
  ])('with %s is refused', (_what, odd) => {
    expect(readBroadcast(bodyOf(odd))).toBeUndefined();
  });

  it('that declares more payload than there is, or less, is refused', () => {
    for (const declared of [0, 2, 4, 0xffffffff]) {
      const body = bodyOf(fields);
      new DataView(body.buffer).setUint32(AT.topic + 1, declared);
      expect(readBroadcast(body), String(declared)).toBeUndefined();
    }
  });

  it('has topics of 1 to 255 bytes of text', () => {
    expect(topicBytes('t'.repeat(255))).toHaveLength(255);
    for (const odd of ['', 't'.repeat(256), 'é'.repeat(128), '\ud800', 1, undefined, null]) expect(topicBytes(odd)).toBeUndefined();
  });

  it('shows a timestamp beyond 2^53 as one far in the future', () => {
    expect(readBroadcast(bodyOf({ ...fields, timestamp: 2n ** 64n - 1n }))!.timestamp).toBe(2 ** 64);
  });
});

describe.each(cores.map((core) => [core.name, core] as const))('what is signed, %s core', (_name, core) => {
  it('gives the id and the text that the second implementation signs', () => {
    fc.assert(
      fc.property(bytesOf(32), fieldsOf, (secret, { sequence, timestamp, topic, payload }) => {
        const expected = envelope(secret, 'demo', sequence, timestamp, Buffer.from(topic).toString(), payload);
        const origin = core.ed25519.keyPair(secret).publicKey;
        const body = writeEnvelope({ origin, sequence, timestamp, topic, payload });
        const prefix = signedPrefix(tagOf('demo'));
        expect(toHex(cat(prefix, body))).toBe(toHex(expected.message));
        expect(toHex(messageDigest(core, [prefix, body]).slice(0, 32))).toBe(toHex(expected.id));
        expect(toHex(messageDigest(core, cat(prefix, body)).slice(0, 32))).toBe(toHex(expected.id));
      }),
      { ...runs, numRuns: 20 },
    );
  });
});

describe('a list of ids', () => {
  it.each([
    [0, 0],
    [31, 0],
    [32, 1],
    [33, 0],
    [64, 2],
    [32_000, GOSSIP.ids],
    [32_032, 0],
  ])('of %i bytes has %i', (length, count) => {
    expect(countIds(new Uint8Array(length))).toBe(count);
  });
});
