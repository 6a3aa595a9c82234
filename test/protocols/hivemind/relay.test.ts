/** What a hub does with messages of its clients: for whom they are, what those get, and what goes nowhere. */
import { describe, expect, it } from 'vitest';
import { HandfastError } from '../../../src/errors.ts';
import type { HiveMindClient } from '../../../src/protocols/hivemind/clients.ts';
import { type HubMember, type Relay, relayOf } from '../../../src/protocols/hivemind/relay.ts';
import type { MessageAbout } from '../../../src/protocols/machine.ts';
import { shownText, utf8 } from '../../../src/wire/text.ts';

const kitchen: HubMember = { peer: 'hf::1::kitchen::s1', siteId: 'kitchen', publicKey: 'PEM of kitchen' };
const hall: HubMember = { peer: 'hf::2::hall::s2', siteId: 'hall', publicKey: 'PEM of hall' };
const garage: HubMember = { peer: 'hf::3::garage::s3', siteId: 'garage' };
const MEMBERS = [kitchen, hall, garage];
const HUB = { nodeId: 'hub', siteId: 'attic', publicKey: 'PEM of hub' };
const ALL: HiveMindClient = { accessKey: 'k', admin: true, canPropagate: true, canEscalate: true, allowedTypes: ['a'] };
const BUS = { msg_type: 'bus', payload: { type: 'a', data: {}, context: {} } };

const relay = (payload: unknown, about: MessageAbout, client: HiveMindClient | undefined = ALL): Relay | HandfastError =>
  relayOf({ bytes: payload instanceof Uint8Array ? payload : utf8(JSON.stringify(payload)), ...about }, kitchen, client, HUB, MEMBERS);
const names = (result: Relay | HandfastError): unknown =>
  result instanceof HandfastError ? result.code : { here: result.here?.kind, to: result.on?.to.map(({ siteId }) => siteId) ?? [] };

describe('what a hub sends on', () => {
  it.each([
    ['broadcast', { here: 'bus', to: ['hall', 'garage'] }],
    ['propagate', { here: 'bus', to: ['hall', 'garage'] }],
    ['escalate', { here: 'bus', to: [] }],
  ])('of a %s is the message inside', (kind, expected) => {
    const result = relay(BUS, { kind }) as Relay;
    expect([names(result), result.outer]).toEqual([expected, kind]);
  });

  it('says where it comes from, whatever the client wrote there', () => {
    const forged = { ...BUS, payload: { ...BUS.payload, context: { source: 'x', peer: 'x', k: 1 } }, source_peer: 'x' };
    const { message } = (relay(forged, { kind: 'propagate' }) as Relay).on!;
    expect(JSON.parse(shownText(message.bytes)).context).toEqual({ source: kitchen.peer, peer: kitchen.peer, k: 1 });
    expect(message.meta).toEqual({ source_peer: 'hub', route: [{ source: kitchen.peer, targets: [kitchen.peer] }] });
  });

  it.each([
    ['another site', { target_site_id: 'hall' }, { here: undefined, to: ['hall'] }],
    ['the site of the hub', { target_site_id: 'attic' }, { here: 'bus', to: [] }],
    ['a site that nobody is at', { target_site_id: 'nowhere' }, { here: undefined, to: [] }],
    ['the key of a client', { target_pubkey: 'PEM of hall\n' }, { here: undefined, to: ['hall'] }],
    ['the key of the hub', { target_pubkey: 'PEM of hub' }, { here: 'bus', to: [] }],
    ['a site and a key that are not together', { target_site_id: 'garage', target_pubkey: 'PEM of hall' }, { here: undefined, to: [] }],
  ])('goes by its address: %s', (_, address, expected) => {
    expect(names(relay({ ...BUS, ...address }, { kind: 'propagate' }))).toEqual(expected);
    expect(names(relay(BUS, { kind: 'propagate', meta: address }))).toEqual(expected);
  });

  it('goes to a peer alone that its context names; other destinations are words of the assistant', () => {
    const to = (destination: unknown) => relay({ ...BUS, payload: { type: 'a', context: { destination } } }, { kind: 'propagate' });
    expect(names(to(hall.peer))).toEqual({ here: undefined, to: ['hall'] });
    for (const other of ['skills', ['skills'], kitchen.peer]) expect(names(to(other))).toEqual({ here: 'bus', to: ['hall', 'garage'] });
  });

  it.each(['bus', 'shared_bus', 'query', 'cascade', 'ping', 'rendezvous', '3rdparty'])(
    'is nothing of a %s that comes by itself',
    (kind) => {
      expect(names(relay(kind === 'bus' || kind === 'shared_bus' ? BUS.payload : {}, { kind }))).toEqual({ here: kind, to: [] });
    },
  );

  it.each(['bus', 'query', 'ping', 'propagate'])('is no %s that is not JSON', (kind) => {
    expect(names(relay(utf8('{"type":"a"'), { kind }))).toBe('HF_MALFORMED');
  });

  it('is no `bin`, whose bytes stay as they are', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect((relay(bytes, { kind: 'bin', meta: { bin_type: 1 } }) as Relay).here).toEqual({ kind: 'bin', bytes, meta: { bin_type: 1 } });
  });
});

describe('an INTERCOM', () => {
  const sealed = { ciphertext: 'AA==', signature: 'AA==' };
  it.each([
    ['for a client goes to it alone', { target_pubkey: 'PEM of hall' }, { here: undefined, to: ['hall'] }],
    ['for the hub stays', { target_pubkey: 'PEM of hub' }, { here: 'intercom', to: [] }],
    [
      'for a key that is not here goes to all, who may be closer',
      { target_pubkey: 'PEM of cellar' },
      { here: undefined, to: ['hall', 'garage'] },
    ],
    ['for whom it may concern is tried by all', {}, { here: 'intercom', to: ['hall', 'garage'] }],
  ])('%s, by itself and in a propagate', (_, meta, expected) => {
    expect(names(relay(sealed, { kind: 'intercom', meta }))).toEqual(expected);
    expect(names(relay({ msg_type: 'intercom', payload: sealed, ...meta }, { kind: 'propagate' }))).toEqual(expected);
  });

  it('of a client that may not propagate reaches the hub alone', () => {
    const client = { ...ALL, canPropagate: false };
    expect(names(relay(sealed, { kind: 'intercom', meta: { target_pubkey: 'PEM of hub' } }, client))).toEqual({ here: 'intercom', to: [] });
    expect(names(relay(sealed, { kind: 'intercom' }, client))).toEqual({ here: 'intercom', to: [] });
    expect(names(relay(sealed, { kind: 'intercom', meta: { target_pubkey: 'PEM of hall' } }, client))).toBe('HF_NOT_ALLOWED');
  });

  it('arrives as it was sent, with its hop', () => {
    const { message } = (relay(sealed, { kind: 'intercom', meta: { target_pubkey: 'PEM of hall' } }) as Relay).on!;
    expect(JSON.parse(shownText(message.bytes))).toEqual(sealed);
    expect(message.meta).toEqual({
      target_pubkey: 'PEM of hall',
      source_peer: 'hub',
      route: [{ source: kitchen.peer, targets: [kitchen.peer] }],
    });
  });
});

describe('what goes nowhere', () => {
  it.each([
    ['a client that is in the list no more', BUS, 'propagate', undefined, 'HF_NOT_ALLOWED'],
    ['a broadcast of one who is no administrator', BUS, 'broadcast', { ...ALL, admin: false }, 'HF_NOT_ALLOWED'],
    ['a propagate without permission', BUS, 'propagate', { ...ALL, canPropagate: false }, 'HF_NOT_ALLOWED'],
    ['an escalate without permission', BUS, 'escalate', { ...ALL, canEscalate: false }, 'HF_NOT_ALLOWED'],
    ['a type that the client may not say, inside', BUS, 'propagate', { ...ALL, allowedTypes: ['b'] }, 'HF_NOT_ALLOWED'],
    [
      'a broadcast inside of a propagate, of no administrator',
      { msg_type: 'broadcast', payload: BUS },
      'propagate',
      { ...ALL, admin: false },
      'HF_NOT_ALLOWED',
    ],
    ['a handshake inside', { msg_type: 'shake', payload: {} }, 'propagate', ALL, 'HF_NOT_ALLOWED'],
    ['a HELLO inside', { msg_type: 'hello', payload: {} }, 'broadcast', ALL, 'HF_NOT_ALLOWED'],
    ['an escalate inside', { msg_type: 'escalate', payload: BUS }, 'propagate', ALL, 'HF_NOT_ALLOWED'],
    ['bytes inside', { msg_type: 'bin', payload: {} }, 'propagate', ALL, 'HF_NOT_ALLOWED'],
    ['no message inside', { type: 'a' }, 'propagate', ALL, 'HF_MALFORMED'],
    ['no JSON', utf8('{'), 'propagate', ALL, 'HF_MALFORMED'],
    ['a type that there is not', {}, 'nonsense', ALL, 'HF_NOT_ALLOWED'],
  ] as [string, unknown, string, HiveMindClient | undefined, string][])('%s', (_, payload, kind, client, code) => {
    const bytes = payload instanceof Uint8Array ? payload : utf8(JSON.stringify(payload));
    expect(names(relayOf({ bytes, kind }, kitchen, client, HUB, MEMBERS))).toBe(code);
  });

  it('what has been here before, or has come too far', () => {
    const hop = (source: string) => ({ source, targets: [source] });
    for (const kind of ['propagate', 'intercom']) {
      const go = (route: unknown[]) => names(relay(kind === 'intercom' ? {} : BUS, { kind, meta: { route } }));
      for (const { peer } of [kitchen, hall]) expect(go([hop('elsewhere'), hop(peer)])).toBe('HF_NOT_ALLOWED');
      expect(go(Array.from({ length: 16 }, (_, i) => hop(`elsewhere ${i}`)))).toBe('HF_NOT_ALLOWED');
      expect(go(Array.from({ length: 15 }, (_, i) => hop(`elsewhere ${i}`)))).toMatchObject({ to: ['hall', 'garage'] });
    }
  });
});
