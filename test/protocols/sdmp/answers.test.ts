/** What becomes of answers to work: those that say it failed, those that are none, and those that come when nobody waits for them any more. */
import { afterEach, describe, expect, it } from 'vitest';
import { HandfastError } from '../../../src/errors.ts';
import type { Role, Work, WorkAnswer } from '../../../src/protocols/machine.ts';
import { sdmpContainer } from '../../../src/protocols/sdmp/index.ts';
import { cores } from '../../support/cores.ts';
import { converse } from '../../support/machines.ts';
import { answerNow, other, SdmpSide, standing } from '../../support/sdmp.ts';

/** What each side asks for, in the state that waits for it. */
const WORK = [
  ['initiator', 'keygen', ['ffdh-keygen']],
  ['initiator', 'derive', ['ffdh-derive', 'rsa-sign']],
  ['initiator', 'verify', ['rsa-verify']],
  ['responder', 'keygen', ['ffdh-keygen']],
  ['responder', 'derive', ['ffdh-derive']],
  ['responder', 'verify', ['rsa-verify']],
  ['responder', 'sign', ['rsa-sign']],
] as const;

for (const core of cores) {
  describe(`answers to the work of SDMP on the ${core.name} core`, () => {
    afterEach(() => expect(core.guarded.live).toBe(0));

    /** Stands in that state, its work done and the answers kept back. */
    function waiting(role: Role, at: string): { side: SdmpSide; answers: WorkAnswer[] } {
      const answers: WorkAnswer[] = [];
      const side: SdmpSide = new SdmpSide(core, role, {
        work: (item: Work) => {
          const answer = answerNow(item);
          if (side.hold) answers.push(answer);
          return answer;
        },
      });
      const peer = new SdmpSide(core, other(role));
      // One round after the other, since a side asks for more work as soon as it has its answers.
      side.hold = true;
      side.begin();
      peer.begin();
      for (let round = 0; round < 12 && side.at() !== at; round++) {
        answers.length = 0;
        side.release();
        if (side.pending === undefined) converse(side, peer);
      }
      expect(side.at()).toBe(at);
      peer.dispose();
      return { side, answers };
    }

    for (const [role, at, ops] of WORK) {
      it(`the ${role} in ${at} fails as its work did, with what is no answer as a fault of our own, and tells nobody why`, () => {
        for (const op of ops) {
          const why = new HandfastError('HANDLER_FAILED', 'no key, no work');
          const { side, answers } = waiting(role, at);
          expect(answers.map((answer) => answer.op)).toEqual(ops);
          const given = answers.map((answer): WorkAnswer => (answer.op === op ? { op: 'failed', why } : answer));
          side.feed({ kind: 'answers', now: side.now, answers: given });
          expect(side.failed).toBe(why);
        }
        for (const wrong of [[], ops.map((): WorkAnswer => ({ op: 'sign-elsewhere', signature: new Uint8Array(64) }))]) {
          const { side } = waiting(role, at);
          side.feed({ kind: 'answers', now: side.now, answers: wrong });
          expect(side.failed?.code).toBe('HF_INTERNAL');
          expect(side.opened).toBeUndefined();
        }
      });

      it(`the ${role} in ${at} wipes what is answered after its end, or after its deadline`, () => {
        const over = waiting(role, at);
        over.side.feed({ kind: 'abort', now: over.side.now, why: new HandfastError('ABORTED', 'given up') });
        over.side.feed({ kind: 'answers', now: over.side.now, answers: over.answers });
        expect(over.side.failed?.code).toBe('HF_ABORTED');
        const late = waiting(role, at);
        late.side.feed({ kind: 'answers', now: late.side.deadline!, answers: late.answers });
        expect(late.side.failed?.code).toBe('HF_HANDSHAKE_TIMEOUT');
        for (const answer of [...over.answers, ...late.answers]) expect(spent(answer), answer.op).toBe(true);
      });
    }

    it('the initiator keeps what came behind the last message of a handshake, whatever becomes of the memory that it came in', () => {
      const { side, peer } = standing(core, 'initiator', 'proof');
      side.hold = true;
      const said = Buffer.from(sdmpContainer('message', 'early')).toString();
      const data = new TextEncoder().encode(`${peer.seal(peer.proof())}\n${peer.seal(said)}\n`);
      side.bytes(data);
      data.fill(0);
      // Verified, then judged.
      side.release();
      side.release();
      const { traffic, rest } = side.opened!;
      const slab = core.slab(rest.length);
      slab.bytes.set(rest);
      expect(traffic.open(slab, 0, rest.length, 0).own!.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([said]);
      slab.release();
      side.dispose();
    });
  });
}

/** Whether nothing secret is left in it. */
function spent(answer: WorkAnswer): boolean {
  if (answer.op === 'ffdh-derive') return answer.shared !== 'weak' && answer.shared.every((octet) => octet === 0);
  if (answer.op !== 'ffdh-keygen') return true;
  try {
    answer.keyPair.derive(answer.keyPair.publicKey);
    return false;
  } catch (error) {
    return error instanceof HandfastError && error.code === 'HF_RELEASED';
  }
}
