import { describe, expect, it } from 'vitest';
import { Identity } from '../../../src/core/identity.ts';
import { handfast } from '../../../src/protocols/handfast/index.ts';
import { cores } from '../../support/cores.ts';
import { converse, Side } from '../../support/machines.ts';

const hex = (b: Uint8Array) => Buffer.from(b).toString('hex');

for (const core of cores) {
  describe(core.name, () => {
    for (const [suite, kept] of [
      [
        'chacha20-poly1305',
        { binding: 'f60830e3555e802899657f42b2cdbc70', first: '000000173a43c37db502a6d5b7fc545367104a8e7c00c85e9d852c' },
      ],
      ['aes-256-gcm', { binding: 'c775f9344e818d0a4ff55811acddb3ea', first: '00000017b3ccac0fedae4333d577a73a1ee2ce10c4ad2530a4607a' }],
    ] as const) {
      it(`check values of suite ${suite}`, () => {
        const idA = Identity.fromSeed(new Uint8Array(32).fill(1), { core });
        const idB = Identity.fromSeed(new Uint8Array(32).fill(2), { core });
        const base = { network: 'demo', core, suites: [suite] };
        const a = new Side({
          core,
          machine: handfast.initiator({ ...base, identity: idA }),
          now: 1700000000050,
          ephemeralSeed: new Uint8Array(32).fill(3),
        }).start();
        const b = new Side({
          core,
          machine: handfast.responder({ ...base, identity: idB }),
          now: 1700000000000,
          ephemeralSeed: new Uint8Array(32).fill(4),
        }).start();
        const flights: string[] = [];
        converse(a, b, (data) => {
          flights.push(hex(data));
          return data;
        });
        expect(a.opened?.peer.id).toBe(idB.id);
        expect(idA.id).toBe('12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5');
        expect(hex(a.opened!.binding).startsWith(kept.binding)).toBe(true);
        expect(hex(b.opened!.binding)).toBe(hex(a.opened!.binding));
        expect(flights[2].slice(2 * 127)).toBe(kept.first);
        a.dispose();
        b.dispose();
        idA.wipe();
        idB.wipe();
        expect(core.guarded.live).toBe(0);
      });
    }
  });
}
