import { afterAll, describe, expect, it } from 'vitest';
import { cores } from '../support/cores.ts';
import { Bench, filled, hex, scriptedDialler, scriptedListener } from '../support/handfast.ts';

for (const core of cores) {
  describe(`what a stolen key of A is good for, ${core.name} core`, () => {
    const bench = new Bench(core);
    afterAll(() => expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 }));

    /** The thief listens, with A's key in its hands, and A dials. */
    const playedToA = (name: boolean, how: 'as B, signed with the key of A' | 'as A' | 'as itself') => {
      const a = bench.dialler(name ? { peer: bench.identity(2).id } : {}).start();
      const thief = scriptedListener({ seed: how === 'as itself' ? filled(8) : filled(1) });
      thief.takeHello(a.take());
      a.bytes(thief.reply(how === 'as B, signed with the key of A' ? { id: bench.identity(2).publicKey } : {}));
      const { failed } = a;
      a.dispose();
      return failed?.codeName;
    };

    it('not for playing B to A', () => {
      for (const name of [true, false]) {
        expect(playedToA(name, 'as B, signed with the key of A')).toBe('INVALID_SIGNATURE');
        expect(playedToA(name, 'as A')).toBe('SELF_CONNECTION');
      }
      expect(playedToA(true, 'as itself')).toBe('UNEXPECTED_PEER');
    });

    it('for playing A to B, as with any stolen key', () => {
      const b = bench.listener().start();
      const thief = scriptedDialler({ ephemeral: filled(19) });
      b.bytes(thief.hello());
      const proof = thief.takeReply(b.take());
      b.bytes(thief.finish(proof.slice(0, 32)));
      b.bytes(thief.open());
      expect(b.opened?.peer.id).toBe(bench.identity(1).id);
      b.dispose();
    });

    it('not for reading what was said: with both static keys but no ephemeral, nothing opens', () => {
      const a = bench.dialler({ ephemeral: 0 }).start();
      const b = bench.listener({ ephemeral: 0 }).start();
      const hello = a.take();
      b.bytes(hello);
      const reply = b.take();
      for (const secret of [1, 2, 3, 4]) {
        const reader = scriptedDialler({ ephemeral: filled(secret) });
        reader.hello({ ephemeral: hello.slice(hello.length - 34, hello.length - 2) });
        expect(() => reader.takeReply(reply)).toThrow();
      }
      a.bytes(reply);
      b.bytes(a.take());
      a.bytes(b.take());
      expect(hex(a.opened!.binding)).toBe(hex(b.opened!.binding));
      a.dispose();
      b.dispose();
    });
  });
}
