/** One session's life: messages of any size, answered by the same bytes in order, until its time is over; then it ends in one of the ways in which sessions end. */
import { setTimeout as pause } from 'node:timers/promises';

/** How a session ends: with a goodbye of the one side, of the other, or cut. */
export const ENDS = ['closed by the dialler', 'closed by the listener', 'cut'];
/** For answers that are still on their way. */
const PATIENCE_MS = 30_000;

export class Tally {
  opened = 0;
  ended = 0;
  sent = 0;
  answered = 0;
  wrong = 0;
  ends = ENDS.map(() => 0);
  /** What went wrong, by words, and how often. */
  faults = new Map();

  fault(what) {
    this.faults.set(what, (this.faults.get(what) ?? 0) + 1);
  }
}

/** @param {Tally} tally @param {{ random: () => number, livesMs: number, everyMs: number, largest: number, stop: AbortSignal }} how */
export async function live(form, tally, { random, livesMs, everyMs, largest, stop }) {
  let session;
  try {
    session = await form.dial();
  } catch (error) {
    tally.fault(`${form.name}, dialling: ${wordsOf(error)}`);
    return;
  }
  tally.opened++;
  const owed = [];
  let fault;
  const reading = (async () => {
    for await (const { bytes } of session) {
      tally.answered++;
      if (Buffer.compare(bytes, owed.shift() ?? Buffer.alloc(0)) !== 0) tally.wrong++;
    }
  })().catch((error) => {
    fault = wordsOf(error);
  });
  try {
    const until = performance.now() + livesMs;
    // One at least: with its answer both ends are known to be open.
    do {
      const bytes = form.pack(message(random, largest));
      owed.push(bytes);
      tally.sent++;
      await form.send(session, bytes);
      await pause(everyMs * (0.5 + random()), undefined, { signal: stop }).catch(() => {});
    } while (performance.now() < until && !stop.aborted && fault === undefined);
    for (let waited = 0; owed.length > 0 && fault === undefined && waited < PATIENCE_MS; waited += 20) await pause(20);
    if (fault !== undefined) tally.fault(`${form.name}, in its life: ${fault}`);
    fault = undefined;
    const end = Math.floor(random() * ENDS.length);
    tally.ends[end]++;
    if (end === 0) await session.close({ drainMs: 5_000 });
    else if (end === 1) await form.farEnd(session).close({ drainMs: 5_000 });
    else session.destroy();
    await reading;
    if (fault !== undefined && end !== 2) tally.fault(`${form.name}, ${ENDS[end]}: ${fault}`);
  } catch (error) {
    tally.fault(`${form.name}: ${wordsOf(error)}`);
    session.destroy();
  }
  await session.closed;
  tally.ended++;
}

/** From one byte up, small ones more often. */
function message(random, largest) {
  const bytes = Buffer.allocUnsafe(1 + Math.floor(random() ** 3 * largest));
  const start = Math.floor(random() * 256);
  for (let i = 0; i < bytes.length; i++) bytes[i] = start + 7 * i;
  return bytes;
}

/** Without numbers: the same fault at another time is the same fault. */
const wordsOf = (error) => (error.code ? `${error.code}, ${error.message}` : String(error)).replace(/\d+/g, 'n');
