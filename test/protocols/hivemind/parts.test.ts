/** Small parts of HiveMind: tokens, passwords, encodings, routing, file names. */
import { describe, expect, it } from 'vitest';
import { credentialsOf, targetOf, tokenOf } from '../../../src/protocols/hivemind/authorization.ts';
import { checkClient, memoryClients } from '../../../src/protocols/hivemind/clients.ts';
import { bytesOfHex, ENCODINGS, type Encoding, OFFERED_ENCODINGS } from '../../../src/protocols/hivemind/encodings.ts';
import { createHsub, matchHsub } from '../../../src/protocols/hivemind/hsub.ts';
import { asciiJson, jsonText } from '../../../src/protocols/hivemind/json-text.ts';
import { guessBits, LEAST_BITS } from '../../../src/protocols/hivemind/password.ts';
import { destinationOf, fileNameOf, isFor, relayed, withContext } from '../../../src/protocols/hivemind/routing.ts';
import { canonicalJson, prologueOf } from '../../../src/protocols/hivemind/v3-prologue.ts';
import { PskCache, pskJob } from '../../../src/protocols/hivemind/v3-psk.ts';
import { shownText, utf8 } from '../../../src/wire/text.ts';
import { pure } from '../../support/cores.ts';

describe('tokens', () => {
  const credentials = { userAgent: 'agent', accessKey: 'k??>>~~ä' };
  const token = tokenOf(credentials);

  it('go first and raw, padding and all', () => {
    expect(targetOf(credentials)).toBe(`/?authorization=${token}`);
    expect(token).toMatch(/[+/=]/);
  });

  it.each([
    ['as written', token],
    ['percent-encoded', encodeURIComponent(token)],
    ['URL-safe and unpadded', token.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')],
    ['with something behind', `${token}&x=1`],
  ])('are read %s', (_, text) => {
    expect(credentialsOf(`/?authorization=${text}`)).toEqual(credentials);
    expect(credentialsOf(`/any?x=1&authorization=${text}`)).toEqual(credentials);
  });

  it('the first colon divides', () => {
    expect(credentialsOf(targetOf({ userAgent: 'a', accessKey: 'b:c' }))).toEqual({ userAgent: 'a', accessKey: 'b:c' });
  });
});

describe('passwords', () => {
  it.each([
    '',
    'password',
    'hivemind123',
    'aaaaaaaaaaaaaaaaaaaa',
    'abcdefghijklmnop',
    '12345678901234',
    'qwerty',
    'Secret2024',
    'admin1234',
  ])('%s can be guessed', (password) => {
    expect(guessBits(password)).toBeLessThan(LEAST_BITS);
  });

  it.each(['correct horse battery staple', 'tR5.kQ9_wz', '3f9a1c77d0b24e6812', 'pässwörd ✓ lang genug'])('%s is taken', (password) => {
    expect(guessBits(password)).toBeGreaterThanOrEqual(LEAST_BITS);
  });

  it('clients are checked as they are added', () => {
    expect(() => memoryClients([{ accessKey: 'k' }, { accessKey: 'k' }])).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
    expect(() => checkClient({ accessKey: 'k', presharedKey: 'short' })).toThrow(expect.objectContaining({ code: 'HF_BAD_KEY' }));
    expect(memoryClients([{ accessKey: 'k', password: 'password' }], { weakPasswords: true }).find('k')).toMatchObject({ accessKey: 'k' });
  });
});

describe('encodings', () => {
  it('Z85P is never offered', () => {
    expect(OFFERED_ENCODINGS).toEqual(['JSON-B64', 'JSON-URLSAFE-B64', 'JSON-HEX', 'JSON-B91', 'JSON-Z85B', 'JSON-B32']);
  });

  it('what is no text of an encoding is undefined', () => {
    const wrong: Record<Encoding, string> = {
      'JSON-B64': 'AA',
      'JSON-URLSAFE-B64': 'A+==',
      'JSON-HEX': '0',
      'JSON-B91': '-',
      'JSON-Z85B': '"',
      'JSON-Z85P': '',
      'JSON-B32': 'a',
    };
    for (const [name, text] of Object.entries(wrong)) expect([name, ENCODINGS[name as Encoding].decode(text)]).toEqual([name, undefined]);
  });

  it('hexadecimal digits of either case are read, others not', () => {
    expect(bytesOfHex('00fFAb')).toEqual(Uint8Array.of(0, 255, 0xab));
    for (const text of ['0g', 'g0', '/0', ':0', '@0', '`0', ' 0']) expect(bytesOfHex(text)).toBe(undefined);
  });

  it('JSON is written as released peers write it', () => {
    expect(jsonText({ a: [1, null, { b: 'ä"' }], c: undefined, d: {} })).toBe('{"a": [1, null, {"b": "ä\\""}], "d": {}}');
    expect(asciiJson({ å: '☂😀' })).toBe('{"\\u00e5": "\\u2602\\ud83d\\ude00"}');
  });
});

describe('envelopes', () => {
  it('of a password that is known are none when they are cut too short, or go on behind their end', () => {
    const iv = new Uint8Array(8).fill(7);
    for (const digits of [48, 64, 80]) expect(matchHsub(pure, createHsub(pure, 'password', iv, digits), 'password')).toEqual(iv);
    for (const text of [
      createHsub(pure, 'password', iv, 47),
      createHsub(pure, 'password', iv, 16),
      `${createHsub(pure, 'password', iv, 80)}00`,
    ])
      expect(matchHsub(pure, text, 'password')).toBe('misshapen');
  });
});

describe('keys that were stretched', () => {
  const job = (n: number) => pskJob(pure, `password ${n}`, 'node');

  it('are found by password and node id, as copies', () => {
    const cache = new PskCache(pure);
    cache.add(job(1), new Uint8Array(32).fill(1));
    const held = cache.find(job(1))!;
    // Another handshake has stretched it too: what is in use is not wiped with what it replaces.
    cache.add(job(1), new Uint8Array(32).fill(1));
    expect(held).toEqual(new Uint8Array(32).fill(1));
    expect(cache.find(pskJob(pure, 'password 1', 'another node'))).toBe(undefined);
    expect(cache.find(job(2))).toBe(undefined);
  });

  it('are 1,024 at most, and the oldest goes first', () => {
    const cache = new PskCache(pure);
    for (let n = 0; n <= 1024; n++) cache.add(job(n), new Uint8Array(32).fill(n));
    expect([0, 1, 1024].map((n) => cache.find(job(n))?.[0])).toEqual([undefined, 1, 0]);
  });
});

describe('what both sides of version 3 have seen', () => {
  it('is written alike: names by code point, nothing between, raw letters', () => {
    expect(canonicalJson({ b: [1, { z: null, a: 'å"' }], a: true })).toBe('{"a":true,"b":[1,{"a":"å\\"","z":null}]}');
    // By UTF-16 unit it would be the other way round.
    expect(canonicalJson({ '\u{1d4b3}': 1, '\ufb00': 2, a: 3, ab: 4 })).toBe('{"a":3,"ab":4,"\ufb00":2,"\u{1d4b3}":1}');
    expect(canonicalJson({ abc: 1, abb: 2, ab: 3 })).toBe('{"ab":3,"abb":2,"abc":1}');
    expect(shownText(prologueOf({ b: 1 }, { a: 2 }, 'Noise_X'))).toBe('{"b":1}{"a":2}Noise_X');
  });
});

describe('routing', () => {
  it('what is sent on is the message inside, with its hop, its source, and the addresses of the outer one', () => {
    const inner = { msg_type: 'bus', payload: { type: 'a' }, metadata: { k: 1 }, node: 'n' };
    const outer = {
      kind: 'propagate',
      bytes: utf8(JSON.stringify(inner)),
      meta: { target_site_id: 'kitchen', route: [{ source: 'x', targets: ['x'] }] },
    };
    const on = relayed(outer, 'peer', 'master')!;
    expect([on.kind, shownText(on.bytes)]).toEqual(['bus', '{"type":"a"}']);
    expect(on.meta).toEqual({
      metadata: { k: 1 },
      node: 'n',
      target_site_id: 'kitchen',
      source_peer: 'master',
      route: [
        { source: 'x', targets: ['x'] },
        { source: 'peer', targets: ['peer'] },
      ],
    });
    expect(relayed({ bytes: utf8('{"type": "a"}') }, 'peer', 'master')).toBe(undefined);
  });

  it('what a session says of itself fills up what a message says of it, and takes nothing away', () => {
    const under = { session: { session_id: 's', site_id: 'kitchen' }, k: 1 };
    const payload = { type: 'a', context: { session: { session_id: 'other', x: 2 }, k: 3 } };
    expect(withContext(payload, under, { source: 'p' })).toEqual({
      type: 'a',
      data: {},
      context: { session: { session_id: 'other', site_id: 'kitchen', x: 2 }, k: 3, source: 'p' },
    });
    expect(withContext({ type: 'a', data: 1, context: 7 }, under).context).toEqual(under);
    expect(withContext({ type: 'a', context: { session: 7 } }, {}).context).toEqual({ session: 7 });
  });

  it('a message is for whom it names, or for everybody', () => {
    const place = { siteId: 'kitchen', publicKey: 'PEM\n' };
    expect(isFor({ target_site_id: null, target_pubkey: null }, {})).toBe(true);
    expect(isFor({ target_site_id: 'kitchen', target_pubkey: 'PEM' }, place)).toBe(true);
    expect(isFor({ target_site_id: 'garage', target_pubkey: null }, place)).toBe(false);
    expect(isFor({ target_site_id: null, target_pubkey: 'other' }, place)).toBe(false);
    expect(isFor({ target_site_id: null, target_pubkey: 'PEM' }, {})).toBe(false);
    expect(destinationOf({ context: { destination: 'peer' } })).toBe('peer');
    expect(destinationOf({ context: { destination: ['peer'] } })).toBe(undefined);
  });

  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\system32\\a.dll', 'a.dll'],
    ['a.wav', 'a.wav'],
    ['..', 'file'],
    ['', 'file'],
    ['dir/', 'file'],
    ['a\u0000b\n.txt', 'ab.txt'],
    ['C:a', 'Ca'],
  ])('%j is a file called %j', (given, name) => {
    expect(fileNameOf(given)).toBe(name);
  });
});
