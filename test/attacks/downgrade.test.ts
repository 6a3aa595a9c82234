import { afterAll, describe, expect, it } from 'vitest';
import { Tally } from '../support/attacks.ts';
import { native, pure } from '../support/cores.ts';
import { Bench, expectHonest, NOW, type SideChanges, scriptedDialler, scriptedListener } from '../support/handfast.ts';
import { cat, firstFrame, framed, text, u16 } from '../support/reference.ts';

const BOTH: SideChanges = { suites: ['aes-256-gcm', 'chacha20-poly1305'] };
const PAIRS = native
  ? ([
      [native, native],
      [pure, pure],
      [native, pure],
      [pure, native],
    ] as const)
  : ([[pure, pure]] as const);

/** A hello as its lists, and back. */
function parts(frame: Uint8Array) {
  const versions = [...frame.slice(2, 2 + frame[1])];
  const at = 2 + versions.length;
  const suites = [...frame.slice(at + 1, at + 1 + frame[at])];
  return { versions, suites, rest: frame.slice(at + 1 + suites.length) };
}

function put(versions: number[], suites: number[], rest: Uint8Array): Uint8Array {
  return framed(cat([1, versions.length, ...versions, suites.length, ...suites], rest));
}

/** Every list that somebody between them could make of an offered one: parts of it, more of it, lower, another order. */
function lists(offered: number[]): number[][] {
  const found: number[][] = [
    [],
    [0],
    [0, ...offered],
    [...offered, 200],
    [...offered, ...offered],
    offered.toReversed(),
    offered.map((each) => each - 1),
    offered.map((each) => each + 1),
  ];
  for (let mask = 0; mask < 2 ** offered.length; mask++) found.push(offered.filter((_, i) => (mask >> i) & 1));
  return found.filter((list) => list.join() !== offered.join());
}

for (const [of, to] of PAIRS) {
  describe(`downgrade, ${of.name} dials ${to.name}`, () => {
    const alice = new Bench(of);
    const bob = of === to ? alice : new Bench(to);
    afterAll(() => {
      expect(alice.end()).toEqual({ secrets: 0, ciphers: 0 });
      expect(bob.end()).toEqual({ secrets: 0, ciphers: 0 });
    });

    it('without anybody between them the listener gets the suite it prefers', () => {
      for (const suites of [BOTH.suites!, BOTH.suites!.toReversed()]) {
        const a = alice.dialler(BOTH).start();
        const b = bob.listener({ suites }).start();
        b.bytes(a.take());
        a.bytes(b.take());
        b.bytes(a.take());
        a.bytes(b.take());
        expect(a.opened!.info.suite).toBe(suites[0]);
        expect(b.opened!.info.suite).toBe(suites[0]);
        a.dispose();
        b.dispose();
      }
    });

    it('every changed list of the hello, and every changed choice of the reply: 0 opened', () => {
      const tally = new Tally();
      const tried = (change: { versions?: number[]; suites?: number[]; choice?: [number, number]; tail?: Uint8Array }) => {
        const a = alice.dialler(BOTH).start();
        const b = bob.listener(BOTH).start();
        const { versions, suites, rest } = parts(firstFrame(a.take()));
        b.bytes(put(change.versions ?? versions, change.suites ?? suites, change.tail ? cat(rest.slice(0, -2), change.tail) : rest));
        const reply = b.take();
        if (change.choice && !b.over) reply.set(change.choice, 5);
        a.bytes(reply);
        expect(a.opened).toBeUndefined();
        if (!b.over) b.bytes(a.take());
        expect(b.opened).toBeUndefined();
        tally.add(a.failed!.codeName);
        a.dispose();
        b.dispose();
      };
      for (const versions of lists([1])) tried({ versions });
      for (const suites of lists([1, 2])) tried({ suites });
      for (let version = 0; version < 256; version++) if (version !== 1) tried({ choice: [version, 2] });
      for (let suite = 0; suite < 256; suite++) if (suite !== 2) tried({ choice: [1, suite] });
      tried({ tail: cat(u16(4), u16(9), u16(0)) });
      console.log(`downgrade, ${of.name} dials ${to.name}: 0 opened of ${tally.total} (${tally})`);
      expect(tally.total).toBeGreaterThan(520);
      expect(alice.live).toBe(0);
    });

    it('a forged refusal ends this attempt, unauthenticated, and changes nothing about the next', () => {
      for (const code of [0x0201, 0x0202, 0x0203, 0x020a, 0x0106]) {
        const a = alice.dialler(BOTH).start();
        const hello = a.take();
        a.bytes(framed(cat([0x7f], u16(code), text('try something older'))));
        expect(a.failed).toMatchObject({ remote: 'claimed', blame: 'network', charged: false });
        expect(a.take().length).toBe(0);
        const again = alice.dialler(BOTH).start();
        expect(Buffer.compare(again.take(), hello)).toBe(0);
        again.dispose();
      }
      expectHonest(alice, BOTH, BOTH, bob);
    });
  });
}

describe('later versions', () => {
  const bench = new Bench(pure);
  afterAll(() => expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 }));

  it('a dialler that offers later versions and unknown suites and extensions too gets version 1 and what is in common', () => {
    const b = bench.listener().start();
    const a = scriptedDialler();
    b.bytes(
      a.hello({
        versions: [1, 2, 9, 255],
        suites: [1, 7, 200],
        extensions: [
          [5, text('new')],
          [0x7f00, text('')],
        ],
      }),
    );
    const proof = a.takeReply(b.take());
    b.bytes(a.finish(proof.slice(0, 32), { extensions: [[0x7fff, text('x')]] }));
    b.bytes(
      a.open(65_536, [
        [1, text('later')],
        [2, text('')],
        [9, text('unknown')],
      ]),
    );
    expect(b.opened?.info).toMatchObject({ version: 1, suite: 'chacha20-poly1305', agent: 'later', largestRecord: 65_536 });
    b.dispose();
  });

  it('so does a listener', () => {
    const a = bench.dialler().start();
    const b = scriptedListener({ timestamp: BigInt(NOW) });
    b.takeHello(a.take());
    a.bytes(b.reply({ headExtensions: [[3, text('new')]], extensions: [[0x7f01, text('x')]] }));
    b.takeFinish(a.take());
    a.bytes(b.open(16_778_240, [[0x7f02, text('y')]]));
    expect(a.opened?.info).toMatchObject({ largestRecord: 16_778_240 });
    expect(a.opened!.traffic.largestPayload).toBe(16_778_240 - 17);
    a.dispose();
  });
});
