import { afterAll, describe, expect, it } from 'vitest';
import { cores } from '../../support/cores.ts';
import { Bench, expectHonest, hex, NOW, scriptedDialler, scriptedListener } from '../../support/handfast.ts';
import { cat, framed, text, u16 } from '../../support/reference.ts';

for (const core of cores) {
  describe(`${core.name} core against the second implementation`, () => {
    const bench = new Bench(core);
    afterAll(() => expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 }));

    for (const suite of [1, 2] as const) {
      const suites = [suite === 1 ? 'chacha20-poly1305' : 'aes-256-gcm'] as const;

      it(`listens to it, suite ${suite}`, () => {
        const b = bench.listener({ suites }).start();
        const a = scriptedDialler({ suites: [suite] });
        b.bytes(a.hello());
        const proof = a.takeReply(b.take());
        expect(hex(proof.slice(0, 32))).toBe(hex(bench.identity(2).publicKey));
        b.bytes(a.finish(bench.identity(2).publicKey));
        b.bytes(a.open(70_000, [[1, text('second')]]));
        expect(b.failed).toBeUndefined();
        expect(hex(b.opened!.binding)).toBe(hex(a.binding));
        expect(b.opened!.info).toEqual({ version: 1, suite: suites[0], network: 'demo', largestRecord: 70_000, agent: 'second' });
        expect(b.opened!.traffic.largestPayload).toBe(70_000 - 17);
        expect(a.toDialler.read(b.take()).kind).toBe(0);
        b.dispose();
      });

      it(`dials it, suite ${suite}`, () => {
        const a = bench.dialler({ suites }).start();
        const b = scriptedListener({ suites: [suite] });
        b.takeHello(a.take());
        a.bytes(b.reply());
        const sent = a.take();
        b.takeFinish(sent);
        expect(b.toListener.read(sent.slice(127)).kind).toBe(0);
        a.bytes(b.open());
        expect(a.failed).toBeUndefined();
        expect(hex(a.opened!.binding)).toBe(hex(b.binding));
        a.dispose();
      });
    }

    it('its sealed refusal arrives as proved', () => {
      const b = bench.listener().start();
      const a = scriptedDialler();
      b.bytes(a.hello());
      a.takeReply(b.take());
      b.bytes(a.refusal(0x020a, text('go away')));
      expect(b.failed).toMatchObject({ code: 'HF_BANNED', remote: 'proved' });
      expect(b.failed!.message).toContain('"go away"');
      expect(b.take().length).toBe(0);
    });

    it('a sealed refusal that is a tag alone does not open; a shorter one has not its shape', () => {
      for (const [length, code] of [
        [16, 'HF_BAD_TAG'],
        [15, 'HF_MALFORMED'],
      ] as const) {
        const b = bench.listener().start();
        const a = scriptedDialler();
        b.bytes(a.hello());
        a.takeReply(b.take());
        b.bytes(framed(cat([4], new Uint8Array(length))));
        expect(b.failed?.code).toBe(code);
      }
    });

    it('an honest pair', () => {
      expectHonest(bench);
      expect(bench.live).toBe(0);
      expect(NOW).toBeGreaterThan(0);
      expect(cat(u16(1)).length).toBe(2);
    });
  });
}
