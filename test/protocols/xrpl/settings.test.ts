import { describe, expect, it } from 'vitest';
import { Identity } from '../../../src/core/identity.ts';
import type { XrplOptions } from '../../../src/protocols/xrpl/index.ts';
import { settingsOf } from '../../../src/protocols/xrpl/settings.ts';
import { pure } from '../../support/cores.ts';
import { ALICE_SECRET, identityOf } from '../../support/xrpl.ts';

const identity = identityOf(ALICE_SECRET);
const of = (options: Partial<XrplOptions>, role: 'initiator' | 'responder' = 'responder') =>
  settingsOf({ core: pure, identity, ...options }, role);

describe('options', () => {
  const wrong: [name: string, value: unknown][] = [
    ['identity', undefined],
    ['identity', Identity.from({ publicKey: pure.ed25519.keyPair().publicKey, sign: () => new Uint8Array(64) }, { core: pure })],
    ['peer', '12D3KooW'],
    ['peer', 'nHUrTawkEDHF81sQdGE8oU6dGLs4ovSqt3BLgojt6JM46oyb8uRp'],
    ['deadlineMs', 0],
    ['clockWindowMs', -1],
    ['networkId', -1],
    ['networkId', 2 ** 32],
    ['features', ['lz4']],
    ['features', 'compr'],
    ['agent', ''],
    ['agent', 'a\r\nX: y'],
    ['agent', 'x'.repeat(129)],
    ['crawl', true],
    ['serverDomain', 'nodots'],
    ['publicAddress', '1.2.3'],
    ['ledgers', { closed: new Uint8Array(31) }],
    ['ledgers', { closed: new Uint8Array(32), previous: 'ab' }],
    ['slots', {}],
    ['redirects', ['example.org:51235']],
    ['start', { manifests: 'x' }],
    ['maxMessage', 10],
    ['maxMessage', 67_108_865],
    ['instanceCookie', 0n],
    ['instanceCookie', 2n ** 64n],
  ];
  it.each(wrong)('%s: %o is refused by name', (name, value) => {
    expect(() => of({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'HF_BAD_ARGUMENT', message: expect.stringContaining(`${name}: expected`) }),
    );
  });

  it('have the defaults of the reference', () => {
    const settings = of({});
    expect(settings).toMatchObject({
      deadlineMs: 15_000,
      clockWindowMs: 20_000,
      networkId: undefined,
      features: { compr: false, ledgerreplay: false, txrr: false, vprr: false },
      agent: 'handfast',
      crawl: 'public',
      maxMessage: 1_048_576,
    });
    expect(settings.slots).toMatchObject({ inbound: 11, outbound: 10, perAddress: 2 });
    expect(of({ slots: false }).slots).toBeUndefined();
    expect(of({}, 'initiator').slots).toBeUndefined();
    expect(BigInt(settings.instanceCookie)).toBeGreaterThan(0n);
    expect(of({}).instanceCookie).not.toBe(settings.instanceCookie);
  });

  it('that are functions are asked each time', () => {
    let asked = 0;
    const settings = of({ ledgers: () => ({ closed: new Uint8Array(32).fill(++asked) }), redirects: () => [`1.2.3.4:${++asked}`] });
    expect(settings.ledgers()!.closed[0]).toBe(1);
    expect(settings.redirects()).toEqual(['1.2.3.4:2']);
    expect(settings.ledgers()!.closed[0]).toBe(3);
  });
});
