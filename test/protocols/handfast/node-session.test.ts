import { afterAll, describe, expect, it } from 'vitest';
import type { Slab } from '../../../src/core/slab.ts';
import type { Opened, TrafficOutput } from '../../../src/protocols/machine.ts';
import { cores } from '../../support/cores.ts';
import { AHEAD, Bench, handshake, hex, NOW, type SideChanges, scriptedListener } from '../../support/handfast.ts';
import { type Bytes, cat, type Extensions, type ReferenceListener, text, u16, u32, u64 } from '../../support/reference.ts';

const BOOT = new Uint8Array(16).fill(0xb0);
const NODE: [number, Bytes] = [2, new Uint8Array(0)];
const DIRECT = cat(u64(1n), u32(1000), [0], text('payload'));

/** Traffic of a node, and the second implementation at the other end. */
class NodeSession {
  readonly opened: Opened;
  readonly peer: ReferenceListener;
  readonly ownOpen: Bytes;
  readonly slab: Slab;

  constructor(bench: Bench, extensions: Extensions = [NODE], changes: SideChanges = {}) {
    const a = bench.dialler({ node: true, bootId: BOOT, ...changes }).start();
    this.peer = scriptedListener({ suites: [1] });
    this.peer.takeHello(a.take());
    a.bytes(this.peer.reply());
    const sent = a.take();
    this.peer.takeFinish(sent);
    this.ownOpen = this.peer.toListener.read(sent.slice(127)).body;
    a.bytes(this.peer.open(1_049_600, extensions));
    this.opened = a.opened!;
    this.slab = bench.core.slab(1 << 16);
  }

  /** @returns messages in hex, and what was sent: kinds and bodies. */
  hear(...records: [kind: number, body: Bytes][]) {
    const bytes = cat(...records.map(([kind, body]) => this.peer.toDialler.record(kind, body)));
    this.slab.bytes.set(bytes);
    const { places, count, outputs } = this.opened.traffic.open(this.slab, 0, bytes.length, NOW + AHEAD);
    const messages: string[] = [];
    for (let i = 0; i < count; i++) messages.push(hex(this.slab.bytes.slice(places[2 * i], places[2 * i] + places[2 * i + 1])));
    return { messages, ...this.sent(outputs) };
  }

  sent(outputs: readonly TrafficOutput[]) {
    const records: { kind: number; body: string }[] = [];
    let why: string | undefined;
    for (const output of outputs) {
      if (output.kind === 'send') {
        const { kind, body } = this.peer.toListener.read(output.data);
        records.push({ kind, body: hex(body) });
      } else if (output.kind === 'ended') why = output.why?.codeName ?? 'well';
    }
    return { records, why };
  }

  seal(record: Bytes): { kind: number; body: Bytes } {
    const { before, after } = this.opened.traffic;
    this.slab.bytes.set(record, before);
    this.opened.traffic.seal(this.slab, Uint32Array.of(before, record.length), 1, NOW + AHEAD);
    return this.peer.toListener.read(this.slab.bytes.slice(0, before + record.length + after));
  }

  end(): void {
    this.opened.traffic.wipe();
    this.slab.release();
  }
}

for (const core of cores) {
  describe(`sessions of nodes, ${core.name} core`, () => {
    const bench = new Bench(core);
    afterAll(() => {
      expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 });
      expect(core.slabs.leased).toBe(0);
    });

    const session = (run: (session: NodeSession) => void, extensions?: Extensions, changes?: SideChanges) => {
      const one = new NodeSession(bench, extensions, changes);
      try {
        run(one);
      } finally {
        one.end();
      }
    };

    it('OPEN says node and the boot id, in rising order behind the agent', () => {
      session((s) => expect(hex(s.ownOpen)).toBe(hex(cat(u32(1_049_600), u16(24), u16(2), u16(0), u16(3), u16(16), BOOT))));
      session(
        (s) => expect(hex(s.ownOpen).slice(12)).toBe(hex(cat(u16(1), u16(1), text('x'), u16(2), u16(0), u16(3), u16(16), BOOT))),
        [NODE],
        { agent: 'x' },
      );
      session((s) => expect(hex(s.ownOpen).slice(12)).toBe(hex(cat(u16(2), u16(0)))), [NODE], { bootId: undefined });
    });

    it('both sides learn whether the other is a node, its boot id, and the sum of both timestamps', () => {
      const other = new Uint8Array(16).fill(0xb1);
      const { a, b } = handshake(bench, { node: true, bootId: BOOT }, { node: true, bootId: other });
      expect(a.opened?.info).toMatchObject({ node: true, bootId: hex(other), timestampSum: 2 * NOW + AHEAD });
      expect(b.opened?.info).toMatchObject({ node: true, bootId: hex(BOOT), timestampSum: 2 * NOW + AHEAD });
      a.dispose();
      b.dispose();
      const mixed = handshake(bench, { node: true, bootId: BOOT }, {});
      expect(mixed.a.opened?.info).toMatchObject({ node: false });
      expect(mixed.a.opened?.info).not.toHaveProperty('bootId');
      expect(mixed.b.opened?.info).not.toHaveProperty('node');
      mixed.a.dispose();
      mixed.b.dispose();
    });

    it.each([0, 15, 17])('a boot id of %i bytes is MALFORMED', (length) => {
      const a = bench.dialler({ node: true }).start();
      const peer = scriptedListener({ suites: [1] });
      peer.takeHello(a.take());
      a.bytes(peer.reply());
      peer.takeFinish(a.take());
      a.bytes(peer.open(1_049_600, [[3, new Uint8Array(length)]]));
      expect(a.failed?.code).toBe('HF_MALFORMED');
    });

    it('every record but OPEN, PING and CLOSE is handed on with its kind, in order', () => {
      session((s) => {
        const gossip = new Uint8Array(32);
        const heard = s.hear(
          [1, DIRECT],
          [5, u64(9n)],
          [2, u64(1n)],
          [3, cat(u64(1n), u16(0x401))],
          [4, gossip],
          [8, gossip],
          [9, gossip],
          [6, u64(2n)],
          [10, text('d')],
          [10, text('')],
        );
        expect(heard.messages).toEqual([
          `01${hex(DIRECT)}`,
          `02${hex(u64(1n))}`,
          `03${hex(cat(u64(1n), u16(0x401)))}`,
          `04${hex(gossip)}`,
          `08${hex(gossip)}`,
          `09${hex(gossip)}`,
          `06${hex(u64(2n))}`,
          `0a${hex(text('d'))}`,
          '0a',
        ]);
        expect(heard.records).toEqual([{ kind: 6, body: hex(u64(9n)) }]);
        expect(heard.why).toBeUndefined();
      });
    });

    it('records are sealed as they are given, up to one byte more than a payload', () => {
      session((s) => {
        expect(s.seal(cat([1], DIRECT))).toEqual({ kind: 1, body: DIRECT });
        expect(s.seal(Uint8Array.of(0x0a))).toEqual({ kind: 0x0a, body: new Uint8Array(0) });
        expect(s.opened.traffic.largestPayload).toBe(1_049_600 - 16);
        expect(s.opened.traffic.before).toBe(4);
      });
    });

    it('gossip from a side that did not say node is OUT_OF_TURN; requests are not', () => {
      for (const kind of [4, 8, 9]) {
        session((s) => {
          const { messages, why } = s.hear([1, DIRECT], [kind, new Uint8Array(32)]);
          expect(messages).toEqual([`01${hex(DIRECT)}`]);
          expect(why).toBe('OUT_OF_TURN');
        }, []);
      }
    });

    it.each([
      ['a second OPEN', 'OUT_OF_TURN', 0, cat(u32(65_536), [0, 0])],
      ['an unknown kind', 'MALFORMED', 0x0b, new Uint8Array(8)],
      ['a PONG of 7 bytes', 'MALFORMED', 6, new Uint8Array(7)],
      ['a PONG of 9 bytes', 'MALFORMED', 6, new Uint8Array(9)],
      ['a PING of 7 bytes', 'MALFORMED', 5, new Uint8Array(7)],
    ])('%s ends it: %s', (_name, code, kind, body) => {
      session((s) => expect(s.hear([kind, body]).why).toBe(code));
    });

    it('the traffic counts its own PINGs from 2^63, and keeps their PONGs to itself', () => {
      session((s) => {
        const { records } = s.sent(s.opened.traffic.tick(NOW + AHEAD + 30_000));
        expect(records).toEqual([{ kind: 5, body: hex(u64((1n << 63n) + 1n)) }]);
        expect(s.hear([6, u64((1n << 63n) + 1n)], [6, u64((1n << 63n) - 1n)]).messages).toEqual([`06${hex(u64((1n << 63n) - 1n))}`]);
      });
    });

    it('what anybody on the path could have written is marked, what an opened record contained is not', () => {
      const errorOf = (run: (s: NodeSession) => Bytes) => {
        let found: { unproved?: boolean; code?: string } = {};
        session((s) => {
          const bytes = run(s);
          s.slab.bytes.set(bytes);
          const { outputs } = s.opened.traffic.open(s.slab, 0, bytes.length, NOW + AHEAD);
          const ended = outputs.find(({ kind }) => kind === 'ended');
          found = ended?.kind === 'ended' ? (ended.why ?? {}) : {};
        });
        return [found.code, found.unproved];
      };
      const spoilt = (s: NodeSession) => {
        const record = s.peer.toDialler.record(1, DIRECT);
        record[9] ^= 1;
        return record;
      };
      expect(errorOf(spoilt)).toEqual(['HF_BAD_TAG', true]);
      expect(errorOf(() => u32(0xffff_ffff))).toEqual(['HF_TOO_LARGE', true]);
      expect(errorOf(() => u32(1))).toEqual(['HF_MALFORMED', true]);
      expect(errorOf((s) => s.peer.toDialler.record(0x0b))).toEqual(['HF_MALFORMED', undefined]);
    });
  });
}
