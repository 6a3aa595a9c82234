/** What was said once is said again: on another connection, to the other side, with the keys of whoever hears it. */
import { afterAll, describe, expect, it } from 'vitest';
import { FULL } from '../support/attacks.ts';
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

const REPLAYS = FULL ? 50 : 4;

for (const core of cores) {
  describe.each(VERSIONS)(`replay and reflection over %s, ${core.name} core`, (version) => {
    afterAll(() => expectNothingLeft(core));

    it(`a request that was accepted once is refused on ${REPLAYS} other connections`, { timeout: 300_000 }, async () => {
      const listener = await serve({ core, version });
      const first = await knock(listener.port, { version });
      const request = headText(REQUEST_LINE, requestFields(first, identityOf(2)));
      first.write(request);
      expect(await readHead(first)).toMatch(/^HTTP\/1\.1 101 /);
      for (let i = 0; i < REPLAYS; i++) {
        const refused = listener.refused();
        const again = await knock(listener.port, { version });
        again.write(request);
        expect(await readHead(again)).toMatch(/^HTTP\/1\.1 400 Bad Request \(Failed to verify session\)\r\n/);
        expect(await refused).toMatchObject({ code: 'HF_INVALID_SIGNATURE' });
        again.destroy();
      }
      expect(listener.sessions.length).toBe(1);
      first.destroy();
      await listener.close();
    });

    it('nor is it accepted where the TLS session is offered for resumption, since none is resumed', async () => {
      const listener = await serve({ core, version });
      const first = await knock(listener.port, { version });
      const request = headText(REQUEST_LINE, requestFields(first, identityOf(2)));
      first.write(request);
      expect(await readHead(first)).toMatch(/^HTTP\/1\.1 101 /);
      const session = first.getSession();
      const again = await knock(listener.port, { version, ...(session && { session }) });
      expect(again.isSessionReused()).toBe(false);
      const refused = listener.refused();
      again.write(request);
      expect(await refused).toMatchObject({ code: 'HF_INVALID_SIGNATURE' });
      again.destroy();
      first.destroy();
      await listener.close();
    });

    it('a 101 of an earlier connection is refused', async () => {
      const answers: string[] = [];
      const server = await trap(async (victim) => {
        await readHead(victim);
        answers.push(headText(RESPONSE_LINE, responseFields(victim, identityOf(1))));
        victim.write(answers[0]);
      }, version);
      const honest = await dial({ core, port: server.port, version });
      expect(honest.peer.id).toBe(identityOf(1).id);
      honest.destroy();
      expect(await outcome(dial({ core, port: server.port, version }))).toMatchObject({ code: 'HF_INVALID_SIGNATURE', blame: 'peer' });
      await server.close();
    });

    it("the dialler's own key and signature handed back to it are refused: they do verify", async () => {
      const server = await trap(async (victim) => {
        const request = await readHead(victim);
        const of = (name: string): string => new RegExp(`^${name}: (.*)\r$`, 'm').exec(request)![1];
        const fields = responseFields(victim, identityOf(1)).map(([name, value]): [string, string] =>
          name === 'Public-Key' || name === 'Session-Signature' ? [name, of(name)] : [name, value],
        );
        victim.write(headText(RESPONSE_LINE, fields));
      }, version);
      const refused = await outcome(dial({ core, port: server.port, version }));
      expect(refused).toMatchObject({ code: 'HF_SELF_CONNECTION' });
      expect((refused as Error).message).toContain('Self connection');
      await server.close();
    });

    it("the listener's own key is refused, however well it signs", async () => {
      const listener = await serve({ core, version });
      const refused = listener.refused();
      const socket = await knock(listener.port, { version });
      socket.write(headText(REQUEST_LINE, requestFields(socket, identityOf(1))));
      expect(await readHead(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request \(Self connection\)\r\n/);
      expect(await refused).toMatchObject({ code: 'HF_SELF_CONNECTION' });
      socket.destroy();
      await listener.close();
    });

    it("another's key with a signature of one's own is refused", async () => {
      const listener = await serve({ core, version });
      const refused = listener.refused();
      const socket = await knock(listener.port, { version });
      const fields = requestFields(socket, identityOf(9)).map(([name, value]): [string, string] =>
        name === 'Public-Key' ? [name, identityOf(2).id] : [name, value],
      );
      socket.write(headText(REQUEST_LINE, fields));
      expect(await refused).toMatchObject({ code: 'HF_INVALID_SIGNATURE' });
      socket.destroy();
      await listener.close();
    });
  });
}
