import { afterEach, describe, expect, it } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import { sdmpContainer } from '../../../src/protocols/sdmp/index.ts';
import { cores } from '../../support/cores.ts';
import { converse } from '../../support/machines.ts';
import { aliasOf, fingerprint, message, NAMES, publicPem, Scripted, SdmpSide, type SideChanges, standing } from '../../support/sdmp.ts';

const pair = (core: Core, changes: SideChanges = {}, ofResponder: SideChanges = {}) => ({
  a: new SdmpSide(core, 'initiator', changes).begin(),
  b: new SdmpSide(core, 'responder', { ...changes, ...ofResponder }).begin(),
});

function byMessage(a: SdmpSide, b: SdmpSide): void {
  for (let round = 0; round < 4; round++) {
    for (const { data, text } of a.takeMessages()) b.message(data, text);
    for (const { data, text } of b.takeMessages()) a.message(data, text);
  }
}

describe.each(cores)('a handshake of SDMP on the $name core', (core) => {
  const sides: SdmpSide[] = [];
  const shakes = (changes?: SideChanges, ofResponder?: SideChanges) => {
    const { a, b } = pair(core, changes, ofResponder);
    sides.push(a, b);
    if (a.borders) byMessage(a, b);
    else converse(a, b);
    return { a, b };
  };
  afterEach(() => {
    for (const side of sides.splice(0)) side.dispose();
    expect(core.guarded.live).toBe(0);
  });

  it.each([
    ['as set by default', {}],
    ['in another group', { group: 'modp2048' }],
    ['in 4,096 bits', { group: 'ffdhe4096' }],
    ['with SHA-256', { derivation: 'sha256' }],
    ['with the left of the secret', { derivation: 'left32' }],
    ['with the right of the secret', { derivation: 'right32' }],
    ['with hidden lengths', { padding: 'pad8192' }],
    ['read strictly', { reading: 'strict' }],
    ['in the profile bound', { profile: 'bound' }],
    ['over messages', { borders: true }],
    ['over messages, in the profile bound, read strictly', { borders: true, profile: 'bound', reading: 'strict' }],
  ] satisfies [string, SideChanges][])('opens both sides %s', (_name, changes: SideChanges) => {
    const { a, b } = shakes(changes);
    expect([a.failed, b.failed]).toEqual([undefined, undefined]);
    expect(a.opened!.peer.id).toBe(fingerprint(publicPem(NAMES.responder)));
    expect(b.opened!.peer.id).toBe(fingerprint(publicPem(NAMES.initiator)));
    expect(a.opened!.binding).toEqual(b.opened!.binding);
    expect(a.opened!.binding).toHaveLength(32);
    expect(a.opened!.info).toEqual({ version: '0.12', group: changes.group ?? 'ffdhe2048', profile: changes.profile ?? 'plain' });
    expect([a.judgements, b.judgements]).toEqual([1, 1]);
    const [there, back] = [sdmpContainer('message', 'there'), sdmpContainer('message', { back: true })];
    for (const [from, to, sent] of [
      [a, b, there],
      [b, a, back],
    ] as const) {
      const { data, text } = from.opened!.traffic.writer!.write(sent, {}, 0);
      expect(text).toBe(changes.borders ?? false);
      const slab = core.slab(data.length);
      slab.bytes.set(data);
      const { traffic } = to.opened!;
      const received = changes.borders ? traffic.openMessage!(data, text, 0) : traffic.open(slab, 0, data.length, 0);
      expect(received.own!.map(({ bytes, kind }) => [Buffer.from(bytes).toString(), kind])).toEqual([
        [Buffer.from(sent).toString(), 'message'],
      ]);
      slab.release();
    }
  });

  it('does on each side one key pair, one secret, one signature and one verification, and signs for nobody who has not proved itself', () => {
    const { a, b } = shakes();
    expect(a.ops).toEqual(['ffdh-keygen', 'ffdh-derive', 'rsa-sign', 'rsa-verify']);
    expect(b.ops).toEqual(['ffdh-keygen', 'ffdh-derive', 'rsa-verify', 'rsa-sign']);
    expect(a.traces).toEqual(['session object sent', 'session object received', 'proof sent', 'proof received', 'responder proved done']);
    expect(b.traces).toEqual(['session object received', 'session object sent', 'proof received', 'initiator proved done', 'proof sent']);
  });

  it('has other keys and another binding each time', () => {
    const bindings = [shakes(), shakes()].map(({ a }) => Buffer.from(a.opened!.binding).toString('hex'));
    expect(new Set(bindings).size).toBe(2);
  });

  it('is the same wherever the stream is cut, and between which bytes white space stands', () => {
    for (const role of ['initiator', 'responder'] as const) {
      for (const stage of ['session', 'proof'] as const) {
        for (const cut of [1, 2, 300, 700, -2, -1]) {
          const { side, peer } = standing(core, role, stage);
          sides.push(side);
          const object = stage === 'session' ? peer.offer() : peer.seal(peer.proof());
          const data = Buffer.from(` \r\n\t${object}\n`);
          side.bytes(data.subarray(0, cut));
          side.bytes(data.subarray(cut));
          expect(side.failed, `${role}, ${stage}, ${cut}`).toBeUndefined();
          if (stage === 'proof') expect(side.opened).toBeDefined();
          else expect(side.at()).toBe('wait-proof');
        }
      }
    }
  });

  it('opens when every byte comes alone', () => {
    const { a, b } = pair(core);
    sides.push(a, b);
    for (let round = 0; round < 4; round++) {
      for (const byte of a.take()) if (!b.over) b.bytes(Uint8Array.of(byte));
      for (const byte of b.take()) if (!a.over) a.bytes(Uint8Array.of(byte));
    }
    expect([a.opened, b.opened].every((opened) => opened !== undefined)).toBe(true);
  });

  it('gives the initiator what came right behind the proof', () => {
    const { side, peer } = standing(core, 'initiator', 'proof');
    sides.push(side);
    const more = peer.seal(message('already'));
    side.bytes(Buffer.from(`${peer.seal(peer.proof())}\n${more}\n`));
    expect(Buffer.from(side.opened!.rest).toString()).toBe(`\n${more}\n`);
  });

  it('takes the readings of others: alias of a fingerprint, the JWS input, another label, a session object written otherwise', () => {
    const pem = publicPem(NAMES.initiator);
    const alias = aliasOf(pem);
    const { side, peer } = standing(core, 'responder', 'session');
    sides.push(side);
    peer.session = `{ "connection" : ${JSON.stringify({ ...peer.connection(), g: 'Ag' })},\n "sdmp":{"schemas":["shared_key"],"version":"0.13"}}`;
    side.hear(peer.session);
    peer.derive(side.said());
    side.hear(peer.seal(peer.proof({ alg: 'RS512', kid: alias, input: (payload, header) => `${header}.${payload}` })));
    expect(side.opened?.peer.id).toBe(fingerprint(pem));
    expect(alias).not.toBe(fingerprint(pem));
    expect(side.ops).toEqual(['ffdh-keygen', 'ffdh-derive', 'rsa-verify', 'rsa-verify', 'rsa-sign']);
  });

  it('waits for the judgement, and refuses whom it refuses', () => {
    const judge = () => ({ code: 'NOT_ALLOWED', reason: '' }) as const;
    const refusing = shakes({}, { judge });
    expect(refusing.b.failed?.code).toBe('HF_NOT_ALLOWED');
    expect(refusing.a.failed).toMatchObject({ code: 'HF_REFUSED', remote: 'proved', blame: 'caller' });
    expect(refusing.b.ops).not.toContain('rsa-sign');
    const refused = pair(core);
    sides.push(refused.b, refused.a);
    const dialler = new SdmpSide(core, 'initiator', { judge }).begin();
    converse(dialler, refused.b);
    expect(dialler.failed?.code).toBe('HF_NOT_ALLOWED');
    expect(dialler.said()).toBe('');
    refused.a.feed({ kind: 'end', now: refused.a.now });
  });

  it('lets a scripted second implementation in on either side, and reads what it says', () => {
    for (const role of ['initiator', 'responder'] as const) {
      const { side } = standing(core, role, 'open');
      sides.push(side);
      expect(side.opened?.peer.id).toBe(fingerprint(publicPem(new Scripted(role === 'initiator' ? 'responder' : 'initiator').name)));
    }
  });
});
