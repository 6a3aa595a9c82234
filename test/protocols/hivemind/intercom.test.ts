/** The payload of an INTERCOM: both forms read and written, what is none refused, and for whom a message was sealed. */
import { describe, expect, it } from 'vitest';
import { HandfastError } from '../../../src/errors.ts';
import { type Envelope, innerText, readEnvelope, readInner, sealInner, writeEnvelope } from '../../../src/protocols/hivemind/intercom.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { shownText, utf8 } from '../../../src/wire/text.ts';
import { cores } from '../../support/cores.ts';

const SHORT = { msg_type: 'bus', payload: { type: 'speak', data: {} } } as const;
const codeOf = (result: unknown): string => (result instanceof HandfastError ? result.code : 'none');
const base64 = (length: number): string => Buffer.alloc(length, 7).toString('base64');
const whole = { ciphertext: base64(300), signature: base64(256), encrypted_key: base64(256), nonce: base64(16), tag: base64(16) };

describe.each(cores)('the payload of an INTERCOM, on the $name core', (core) => {
  it('is written as it is read, in both forms', () => {
    const wrapped = core.random(256);
    const short: Envelope = { wrapped, signature: core.random(256), signed: wrapped };
    expect(Object.keys(writeEnvelope(short))).toEqual(['ciphertext', 'signature']);
    expect(readEnvelope(writeEnvelope(short))).toEqual(short);
    const { sealed } = sealInner(core, utf8('{}'));
    const long: Envelope = { wrapped, signature: core.random(384), signed: sealed.ciphertext, sealed };
    expect(Object.keys(writeEnvelope(long)).sort()).toEqual(['ciphertext', 'encrypted_key', 'nonce', 'signature', 'tag']);
    expect(readEnvelope(writeEnvelope(long))).toEqual(long);
  });

  it.each([
    ['nothing', {}],
    ['no signature', { ciphertext: base64(256) }],
    ['an empty signature', { ciphertext: base64(256), signature: '' }],
    ['a signature longer than any key', { ciphertext: base64(256), signature: base64(1025) }],
    ['a ciphertext longer than any key', { ciphertext: base64(1025), signature: base64(256) }],
    ['no base64', { ciphertext: '!', signature: base64(256) }],
    ['a number', { ciphertext: 1, signature: base64(256) }],
    ['a wrapped key longer than any key', { ...whole, encrypted_key: base64(1025) }],
    ['no nonce', { ...whole, nonce: null }],
    ['a short nonce', { ...whole, nonce: base64(8) }],
    ['a short tag', { ...whole, tag: base64(15) }],
  ] as [string, JsonObject][])('with %s is none', (_, payload) => {
    expect(codeOf(readEnvelope(payload))).toBe('HF_MALFORMED');
  });

  it('has members that say something alone: 214 bytes are not many', () => {
    expect(shownText(innerText(SHORT))).toBe('{"msg_type": "bus", "payload": {"type": "speak", "data": {}}}');
    for (const bad of [{ msg_type: 'shake' }, { msg_type: 'hello' }, { msg_type: 'bus', extra: 1 }, { msg_type: 'nonsense' }]) {
      expect(() => innerText(bad as never)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
    }
  });

  it('opens with its own key alone, which is wiped', () => {
    const { key, sealed } = sealInner(core, innerText(SHORT));
    const envelope = { wrapped: key, signature: key, signed: sealed.ciphertext, sealed };
    const copy = key.slice();
    expect(readInner(envelope, copy, 'PEM')).toMatchObject({ message: { msg_type: 'bus', payload: SHORT.payload }, bound: false });
    expect(copy).toEqual(new Uint8Array(32));
    for (const wrong of [core.random(32), key.slice(1), new Uint8Array(0)])
      expect(codeOf(readInner(envelope, wrong, 'PEM'))).toBe('HF_WRONG_KEY');
    for (const part of ['nonce', 'ciphertext', 'tag'] as const) {
      const changed = { ...sealed, [part]: sealed[part].map((byte, i) => (i === 0 ? byte ^ 1 : byte)) };
      expect(codeOf(readInner({ ...envelope, sealed: changed }, key.slice(), 'PEM'))).toBe('HF_WRONG_KEY');
    }
  });

  it('sealed for one key and wrapped again for another is refused where it says for whom it was', () => {
    const { key, sealed } = sealInner(core, innerText({ ...SHORT, target_pubkey: 'PEM of bob' }));
    const envelope = { wrapped: key, signature: key, signed: sealed.ciphertext, sealed };
    expect(readInner(envelope, key.slice(), 'PEM of bob\n')).toMatchObject({ bound: true });
    expect(codeOf(readInner(envelope, key.slice(), 'PEM of carol'))).toBe('HF_UNEXPECTED_PEER');
  });

  it('with no message in it, or one of a handshake, is malformed', () => {
    const direct = (text: string) => readInner({ wrapped: NONE, signature: NONE, signed: NONE }, utf8(text), 'PEM');
    for (const text of ['', '{', '[]', '{"msg_type": "x"}', '{"msg_type": "shake"}', '{"msg_type": "hello"}', `{"a":${'['.repeat(40)}`]) {
      expect(codeOf(direct(text))).toBe('HF_MALFORMED');
    }
    expect(direct('{"msg_type": "ping"}')).toMatchObject({ bound: true });
  });

  it('of any bytes throws nothing', () => {
    for (let i = 0; i < 500; i++) {
      const bytes = (): string => Buffer.from(core.random(i % 40)).toString(i % 3 ? 'base64' : 'latin1');
      const payload: JsonObject = {
        ciphertext: bytes(),
        signature: bytes(),
        encrypted_key: i % 2 ? bytes() : null,
        nonce: base64(16),
        tag: base64(16),
      };
      const envelope = readEnvelope(payload);
      if (!(envelope instanceof HandfastError)) expect(readInner(envelope, core.random(32), 'PEM')).toBeInstanceOf(HandfastError);
    }
  });
});

const NONE = new Uint8Array(0);
