import { afterAll, describe, expect, it } from 'vitest';
import { exchange } from '../support/attacks.ts';
import { cores } from '../support/cores.ts';
import { Bench, expectHonest, scriptedDialler, scriptedListener } from '../support/handfast.ts';
import { converse, type Side } from '../support/machines.ts';
import { cat } from '../support/reference.ts';

for (const core of cores) {
  describe(`reflection, ${core.name} core`, () => {
    const bench = new Bench(core);
    afterAll(() => expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 }));

    const refused = (side: Side, ...codes: string[]) => {
      expect(side.opened).toBeUndefined();
      expect(codes).toContain(side.failed?.codeName);
      expect(bench.live).toBe(0);
      expect(bench.ciphers).toBe(0);
    };

    it('a dialler hears its own hello', () => {
      const a = bench.dialler().start();
      a.bytes(a.take());
      refused(a, 'OUT_OF_TURN');
    });

    it('a dialler hears its own finish, its own OPEN, and both', () => {
      for (const cut of [(sent: Uint8Array) => sent.slice(0, 127), (sent: Uint8Array) => sent.slice(127), (sent: Uint8Array) => sent]) {
        const a = bench.dialler().start();
        const b = scriptedListener();
        b.takeHello(a.take());
        a.bytes(b.reply());
        a.bytes(cut(a.take()));
        refused(a, 'BAD_TAG', 'TOO_LARGE');
      }
    });

    it('a listener hears its own reply', () => {
      for (const [side, code] of [
        [bench.listener().start(), 'OUT_OF_TURN'],
        [bench.listener().start(), 'OUT_OF_TURN'],
      ] as const) {
        side.bytes(scriptedDialler().hello());
        side.bytes(side.take());
        refused(side, code);
      }
    });

    it("a listener hears its own sealed part as the dialler's finish, with every type", () => {
      for (const type of [3, 4]) {
        const b = bench.listener().start();
        const a = scriptedDialler();
        b.bytes(a.hello());
        const reply = b.take();
        const sealed = reply.slice(4 + 37);
        b.bytes(cat([0, 0, 0, sealed.length + 1], [type], sealed));
        refused(b, 'BAD_TAG');
      }
    });

    it("the listener's OPEN sent back is not a record of the dialler", () => {
      const a = bench.dialler().start();
      const b = bench.listener().start();
      converse(a, b);
      expect(a.opened && b.opened).toBeTruthy();
      const c = bench.dialler().start();
      const d = bench.listener().start();
      let openOfListener: Uint8Array | undefined;
      exchange(c, d, (message, index) => {
        if (index === 4) openOfListener = message;
        return index === 4 ? [] : [message];
      });
      const slab = core.slab();
      slab.bytes.set(openOfListener!);
      const { count, outputs } = d.opened!.traffic.open(slab, 0, openOfListener!.length, d.now);
      slab.release();
      expect(count).toBe(0);
      expect(outputs.at(-1)).toMatchObject({ kind: 'ended', why: { code: 'HF_BAD_TAG' } });
      for (const side of [a, b, c, d]) side.dispose();
    });

    it('a node that reaches itself through a relay refuses on both sides', () => {
      const a = bench.dialler({ seed: 1 }).start();
      const b = bench.listener({ seed: 1 }).start();
      converse(a, b);
      expect(a.failed).toMatchObject({ code: 'HF_SELF_CONNECTION', blame: 'caller' });
      expect(b.failed).toMatchObject({ code: 'HF_SELF_CONNECTION', remote: 'proved' });
      expect(bench.live).toBe(0);
    });

    it('two diallers, and two listeners, wired to one another come to nothing', () => {
      const [a1, a2] = [bench.dialler({ ephemeral: 0 }).start(), bench.dialler({ ephemeral: 0, seed: 5 }).start()];
      converse(a1, a2);
      refused(a1, 'OUT_OF_TURN');
      expect(a2.opened).toBeUndefined();
      const [b1, b2] = [bench.listener().start(), bench.listener({ seed: 5 }).start()];
      converse(b1, b2);
      for (const side of [b1, b2]) {
        expect(side.take().length).toBe(0);
        side.feed({ kind: 'tick', now: side.deadline! });
        refused(side, 'HANDSHAKE_TIMEOUT');
      }
    });

    it('an honest pair gets through afterwards', () => expectHonest(bench));
  });
}
