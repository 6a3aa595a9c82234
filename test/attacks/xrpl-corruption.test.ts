/** Both heads with one byte changed, each byte in its turn: never a crash or a hang, and whoever is let in has signed this very session with the key that the head names. */
import { afterAll, describe, expect, it } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import { xrpl } from '../../src/protocols/xrpl/index.ts';
import { FULL, Tally } from '../support/attacks.ts';
import { cores, native, pure } from '../support/cores.ts';
import { Side } from '../support/machines.ts';
import { Random, seedOfRun } from '../support/random.ts';
import {
  dial,
  expectNothingLeft,
  headText,
  identityOf,
  knock,
  outcome,
  REQUEST_LINE,
  RESPONSE_LINE,
  readHead,
  requestFields,
  responseFields,
  serve,
  trap,
} from '../support/xrpl-tls.ts';

const SEED = seedOfRun();
const NOW = 1_700_000_000_000;
const DIALLER = 2;
const LISTENER = 1;

/** What the first occurrence of each field says, read in another way than ours. */
function saysOf(head: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ''));
  }
  return fields;
}

/** Why nobody may be let in by this head; undefined where the change does not matter. */
function unjust(original: string, changed: string, nowMs: number): string | undefined {
  const [before, after] = [saysOf(original), saysOf(changed)];
  // As far as the reference reads: Node would go on behind a foreign character, and takes those of base64url.
  const bytes = (fields: Map<string, string>): string =>
    Buffer.from(/^[A-Za-z0-9+/]*/.exec(fields.get('session-signature') ?? '')![0], 'base64').toString('hex');
  if (after.get('public-key') !== before.get('public-key')) return 'another key';
  if (bytes(after) !== bytes(before)) return 'another signature';
  if (!/(^|,)\s*upgrade\s*(,|$)/i.test(after.get('connection') ?? '')) return 'no upgrade';
  if (!/XRPL\/2\.[12]/.test(after.get('upgrade') ?? '')) return 'no version';
  const time = after.get('network-time');
  if (time !== undefined && Math.abs(Number(time) + 946_684_800 - nowMs / 1000) > 21) return 'another time';
  return undefined;
}

/** One bit of one byte; all of them when `bits` is 8. */
function* changes(head: string, bits: 1 | 8, random: Random): Generator<{ at: number; text: string }> {
  for (let at = 0; at < head.length; at++) {
    const first = random.below(8);
    for (let i = 0; i < bits; i++) {
      const bytes = Buffer.from(head, 'latin1');
      bytes[at] ^= 1 << ((first + i) & 7);
      yield { at, text: bytes.toString('latin1') };
    }
  }
}

for (const core of cores) {
  const bits = FULL ? 8 : 1;
  // The slow core takes a part, unless it is the only one.
  const part = FULL || core === native || !native ? 1 : 0.2;

  describe(`every byte of both heads changed, ${core.name} core`, () => {
    afterAll(() => expectNothingLeft(core));

    it('in memory: nobody is let in who should not be', { timeout: 600_000 }, () => {
      const random = new Random(SEED, `corrupt ${core.name}`);
      const tally = new Tally();
      // Finished messages of one session, and what each side signs over them.
      const [one, other] = [random.bytes(32), random.bytes(32)];
      const factsOf = (ownFinished: Uint8Array, peerFinished: Uint8Array) => ({
        remote: { address: '127.0.0.1', port: 40_000 },
        tls: { version: 'TLSv1.3', cipher: 'x', ownFinished, peerFinished },
      });
      const dialler = (): Side =>
        new Side({ core, now: NOW, machine: xrpl.initiator({ core, identity: identityOf(DIALLER), slots: false }) }).start(
          factsOf(one, other),
        );
      const listener = (): Side =>
        new Side({ core, now: NOW, machine: xrpl.responder({ core, identity: identityOf(LISTENER), slots: false }) }).start(
          factsOf(other, one),
        );
      const a = dialler();
      const request = Buffer.from(a.take()).toString('latin1');
      const b = listener();
      b.bytes(Buffer.from(request, 'latin1'));
      const response = Buffer.from(b.take()).toString('latin1');
      expect(b.opened?.peer.id).toBe(identityOf(DIALLER).id);
      a.bytes(Buffer.from(response, 'latin1'));
      expect(a.opened?.peer.id).toBe(identityOf(LISTENER).id);
      a.dispose();
      b.dispose();

      for (const [head, make, id] of [
        [request, listener, identityOf(DIALLER).id],
        [response, dialler, identityOf(LISTENER).id],
      ] as const) {
        for (const { at, text } of changes(head, bits, random)) {
          if (!random.chance(part)) continue;
          const side = make();
          side.take();
          side.bytes(Buffer.from(text, 'latin1'));
          if (!side.over) side.feed({ kind: 'end', now: side.now });
          const why = unjust(head, text, NOW);
          const what = `byte ${at} of ${JSON.stringify(head.slice(Math.max(0, at - 20), at + 5))}, seed ${SEED}`;
          expect(side.over, what).toBe(true);
          if (side.opened) {
            expect(why, what).toBeUndefined();
            expect(side.opened.peer.id, what).toBe(id);
          } else if (head === request)
            expect(
              side.sent.every((sent) => !Buffer.from(sent).includes(' 101 ')),
              what,
            ).toBe(true);
          tally.add(side.opened ? 'without meaning' : (side.failed!.codeName as string));
          side.dispose();
        }
      }
      console.log(`corrupted heads, ${core.name}: ${tally.total} changes (${tally}); seed ${SEED}`);
      const whole = bits * (request.length + response.length);
      if (part === 1) expect(tally.total).toBe(whole);
      expect(tally.counts.get('INVALID_SIGNATURE')).toBeGreaterThan(0.1 * part * whole);
    });
  });
}

describe('bytes changed over TLS', () => {
  const core = native ?? pure;
  const share = FULL ? 1 : 0.06;
  afterAll(() => expectNothingLeft(core));

  it('of the request: the listener ends each attempt by itself or lets the right key in', { timeout: 600_000 }, async () => {
    const random = new Random(SEED, 'request over TLS');
    const listener = await serve({ core, xrpl: { deadlineMs: 3_600_000 } });
    let length = 1;
    let tried = 0;
    for (let at = 0; at < length; at++) {
      if (at > 0 && !random.chance(share)) continue;
      const opened = listener.sessions.length;
      const failed = listener.errors.length;
      const socket = await knock(listener.port);
      const nowMs = Date.now();
      const original = headText(REQUEST_LINE, requestFields(socket, identityOf(DIALLER), nowMs));
      const bytes = Buffer.from(original, 'latin1');
      length = bytes.length;
      bytes[at % length] ^= 1 << random.below(8);
      socket.write(bytes);
      tried++;
      // A head that has lost its end is waited for: then nothing more comes.
      if (!bytes.includes('\r\n\r\n')) socket.end();
      const answer = await readHead(socket);
      socket.destroy();
      while (listener.sessions.length + listener.errors.length === opened + failed) await new Promise((resolve) => setImmediate(resolve));
      const letIn = listener.sessions.length > opened;
      expect(answer.startsWith('HTTP/1.1 101 '), `byte ${at}, seed ${SEED}`).toBe(letIn);
      if (letIn) {
        expect(unjust(original, bytes.toString('latin1'), nowMs), `byte ${at}, seed ${SEED}`).toBeUndefined();
        expect(listener.sessions.at(-1)!.peer.id).toBe(identityOf(DIALLER).id);
      }
    }
    expect(tried).toBeGreaterThan(10);
    await listener.close();
  });

  it('of the response: the dialler refuses, or has the right key before it', { timeout: 600_000 }, async () => {
    const random = new Random(SEED, 'response over TLS');
    let at = 0;
    let original = '';
    let changed = '';
    const nowMs = Date.now();
    const server = await trap(async (victim) => {
      await readHead(victim);
      original = headText(RESPONSE_LINE, responseFields(victim, identityOf(LISTENER)));
      const bytes = Buffer.from(original, 'latin1');
      bytes[at % bytes.length] ^= 1 << random.below(8);
      changed = bytes.toString('latin1');
      victim.end(bytes);
    });
    let tried = 0;
    for (; at < Math.max(1, original.length); at++) {
      if (at > 0 && !random.chance(share)) continue;
      const made = await outcome(dial({ core, port: server.port }));
      tried++;
      if (made instanceof HandfastError) continue;
      expect(unjust(original, changed, nowMs), `byte ${at}, seed ${SEED}`).toBeUndefined();
      expect(made.peer.id).toBe(identityOf(LISTENER).id);
      made.destroy();
    }
    expect(tried).toBeGreaterThan(10);
    await server.close();
  });
});
