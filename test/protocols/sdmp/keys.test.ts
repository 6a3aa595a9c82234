import crypto from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HandfastError } from '../../../src/errors.ts';
import { readJson } from '../../../src/protocols/sdmp/container.ts';
import { DEFAULT_GROUPS, type GroupName, groupOf, isGroupName } from '../../../src/protocols/sdmp/groups.ts';
import { SdmpIdentity, type SdmpOptions, SdmpPeers, sdmp } from '../../../src/protocols/sdmp/index.ts';
import { pad, unpad } from '../../../src/protocols/sdmp/padding.ts';
import { readOffer, writeOffer } from '../../../src/protocols/sdmp/session-object.ts';
import { settingsOf } from '../../../src/protocols/sdmp/settings.ts';
import type { JsonObject } from '../../../src/wire/json.ts';
import { codeOf } from '../../support/codes.ts';
import { pure as core, cores } from '../../support/cores.ts';
import { aliasOf, fingerprint, identityOf, other, privatePem, publicPem, SdmpSide } from '../../support/sdmp.ts';

describe('groups', () => {
  const SHA256: Partial<Record<GroupName, string>> = {
    ffdhe2048: '9cd3b7f336872f46c09428d1bbc19877a4d440512cda8d1c1cf0cd6e33698966',
    ffdhe3072: '0eaf67db3a839156d5013494a5318a772b5697d270d721f37f092efc69ea5a17',
    ffdhe4096: '4648414224ac881b3d0dc59b466f96d06a558278776807797ecf1f66ff397b3e',
    modp2048: 'd66436f79bbd6b2e38c0ffbd079be904d2641415e2e67140e09448be9a60890e',
    modp3072: '48cf8b092fbce4359d9871abf74f98e25b6163379eaa15cd9087e800c6d1c55c',
    modp4096: '4ee95187682bcb230ad26a95205f6920e84708f6251b3894329b09ec23919e33',
  };

  it.each(Object.entries(SHA256))('%s is what the specification has', (name, hash) => {
    const { prime, most, generator, text } = groupOf(name as GroupName);
    expect(crypto.createHash('sha256').update(prime).digest('hex')).toBe(hash);
    expect(prime).toHaveLength(Number(name.slice(-4)) / 8);
    expect(most.at(-1)).toBe(prime.at(-1)! - 2);
    expect(generator).toBe(2);
    expect(text).toBe(Buffer.from(prime).toString('base64url'));
    expect(groupOf(name as GroupName)).toBe(groupOf(name as GroupName));
  });

  it.each([
    ['modp2048', 'modp14'],
    ['modp3072', 'modp15'],
    ['modp4096', 'modp16'],
    ['modp6144', 'modp17'],
    ['modp8192', 'modp18'],
  ] as const)('%s is %s of node:crypto', (name, node) => {
    expect(Buffer.from(groupOf(name).prime).equals(crypto.getDiffieHellman(node).getPrime())).toBe(true);
  });

  it.each(['ffdhe6144', 'ffdhe8192'] as const)('%s is known to OpenSSL, which picks a short exponent for it', (name) => {
    const dh = crypto.createDiffieHellman(groupOf(name).prime, 2);
    dh.generateKeys();
    // A group that it did not know would get an exponent as long as the prime.
    expect(dh.getPrivateKey().length * 8).toBeLessThanOrEqual(408);
    expect(dh.getPrivateKey().length * 8).toBeGreaterThanOrEqual(352);
  });

  it('are known by name alone', () => {
    expect(DEFAULT_GROUPS.every(isGroupName)).toBe(true);
    for (const bad of ['modp1536', 'ffdhe1024', 'toString', '__proto__', 2048, undefined]) expect(isGroupName(bad)).toBe(false);
  });

  it('of 6,144 and 8,192 bits are taken once they are switched on', () => {
    for (const name of ['ffdhe6144', 'modp8192'] as const) {
      const group = groupOf(name);
      const publicKey = new Uint8Array(group.prime.length).fill(7);
      const root = readJson(writeOffer({ group, publicKey }), 8192, 64) as JsonObject;
      expect(readOffer(root, [group], 'strict')).toMatchObject({ group: { name } });
      expect(readOffer(root, DEFAULT_GROUPS.map(groupOf), 'strict')).toMatchObject({ rule: 'S4' });
    }
  });
});

describe.each(cores)('identities, $name core', (own) => {
  it('are known by their fingerprint in three forms', () => {
    const identity = SdmpIdentity.from(privatePem('spec-node'), { core: own });
    const pem = publicPem('spec-node');
    expect(identity.id).toBe(fingerprint(pem));
    expect(identity.fingerprint('pem-escaped')).toBe(identity.id);
    expect(identity.fingerprint('der-base64')).toBe(aliasOf(pem));
    expect(identity.fingerprint('pem-lf')).toBe(crypto.createHash('sha512').update(pem.trimEnd()).digest('base64url'));
    expect(new Set(identity.fingerprints).size).toBe(3);
    expect(identity.exportPublicPem().trim()).toBe(pem.trim());
    expect(SdmpIdentity.from(identity.exportPem(), { core: own }).id).toBe(identity.id);
  });

  it('are generated', async () => {
    const identity = await SdmpIdentity.generate({ core: own });
    expect(identity.id).toMatch(/^[\w-]{86}$/);
    expect(identity.privateKey.publicKey.modulusBits).toBe(2048);
    await expect(SdmpIdentity.generate({ core: own, bits: 1024 as 2048 })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
  });

  it('of others are found by every form, replaced and removed', () => {
    const peers = new SdmpPeers([publicPem('spec-node')], { core: own });
    const bob = peers.add(publicPem('spec-bob'), { expires: 5 });
    expect([...peers].map(({ id }) => id)).toEqual([fingerprint(publicPem('spec-node')), bob.id]);
    for (const each of bob.fingerprints) expect(peers.find(each)).toBe(bob);
    const header = Buffer.from(`{"alg":"HS512","kid":"${bob.id}"}`).toString('base64url');
    expect(peers.findByHeader(header)).toBe(bob);
    expect(peers.findByHeader(Buffer.from(`{"alg":"HS512","kid":"${bob.fingerprints[1]}"}`).toString('base64url'))).toBeUndefined();
    peers.add(publicPem('spec-bob'));
    expect(peers.find(bob.id)?.expires).toBe(Number.POSITIVE_INFINITY);
    expect(peers.findByHeader(header)?.expires).toBe(Number.POSITIVE_INFINITY);
    expect([...peers]).toHaveLength(2);
    expect(peers.remove(bob.fingerprints[1])).toBe(true);
    expect(bob.fingerprints.some((each) => peers.has(each))).toBe(false);
    expect(peers.findByHeader(header)).toBeUndefined();
    expect(peers.remove(bob.id)).toBe(false);
    expect(codeOf(() => peers.add('x'))).toBe('HF_BAD_KEY');
    expect(codeOf(() => peers.add(publicPem('spec-bob'), { expires: Number.NaN }))).toBe('HF_BAD_ARGUMENT');
  });
});

describe('settings', () => {
  const identity = identityOf('spec-node', core);
  const peers = new SdmpPeers([publicPem('spec-bob')], { core });
  const good: SdmpOptions = { core, identity, peers };

  it('have defaults', () => {
    expect(settingsOf(good)).toMatchObject({
      deadlineMs: 10_000,
      maxMessage: 1_048_576,
      derivation: 'sha512-32',
      padding: 'pkcs7',
      reading: 'tolerant',
      bound: false,
    });
    expect(settingsOf(good).group.name).toBe('ffdhe3072');
    expect(settingsOf({ ...good, peer: aliasOf(publicPem('spec-bob')) }).pinned).toBe(fingerprint(publicPem('spec-bob')));
    expect(sdmp.name).toBe('sdmp');
  });

  it.each([
    ['identity', {}],
    ['peers', []],
    ['peers', [publicPem('spec-bob')]],
    ['peer', 'x'],
    ['peer', fingerprint(publicPem('spec-alice'))],
    ['group', 'modp1536'],
    ['group', 'ffdhe8192'],
    ['groups', []],
    ['groups', ['modp1024']],
    ['groups', 'ffdhe3072'],
    ['derivation', 'md5'],
    ['padding', 'none'],
    ['reading', 'loose'],
    ['profile', 'free'],
    ['maxMessage', 1_023],
    ['maxMessage', 16_777_217],
    ['deadlineMs', 0],
    ['deadlineMs', 1.5],
  ])('refuse %s: %j', (name, value) => {
    expect(codeOf(() => settingsOf({ ...good, [name]: value } as SdmpOptions))).toBe('HF_BAD_ARGUMENT');
    expect(() => settingsOf({ ...good, [name]: value } as SdmpOptions)).toThrow(new RegExp(`^${name}`));
  });

  it('refuse padding and derivation with the profile bound', () => {
    for (const more of [{ padding: 'pad8192' }, { derivation: 'sha256' }] as const)
      expect(codeOf(() => settingsOf({ ...good, ...more, profile: 'bound' }))).toBe('HF_BAD_ARGUMENT');
  });
});

describe('padding', () => {
  it.each([15, 16, 17, 8_191, 8_192, 8_193])('is taken off a text of %i bytes', (length) => {
    const whole = new Uint8Array(Buffer.from(`{"a":"${'x'.repeat(length - 8)}"}`.padEnd(length)));
    for (const padding of ['pkcs7', 'pad8192'] as const) {
      const padded = pad(whole, padding);
      expect(padded.length % 16).toBe(0);
      expect(padded.length).toBeGreaterThan(whole.length);
      if (padding === 'pad8192') expect(padded.length % 8_192).toBe(16);
      expect(unpad(padded, 'tolerant')).toEqual(whole);
    }
    expect(unpad(pad(whole, 'pkcs7'), 'strict')).toEqual(whole);
  });
});

describe.each(cores)('a handshake that is cancelled, $name core', (own) => {
  it.each(['initiator', 'responder'] as const)('leaves nothing, whatever was under way: %s', (role) => {
    const seen: string[] = [];
    for (let answered = 0; ; answered++) {
      const side = new SdmpSide(own, role);
      const peer = new SdmpSide(own, other(role)).begin();
      side.hold = true;
      side.begin();
      for (let given = 0, quiet = 0; quiet < 3 && !side.over; ) {
        const [there, here] = [side.take(), peer.take()];
        if (there.length > 0 && !peer.over) peer.bytes(there);
        if (here.length > 0 && !side.pending) side.bytes(here);
        else if (side.pending && given < answered) {
          given++;
          side.release();
          if (here.length > 0) side.bytes(here);
        } else quiet++;
      }
      peer.dispose();
      if (side.opened) {
        side.dispose();
        break;
      }
      seen.push(side.at());
      side.feed({ kind: 'abort', now: side.now, why: new HandfastError('ABORTED', 'cancelled') });
      expect(side.failed?.code).toBe('HF_ABORTED');
      side.release();
      expect(side.opened).toBeUndefined();
      expect(own.guarded.live).toBe(0);
    }
    expect(seen).toEqual(
      { initiator: ['keygen', 'derive', 'verify', 'judge'], responder: ['keygen', 'derive', 'verify', 'judge', 'sign'] }[role],
    );
    expect(own.guarded.live).toBe(0);
  });

  it.each(['initiator', 'responder'] as const)('wipes a secret that comes after its end: %s', (role) => {
    const side = new SdmpSide(own, role);
    side.hold = true;
    side.begin();
    side.feed({ kind: 'abort', now: side.now, why: new HandfastError('ABORTED', 'cancelled') });
    const shared = new Uint8Array(256).fill(7);
    side.feed({ kind: 'answers', now: side.now, answers: [{ op: 'ffdh-derive', shared }] });
    expect(shared).toEqual(new Uint8Array(256));
    expect(side.opened).toBeUndefined();
  });
});
