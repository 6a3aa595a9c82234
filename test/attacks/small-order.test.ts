import { afterAll, describe, expect, it } from 'vitest';
import { attacked, dispose } from '../support/attacked.ts';
import { cores } from '../support/cores.ts';
import { Bench, expectHonest, scriptedDialler, scriptedListener } from '../support/handfast.ts';
import { ephemeralOf } from '../support/reference.ts';

/** u of every point whose order divides 8, on the curve and on its twist, in every encoding (RFC 7748 takes the values above p and ignores the top bit). */
const P = 2n ** 255n - 19n;
const ORDER_8 = [
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
];
const POINTS = [0n, 1n, P - 1n, ...ORDER_8, P, P + 1n]
  .flatMap((u) => [u, u + 2n ** 255n])
  .map((u) => new Uint8Array(Buffer.from(u.toString(16).padStart(64, '0'), 'hex').reverse()));

for (const core of cores) {
  describe(`ephemerals of small order, ${core.name} core`, () => {
    const bench = new Bench(core);
    afterAll(() => expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 }));

    it('are refused by the listener and by the dialler, all of them', () => {
      for (const ephemeral of POINTS) {
        const b = bench.listener().start();
        b.bytes(scriptedDialler().hello({ ephemeral }));
        expect(b.failed?.codeName).toBe('WEAK_KEY');
        const a = bench.dialler().start();
        const listener = scriptedListener();
        listener.takeHello(a.take());
        a.bytes(listener.reply({ ephemeral }));
        expect(a.failed?.codeName).toBe('WEAK_KEY');
      }
      expect(bench.live).toBe(0);
      expectHonest(bench);
    });

    it('the top bit of an honest one is ignored by X25519 but not by the transcript', () => {
      const ephemeral = ephemeralOf(scriptedDialler().options.ephemeral);
      ephemeral[31] |= 0x80;
      const b = bench.listener().start();
      const a = scriptedDialler();
      b.bytes(a.hello({ ephemeral }));
      const proof = a.takeReply(b.take());
      b.bytes(a.finish(proof.slice(0, 32)));
      b.bytes(a.open());
      expect(b.failed).toBeUndefined();
      b.dispose();
      // Set by somebody between them, it is seen.
      const dialler = bench.dialler().start();
      const hello = dialler.take();
      hello[hello.length - 3] ^= 0x80;
      const listener = bench.listener().start();
      listener.bytes(hello);
      dialler.bytes(listener.take());
      expect(dialler.failed?.codeName).toBe('BAD_TAG');
      listener.dispose();
    });
  });
}

for (const core of cores) {
  describe(`ephemerals of small order in HiveMind 3, ${core.name} core`, () => {
    it('put in the place of honest ones, open nothing on either side; Noise itself says HF_WEAK_KEY (test/protocols/noise/handshake.test.ts)', () => {
      const [subject] = attacked(core, 'hivemind 3');
      for (const ephemeral of POINTS) {
        // The first Noise message of the slave, and the master's answer: both begin with an ephemeral in clear.
        for (const [index, to] of [
          [2, 'b'],
          [3, 'a'],
        ] as const) {
          const ends = subject!.pair();
          const secrets = core.guarded.live;
          subject!.converse(ends, (message, at) => {
            if (at !== index) return [message];
            const text = Buffer.from(message.data).toString();
            const other = text.replace(/"msg": "[0-9a-f]{64}/, `"msg": "${Buffer.from(ephemeral).toString('hex')}`);
            expect(other).not.toBe(text);
            return [{ data: Buffer.from(other), text: true }];
          });
          expect(ends[to].failed?.codeName).toMatch(/^(WEAK|WRONG)_KEY$/);
          subject!.finish(ends, false);
          expect([ends.a.opened, ends.b.opened]).toEqual([undefined, undefined]);
          expect(core.guarded.live).toBeLessThanOrEqual(secrets);
          dispose(ends);
        }
      }
    });
  });
}
