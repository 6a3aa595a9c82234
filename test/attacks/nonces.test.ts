/** No number is used twice under one key: not in very many messages, not by two senders at once, and not at the end of the numbers. The end itself: test/core/behaviour/ciphers.ts. */
import { describe, expect, it } from 'vitest';
import type { Core } from '../../src/core/core.ts';
import { FRAMING } from '../../src/protocols/handfast/records.ts';
import { settingsOf } from '../../src/protocols/handfast/settings.ts';
import { HandfastTraffic } from '../../src/protocols/handfast/traffic.ts';
import { attacked, dispose } from '../support/attacked.ts';
import { FULL } from '../support/attacks.ts';
import { cores, native } from '../support/cores.ts';
import { Bench } from '../support/handfast.ts';

const quick = (core: Core): boolean => core === (native ?? core);
const records = (core: Core): number => (FULL ? (quick(core) ? 1_000_000 : 100_000) : quick(core) ? 20_000 : 1000);
const messages = (core: Core): number => (FULL ? 50_000 : quick(core) ? 500 : 100);

for (const core of cores) {
  describe(`numbers of messages, ${core.name} core`, () => {
    it(`handfast: ${records(core)} records by two senders at once, 0 keystreams twice`, { timeout: 600_000 }, () => {
      const bench = new Bench(core);
      const settings = settingsOf({ core, identity: bench.identity(1), network: 'demo' });
      const cipher = () => core.cipher({ suite: 'chacha20-poly1305', key: new Uint8Array(32).fill(5), framing: FRAMING });
      const [sealer, opener] = [cipher(), cipher()];
      const traffic = new HandfastTraffic(
        { settings, suite: 'chacha20-poly1305', sealer, opener },
        { largestRecord: 65_536, node: false },
        0,
      );
      const slab = core.slab(8192);
      const seen = new Set<bigint>();
      let count = 0;
      // Zeros in, so that what comes out is the keystream, which is another for each key and number.
      const keep = (record: Uint8Array): void => {
        count++;
        const at = new DataView(record.buffer, record.byteOffset + 5);
        seen.add((at.getBigUint64(0) << 64n) | at.getBigUint64(8));
      };
      for (let at = 0; count < records(core); at += 16_000) {
        // The application, many at once, and the traffic's own between them.
        const places = Uint32Array.from([5, 5 + 64, 5 + 128].flatMap((offset) => [offset, 32]));
        slab.bytes.fill(0, 0, 256);
        traffic.seal(slab, places, 3, at);
        for (const offset of [0, 64, 128]) keep(slab.bytes.slice(offset, offset + 60));
        keep(sealer.seal(new Uint8Array(33)));
      }
      slab.release();
      traffic.wipe();
      bench.end();
      console.log(`nonces, handfast, ${core.name} core: ${count} records, ${count - seen.size} keystreams twice`);
      expect(seen.size).toBe(count);
    });

    it.each(attacked(core, 'handfast', 'hivemind 2', 'hivemind 3', 'sdmp', 'sdmp, bound'))(
      `$name: ${messages(core)} messages of the same text, both ways, no two alike`,
      { timeout: 600_000 },
      (subject) => {
        const { ends } = subject.recorded();
        const seen = new Set<string>();
        for (let i = 0; i < messages(core); i++) {
          for (const side of [ends.a, ends.b]) {
            const { data } = subject.write(side, 'the same');
            seen.add(Buffer.from(data).toString('latin1'));
          }
        }
        dispose(ends);
        expect(seen.size).toBe(2 * messages(core));
      },
    );

    it.each(attacked(core, 'handfast', 'hivemind 3', 'sdmp, bound'))(
      '$name: the same message in both directions is sealed otherwise: a direction is part of its key',
      (subject) => {
        const { ends } = subject.recorded();
        expect(Buffer.compare(subject.write(ends.a).data, subject.write(ends.b).data)).not.toBe(0);
        dispose(ends);
      },
    );
  });
}
