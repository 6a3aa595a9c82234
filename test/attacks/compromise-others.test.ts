/** The table of SECURITY.md, *If a key leaks*, played out for the other protocols; that of `handfast` is in compromise.test.ts. */
import { describe, expect, it } from 'vitest';
import type { Core } from '../../src/core/core.ts';
import { runLegacy } from '../../src/core/legacy/jobs.ts';
import { openText } from '../../src/protocols/hivemind/channel.ts';
import { keyJob, matchHsub } from '../../src/protocols/hivemind/hsub.ts';
import type { Work } from '../../src/protocols/machine.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { attacked, dispose } from '../support/attacked.ts';
import { cores } from '../support/cores.ts';
import { ACCESS_KEY, masterSide, PASSWORD, pairOf, slaveSide, utterance, write } from '../support/hivemind.ts';
import * as lw from '../support/lwstcp.ts';
import { converse, converseByMessage } from '../support/machines.ts';
import { fingerprint, NAMES, other, publicPem, Scripted, standing } from '../support/sdmp.ts';
import { WorkOnce } from '../support/work-once.ts';
import { ALICE_SECRET, BOB_SECRET, hear, identityOf, requestOf, responseOf, side as xrplSide } from '../support/xrpl.ts';

const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const keyOf = (core: Core, byte: number): string => Buffer.from(core.x25519.keyPair(filled(byte)).publicKey).toString('hex');

describe.each(cores)('what a stolen key is good for, $name core', (core) => {
  describe('xrpl: the node key of A', () => {
    it('for playing A to others', () => {
      const b = hear(xrplSide('responder', { core }), requestOf({}, { secret: ALICE_SECRET }));
      expect(b.opened?.peer.id).toBe(identityOf(ALICE_SECRET).id);
      b.dispose();
    });

    it('not for playing B to A', () => {
      const claimed = hear(
        xrplSide('initiator', { core }),
        responseOf({ 'Public-Key': identityOf(BOB_SECRET).id }, { secret: ALICE_SECRET }),
      );
      expect(claimed.failed?.codeName).not.toBe(undefined);
      const signed = responseOf({ 'Public-Key': identityOf(BOB_SECRET).id }, { secret: ALICE_SECRET });
      expect(hear(xrplSide('initiator', { core }), signed).failed?.codeName).toBe('INVALID_SIGNATURE');
      expect(hear(xrplSide('initiator', { core }), responseOf({}, { secret: ALICE_SECRET })).failed?.codeName).toBe('SELF_CONNECTION');
    });
  });

  describe('hivemind 2: the password', () => {
    it('for playing either side to the other', async () => {
      const { slave, master } = pairOf({ core });
      await converseByMessage(slave, master);
      expect(slave.opened && master.opened).toBeTruthy();
      for (const side of [slave, master]) side.dispose();
    });

    it('for reading whatever was recorded', async () => {
      const { slave, master } = pairOf({ core });
      const recorded: string[] = [];
      await converseByMessage(slave, master, (message) => {
        recorded.push(Buffer.from(message.data).toString());
        return message;
      });
      const said = write(slave, utterance('a secret'));
      for (const side of [slave, master]) side.dispose();
      const [one, two] = recorded
        .map((text) => JSON.parse(text).payload?.envelope)
        .filter((envelope) => envelope !== undefined)
        .map((envelope) => matchHsub(core, envelope, PASSWORD) as Uint8Array);
      const { cipher, encoding } = JSON.parse(recorded.find((text) => text.includes('"envelope"') && text.includes('"cipher"'))!).payload;
      const { key } = await runLegacy(keyJob(PASSWORD, one!, two!));
      const plaintext = openText({ core, cipher, encoding }, key, JSON.parse(Buffer.from(said.data).toString()) as JsonObject);
      expect(Buffer.from(plaintext as Uint8Array).toString()).toContain('a secret');
    });
  });

  describe('hivemind 3', () => {
    // What stretches passwords is no matter here.
    const once = new WorkOnce(core);
    const work = (item: Work) => (item.op === 'argon2id' ? once.answer(item, filled(0)) : undefined);
    const master = (noise: object = {}, client: object = {}) => ({
      noise: { secretKey: filled(2), ...noise },
      clients: [{ accessKey: ACCESS_KEY, password: PASSWORD, ...client }],
    });

    it('the password: for playing either side, where no key of it is pinned', async () => {
      const { slave, master: thief } = pairOf({
        core,
        work,
        slave: { noise: { secretKey: filled(1) } },
        master: master({ secretKey: filled(9) }),
      });
      await converseByMessage(slave, thief);
      expect(slave.opened?.info.noiseKey).toBe(keyOf(core, 9));
      for (const side of [slave, thief]) side.dispose();
    });

    it('the password: not where one is', async () => {
      const pinned = pairOf({
        core,
        work,
        slave: { noise: { secretKey: filled(1), masterKey: keyOf(core, 2) } },
        master: master({ secretKey: filled(9) }),
      });
      await converseByMessage(pinned.slave, pinned.master);
      expect(pinned.slave.failed?.codeName).toBe('UNEXPECTED_PEER');
      const thief = pairOf({ core, work, slave: { noise: { secretKey: filled(9) } }, master: master({}, { noiseKey: keyOf(core, 1) }) });
      await converseByMessage(thief.slave, thief.master);
      expect(thief.master.failed?.codeName).toBe('UNEXPECTED_PEER');
      for (const side of [pinned.slave, pinned.master, thief.slave, thief.master]) side.dispose();
    });

    it('both static keys without the password: for nothing', async () => {
      const thief = pairOf({
        core,
        work,
        slave: { noise: { secretKey: filled(1), masterKey: keyOf(core, 2) }, password: 'another horse battery staple' },
        master: master({}, { noiseKey: keyOf(core, 1) }),
      });
      await converseByMessage(thief.slave, thief.master);
      expect(thief.master.opened).toBeUndefined();
      expect(thief.master.failed?.codeName ?? thief.slave.failed?.codeName).toBe('WRONG_KEY');
      for (const side of [thief.slave, thief.master]) side.dispose();
    });

    it('all long-lived keys: not for reading what was recorded, since each handshake has keys of its own', () => {
      const [subject] = attacked(core, 'hivemind 3');
      const first = subject!.recorded({ draw: 'one' });
      const said = subject!.write(first.ends.a, 'a secret');
      const again = subject!.recorded({ draw: 'two' });
      expect(subject!.read(again.ends.b, said)).toMatchObject({ payloads: [], code: 'HF_BAD_TAG' });
      for (const { ends } of [first, again]) dispose(ends);
    });
  });

  describe('lwstcp: the handshake key', () => {
    it('for playing either side, and for reading whatever was recorded', () => {
      const client = lw.side(core, 'initiator').start();
      const server = lw.side(core, 'responder').start();
      let success: Uint8Array | undefined;
      converse(client, server, (data, from) => {
        if (from === 'b' && data[0] === 4) success = data.slice(0, 33);
        return data;
      });
      expect(client.opened && server.opened).toBeTruthy();
      const sealed = lw.say(core, client.opened!.traffic, [Buffer.from('a secret')]);
      const sessionKey = lw.plainOf(success!);
      expect(Buffer.from(lw.cipher(sessionKey, sealed.slice(3), true)).toString()).toContain('a secret');
      for (const side of [client, server]) side.dispose();
    });
  });

  describe('sdmp: the RSA key of A', () => {
    it('for playing A to others, in either role', () => {
      for (const role of ['initiator', 'responder'] as const) {
        const { side } = standing(core, role, 'open');
        expect(side.opened?.peer.id).toBe(fingerprint(publicPem(NAMES[other(role)])));
        side.dispose();
      }
    });

    it('not for playing B to A', () => {
      for (const role of ['initiator', 'responder'] as const) {
        const { side, peer } = standing(core, role, 'proof');
        const thief = new Scripted(other(role), { name: NAMES[role] });
        thief.session = peer.session;
        side.hear(peer.seal(thief.proof({ kid: fingerprint(publicPem(NAMES[other(role)])) })));
        expect(side.failed?.codeName).toBe('INVALID_SIGNATURE');
      }
    });

    it.each(attacked(core, 'sdmp', 'sdmp, bound'))(
      '$name: not for reading what was recorded, since each connection has exponents of its own',
      (subject) => {
        const first = subject.recorded({ draw: 'one' });
        const said = subject.write(first.ends.a, 'a secret');
        const again = subject.recorded({ draw: 'two' });
        expect(subject.read(again.ends.b, said, true).payloads).toEqual([]);
        for (const { ends } of [first, again]) dispose(ends);
      },
    );
  });

  it('hivemind: without the password, for an access key that is known, nobody is played', async () => {
    const slave = slaveSide(core, { password: 'another horse battery staple' });
    const master = masterSide(core);
    master.now += 200;
    master.feed({ kind: 'tick', now: master.now });
    await converseByMessage(slave, master);
    expect([slave.opened, master.opened]).toEqual([undefined, undefined]);
  });
});
