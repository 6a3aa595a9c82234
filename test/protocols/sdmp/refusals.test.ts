import { afterEach, describe, expect, it } from 'vitest';
import { SdmpPeers } from '../../../src/protocols/sdmp/index.ts';
import { cores } from '../../support/cores.ts';
import { aliasOf, fingerprint, NAMES, other, publicPem, refusal, standing } from '../../support/sdmp.ts';
import { PROOF, SESSION } from './refusal-rows.ts';

// biome-ignore lint/suspicious/noExplicitAny: states of a machine, looked into.
type Json = Record<string, any>;

for (const core of cores) {
  describe(`refusals of SDMP on the ${core.name} core`, () => {
    afterEach(() => expect(core.guarded.live).toBe(0));

    for (const role of ['responder', 'initiator'] as const) {
      for (const [stage, rows] of [
        ['session', SESSION],
        ['proof', PROOF],
      ] as const) {
        for (const each of rows) {
          if (each.only && each.only !== role) continue;
          it(`the ${role} refuses in place of a ${stage}: ${each.name}`, () => {
            const { side, peer } = standing(core, role, stage, each.changes);
            const before = side.ops.length;
            const said = each.says(peer, side);
            if (each.raw) side.bytes(Buffer.from(said));
            else side.hear(said);
            expect(side.failed?.code).toBe(`HF_${each.code}`);
            expect(side.failed?.remote).toBe(each.remote);
            if (each.remote) expect(side.failed?.blame).toBe(each.remote === 'claimed' ? 'network' : 'caller');
            if (each.rule) expect(side.failed?.message.split(':')[0]).toBe(each.rule);
            expect(side.opened).toBeUndefined();
            expect(side.judgements).toBe(0);
            // Nothing dear was done for it, or no more than it may cost.
            expect(side.ops.slice(before)).toEqual(Array(each.verifies ?? 0).fill('rsa-verify'));
            const answer = side.said();
            if (role === 'initiator' || each.remote) expect(answer).toBe('');
            else if (stage === 'session') expect(answer).toBe(`${refusal('bad_request')}\n`);
            else expect(peer.decrypt(answer)).toBe(refusal('not_found'));
            expect(side.close).toEqual({ code: closeCode(stage, each.rule), reason: '' });
            // It stays so, whatever comes.
            side.bytes(Buffer.from('{}'));
            side.feed({ kind: 'tick', now: side.now + 99_999 });
            side.feed({ kind: 'end', now: side.now + 99_999 });
            expect(side.said()).toBe('');
          });
        }
      }

      it(`the ${role} refuses another node than the one named, and one whose identity has expired, and one that it no longer knows`, () => {
        const them = NAMES[other(role)];
        const peers = new SdmpPeers([publicPem(them), publicPem('spec-bob')], { core });
        const named = standing(core, role, 'proof', { peers, peer: fingerprint(publicPem('spec-bob')) });
        named.side.hear(named.peer.seal(named.peer.proof()));
        expect(named.side.failed).toMatchObject({ code: 'HF_UNEXPECTED_PEER' });
        for (const [expires, opens] of [
          [1_700_000_000_000, false],
          [1_700_000_000_001, true],
        ] as const) {
          peers.add(publicPem(them), { expires });
          const late = standing(core, role, 'proof', { peers });
          late.side.hear(late.peer.seal(late.peer.proof()));
          expect(late.side.opened !== undefined).toBe(opens);
          if (!opens) expect(late.side.failed?.message).toBe('G8: the identity has expired');
          late.side.dispose();
        }
        const gone = standing(core, role, 'proof', { peers });
        peers.remove(aliasOf(publicPem(them)));
        gone.side.hear(gone.peer.seal(gone.peer.proof()));
        expect(gone.side.failed?.code).toBe('HF_UNKNOWN_NODE');
      });

      it(`the ${role} takes an offer and its signature once: whoever learns the exponent has nothing to replay (W2)`, () => {
        const peers = new SdmpPeers([publicPem(NAMES[other(role)])], { core });
        const first = standing(core, role, 'proof', { peers });
        const object = first.peer.proof();
        first.side.hear(first.peer.seal(object));
        expect(first.side.opened).toBeDefined();
        first.side.dispose();
        const again = standing(core, role, 'session', { peers });
        const own = role === 'initiator' ? Buffer.from((again.side.state as Json).first).toString() : undefined;
        again.side.hear(first.peer.session);
        // The attacker knows the exponent, and so the key.
        first.peer.derive(own ?? again.side.said());
        again.side.said();
        again.side.hear(first.peer.seal(object));
        expect(again.side.failed).toMatchObject({ code: 'HF_REPLAYED' });
        expect(again.side.failed?.message).toContain('W2');
      });

      it(`the ${role} gives up when its time is over, whatever it waits for, and when the stream ends`, () => {
        for (const stage of ['session', 'proof'] as const) {
          const late = standing(core, role, stage);
          expect(late.side.deadline).toBe(late.side.now + 10_000);
          late.side.bytes(Buffer.from('{'));
          late.side.feed({ kind: 'tick', now: late.side.now + 9_999 });
          expect(late.side.failed).toBeUndefined();
          late.side.feed({ kind: 'tick', now: late.side.now + 10_000 });
          expect(late.side.failed?.code).toBe('HF_HANDSHAKE_TIMEOUT');
          expect(late.side.said()).toBe('');
          const cut = standing(core, role, stage);
          cut.side.bytes(Buffer.from('{'));
          cut.side.feed({ kind: 'end', now: cut.side.now });
          expect(cut.side.failed?.code).toBe('HF_TRUNCATED');
          expect(cut.side.said()).toBe('');
        }
      });
    }

    it('says on a WebSocket what was wrong only where nothing is sealed', () => {
      for (const [bad, code] of [
        ['{"a"}', 1007],
        [Buffer.from([0x7b, 0xff, 0x7d]), 1007],
        ['\ufeff{}', 1007],
        [`{"a":"${'x'.repeat(9_000)}"}`, 1009],
        ['{}{}', 1007],
        ['[]', 1008],
        ['{}', 1008],
      ] as const) {
        const clear = standing(core, 'responder', 'session', { borders: true });
        clear.side.hear(bad);
        expect(clear.side.close?.code, String(bad).slice(0, 10)).toBe(code);
        expect(clear.side.takeMessages().map(({ data, text }) => [Buffer.from(data).toString(), text])).toEqual([
          [refusal('bad_request'), true],
        ]);
        const late = standing(core, 'responder', 'proof', { borders: true });
        late.side.hear(bad);
        expect(late.side.close?.code).toBe(1008);
      }
    });
  });
}

function closeCode(stage: 'session' | 'proof', rule: string): number {
  if (stage === 'session' && rule === 'F2') return 1009;
  return stage === 'session' && (rule === 'F4' || rule === 'F5') ? 1007 : 1008;
}
