/** The books of all lives, added up: what was asked, handled, answered, broadcast and delivered, and what of it nothing explains. */
import { readFileSync } from 'node:fs';
import { reached, waysBetween } from './paths.mjs';

/** @param path of a life's book. @returns its lines as words; the last one of a process that was killed may be missing, never half there. */
export function readBook(path) {
  const text = readFileSync(path, 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '));
}

/**
 * @param lives `{ name, book, ended: 'closed' | 'killed', began, over, clocks }`, times in milliseconds; `clocks`: `{ at, byMs }`, how far its clock was set from the true one.
 * @param names of nodes, by id. @param sentAt when each text was ordered. @param idempotent texts that may be handled in two lives.
 * @param healthy texts of broadcasts that were sent in peace: every life of the end must have them. @param quiet connections that were silent, see paths.mjs.
 */
export function reconcile({ lives, names, idempotent, healthy, sentAt, quiet }) {
  const asked = new Map();
  const handled = new Map();
  const sent = new Map();
  const begun = new Set();
  const outcomes = {};
  const told = {};
  const unexplained = [];
  const count = (counts, what) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  let deliveries = 0;
  /** Broadcasts that did not come to a life, and why they need not have. */
  const lost = {};
  const books = lives.map((life) => ({ ...life, lines: readBook(life.book), delivered: new Map(), handled: new Map(), sessions: [] }));
  for (const life of books) {
    let clock = 0;
    for (const [what, text, more, ...rest] of life.lines) {
      if (what === 'clock') clock = Number(text);
      if (what === 'session') life.sessions.push(sessionOf(text, names.get(more), rest));
      if (what === 'asked') asked.set(text, { life, outcome: undefined });
      else if (what === 'answered' || what === 'failed' || what === 'wrong') {
        const one = asked.get(text);
        if (one.outcome !== undefined) unexplained.push(`${text} ended twice`);
        one.outcome = what === 'failed' ? more : what;
        if (what === 'wrong' || NEVER.test(more ?? '')) unexplained.push(`${text} of ${life.name}: ${one.outcome}`);
      } else if (what === 'handled') {
        life.handled.set(text, (life.handled.get(text) ?? 0) + 1);
        handled.set(text, (handled.get(text) ?? 0) + 1);
      } else if (what === 'begun') begun.add(text);
      else if (what === 'sent') sent.set(text, { life, clock });
      else if (what === 'delivered') {
        deliveries++;
        life.delivered.set(text, (life.delivered.get(text) ?? 0) + 1);
      } else if (what === 'banned' || what === 'warned') unexplained.push(`${life.name} ${what} ${text} ${more ?? ''}`);
      else if (what === 'told') {
        count(told, `${text} ${more}`);
        if (NEVER.test(more)) unexplained.push(`${life.name} told of ${text} ${more}`);
      }
    }
  }
  for (const [text, { life, outcome }] of asked) {
    count(outcomes, outcome ?? 'ended with its process');
    if (outcome === undefined && life.ended !== 'killed') unexplained.push(`${text} of ${life.name} never ended`);
    const times = handled.get(text) ?? 0;
    if (times > 1 && !idempotent.has(text)) unexplained.push(`${text} was handled ${times} times`);
    if (outcome === 'answered' && times === 0) unexplained.push(`${text} was answered and never handled`);
  }
  for (const text of handled.keys()) if (!asked.has(text)) unexplained.push(`${text} was handled and never asked`);
  for (const life of books) {
    for (const [text, times] of life.handled) if (times > 1) unexplained.push(`${life.name} handled ${text} ${times} times in one life`);
    for (const [text, times] of life.delivered) {
      if (times > 1) unexplained.push(`${life.name} was delivered ${text} ${times} times in one life`);
      if (!begun.has(text)) unexplained.push(`${life.name} was delivered ${text}, which nobody sent`);
    }
  }
  // What did not arrive although there was a way to it.
  const ways = waysBetween(books, quiet);
  let due = 0;
  for (const [text, { life: origin, clock }] of sent) {
    const at = sentAt.get(text);
    const agrees = (life) => clocksBetween(life, at, at + PASSED_ON_MS).every((own) => Math.abs(clock - own) <= TOO_FAR_MS);
    const must = reached(origin, at, ways, agrees);
    for (const life of books) {
      if (life.name === origin.name || life.delivered.has(text) || life.over < at) continue;
      due++;
      if (must.has(life)) unexplained.push(`${text} of ${origin.name} never came to ${life.name}`);
      else count(lost, !agrees(life) ? 'for the clocks of both' : life.began > at ? 'sent before its receiver began' : 'for want of a way');
      if (healthy.has(text)) unexplained.push(`${text}, sent in peace by ${origin.name}, never came to ${life.name}`);
    }
  }
  return { requests: asked.size, outcomes, broadcasts: sent.size, deliveries, undelivered: due, lost, told, unexplained };
}

/** How a clock stood at these times, and between them. */
function clocksBetween({ clocks }, from, until) {
  const before = clocks.filter(({ at }) => at <= from).at(-1)?.byMs ?? 0;
  return [before, ...clocks.filter(({ at }) => at > from && at <= until).map(({ byMs }) => byMs)];
}

/** @param port where the other side came from, or `-` where it was dialled. */
const sessionOf = (kind, peer, [port, at]) => ({ kind, peer, port: port === '-' ? undefined : Number(port), at: Number(at) });
/** From when it was sent until it has come to all, over some nodes that come back one after the other. */
const PASSED_ON_MS = 20_000;
/** Two clocks that differ by more than 30 s make no sessions with one another, and a broadcast that is stamped so much too early, or waits so long for a session, is refused. */
const TOO_FAR_MS = 28_000;
/** What none of this may lead to: nobody here sends anything wrong, and the network loses bytes but changes none. */
const NEVER =
  /^HF_(INTERNAL|MALFORMED|TOO_LARGE|OUT_OF_TURN|BAD_TAG|WEAK_KEY|INVALID_ID|INVALID_SIGNATURE|UNSUPPORTED_EXTENSION|WRONG_NETWORK|PROTOCOL_MISMATCH|SUITE_MISMATCH|SELF_CONNECTION|UNEXPECTED_PEER|BANNED|UNKNOWN_NODE|NOT_ALLOWED|BAD_ARGUMENT|BAD_KEY|RELEASED|NONCE_SPENT|NO_HANDLER|REFUSED)$|^no-code$/;
