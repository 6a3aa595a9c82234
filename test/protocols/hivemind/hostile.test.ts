/** What hostile peers send in a session: frames that end it, and none that throws. */

import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { AeadChannel, sealBinary, sealText } from '../../../src/protocols/hivemind/channel.ts';
import { ENCODINGS, type Encoding } from '../../../src/protocols/hivemind/encodings.ts';
import { readFrame, writeFrame } from '../../../src/protocols/hivemind/frames.ts';
import type { HiveMindClient, HiveMindOptions } from '../../../src/protocols/hivemind/index.ts';
import { shownText, utf8 } from '../../../src/wire/text.ts';
import { cores } from '../../support/cores.ts';
import { ACCESS_KEY, endingOf, openPair, receive, textMessage, utterance, write } from '../../support/hivemind.ts';

const PSK = '0123456789abcdef0123456789abcdef';
/** With a pre-shared key, a test can write what a peer would. */
const preshared = (client: Partial<HiveMindClient> = {}): { slave: HiveMindOptions; master: HiveMindOptions } => ({
  slave: { password: undefined, presharedKey: PSK },
  master: { clients: [{ accessKey: ACCESS_KEY, presharedKey: PSK, ...client }] },
});

describe.each(cores)('hostile frames of HiveMind, on the $name core', (core) => {
  const agreed = { core, cipher: 'AES-GCM', encoding: 'JSON-HEX' } as const;
  const sealed = (message: unknown) => ({
    data: sealText(agreed, utf8(PSK), core.random(16), utf8(typeof message === 'string' ? message : JSON.stringify(message))),
    text: true,
  });
  const sealedFrame = (frame: Uint8Array) => ({ data: sealBinary(agreed, utf8(PSK), core.random(16), frame), text: false });

  describe('frames that end a session', () => {
    const bomb = (): Uint8Array =>
      writeFrame({ kind: 'bus', meta: {}, binType: 0, payload: new Uint8Array(11 * 1024 * 1024) }, { compressed: true });

    it.each([
      [
        'what does not open',
        () => ({ data: sealText(agreed, utf8('fedcba9876543210'), new Uint8Array(16), utf8('{}')), text: true }),
        'HF_BAD_TAG',
        1008,
      ],
      ['a binary one that does not open', () => ({ data: new Uint8Array(64), text: false }), 'HF_BAD_TAG', 1008],
      ['one of no bytes', () => ({ data: new Uint8Array(0), text: false }), 'HF_BAD_TAG', 1008],
      ['no JSON', () => sealed('{'), 'HF_MALFORMED', 1002],
      ['an unknown type', () => sealed({ msg_type: 'nonsense' }), 'HF_MALFORMED', 1002],
      ['an unknown member', () => sealed({ msg_type: 'bus', payload: {}, extra: 1 }), 'HF_MALFORMED', 1002],
      [
        'an unknown member of the message inside',
        () => sealed({ msg_type: 'propagate', payload: { msg_type: 'bus', extra: 1 } }),
        'HF_MALFORMED',
        1002,
      ],
      ['JSON too deep', () => sealed(`{"msg_type": "ping", "payload": {"a": ${'['.repeat(40)}${']'.repeat(40)}}}`), 'HF_MALFORMED', 1002],
      [
        'messages inside of each other, without end',
        () => sealed(`${'{"msg_type": "propagate", "payload": '.repeat(40)}{}${'}'.repeat(40)}`),
        'HF_MALFORMED',
        1002,
      ],
      ['too many members', () => sealed(`{"msg_type": "ping", "payload": {"a": [${'0,'.repeat(200_000)}0]}}`), 'HF_MALFORMED', 1002],
      [
        'clear text with the letters ciphertext in it',
        () => textMessage({ msg_type: 'bus', payload: { type: 'ciphertext' } }),
        'HF_OUT_OF_TURN',
        1008,
      ],
      ['a message in clear', () => textMessage({ msg_type: 'bus', payload: { type: 'a' } }), 'HF_OUT_OF_TURN', 1008],
      ['a frame without a nonce', () => textMessage({ ciphertext: '00' }), 'HF_MALFORMED', 1002],
      ['a frame in another encoding', () => textMessage({ ciphertext: 'A/==', tag: '', nonce: '' }), 'HF_MALFORMED', 1002],
      ['a short tag', () => textMessage({ ciphertext: '', tag: '00', nonce: '00'.repeat(16) }), 'HF_BAD_TAG', 1008],
      ['a zip bomb', () => sealedFrame(bomb()), 'HF_MALFORMED', 1002],
      ['a binary HELLO', () => sealedFrame(Uint8Array.of(0x8c, 2, 0x7b, 0x7d, 0x7b, 0x7d)), 'HF_OUT_OF_TURN', 1008],
      ['a binary HANDSHAKE', () => sealedFrame(Uint8Array.of(0x80, 2, 0x7b, 0x7d, 0x7b, 0x7d)), 'HF_OUT_OF_TURN', 1008],
      ['the session `default`', () => sealed({ msg_type: 'bus', payload: utterance('x') }), 'HF_NOT_ALLOWED', 1008],
      [
        'an answer to no handshake of ours',
        () => sealed({ msg_type: 'shake', payload: { envelope: '00'.repeat(24) } }),
        'HF_NOT_ALLOWED',
        1008,
      ],
      ['more than a message may be', () => ({ data: new Uint8Array(10 * 1024 * 1024 + 1), text: true }), 'HF_TOO_LARGE', 1009],
    ] as [string, () => { data: Uint8Array; text: boolean }, string, number][])('%s', async (_, message, code, close) => {
      const { master } = await openPair({ core, ...preshared() });
      expect(endingOf(receive(master, message()).outputs)).toEqual({ code, close });
      expect(receive(master, sealed({ msg_type: 'ping' })).outputs).toEqual([]);
      expect(() => write(master, { type: 'a' })).toThrow(expect.objectContaining({ code: 'HF_CLOSED' }));
    });
  });

  it('no bit of a sealed message can be changed: it does not open, and nothing throws', () => {
    for (const cipher of ['AES-GCM', 'CHACHA20-POLY1305'] as const) {
      for (const encoding of ['JSON-B64', 'JSON-HEX', 'JSON-B91', 'JSON-Z85B', 'JSON-B32'] as const) {
        const channel = new AeadChannel({ core, cipher, encoding, key: core.random(32), binarize: true, random: core.random, info: {} });
        for (const form of ['json', 'frame'] as const) {
          const [{ data, text }] = channel.seal(utf8('{"msg_type": "ping"}'), form);
          expect(channel.open(data, text)).toMatchObject({ form });
          for (let i = 0; i < data.length; i++) {
            const changed = data.slice();
            changed[i] ^= 1 << (i % 5);
            const opened = channel.open(changed, text);
            // White space, the case of hexadecimal digits and the unused bits of a last character say nothing; a frame whose `ciphertext` is renamed is none.
            if (opened instanceof Error || (opened !== 'more' && opened.form === 'clear')) continue;
            expect(form, `byte ${i} of ${encoding}`).toBe('json');
            expect(sealedBytes(encoding, changed), `byte ${i} of ${encoding}`).toEqual(sealedBytes(encoding, data));
          }
        }
      }
    }

    /** What a frame says, whatever it is written like. */
    function sealedBytes(encoding: Encoding, data: Uint8Array): unknown[] {
      const frame = JSON.parse(shownText(data)) as Record<string, string>;
      return ['ciphertext', 'tag', 'nonce'].map((name) => ENCODINGS[encoding].decode(frame[name]!));
    }
  });

  it('a genuine message longer than this side takes ends the session', async () => {
    const { slave, master } = preshared();
    const pair = await openPair({ core, slave, master: { ...master, maxMessage: 16_384 } });
    const message = sealed({ msg_type: 'ping', payload: { x: 'x'.repeat(8_192) } });
    expect(message.data.length).toBeGreaterThan(16_384);
    expect(endingOf(receive(pair.master, message).outputs)).toEqual({ code: 'HF_TOO_LARGE', close: 1009 });
  });

  it('a tag that is cut in two, and binary frames too short for nonce and tag, do not open', () => {
    for (const cipher of ['AES-GCM', 'CHACHA20-POLY1305'] as const) {
      const channel = new AeadChannel({
        core,
        cipher,
        encoding: 'JSON-HEX',
        key: core.random(32),
        binarize: true,
        random: core.random,
        info: {},
      });
      const { ciphertext, tag, nonce } = JSON.parse(shownText(channel.seal(utf8('{}'), 'json')[0].data)) as Record<string, string>;
      const split = { ciphertext: ciphertext! + tag!.slice(0, 16), tag: tag!.slice(16), nonce };
      expect(channel.open(utf8(JSON.stringify(split)), true)).toMatchObject({ code: 'HF_BAD_TAG' });
      // Without a tag of its own it is at the end, as browsers write it.
      expect(channel.open(utf8(JSON.stringify({ ciphertext: ciphertext! + tag!, nonce })), true)).toMatchObject({ form: 'json' });
      for (let length = 0; length < 32; length++) expect(channel.open(new Uint8Array(length), false)).toMatchObject({ code: 'HF_BAD_TAG' });
    }
  });

  it('a frame of a type or a version that there is not is none', () => {
    const braces = [0x7b, 0x7d];
    expect(readFrame(Uint8Array.of(0x82, 2, ...braces, ...braces), 1024)).toMatchObject({ kind: 'bus' });
    for (const type of [13, 31])
      expect(readFrame(Uint8Array.of(0x80 | (type << 1), 2, ...braces, ...braces), 1024)).toMatchObject({ code: 'HF_MALFORMED' });
    for (const [version, code] of [
      [0, undefined],
      [1, undefined],
      [2, 'HF_MALFORMED'],
      [255, 'HF_MALFORMED'],
    ] as const) {
      const frame = readFrame(Uint8Array.of(0xc0 | (version >>> 2), ((version & 3) << 6) | 2, 2, ...braces, ...braces), 1024);
      expect(frame instanceof Error ? frame : {}).toMatchObject(code === undefined ? {} : { code });
    }
  });

  it('no bytes whatever make the frame reader throw, or give more than its bound', () => {
    for (let i = 0; i < 3000; i++) {
      const bytes = core.random(1 + (i % 60));
      if (i % 2) bytes[0] = [0x82, 0x83, 0x09, 0x08, 0xc0][i % 5];
      const frame = readFrame(bytes, 1024);
      if (!(frame instanceof Error)) expect(frame.payload.length).toBeLessThanOrEqual(1024);
    }
    const swollen = readFrame(Uint8Array.of(0x83, 10, ...deflateSync('{}'), ...deflateSync(new Uint8Array(2000))), 1024);
    expect(swollen).toMatchObject({ code: 'HF_MALFORMED' });
  });
});
