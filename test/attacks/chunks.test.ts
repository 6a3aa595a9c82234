import { afterAll, describe, expect, it } from 'vitest';
import { exchange, FULL } from '../support/attacks.ts';
import { cores, native } from '../support/cores.ts';
import { Bench, handshake, type SideChanges, scriptedDialler, scriptedListener } from '../support/handfast.ts';
import { cat, u32 } from '../support/reference.ts';

const AGENTS: SideChanges = { agent: 'a'.repeat(64) };

for (const core of cores) {
  describe(`streams cut anywhere, ${core.name} core`, () => {
    const bench = new Bench(core);
    afterAll(() => expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 }));

    /** A handshake whose messages arrive in these cuts. */
    const cutBy = (cuts: (message: Uint8Array, index: number) => Uint8Array[]) => {
      const a = bench.dialler(AGENTS).start();
      const b = bench.listener(AGENTS).start();
      exchange(a, b, cuts);
      expect(a.failed ?? b.failed).toBeUndefined();
      expect(a.opened && b.opened).toBeTruthy();
      a.dispose();
      b.dispose();
    };

    it('one byte at a time', () => cutBy((message) => Array.from(message, (byte) => Uint8Array.of(byte))));

    it('every split of every message', () => {
      for (let index = 0; index < 5; index++) {
        for (let at = 0; ; at += core === native || FULL ? 1 : 7) {
          let length = 0;
          cutBy((message, i) => {
            if (i !== index) return [message];
            length = message.length;
            return [message.subarray(0, at), message.subarray(at)];
          });
          if (at >= length) break;
        }
      }
    });

    it('finish and OPEN in one chunk, cut anywhere, with a CLOSE behind', () => {
      for (let at = 0; at <= 127 + 27; at += 3) {
        const b = bench.listener().start();
        const a = scriptedDialler();
        b.bytes(a.hello());
        const proof = a.takeReply(b.take());
        const flight = cat(a.finish(proof.slice(0, 32)), a.open(), a.toListener.record(7, Uint8Array.of(0, 0)));
        b.bytes(flight.slice(0, at));
        b.bytes(flight.slice(at));
        expect(b.opened).toBeDefined();
        b.dispose();
      }
    });

    it('the driver may reuse its chunk at once: the machine keeps copies', () => {
      const a = bench.dialler().start();
      const b = bench.listener().start();
      const chunk = new Uint8Array(300);
      exchange(a, b, (message, index) => {
        const to = [b, a, b, b, a][index];
        for (let at = 0; at < message.length; at += 7) {
          const part = message.subarray(at, at + 7);
          chunk.set(part);
          if (!to.over) to.bytes(chunk.subarray(0, part.length));
          chunk.fill(0xee);
        }
        return [];
      });
      expect(a.opened && b.opened).toBeTruthy();
      a.dispose();
      b.dispose();
    });

    it('also while work is under way', () => {
      const a = bench.dialler().start();
      const b = bench.listener().start();
      const chunk = new Uint8Array(300);
      a.hold = true;
      b.hold = true;
      for (let round = 0; round < 20 && !(a.opened && b.opened); round++) {
        for (const [from, to] of [
          [a, b],
          [b, a],
        ]) {
          const sent = from.take();
          chunk.set(sent);
          if (sent.length > 0) to.bytes(chunk.subarray(0, sent.length));
          chunk.fill(0xee);
          while (to.pending) to.release();
        }
      }
      expect(a.failed ?? b.failed).toBeUndefined();
      expect(a.opened && b.opened).toBeTruthy();
      a.dispose();
      b.dispose();
    });

    /** All bytes that a state keeps, whole buffers counted. */
    const kept = (state: unknown, seen = new Set<ArrayBufferLike>()): number => {
      if (state instanceof Uint8Array) {
        if (seen.has(state.buffer)) return 0;
        seen.add(state.buffer);
        return state.buffer.byteLength;
      }
      if (typeof state !== 'object' || state === null) return 0;
      return Object.entries(state).reduce((sum, [name, value]) => (name === 'settings' ? sum : sum + kept(value, seen)), 0);
    };

    it('memory is kept for the bytes that came, never for those declared: 1,000 sides in each state, less than 8 KiB each', () => {
      let most = 0;
      const chunk = new Uint8Array(65_536);
      for (let i = 0; i < 1000; i++) {
        const largest = i % 2 === 0;
        const a = bench.dialler().start();
        const b = bench.listener().start();
        chunk.set(u32(2048));
        // A view of the driver's chunk must not keep the chunk alive.
        b.bytes(chunk.subarray(0, largest ? 2051 : 4));
        a.bytes(chunk.subarray(0, largest ? 2051 : 4));
        most = Math.max(most, kept(a.state), kept(b.state));
        expect(a.over || b.over).toBe(false);
        a.dispose();
        b.dispose();
      }
      for (const declared of [1024, 512]) {
        const b = bench.listener().start();
        const a = scriptedDialler();
        b.bytes(a.hello());
        const proof = a.takeReply(b.take());
        if (declared === 512) b.bytes(a.finish(proof.slice(0, 32)));
        b.bytes(cat(u32(declared), new Uint8Array(declared - 1)));
        expect(b.over).toBe(false);
        most = Math.max(most, kept(b.state));
        b.dispose();
      }
      console.log(`length bombs, ${core.name} core: at most ${most} bytes kept by a side`);
      // A view of a few bytes keeps the block alive that it shares with others.
      expect(most).toBeLessThan(8192);
      expect(bench.live).toBe(0);
    });

    it('nor for what comes behind the finish while its sender is being judged: more than OPEN and CLOSE is out of turn', () => {
      const b = bench.listener().start();
      const a = scriptedDialler();
      b.bytes(a.hello());
      const proof = a.takeReply(b.take());
      b.hold = true;
      b.bytes(cat(a.finish(proof.slice(0, 32)), a.open(), new Uint8Array(60_000)));
      expect(kept(b.state)).toBeLessThan(8192);
      expect(b.failed?.codeName).toBe('OUT_OF_TURN');
      expect(a.toDialler.read(b.take()).kind).toBe(7);
      expect(bench.ciphers).toBe(0);
    });

    it('bytes behind the hello or the reply are refused, whole chunks of them too', () => {
      const b = bench.listener().start();
      b.bytes(cat(scriptedDialler().hello(), new Uint8Array(60_000)));
      expect(b.failed?.codeName).toBe('OUT_OF_TURN');
      const a = bench.dialler().start();
      const listener = scriptedListener();
      listener.takeHello(a.take());
      a.bytes(cat(listener.reply(), new Uint8Array(60_000)));
      expect(a.failed?.codeName).toBe('OUT_OF_TURN');
    });

    it('an honest pair', () => {
      const { a, b } = handshake(bench);
      expect(a.opened && b.opened).toBeTruthy();
      a.dispose();
      b.dispose();
    });
  });
}
