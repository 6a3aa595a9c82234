/** A relay that ends TLS on both of its sides: what each victim signs is of another session than what the other one sees. */
import { afterAll, describe, expect, it } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import { FULL, Tally } from '../support/attacks.ts';
import { cores } from '../support/cores.ts';
import {
  dial,
  expectNothingLeft,
  headText,
  identityOf,
  knock,
  outcome,
  REQUEST_LINE,
  RESPONSE_LINE,
  readHead,
  requestFields,
  responseFields,
  serve,
  trap,
  VERSIONS,
} from '../support/xrpl-tls.ts';

const BRIDGED = FULL ? 100 : 8;

for (const core of cores) {
  describe(`two TLS sessions bridged in the middle, ${core.name} core`, () => {
    const tally = new Tally();
    afterAll(() => {
      expectNothingLeft(core);
      console.log(`bridged, ${core.name}: ${tally}`);
    });

    it.each(VERSIONS)(`over %s: ${BRIDGED} of ${BRIDGED} refused, by both`, { timeout: 600_000 }, async (version) => {
      const listener = await serve({ core, version });
      const relay = await trap(async (victim) => {
        const far = await knock(listener.port, { version });
        victim.pipe(far).pipe(victim);
        victim.once('close', () => far.destroy());
        far.once('close', () => victim.end());
      }, version);
      for (let i = 0; i < BRIDGED; i++) {
        const theirs = listener.refused();
        const ours = await outcome(dial({ core, port: relay.port, version }));
        expect(ours).toBeInstanceOf(HandfastError);
        expect(ours).toMatchObject({ code: 'HF_INVALID_SIGNATURE', remote: 'claimed' });
        expect(await theirs).toMatchObject({ code: 'HF_INVALID_SIGNATURE', blame: 'peer' });
        tally.add(version);
      }
      expect(listener.sessions).toEqual([]);
      expect(listener.errors.length).toBe(BRIDGED);
      // The same without the relay is let in.
      const accepted = listener.accepted();
      const honest = await dial({ core, port: listener.port, version });
      expect((await accepted).peer.id).toBe(identityOf(2).id);
      honest.destroy();
      await relay.close();
      await listener.close();
    });

    it.each(VERSIONS)('over %s: nor when the relay says the 101 itself, with what the listener once signed', async (version) => {
      const listener = await serve({ core, version });
      const relayIdentity = identityOf(9);
      // An answer of the listener's, to the relay itself.
      const socket = await knock(listener.port, { version });
      socket.write(headText(REQUEST_LINE, requestFields(socket, relayIdentity)));
      const genuine = await readHead(socket);
      expect(genuine).toMatch(/^HTTP\/1\.1 101 /);
      const stolen = /Session-Signature: (\S+)/.exec(genuine)![1];
      const relay = await trap(async (victim) => {
        await readHead(victim);
        const fields = responseFields(victim, relayIdentity).map(([name, value]): [string, string] => {
          if (name === 'Public-Key') return [name, identityOf(1).id];
          return name === 'Session-Signature' ? [name, stolen] : [name, value];
        });
        victim.write(headText(RESPONSE_LINE, fields));
      }, version);
      expect(await outcome(dial({ core, port: relay.port, version }))).toMatchObject({ code: 'HF_INVALID_SIGNATURE', blame: 'peer' });
      socket.destroy();
      await relay.close();
      await listener.close();
    });
  });
}
