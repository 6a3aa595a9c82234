/** In noise-handshake itself: our curve against its own, both ways, in both calling forms. */
import Noise from 'noise-handshake';
import theirs from 'noise-handshake/dh.js';
import { describe, expect, it } from 'vitest';
import { noiseCurve } from '../../src/adapters/noise-curve.ts';
import { filled, toHex } from '../support/bytes.ts';
import { cores } from '../support/cores.ts';

describe.each(cores.map((core) => [core.name, noiseCurve(core)] as const))('noise-handshake by the %s core', (_name, ours) => {
  it.each(['XX', 'IK', 'NN'])('shakes hands with the default by %s, from either side', (pattern) => {
    for (const [first, second] of [
      [ours, theirs],
      [theirs, ours],
      [ours, ours],
    ]) {
      const initiator = new Noise(pattern, true, undefined, { curve: first });
      const responder = new Noise(pattern, false, undefined, { curve: second });
      const prologue = Buffer.from('test');
      initiator.initialise(prologue, responder.s.publicKey);
      responder.initialise(prologue);
      for (let turn = 0; !initiator.complete || !responder.complete; turn++) {
        const [from, to] = turn % 2 === 0 ? [initiator, responder] : [responder, initiator];
        to.recv(from.send());
      }
      expect(toHex(initiator.hash)).toBe(toHex(responder.hash));
      expect(toHex(initiator.tx)).toBe(toHex(responder.rx));
      expect(toHex(initiator.rx)).toBe(toHex(responder.tx));
    }
  });

  it('has the sizes, names and keys of the default', () => {
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    for (const name of ['DHLEN', 'PKLEN', 'SKLEN', 'SEEDLEN', 'ALG'] as const) expect(ours[name]).toBe(theirs[name]);
    const seed = Buffer.from(filled(32, 7));
    for (const make of ['generateKeyPair', 'generateSeedKeyPair'] as const) {
      const pair = ours[make](seed);
      expect(toHex(pair.publicKey)).toBe(toHex(theirs[make](seed).publicKey));
      expect(toHex(pair.secretKey)).toBe(toHex(theirs[make](seed).secretKey));
      expect(Buffer.isBuffer(pair.publicKey)).toBe(true);
    }
  });

  it('takes a secret key as the second and as the fourth major version give it', () => {
    const [a, b] = [ours.generateKeyPair(), ours.generateKeyPair()];
    const shared = toHex(ours.dh(a.publicKey, b.secretKey));
    expect(toHex(ours.dh(a.publicKey, { secretKey: b.secretKey }))).toBe(shared);
    expect(toHex(theirs.dh(b.publicKey, { secretKey: a.secretKey }))).toBe(shared);
    expect(() => ours.dh(filled(32, 0), a)).toThrow(expect.objectContaining({ code: 'HF_WEAK_KEY' }));
  });
});
