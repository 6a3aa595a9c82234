// @ts-check
/**
 * A handshake as a list of what happened: both machines in memory, a clock that only the way between them moves, randomness that is the same each time.
 * What is drawn is what came of this run; nothing is written down by hand but the words for it.
 */
import { createHash } from 'node:crypto';

// Not by name: types are checked where nothing was built yet.
const { isLegacyJob, runLegacy } = await import(new URL('../../dist/core/legacy/jobs.js', import.meta.url).href);

/** Milliseconds from one side to the other. Work takes none: what it takes is measured by the benchmarks. */
export const ONE_WAY_MS = 20;
const NOW = 1_790_000_000_000;

/**
 * @typedef {'initiator' | 'responder'} Role
 * @typedef {{ what: string, bytes: number }} Named
 * @typedef {{ at: number, side: Role } & (
 *   | { kind: 'flight', messages: Named[], bytes: number, shown: string[] }
 *   | { kind: 'upgrade', shown: string[] }
 *   | { kind: 'work', ops: string[] }
 *   | { kind: 'done', what: string }
 *   | { kind: 'judge' }
 *   | { kind: 'open' })} Happening
 *
 * @typedef {object} Recorded
 * @property {Happening[]} happenings in the order of time.
 * @property {Record<Role, import('../../src/protocols/machine.ts').Opened>} opened
 * @property {string[]} watched the names of what was looked for.
 *
 * @typedef {object} Recording
 * @property {import('../../src/core/core.ts').Core} core
 * @property {(core: import('../../src/core/core.ts').Core) => import('../../src/protocols/machine.ts').Machine} initiator
 * @property {(core: import('../../src/core/core.ts').Core) => import('../../src/protocols/machine.ts').Machine} responder
 * @property {Record<Role, import('../../src/protocols/machine.ts').CarrierFacts>} [facts] of a carrier that has to be set up first.
 * @property {boolean} [borders] it keeps borders of messages.
 * @property {Readonly<Record<string, string | Uint8Array>>} watched what somebody on the way would like to know, by its name; looked for in every flight.
 */

/** @param {Recording} recording @returns {Promise<Recorded>} @throws what either side failed with. */
export async function record({ core, initiator, responder, facts, borders = false, watched }) {
  /** @type {Happening[]} */
  const happenings = [];
  /** @type {{ at: number, order: number, run: () => Promise<void> }[]} what is on its way, and deadlines. */
  const coming = [];
  let order = 0;
  const later = (/** @type {number} */ at, /** @type {() => Promise<void>} */ run) => void coming.push({ at, order: order++, run });

  const side = (/** @type {Role} */ role, /** @type {typeof initiator} */ make) => {
    const own = seeded(core, role);
    return { role, core: own, machine: make(own), state: /** @type {unknown} */ (undefined), opened: undefined, woken: 0 };
  };
  const a = side('initiator', initiator);
  const b = side('responder', responder);

  /** @param {any} self @param {any} other @param {any} input @param {number} at */
  const feed = async (self, other, input, at) => {
    if (self.opened) return;
    const [state, ...outputs] = self.machine.step(self.state ?? self.machine.initial, { now: NOW + at, ...input });
    self.state = state;
    const sent = outputs.filter((/** @type {any} */ { kind }) => kind === 'send');
    const named = outputs.filter((/** @type {any} */ { kind, direction }) => kind === 'trace' && direction === 'sent');
    let next;
    for (const output of outputs) {
      const happened = (/** @type {any} */ happening) => void happenings.push({ at, side: self.role, ...happening });
      if (output.kind === 'send' && output === sent[0]) {
        /** @type {Uint8Array[]} */
        const data = sent.map((/** @type {any} */ each) => each.data.slice());
        const bytes = data.reduce((sum, { length }) => sum + length, 0);
        const messages = named.map((/** @type {any} */ { what, bytes }) => ({ what, bytes }));
        happened({ kind: 'flight', messages, bytes, shown: shownIn(Buffer.concat(data), watched) });
        const pieces = borders
          ? sent.map((/** @type {any} */ { text = false }, /** @type {number} */ i) => ({ kind: 'message', data: data[i], text }))
          : [{ kind: 'bytes', data: Buffer.concat(data) }];
        for (const piece of pieces) later(at + ONE_WAY_MS, () => feed(other, self, piece, at + ONE_WAY_MS));
      } else if (output.kind === 'deadline') {
        const turn = ++self.woken;
        const due = output.at - NOW;
        later(due, async () => (turn === self.woken ? feed(self, other, { kind: 'tick' }, due) : undefined));
      } else if (output.kind === 'trace' && output.direction === 'done') happened({ kind: 'done', what: output.what });
      else if (output.kind === 'work') {
        happened({ kind: 'work', ops: output.items.map((/** @type {any} */ { op }) => op) });
        next = { kind: 'answers', answers: await Promise.all(output.items.map((/** @type {any} */ item) => work(self.core, item))) };
      } else if (output.kind === 'judge') {
        happened({ kind: 'judge' });
        next = { kind: 'judged', refusal: undefined };
      } else if (output.kind === 'failed') throw output.why;
      else if (output.kind === 'opened') {
        self.opened = output.opened;
        happened({ kind: 'open' });
      }
    }
    if (next) await feed(self, other, next, at);
  };

  const { target } = facts?.responder.upgrade ?? {};
  if (target !== undefined) {
    const token = Buffer.from(target.slice(target.indexOf('=') + 1), 'base64');
    happenings.push({ at: 0, side: 'initiator', kind: 'upgrade', shown: shownIn(Buffer.concat([Buffer.from(target), token]), watched) });
  }
  for (const [self, other] of [
    [b, a],
    [a, b],
  ]) {
    await feed(self, other, { kind: 'start', ...(borders && { borders }) }, 0);
    if (facts) await feed(self, other, { kind: 'ready', facts: facts[self.role] }, 0);
  }
  while (!(a.opened && b.opened)) {
    coming.sort((one, two) => one.at - two.at || one.order - two.order);
    const first = coming.shift();
    if (!first) throw new Error('the handshake stands still');
    await first.run();
  }
  // Sorting is stable: what one side does at one moment keeps its order.
  return {
    happenings: happenings.sort((one, two) => one.at - two.at),
    opened: { initiator: a.opened, responder: b.opened },
    watched: Object.keys(watched),
  };
}

/** Which of the things watched for lie open in these bytes: as they are, or in one of the forms in which protocols write them. */
export function shownIn(/** @type {Buffer} */ data, /** @type {Recording['watched']} */ watched) {
  return Object.entries(watched)
    .filter(([, value]) => {
      const bytes = Buffer.from(value);
      return ['latin1', 'hex', 'base64', 'base64url'].some((form) => {
        const text = bytes.toString(/** @type {BufferEncoding} */ (form)).replace(/=+$/, '');
        return data.includes(Buffer.from(text, 'latin1'));
      });
    })
    .map(([name]) => name);
}

/** The core, but for its randomness: bytes that follow from the name alone. */
function seeded(/** @type {any} */ core, /** @type {string} */ name) {
  let drawn = 0;
  const random = (/** @type {number} */ length) => {
    const parts = [];
    for (let made = 0; made < length; made += 32) parts.push(createHash('sha256').update(`${name} ${drawn++}`).digest());
    return new Uint8Array(Buffer.concat(parts).subarray(0, length));
  };
  return Object.create(core, { random: { value: random } });
}

/** @param {any} core @param {any} item */
async function work(core, item) {
  if (item.op === 'keygen') return { op: 'keygen', keyPair: core.guarded.x25519KeyPair(core.random(32)) };
  if (!isLegacyJob(item)) return core.run([item])[0];
  if (item.op !== 'argon2id') return runLegacy(item);
  // A second or more of a thread, and the same on both sides and both cores: once.
  const name = JSON.stringify(item);
  if (!derived.has(name)) derived.set(name, runLegacy(item));
  const answer = await derived.get(name);
  return { ...answer, key: answer.key.slice() };
}

/** @type {Map<string, any>} */
const derived = new Map();
