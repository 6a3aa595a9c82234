import { afterAll, describe, expect, it } from 'vitest';
import type { Slab } from '../../../src/core/slab.ts';
import { HandfastError } from '../../../src/errors.ts';
import type { Traffic, TrafficOutput } from '../../../src/protocols/machine.ts';
import { FULL } from '../../support/attacks.ts';
import { cores } from '../../support/cores.ts';
import { AHEAD, Bench, expectHonest, hex, NOW, type SideChanges, scriptedListener } from '../../support/handfast.ts';
import { type Bytes, cat, type ReferenceListener, text, u16, u32, u64 } from '../../support/reference.ts';

const START = NOW + AHEAD;
const CLOSE = 7;
const DATA = 0x0a;
const empty = new Uint8Array(0);

/** What the other side reads of what the traffic sends, and how the session ended. */
interface Heard {
  records: { kind: number; body: string }[];
  peerDone: boolean;
  ended: boolean;
  why: HandfastError | undefined;
  lingerMs: number | undefined;
}

/** Traffic of the machine, and the second implementation at the other end. */
class Session {
  readonly traffic: Traffic;
  readonly peer: ReferenceListener;
  readonly slab: Slab;
  now = START;

  constructor(bench: Bench, changes: SideChanges = {}, limit = 1_049_600) {
    const a = bench.dialler(changes).start();
    const suite = changes.suites?.[0] === 'aes-256-gcm' ? 2 : 1;
    this.peer = scriptedListener({ suites: [suite] });
    this.peer.takeHello(a.take());
    a.bytes(this.peer.reply());
    const sent = a.take();
    this.peer.takeFinish(sent);
    this.peer.toListener.read(sent.slice(127));
    a.bytes(this.peer.open(limit));
    this.traffic = a.opened!.traffic;
    this.slab = bench.core.slab(1 << 20);
  }

  /** Gives bytes to the traffic until it has had enough of them. */
  hear(...chunks: Bytes[]): { messages: string[]; wanted: number; rest: number } & Heard {
    const bytes = cat(...chunks);
    this.slab.bytes.set(bytes);
    const messages: string[] = [];
    const outputs: TrafficOutput[] = [];
    for (let at = 0; ; ) {
      const received = this.traffic.open(this.slab, at, bytes.length, this.now);
      for (let i = 0; i < received.count; i++) {
        const [offset, length] = received.places.subarray(2 * i);
        messages.push(Buffer.from(this.slab.bytes.slice(offset, offset + length)).toString('latin1'));
      }
      outputs.push(...received.outputs);
      at = received.next;
      if (!received.again) return { messages, wanted: received.wanted, rest: bytes.length - at, ...this.read(outputs) };
    }
  }

  read(outputs: readonly TrafficOutput[]): Heard {
    const heard: Heard = { records: [], peerDone: false, ended: false, why: undefined, lingerMs: undefined };
    for (const output of outputs) {
      // Nothing comes after the end.
      expect(heard.ended).toBe(false);
      if (output.kind === 'send') {
        const { kind, body } = this.peer.toListener.read(output.data);
        heard.records.push({ kind, body: hex(body) });
      } else if (output.kind === 'peer-done') heard.peerDone = true;
      else if (output.kind === 'ended') {
        heard.ended = true;
        heard.why = output.why;
        heard.lingerMs = output.lingerMs;
      }
    }
    return heard;
  }

  tick(at: number): Heard {
    this.now = at;
    return this.read(this.traffic.tick(at));
  }

  data(message: string): Bytes {
    return this.peer.toDialler.record(DATA, text(message));
  }

  say(kind: number, body: Bytes = empty): Bytes {
    return this.peer.toDialler.record(kind, body);
  }

  /** Seals payloads, and gives the whole records. */
  seal(payloads: Bytes[]): Bytes[] {
    const { before, after } = this.traffic;
    const places = new Uint32Array(2 * payloads.length);
    let at = 0;
    for (const [i, payload] of payloads.entries()) {
      places.set([at + before, payload.length], 2 * i);
      this.slab.bytes.set(payload, at + before);
      at += before + payload.length + after;
    }
    this.traffic.seal(this.slab, places, payloads.length, this.now);
    return payloads.map((payload, i) => this.slab.bytes.slice(places[2 * i] - before, places[2 * i] + payload.length + after));
  }

  end(): void {
    this.traffic.wipe();
    this.slab.release();
  }
}

for (const core of cores) {
  describe(`traffic, ${core.name} core`, () => {
    const bench = new Bench(core);
    afterAll(() => {
      expectHonest(bench);
      expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 });
      expect(core.slabs.leased).toBe(0);
    });

    /** One session, ended afterwards. */
    const session = (run: (session: Session) => void, changes?: SideChanges, limit?: number) => {
      const one = new Session(bench, changes, limit);
      try {
        run(one);
      } finally {
        one.end();
      }
    };

    /** A record that ends the session at once, with a CLOSE that says why. */
    const fatal = (code: string, wire: number, record: (s: Session) => Bytes, changes?: SideChanges) =>
      session((s) => {
        const { messages, records, why, ended, lingerMs } = s.hear(s.data('before'), record(s));
        expect(messages).toEqual(['before']);
        expect(why?.codeName).toBe(code);
        expect(why?.remote).toBeUndefined();
        expect(ended).toBe(true);
        expect(lingerMs).toBe(1000);
        expect(records.length).toBe(1);
        expect(records[0].kind).toBe(CLOSE);
        expect(records[0].body.slice(0, 4)).toBe(wire.toString(16).padStart(4, '0'));
        // Over is over.
        expect(s.hear(s.data('after'))).toMatchObject({ messages: [], records: [], ended: false, rest: 0 });
        expect(s.traffic.deadline).toBe(Number.POSITIVE_INFINITY);
        expect(s.traffic.tick(s.now + 1e9)).toEqual([]);
        expect(s.traffic.end(s.now)).toEqual([]);
        expect(s.traffic.close(s.now)).toEqual([]);
        expect(() => s.seal([empty])).toThrow(expect.objectContaining({ code: 'HF_CLOSED' }));
      }, changes);

    for (const suite of ['chacha20-poly1305', 'aes-256-gcm'] as const) {
      it(`messages both ways, also empty ones, in order, ${suite}`, () => {
        session(
          (s) => {
            expect(s.hear(s.data('one'), s.data(''), s.say(5, u64(7n)), s.data('two'))).toMatchObject({
              messages: ['one', '', 'two'],
              records: [{ kind: 6, body: '0000000000000007' }],
              ended: false,
              rest: 0,
            });
            const sealed = s.seal([text('first'), empty, text('second')]);
            expect(sealed.map((record) => s.peer.toListener.read(record))).toEqual([
              { kind: DATA, body: text('first') },
              { kind: DATA, body: empty },
              { kind: DATA, body: text('second') },
            ]);
            expect(sealed.map(({ length }) => length - 21)).toEqual([5, 0, 6]);
          },
          { suites: [suite] },
        );
      });

      // AES in TypeScript is slow; the recorded vectors have its change of key.
      if (core.name === 'native' || suite === 'chacha20-poly1305' || FULL)
        it(`the key changes at record 65,536 of each direction, ${suite}`, () => {
          session(
            (s) => {
              const { toListener, toDialler } = s.peer;
              // Both sides have sent OPEN: record 0.
              const batch = Array.from({ length: 2048 }, () => text('m'));
              let last: Bytes[] = [];
              for (let i = 0; i < 32; i++) last = s.seal(batch);
              toListener.counter = 1n + 31n * 2048n;
              for (const record of last) expect(toListener.read(record).kind).toBe(DATA);
              expect(toListener.counter).toBe(65_537n);
              let heard = 0;
              for (let i = 0; i < 64; i++) {
                const { messages, ended } = s.hear(...Array.from({ length: 1025 }, () => toDialler.record(DATA)));
                expect(ended).toBe(false);
                heard += messages.length;
              }
              expect(heard).toBe(65_600);
              expect(toDialler.counter).toBe(65_601n);
            },
            { suites: [suite] },
          );
        });
    }

    it('more records in a chunk than the table holds are opened in several calls', () => {
      session((s) => {
        const messages = Array.from({ length: 2500 }, (_, i) => `${i}`);
        expect(s.hear(...messages.map((message) => s.data(message))).messages).toEqual(messages);
      });
    });

    it('a record that is not whole stays where it is, and says how much it needs', () => {
      session((s) => {
        for (const cut of [0, 1, 3])
          expect(s.hear(s.data('x'), u32(17).slice(0, cut))).toMatchObject({ messages: ['x'], wanted: 0, rest: cut });
        for (const cut of [4, 5, 31]) {
          session((other) => {
            const whole = other.data('whole later');
            expect(other.hear(whole.slice(0, cut))).toMatchObject({ messages: [], wanted: whole.length, rest: cut, ended: false });
            expect(other.hear(whole).messages).toEqual(['whole later']);
          });
        }
      });
    });

    for (const [name, code, wire, record] of [
      ['a length of 0, with its four bytes', 'MALFORMED', 0x0101, () => u32(0)],
      ['a length of 16', 'MALFORMED', 0x0101, () => u32(16)],
      ['a length of one more than we accept', 'TOO_LARGE', 0x0102, () => u32(1_049_601)],
      ['a length of 2^32 - 1', 'TOO_LARGE', 0x0102, () => u32(0xffff_ffff)],
      ['a second OPEN', 'OUT_OF_TURN', 0x0103, (s: Session) => s.say(0, cat(u32(65_536), [0, 0]))],
      ['a broadcast where nobody asked for gossip', 'OUT_OF_TURN', 0x0103, (s: Session) => s.say(4, new Uint8Array(150))],
      ['announced ids where nobody asked for gossip', 'OUT_OF_TURN', 0x0103, (s: Session) => s.say(8, new Uint8Array(32))],
      ['wanted ids where nobody asked for gossip', 'OUT_OF_TURN', 0x0103, (s: Session) => s.say(9, new Uint8Array(32))],
      ['a PING of 7 bytes', 'MALFORMED', 0x0101, (s: Session) => s.say(5, new Uint8Array(7))],
      ['a PING of 9 bytes', 'MALFORMED', 0x0101, (s: Session) => s.say(5, new Uint8Array(9))],
      ['a PONG of 0 bytes', 'MALFORMED', 0x0101, (s: Session) => s.say(6)],
      ['CLOSE without a code', 'MALFORMED', 0x0101, (s: Session) => s.say(CLOSE, Uint8Array.of(0))],
      ['CLOSE with a reason of 201 bytes', 'MALFORMED', 0x0101, (s: Session) => s.say(CLOSE, new Uint8Array(203))],
      ['CLOSE with the code of an answer', 'MALFORMED', 0x0101, (s: Session) => s.say(CLOSE, u16(0x0404))],
      ['DIRECT with id 0', 'MALFORMED', 0x0101, (s: Session) => s.say(1, cat(u64(0n), u32(1), [0]))],
      ['DIRECT with no time left', 'MALFORMED', 0x0101, (s: Session) => s.say(1, cat(u64(1n), u32(0), [0]))],
      ['DIRECT with 600,001 ms', 'MALFORMED', 0x0101, (s: Session) => s.say(1, cat(u64(1n), u32(600_001), [0]))],
      ['DIRECT with a topic longer than the record', 'MALFORMED', 0x0101, (s: Session) => s.say(1, cat(u64(1n), u32(1), [3, 65, 66]))],
      ['DIRECT with a topic that is not UTF-8', 'MALFORMED', 0x0101, (s: Session) => s.say(1, cat(u64(1n), u32(1), [1, 0xff]))],
      ['DIRECT without a topic length', 'MALFORMED', 0x0101, (s: Session) => s.say(1, cat(u64(1n), u32(1)))],
      ['RESPONSE without a whole id', 'MALFORMED', 0x0101, (s: Session) => s.say(2, new Uint8Array(7).fill(1))],
      ['RESPONSE with id 0', 'MALFORMED', 0x0101, (s: Session) => s.say(2, u64(0n))],
      ['ERROR with id 0', 'MALFORMED', 0x0101, (s: Session) => s.say(3, cat(u64(0n), u16(0x0401)))],
      ['ERROR without a code', 'MALFORMED', 0x0101, (s: Session) => s.say(3, cat(u64(1n), [4]))],
      ['ERROR with a code that is none of answers', 'MALFORMED', 0x0101, (s: Session) => s.say(3, cat(u64(1n), u16(0x0101)))],
      ['ERROR with a reason of 201 bytes', 'MALFORMED', 0x0101, (s: Session) => s.say(3, cat(u64(1n), u16(0x0401), new Uint8Array(201)))],
    ] as const) {
      it(`ends over ${name}: ${code}`, () => fatal(code, wire, record));
    }

    it('ends over unknown kinds', () => {
      for (const kind of [0x0b, 0x0c, 0x10, 0x7f, 0x80, 0x8a, 0xff]) fatal('MALFORMED', 0x0101, (s) => s.say(kind));
    });

    it('ends over a record that does not open: turned bits, played again, left out, changed over, another length', () => {
      const turned = (record: Bytes, at: number) => {
        record[at] ^= 0x10;
        return record;
      };
      fatal('BAD_TAG', 0x0104, (s) => turned(s.data('x'), 4));
      fatal('BAD_TAG', 0x0104, (s) => turned(s.data('x'), 6));
      fatal('BAD_TAG', 0x0104, (s) => turned(s.data('x'), 21));
      fatal('BAD_TAG', 0x0104, (s) => cat(u32(17), s.data('xy').slice(4, 21)));
      fatal('BAD_TAG', 0x0104, (s) => {
        s.data('left out');
        return s.data('x');
      });
      fatal('BAD_TAG', 0x0104, (s) => {
        const first = s.data('1');
        return cat(s.data('2'), first);
      });
      session((s) => {
        const record = s.data('once');
        expect(s.hear(record, record)).toMatchObject({ messages: ['once'], why: { codeName: 'BAD_TAG' } });
      });
    });

    it('keeps the limit it stated: 65,536 bytes and not one more', () => {
      const changes = { maxMessage: 64_512 };
      fatal('TOO_LARGE', 0x0102, () => u32(65_537), changes);
      session((s) => {
        expect(s.hear(s.say(DATA, new Uint8Array(65_536 - 17))).messages[0].length).toBe(65_519);
      }, changes);
      session((s) => expect(s.traffic.largestPayload).toBe(70_000 - 17), {}, 70_000);
    });

    it('answers DIRECT with NO_HANDLER and the same id, and ignores answers and PONGs that nobody waits for', () => {
      session((s) => {
        expect(
          s.hear(
            s.say(1, cat(u64(2n ** 64n - 1n), u32(600_000), [5], text('topic'), text('payload'))),
            s.say(1, cat(u64(1n), u32(1), [0])),
            s.say(2, u64(9n)),
            s.say(3, cat(u64(9n), u16(0x04ff), text('why'))),
            s.say(6, u64(3n)),
            s.data('after'),
          ),
        ).toMatchObject({
          records: [
            { kind: 3, body: 'ffffffffffffffff0401' },
            { kind: 3, body: '00000000000000010401' },
          ],
          messages: ['after'],
          ended: false,
        });
      });
    });

    it('both sides close, this one first: what comes until then is delivered', () => {
      session((s) => {
        expect(s.read(s.traffic.close(s.now))).toMatchObject({ records: [{ kind: CLOSE, body: '0000' }], ended: false });
        expect(s.traffic.close(s.now)).toEqual([]);
        expect(() => s.seal([empty])).toThrow(expect.objectContaining({ code: 'HF_CLOSED' }));
        // After our CLOSE nothing of ours may follow: PINGs and requests are left without an answer.
        expect(s.hear(s.data('late'), s.say(5, u64(1n)), s.say(1, cat(u64(1n), u32(1), [0])))).toMatchObject({
          messages: ['late'],
          records: [],
          ended: false,
        });
        expect(s.hear(s.data('last'), s.say(CLOSE, u16(0)), s.data('behind CLOSE'))).toMatchObject({
          messages: ['last'],
          records: [],
          peerDone: true,
          ended: true,
          why: undefined,
          lingerMs: 0,
        });
        expect(s.traffic.end(s.now)).toEqual([]);
      });
    });

    it('both sides close, the other one first: this one may still send', () => {
      for (const code of [0x0000, 0x0304]) {
        session((s) => {
          expect(s.hear(s.say(CLOSE, u16(code)))).toMatchObject({ peerDone: true, ended: false, records: [] });
          // A CLOSE is the last record of its direction.
          expect(s.hear(s.data('behind CLOSE'))).toMatchObject({ messages: [], ended: false, rest: 0 });
          expect(s.peer.toListener.read(s.seal([text('owed')])[0]).body).toEqual(text('owed'));
          expect(s.read(s.traffic.close(s.now, { code: 'SHUTTING_DOWN', reason: 'bye' }))).toMatchObject({
            records: [{ kind: CLOSE, body: `0304${hex(text('bye'))}` }],
            ended: true,
            why: undefined,
          });
        });
      }
    });

    it('the stream ends after the other CLOSE: ours is sent and all is well; before it: TRUNCATED', () => {
      session((s) => {
        s.hear(s.say(CLOSE, u16(0)));
        expect(s.read(s.traffic.end(s.now))).toMatchObject({ records: [{ kind: CLOSE, body: '0000' }], ended: true, why: undefined });
        expect(s.traffic.end(s.now)).toEqual([]);
      });
      session((s) => {
        expect(s.read(s.traffic.end(s.now))).toMatchObject({ records: [], ended: true, why: { code: 'HF_TRUNCATED', blame: 'network' } });
        expect(s.traffic.end(s.now)).toEqual([]);
      });
      session((s) => {
        s.read(s.traffic.close(s.now));
        s.hear(s.data('half').slice(0, 10));
        expect(s.read(s.traffic.end(s.now))).toMatchObject({ records: [], why: { code: 'HF_TRUNCATED' } });
      });
    });

    it('a CLOSE with a fault ends the session with what the other side proved to have said, shown escaped', () => {
      session((s) => {
        const heard = s.hear(s.data('before'), s.say(CLOSE, cat(u16(0x0303), text('a "better" one\u202e\n'))), s.data('behind'));
        expect(heard).toMatchObject({ messages: ['before'], records: [{ kind: CLOSE, body: '0000' }], ended: true });
        expect(heard.why).toMatchObject({ code: 'HF_DUPLICATE_CONNECTION', remote: 'proved', charged: false });
        expect(heard.why!.message).toContain('a \\u{22}better\\u{22} one\\u{202e}\\u{a}');
      });
      session((s) => {
        s.read(s.traffic.close(s.now));
        expect(s.hear(s.say(CLOSE, u16(0x0999)))).toMatchObject({
          records: [],
          ended: true,
          why: { code: 'HF_REFUSED', remote: 'proved' },
        });
      });
    });

    it('this side refuses to go on: CLOSE with its reason, and the end', () => {
      session((s) => {
        const heard = s.read(s.traffic.close(s.now, { code: 'BANNED', reason: 'é'.repeat(150) }));
        expect(heard).toMatchObject({ ended: true, why: { code: 'HF_BANNED' }, lingerMs: 1000 });
        expect(heard.records).toEqual([{ kind: CLOSE, body: `020a${hex(text('é'.repeat(100)))}` }]);
        expect(s.hear(s.data('x')).messages).toEqual([]);
      });
      session((s) => {
        // A fault found after our own CLOSE is reported but no second CLOSE is sent.
        s.read(s.traffic.close(s.now));
        expect(s.hear(s.say(0xee))).toMatchObject({ records: [], ended: true, why: { code: 'HF_MALFORMED' } });
      });
    });

    it('PING after 30 s without a word of ours, never earlier, numbered, and moved by whatever we send', () => {
      session((s) => {
        expect(s.traffic.deadline).toBe(START + 30_000);
        expect(s.tick(START + 29_999).records).toEqual([]);
        expect(s.tick(START + 30_000).records).toEqual([{ kind: 5, body: '0000000000000001' }]);
        expect(s.traffic.deadline).toBe(START + 60_000);
        s.now = START + 40_000;
        s.peer.toListener.read(s.seal([text('moves it')])[0]);
        expect(s.tick(START + 69_999).records).toEqual([]);
        expect(s.tick(START + 70_000).records).toEqual([{ kind: 5, body: '0000000000000002' }]);
        s.now = START + 80_000;
        expect(s.hear(s.say(5, u64(5n))).records).toEqual([{ kind: 6, body: '0000000000000005' }]);
        expect(s.tick(START + 109_999).records).toEqual([]);
        expect(s.tick(START + 110_000).records.length).toBe(1);
      });
    });

    it('PING_TIMEOUT after 90 s without a whole record; half of one does not count', () => {
      session((s) => {
        s.tick(START + 30_000);
        s.tick(START + 60_000);
        s.now = START + 80_000;
        const record = s.data('slow');
        s.hear(record.slice(0, record.length - 1));
        expect(s.tick(START + 89_999).ended).toBe(false);
        const heard = s.tick(START + 90_000);
        expect(heard).toMatchObject({ ended: true, why: { code: 'HF_PING_TIMEOUT', blame: 'network' } });
        expect(heard.records[0].body.slice(0, 4)).toBe('0305');
      });
      session((s) => {
        s.now = START + 89_999;
        s.hear(s.data('just in time'));
        expect(s.tick(START + 90_000).ended).toBe(false);
        expect(s.tick(START + 179_998).ended).toBe(false);
        expect(s.tick(START + 179_999).why?.codeName).toBe('PING_TIMEOUT');
      });
      session((s) => {
        // Also while we wait for the other CLOSE; no PING is sent then.
        s.read(s.traffic.close(s.now));
        expect(s.traffic.deadline).toBe(START + 90_000);
        expect(s.tick(START + 40_000).records).toEqual([]);
        expect(s.tick(START + 90_000)).toMatchObject({ records: [], ended: true, why: { code: 'HF_PING_TIMEOUT' } });
      });
    });

    it('pauses of our own reading are not held against the other side', () => {
      session((s) => {
        s.traffic.reading(false, START + 10_000);
        s.traffic.reading(false, START + 20_000);
        expect(s.tick(START + 1_000_000).ended).toBe(false);
        expect(s.traffic.deadline).toBe(START + 1_030_000);
        s.traffic.reading(true, START + 1_000_000);
        s.traffic.reading(true, START + 1_000_001);
        // 10 s were gone before the pause.
        expect(s.tick(START + 1_079_999).ended).toBe(false);
        expect(s.tick(START + 1_080_000).why?.codeName).toBe('PING_TIMEOUT');
      });
      session((s) => {
        // What was kept from before the pause and opened during it does not count twice.
        s.traffic.reading(false, START + 10_000);
        s.now = START + 50_000;
        expect(s.hear(s.data('kept')).messages).toEqual(['kept']);
        s.traffic.reading(true, START + 60_000);
        expect(s.tick(START + 149_999).ended).toBe(false);
        expect(s.tick(START + 150_000).why?.codeName).toBe('PING_TIMEOUT');
      });
    });

    it('a flood of PINGs gets one answer each and no more, and messages between them arrive', () => {
      session((s) => {
        const chunk: Bytes[] = [];
        for (let i = 0; i < 5000; i++) chunk.push(s.say(5, u64(BigInt(i))), ...(i % 1000 === 0 ? [s.data(`${i}`)] : []));
        const { records, messages } = s.hear(...chunk);
        expect(messages).toEqual(['0', '1000', '2000', '3000', '4000']);
        expect(records).toEqual(Array.from({ length: 5000 }, (_, i) => ({ kind: 6, body: hex(u64(BigInt(i))) })));
      });
    });

    it('after wipe nothing can be opened or sealed', () => {
      const s = new Session(bench);
      const record = s.data('x');
      s.traffic.wipe();
      expect(s.hear(record)).toMatchObject({ messages: [], ended: false });
      expect(() => s.seal([empty])).toThrow(HandfastError);
      s.slab.release();
      expect(bench.ciphers).toBe(0);
    });
  });
}
