import { afterAll, describe, expect, it } from 'vitest';
import { CODES, type CodeName, wireCode } from '../../../src/errors.ts';
import { cores } from '../../support/cores.ts';
import { Bench, expectHonest, hex, NOW } from '../../support/handfast.ts';
import { answerOf, DIALLER, LISTENER, play, type Row } from './refusal-rows.ts';

for (const core of cores) {
  describe(`refusals on the ${core.name} core`, () => {
    const bench = new Bench(core);
    afterAll(() => expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 }));

    for (const [role, rows] of [
      ['listener', LISTENER],
      ['dialler', DIALLER],
    ] as const) {
      for (const row of rows) {
        it(`the ${role} refuses: ${row.name}: ${row.code}, ${row.how}`, () => {
          for (const suite of [1, 2]) {
            const world = play(bench, role, row, suite);
            const { side, sent } = world;
            expect(side.opened).toBeUndefined();
            expect(side.failed?.code).toBe(`HF_${row.code}`);
            expect(side.failed?.remote).toBeUndefined();
            expect(side.judgements).toBe(row.judged ? 1 : 0);
            if (row.how === 'none') expect(sent.length).toBe(0);
            else {
              const answer = answerOf(world, role, row.how);
              expect(hex(answer.slice(0, 2))).toBe(wireCode(row.code).toString(16).padStart(4, '0'));
              expect(answer.length).toBeLessThanOrEqual(202);
              // What went wrong in here, and whom we expected, is told to nobody.
              if (row.code === 'INTERNAL' || row.code === 'UNEXPECTED_PEER') expect(answer.length).toBe(2);
              else expect(answer.length).toBeGreaterThan(2);
            }
            expect(side.lingerMs).toBe(row.code === 'TRUNCATED' ? 0 : 1000);
            expect(bench.live).toBe(0);
            expect(bench.ciphers).toBe(0);
            // It stays so, whatever comes.
            side.bytes(world.dialler.hello());
            side.feed({ kind: 'tick', now: NOW + 99_999 });
            side.feed({ kind: 'end', now: NOW + 99_999 });
            expect(side.take().length).toBe(0);
            expect(side.opened).toBeUndefined();
          }
        });
      }
    }

    it('a reason of ours is cut at 200 bytes, between two characters', () => {
      const judge = () => ({ code: 'NOT_ALLOWED' as const, reason: `x${'é'.repeat(150)}` });
      const row = { name: '', code: 'NOT_ALLOWED', how: 'sealed', stage: 'reply', changes: { judge } } as const;
      const a = play(bench, 'dialler', { ...row, act: ({ side, listener }) => side.bytes(listener.reply()) }, 1);
      const b = play(
        bench,
        'listener',
        { ...row, stage: 'finish', act: ({ side, dialler }) => side.bytes(dialler.finish(bench.identity(2).publicKey)) },
        1,
      );
      for (const answer of [answerOf(a, 'dialler', 'sealed'), answerOf(b, 'listener', 'close')]) {
        expect(Buffer.from(answer.slice(2)).toString()).toBe(`x${'é'.repeat(99)}`);
      }
    });

    it('an honest pair gets through afterwards', () => expectHonest(bench));

    it('every code of the handshake has a row', () => {
      const tested = new Set([...LISTENER, ...DIALLER].map(({ code }) => code));
      const session: CodeName[] = ['CLOSED', 'DUPLICATE_CONNECTION', 'PING_TIMEOUT'];
      for (const [name, { wire }] of Object.entries(CODES) as [CodeName, { wire?: number }][]) {
        if (wire === undefined || wire >= 0x0400 || session.includes(name)) continue;
        expect(tested.has(name), name).toBe(true);
      }
      const byRole = (rows: Row[]) => new Set(rows.map(({ code, how }) => `${code} ${how}`));
      console.log(`refusals: ${byRole(LISTENER).size} of the listener, ${byRole(DIALLER).size} of the dialler, by code and way`);
    });
  });
}
