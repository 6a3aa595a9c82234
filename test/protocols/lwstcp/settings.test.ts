/** What a caller may set, and what is refused before a socket opens. */
import { describe, expect, it } from 'vitest';
import { handshakeKeyOfWords, type LwstcpOptions, lwstcp, SessionKeyMemory } from '../../../src/protocols/lwstcp/index.ts';
import { settingsOf } from '../../../src/protocols/lwstcp/settings.ts';
import { protocolOf } from '../../../src/protocols/registry.ts';
import { connect } from '../../../src/transport/connect.ts';
import { listen } from '../../../src/transport/listen.ts';
import { toHex } from '../../support/bytes.ts';
import { codeOf } from '../../support/codes.ts';
import { cores } from '../../support/cores.ts';
import { KEY } from '../../support/lwstcp.ts';

describe.each(cores)('settings on the $name core', (core) => {
  const of = (options: Partial<Record<keyof LwstcpOptions, unknown>>) =>
    settingsOf({ core, handshakeKey: KEY, allowInsecure: true, ...options } as LwstcpOptions);

  it('are complete', () => {
    expect(of({})).toMatchObject({
      rounds: 32,
      older: false,
      deadlineMs: 5_000,
      keepAliveMs: 5_000,
      inactivityMs: 30_000,
      firstMessageDelayMs: 0,
    });
  });

  it.each([
    undefined,
    null,
    '',
    'x'.repeat(32),
    7,
    {},
    [],
    new Uint8Array(0),
    new Uint8Array(31).fill(1),
    new Uint8Array(33).fill(1),
    new Uint8Array(32),
  ])('have a key, or HF_BAD_KEY before any socket opens (%#)', async (handshakeKey) => {
    expect(codeOf(() => of({ handshakeKey }))).toBe('HF_BAD_KEY');
    const options = { core, protocol: lwstcp, handshakeKey: handshakeKey as never, allowInsecure: true as const };
    // Port 9 has nobody who listens: the key must be wrong before that is found out.
    await expect(connect({ ...options, host: '127.0.0.1', port: 9 })).rejects.toMatchObject({ code: 'HF_BAD_KEY' });
    await expect(listen({ ...options, host: '127.0.0.1', port: 0 })).rejects.toMatchObject({ code: 'HF_BAD_KEY' });
  });

  it('take a Secret for a key, and look at it', () => {
    const secret = core.guarded.import(KEY);
    const zero = core.guarded.import(new Uint8Array(32));
    const short = core.guarded.import(new Uint8Array(16).fill(1));
    expect(of({ handshakeKey: secret }).fingerprint).toBe(of({}).fingerprint);
    expect(codeOf(() => of({ handshakeKey: zero }))).toBe('HF_BAD_KEY');
    expect(codeOf(() => of({ handshakeKey: short }))).toBe('HF_BAD_KEY');
    for (const each of [secret, zero, short]) each.wipe();
  });

  it('copy the bytes of a key', () => {
    const key = KEY.slice();
    const { handshakeKey } = of({ handshakeKey: key });
    key.fill(0);
    expect(handshakeKey).toEqual(KEY);
  });

  it('share one copy of a key that comes in the same array, as long as its bytes are the same', () => {
    const key = KEY.slice();
    const first = of({ handshakeKey: key });
    expect(of({ handshakeKey: key }).handshakeKey).toBe(first.handshakeKey);
    for (const place of [0, 31]) {
      key[place] ^= 1;
      const changed = of({ handshakeKey: key });
      expect(changed.handshakeKey).toEqual(key);
      expect(changed.fingerprint).toBe(of({ handshakeKey: key.slice() }).fingerprint);
      expect(changed.fingerprint).not.toBe(first.fingerprint);
    }
    expect(first.handshakeKey).toEqual(KEY);
    key.fill(0);
    expect(codeOf(() => of({ handshakeKey: key }))).toBe('HF_BAD_KEY');
  });

  it.each([undefined, false, 1, 'true', null])('ask for allowInsecure: true and name what is secure (%s)', (allowInsecure) => {
    expect(codeOf(() => of({ allowInsecure }))).toBe('HF_BAD_ARGUMENT');
    expect(() => of({ allowInsecure })).toThrow(/allowInsecure: expected true.*'handfast'/);
  });

  it.each([
    ['rounds', [0, -1, 129, 1.5, '32', Number.NaN]],
    ['keepAliveMs', [0, -1, 0.5, Number.POSITIVE_INFINITY, '5000']],
    ['inactivityMs', [0, -2, 5_000, 4_999, 0.5, Number.NaN, '30000']],
    ['deadlineMs', [0, -1, 60_001, 1.5]],
    ['firstMessageDelayMs', [-1, 5_001, 0.5]],
    ['dialect', ['new', 5, '']],
    ['sessionKeys', [{}, new Set(), null]],
  ] as const)('refuse a wrong %s by its name', (name, values) => {
    for (const value of values) {
      expect(codeOf(() => of({ [name]: value }))).toBe('HF_BAD_ARGUMENT');
      expect(() => of({ [name]: value })).toThrow(new RegExp(`^${name}: `));
    }
  });

  it.each([
    ['rounds', [1, 128]],
    ['inactivityMs', [5_001, -1, Number.POSITIVE_INFINITY]],
    ['keepAliveMs', [1, 29_999]],
    ['dialect', ['current', 'older']],
  ] as const)('take every %s there is', (name, values) => {
    for (const value of values) of({ [name]: value });
  });

  it('name a key by eight bytes of a hash, the same on both cores, that shows nothing of it', () => {
    expect(of({}).fingerprint).toBe('63c96ca6a0c776d6');
    expect(of({ handshakeKey: KEY.slice().reverse() }).fingerprint).not.toBe(of({}).fingerprint);
  });

  it('remember session keys by handshake key, the newest of each', () => {
    const memory = new SessionKeyMemory({ sessionKeys: 3, handshakeKeys: 2 });
    const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
    for (const byte of [1, 2, 3]) expect(memory.admit('a', key(byte))).toBe(true);
    for (const byte of [1, 2, 3]) expect(memory.admit('a', key(byte))).toBe(false);
    expect(memory.admit('b', key(1))).toBe(true);
    // A fourth pushes out the first, and no other.
    expect(memory.admit('a', key(4))).toBe(true);
    expect(memory.admit('a', key(2))).toBe(false);
    expect(memory.admit('a', key(1))).toBe(true);
    // A third handshake key pushes out the one not used for longest.
    expect(memory.admit('c', key(1))).toBe(true);
    expect(memory.admit('a', key(4))).toBe(false);
    expect(memory.admit('b', key(1))).toBe(true);

    // Used once more while there is room, it is not the one that goes.
    const roomy = new SessionKeyMemory({ sessionKeys: 3, handshakeKeys: 3 });
    for (const name of ['a', 'b']) expect(roomy.admit(name, key(1))).toBe(true);
    expect(roomy.admit('a', key(1))).toBe(false);
    for (const name of ['c', 'd']) expect(roomy.admit(name, key(1))).toBe(true);
    expect(roomy.admit('a', key(1))).toBe(false);
  });
});

it('a key may be written as eight numbers, or as their digits', () => {
  const words = [0x12345678, 0x9abcdef0, 0x13572468, 0xacebdf01, 0x11223344, 0x55667788, 0x99aabbcc, 0xddeeff00];
  const digits = words.map((word) => word.toString(16).padStart(8, '0')).join('');
  const key = '78563412f0debc9a6824571301dfebac4433221188776655ccbbaa9900ffeedd';
  for (const form of [words, Uint32Array.from(words), digits, digits.toUpperCase()]) expect(toHex(handshakeKeyOfWords(form))).toBe(key);
  for (const wrong of [
    words.slice(1),
    [...words, 1],
    digits.slice(1),
    `${digits}00`,
    `${digits.slice(1)}g`,
    [-1, ...words.slice(1)],
    [0.5, ...words.slice(1)],
    [2 ** 32, ...words.slice(1)],
    null,
  ]) {
    expect(codeOf(() => handshakeKeyOfWords(wrong as never))).toBe('HF_BAD_KEY');
  }
});

it('is known by its name and by that of the vectors, and runs over TCP alone', () => {
  expect(protocolOf('lwstcp')).toBe(lwstcp);
  expect(protocolOf('LightweightSecureTCP')).toBe(lwstcp);
  expect(lwstcp.carriers).toEqual(['tcp']);
});

it('warns once of fewer than 32 rounds', async () => {
  const warnings: Error[] = [];
  const hear = (warning: Error): void => void warnings.push(warning);
  process.on('warning', hear);
  const core = cores[0];
  for (const rounds of [31, 31, 32, 64]) lwstcp.responder({ core, handshakeKey: KEY, allowInsecure: true, rounds });
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener('warning', hear);
  expect(warnings.map(({ message }) => message)).toEqual([expect.stringMatching(/31 rounds .* fewer than 32/)]);
});
