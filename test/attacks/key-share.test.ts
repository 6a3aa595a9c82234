import { afterAll, describe, expect, it } from 'vitest';
import type { Opened } from '../../src/protocols/machine.ts';
import { native, pure } from '../support/cores.ts';
import { Bench, expectHonest, filled, hex, NOW, scriptedDialler, scriptedListener } from '../support/handfast.ts';
import { type Bytes, cat, ephemeralOf, firstFrame, framed, labelled, type ProofChanges, publicOf, signed } from '../support/reference.ts';

const PAIRS = native
  ? ([
      [native, native],
      [pure, pure],
      [native, pure],
      [pure, native],
    ] as const)
  : ([[pure, pure]] as const);

/** Mallory's identity and ephemerals. */
const M = { seed: filled(8), ephemeral: filled(18) };
const idM = publicOf(M.seed);

for (const [of, to] of PAIRS) {
  describe(`unknown key share, ${of.name} dials ${to.name}, Mallory between them`, () => {
    const alice = new Bench(of);
    const bob = of === to ? alice : new Bench(to);
    const sessions: { a?: Opened | undefined; b?: Opened | undefined }[] = [];
    const idA = () => alice.identity(1).publicKey;
    const idB = () => bob.identity(2).publicKey;
    const fresh = () => ({ a: alice.dialler().start(), b: bob.listener().start() });

    const over = ({ a, b }: ReturnType<typeof fresh>) => {
      sessions.push({ a: a.opened, b: b.opened });
      a.dispose();
      b.dispose();
      return { a: a.failed?.codeName ?? 'opened', b: b.failed?.codeName ?? 'opened' };
    };

    afterAll(() => {
      const wrong = sessions.filter(
        ({ a, b }) =>
          a && b && hex(a.binding) === hex(b.binding) && (hex(a.peer.publicKey) !== hex(idB()) || hex(b.peer.publicKey) !== hex(idA())),
      );
      expect(wrong).toEqual([]);
      expect(sessions.length).toBeGreaterThanOrEqual(8);
      expectHonest(alice, {}, {}, bob);
      expect(alice.end()).toEqual({ secrets: 0, ciphers: 0 });
      expect(bob.end()).toEqual({ secrets: 0, ciphers: 0 });
    });

    it('passing everything on makes the session of Alice and Bob, and Mallory has no part in it', () => {
      const { a, b } = fresh();
      b.bytes(a.take());
      a.bytes(b.take());
      b.bytes(a.take());
      a.bytes(b.take());
      expect(hex(a.opened!.peer.publicKey)).toBe(hex(idB()));
      expect(hex(b.opened!.peer.publicKey)).toBe(hex(idA()));
      over({ a, b });
    });

    /** Mallory has an exchange of its own with each; what of Bob's proof it gives Alice. */
    const toAlice = (changes: (proofOfB: Bytes) => ProofChanges) => {
      const { a, b } = fresh();
      const dials = scriptedDialler(M);
      const listens = scriptedListener(M);
      listens.takeHello(a.take());
      b.bytes(dials.hello());
      const proofOfB = dials.takeReply(b.take());
      a.bytes(listens.reply(changes(proofOfB)));
      b.feed({ kind: 'end', now: b.now });
      return over({ a, b });
    };

    it("Bob's whole proof, sealed anew for Alice", () => {
      expect(toAlice((proof) => ({ proof })).a).toBe('INVALID_SIGNATURE');
    });

    it("Bob's claim, signed anew by Mallory", () => {
      expect(toAlice((proof) => ({ proof: cat(proof.slice(0, 42), signed(M.seed, proof.slice(0, 42))) })).a).toBe('INVALID_SIGNATURE');
      expect(toAlice((proof) => ({ id: proof.slice(0, 32) })).a).toBe('INVALID_SIGNATURE');
    });

    it("Bob's signature under Mallory's id", () => {
      expect(toAlice((proof) => ({ signature: proof.slice(42) })).a).toBe('INVALID_SIGNATURE');
    });

    it("Mallory's own proof: a session with Mallory, by name, unless Alice named Bob", () => {
      const a = alice.dialler().start();
      const listens = scriptedListener(M);
      listens.takeHello(a.take());
      a.bytes(listens.reply());
      listens.takeFinish(a.take());
      a.bytes(listens.open());
      expect(hex(a.opened!.peer.publicKey)).toBe(hex(idM));
      a.dispose();
      const named = alice.dialler({ peer: bob.identity(2).id }).start();
      const again = scriptedListener(M);
      again.takeHello(named.take());
      named.bytes(again.reply());
      expect(named.failed?.codeName).toBe('UNEXPECTED_PEER');
    });

    /** Alice believes she talks to Mallory; what of her proof Mallory gives Bob. */
    const toBob = (changes: (proofOfA: Bytes, h3: Bytes) => ProofChanges, dialled = () => idB()) => {
      const { a, b } = fresh();
      const listens = scriptedListener(M);
      const dials = scriptedDialler(M);
      listens.takeHello(a.take());
      a.bytes(listens.reply());
      const proofOfA = listens.takeFinish(a.take());
      b.bytes(dials.hello());
      dials.takeReply(b.take());
      b.bytes(dials.finish(dialled(), changes(proofOfA, listens.h3)));
      a.feed({ kind: 'end', now: a.now });
      return over({ a, b });
    };

    it("Alice's proof to Mallory, sealed anew for Bob", () => {
      expect(toBob((proof) => ({ proof })).b).toBe('INVALID_SIGNATURE');
    });

    it("Alice's claim, signed anew by Mallory, and her id with another time", () => {
      expect(toBob((proof) => ({ proof: cat(proof.slice(0, 42), signed(M.seed, proof.slice(0, 42))) })).b).toBe('INVALID_SIGNATURE');
      expect(toBob((proof) => ({ id: proof.slice(0, 32), timestamp: BigInt(NOW) })).b).toBe('INVALID_SIGNATURE');
    });

    it("Mallory signs for itself but over Alice's exchange, or over another listener's id", () => {
      expect(toBob((_, h3) => ({ text: cat(labelled('initiator'), h3, idB(), idM, new Uint8Array(10)) })).b).toBe('INVALID_SIGNATURE');
      expect(
        toBob(
          () => ({}),
          () => idM,
        ).b,
      ).toBe('INVALID_SIGNATURE');
    });

    it('one ephemeral put in the place of the other', () => {
      for (const changed of ['hello', 'reply'] as const) {
        const { a, b } = fresh();
        const hello = firstFrame(a.take());
        if (changed === 'hello') hello.set(ephemeralOf(M.ephemeral), hello.length - 34);
        b.bytes(framed(hello));
        const reply = firstFrame(b.take());
        if (changed === 'reply') reply.set(ephemeralOf(M.ephemeral), 3);
        a.bytes(framed(reply));
        expect(a.failed?.codeName).toBe('BAD_TAG');
        b.bytes(a.take());
        expect(over({ a, b }).b).toBe('BAD_TAG');
      }
    });

    it("Bob's proof of one exchange in another of the same two, and the same ephemeral used by Mallory", () => {
      const first = fresh();
      const second = { a: alice.dialler({ ephemeral: 13 }).start(), b: bob.listener({ ephemeral: 14 }).start() };
      first.b.bytes(first.a.take());
      second.b.bytes(second.a.take());
      const [one, two] = [first.b.take(), second.b.take()];
      first.a.bytes(cat(one.slice(0, 41), two.slice(41)));
      second.a.bytes(one);
      expect(first.a.failed?.codeName).toBe('BAD_TAG');
      expect(second.a.failed?.codeName).toBe('BAD_TAG');
      over({ a: first.a, b: first.b });
      over({ a: second.a, b: second.b });
    });
  });
}
