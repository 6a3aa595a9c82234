/** What is sent in a session, spoilt on the way: it ends that session, delivers nothing, and an honest pair beside it loses nothing. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { Core } from '../../src/core/core.ts';
import { FRAMING, sealRecord } from '../../src/protocols/handfast/records.ts';
import { settingsOf } from '../../src/protocols/handfast/settings.ts';
import { HandfastTraffic } from '../../src/protocols/handfast/traffic.ts';
import type { Session } from '../../src/transport/session.ts';
import { type Attacked, attacked, dispose, type Sent } from '../support/attacked.ts';
import { FULL, spoilt, Tally } from '../support/attacks.ts';
import { cores, native } from '../support/cores.ts';
import { Bench } from '../support/handfast.ts';
import { Random, seedOfRun } from '../support/random.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const seed = seedOfRun();
const quick = (core: Core): boolean => core === (native ?? core);
/** Spoilt records of each protocol, and messages of the honest pair meanwhile. */
const tries = (core: Core): number => (FULL ? 20_000 : quick(core) ? 40 : 10);
const honest = (core: Core): number => (FULL ? 10_000 : quick(core) ? 300 : 50);
/** Spoilt records from one state of `handfast`, copied for each. */
const copies = (core: Core): number => (FULL ? (quick(core) ? 1_000_000 : 20_000) : quick(core) ? 10_000 : 300);
const MIB = 1 << 20;

/** Whose messages nothing proves, as their documents say: `xrpl` rests on the TLS under it, and `sdmp` without the profile `bound` and `lwstcp` have no tags. */
const UNPROVED = ['xrpl', 'lwstcp', 'sdmp'];

for (const core of cores) {
  describe(`records corrupted, ${core.name} core (seed ${seed})`, () => {
    it.each(attacked(core))(
      `$name: ${tries(core)} of them, beside an honest pair of ${honest(core)} messages`,
      { timeout: 1_800_000 },
      async (subject) => {
        const random = new Random(seed, `${subject.name} ${core.name}`);
        const beside = await Beside.begin(subject);
        const tally = new Tally();
        let accepted = 0;
        let ends = subject.recorded().ends;
        dispose(ends);
        const secrets = core.guarded.live;
        const held = memory();
        for (let i = 0; i < tries(core); i++) {
          await beside.until(((i + 1) * honest(core)) / tries(core));
          ends = subject.recorded().ends;
          const [from, to] = random.chance(0.5) ? [ends.a, ends.b] : [ends.b, ends.a];
          for (let n = random.below(3); n > 0; n--) expect(subject.read(to, subject.write(from)).payloads.length).toBe(1);
          const says = 'x'.repeat(random.between(8, 200));
          const sent = subject.write(from, says);
          const spoiled = spoil(subject, sent, random);
          const { payloads, code } = subject.read(to, spoiled, !subject.borders);
          // The same in other words, as JSON and hexadecimal digits allow, is the same.
          const other = payloads.filter((payload) => !subject.says(payload, says)).length;
          if (other > 0 && !UNPROVED.includes(subject.name)) accepted++;
          expect(accepted, `${subject.name}, ${Buffer.from(spoiled.data).toString('hex')}`).toBe(0);
          tally.add(code ?? (payloads.length > 0 ? (other > 0 ? 'other words' : 'the same words') : 'nothing'));
          dispose(ends);
        }
        await beside.until(honest(core));
        expect(core.guarded.live).toBe(secrets);
        const grown = memory() - held;
        await beside.end();
        expect(core.slabs.leased).toBe(0);
        console.log(
          `records corrupted, ${subject.name}, ${core.name} core: ${tally.total} tries, ${accepted} accepted, honest pair ${beside.arrived} of ${honest(core)} in order, ${(grown / MIB).toFixed(1)} MiB more than before (${tally}); seed ${seed}`,
        );
        expect(beside.arrived).toBe(honest(core));
        if (FULL) expect(grown).toBeLessThan(8 * MIB);
      },
    );

    it(`handfast: ${copies(core)} of them, each met by a copy of one state, which stays where it is`, { timeout: 1_800_000 }, async () => {
      const random = new Random(seed, `copies ${core.name}`);
      const bench = new Bench(core);
      const settings = settingsOf({ core, identity: bench.identity(1), network: 'demo' });
      const [subject] = attacked(core, 'handfast');
      const beside = await Beside.begin(subject!);
      const cipher = () => core.cipher({ suite: 'chacha20-poly1305', key: new Uint8Array(32).fill(5), framing: FRAMING });
      const [sealing, opener, sealer] = [cipher(), cipher(), cipher()];
      const slab = core.slab(65_536);
      const bytes = slab.bytes;
      let next = sealRecord(sealing, DATA, random.bytes(64));
      let accepted = 0;
      let opened = 0;
      const codes = new Tally();
      const open = (record: Uint8Array) => {
        bytes.set(record);
        const traffic = new HandfastTraffic(
          { settings, suite: 'chacha20-poly1305', sealer, opener },
          { largestRecord: 65_536, node: false },
          0,
        );
        const { count, outputs } = traffic.open(slab, 0, record.length, 0);
        const ended = [...outputs, ...traffic.end(0)].find(({ kind }) => kind === 'ended');
        return { count, code: ended?.kind === 'ended' ? (ended.why?.code ?? 'none') : 'none' };
      };
      const held = memory();
      for (let i = 0; i < copies(core); i++) {
        if (i % 100 === 0) await beside.until(((i + 1) * honest(core)) / copies(core));
        // Now and then a true one, so that states differ: it opens after whatever came before it.
        if (i % 1000 === 999) {
          if (open(next).count === 1) opened++;
          next = sealRecord(sealing, DATA, random.bytes(random.between(1, 300)));
        }
        let bad = random.mutated(next);
        while (Buffer.compare(bad.subarray(0, next.length), next) === 0) bad = random.mutated(next);
        const { count, code } = open(bad);
        accepted += count;
        codes.add(code);
      }
      await beside.until(honest(core));
      expect(open(next).count).toBe(1);
      const grown = memory() - held;
      slab.release();
      for (const each of [sealing, opener, sealer]) each.wipe();
      await beside.end();
      bench.end();
      console.log(
        `records corrupted, handfast from one state, ${core.name} core: ${codes.total} tries, ${accepted} accepted, ${opened} true ones between them opened, honest pair ${beside.arrived} of ${honest(core)} in order, ${(grown / MIB).toFixed(1)} MiB more than before (${codes}); seed ${seed}`,
      );
      expect(accepted).toBe(0);
      expect(opened).toBe(Math.floor(copies(core) / 1000));
      expect(beside.arrived).toBe(honest(core));
      if (FULL) expect(grown).toBeLessThan(8 * MIB);
    });
  });
}

/** The kind of a message. */
const DATA = 0x0a;

/** One byte wrong, or more, or bytes missing or added; never what was sent. */
function spoil(subject: Attacked, { data, text }: Sent, random: Random): Sent {
  for (;;) {
    let bytes = random.mutated(data);
    if (random.chance(0.5)) {
      const all = spoilt(data, random, false);
      const skip = random.below(9 * data.length);
      for (let i = 0; i < skip; i++) all.next();
      bytes = all.next().value!.bytes;
    }
    if (Buffer.compare(bytes.subarray(0, data.length), data) === 0) continue;
    if (!subject.borders || !text) return { data: bytes, text };
    if (Buffer.from(Buffer.from(bytes).toString()).equals(Buffer.from(bytes))) return { data: bytes, text };
  }
}

/** Two peers with nothing to hide, through drivers and a server of the same process, who count what they say. */
class Beside {
  readonly #subject: Attacked;
  readonly #from: Session;
  readonly #finish: () => Promise<void>;
  readonly #settle: () => Promise<void>;
  #sent = 0;
  /** In order, each as it was sent. */
  arrived = 0;

  static async begin(subject: Attacked): Promise<Beside> {
    const story = await subject.story();
    const [from, to] = await subject.sessionsOf(story);
    return new Beside(
      subject,
      from,
      to,
      () => story.settle(),
      () => story.finish(),
    );
  }

  private constructor(subject: Attacked, from: Session, to: Session, settle: () => Promise<void>, finish: () => Promise<void>) {
    this.#subject = subject;
    this.#from = from;
    this.#settle = settle;
    this.#finish = finish;
    this.#listen(to).catch(() => {});
  }

  async #listen(to: Session): Promise<void> {
    for await (const message of to) {
      if (!this.#subject.says(message.bytes, `number ${this.arrived},`)) return;
      this.arrived++;
    }
  }

  /** Says as many messages, in all, as this. */
  async until(count: number): Promise<void> {
    if (this.#sent >= Math.floor(count)) return;
    while (this.#sent < Math.floor(count)) {
      const sent = this.#from.send(this.#subject.payload(`number ${this.#sent++}, and no other`), this.#subject.about);
      sent.catch(() => {});
      if (this.#sent % 100 === 0) await this.#settle();
    }
    await this.#settle();
  }

  async end(): Promise<void> {
    await this.#settle();
    await this.#finish();
  }
}

function memory(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
