/**
 * Sessions of every protocol that come and go for a long time over real sockets: nothing may be lost, and nothing may be left.
 *
 *   npm run soak -- [--minutes 60] [--sessions 200] [--per-second 10] [--core native] [--seed N] [--json FILE]
 *
 * Both ends are in this process. A session lives for sessions / per-second seconds on average, has its messages said back to it, and ends with a goodbye of one side or cut.
 * What decides: messages lost or altered (0), handshakes and sessions that failed (0), sessions, secrets, slabs, sockets and timers left at the end (0), and, from ten minutes on, the slope
 * of the least that a collection leaves of heap and buffers: under 1 MiB in ten minutes. In shorter runs the slope is only shown: code still warms up. Exit code 1 when something does not hold.
 */
import { setMaxListeners } from 'node:events';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { choice, core as native } from '../dist/core/choose.js';
import { core as pure } from '../dist/core/pure.js';
import { ENDS, live, Tally } from './soak/life.mjs';
import { growth, memoryNow } from './soak/memory.mjs';
import { everyProtocol } from './soak/protocols.mjs';

const text = (fallback) => ({ type: /** @type {const} */ ('string'), default: fallback });
const USAGE = 'usage: npm run soak -- [--minutes 60] [--sessions 200] [--per-second 10] [--core native|pure] [--seed N] [--json FILE]';
const { values } = read();
const [MINUTES, SESSIONS, PER_SECOND] = [values.minutes, values.sessions, values['per-second']].map(positive);
const SEED = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const JUDGED_FROM_MINUTES = 10;
const MOST_GROWTH = 2 ** 20;
/** Until the code of all protocols is compiled, and what is kept of handshakes for a time is full. */
const WARM_MS = 300_000;
const SAMPLES = 120;
const EVERY_MS = 200;
const LARGEST = 16_384;

function read() {
  try {
    return parseArgs({
      options: {
        minutes: text('60'),
        sessions: text('200'),
        'per-second': text('10'),
        core: text(choice.name ?? 'native'),
        seed: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

function positive(given) {
  const number = Number(given);
  if (number > 0) return number;
  console.error(`soak: expected a number above 0, not ${given}\n${USAGE}`);
  process.exit(2);
}

if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const core = values.core === 'pure' ? pure : native;
console.log(
  `${MINUTES} min, ${SESSIONS} sessions, ${PER_SECOND} a second coming and going, ${core.name} core, Node ${process.versions.node}, seed ${SEED}`,
);

const tally = new Tally();
const failures = [];
const idle = { secrets: core.guarded.live, slabs: core.slabs.leased, resources: resources() };
const all = await everyProtocol(core);
const samples = await run();
await all.close();
await settled();

const slope = growth(samples);
report();
if (values.json)
  writeFileSync(
    values.json,
    `${JSON.stringify({ minutes: MINUTES, sessions: SESSIONS, perSecond: PER_SECOND, core: core.name, seed: SEED, slope, samples, tally: { ...tally, faults: Object.fromEntries(tally.faults) }, failures }, null, 2)}\n`,
  );
process.exitCode = failures.length === 0 ? 0 : 1;

/** @returns samples of memory, from the time on when all sessions are there and code is warm. */
async function run() {
  const { signal: stop, abort } = stopper();
  const random = generator(SEED);
  const living = new Set();
  const began = performance.now();
  const endMs = MINUTES * 60_000;
  const meanMs = (SESSIONS / PER_SECOND) * 1_000;
  const warmMs = Math.min(endMs / 4, Math.max(2 * meanMs, WARM_MS));
  const samples = [];
  const sampleEveryMs = (endMs - warmMs) / SAMPLES;
  let [due, dueSample, next] = [0, warmMs, 0];
  for (let ms = 0; ms < endMs; ms = performance.now() - began) {
    // Twice as fast until all of them are there.
    for (; due <= ms && living.size < 2 * SESSIONS; due += living.size < SESSIONS ? 500 / PER_SECOND : 1_000 / PER_SECOND) {
      const form = all.forms[next++ % all.forms.length];
      const life = live(form, tally, {
        random: generator(random() * 2 ** 32),
        livesMs: meanMs * (0.5 + random()),
        everyMs: EVERY_MS,
        largest: LARGEST,
        stop,
      });
      living.add(life);
      life.finally(() => living.delete(life));
    }
    if (ms >= dueSample) {
      samples.push({ ms, ...(await memoryNow()), sessions: living.size, opened: tally.opened });
      dueSample += sampleEveryMs;
    }
    progress(`${(ms / 60_000).toFixed(1)} of ${MINUTES} min, ${living.size} sessions, ${tally.sent} messages, ${tally.faults.size} faults`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  progress('ending all sessions');
  abort();
  await Promise.all(living);
  progress('');
  return samples;
}

function report() {
  show('sessions', `${tally.opened} opened, ${tally.ended} ended: ${ENDS.map((end, i) => `${tally.ends[i]} ${end}`).join(', ')}`);
  show('messages', `${tally.sent} sent, ${tally.answered} said back`);
  const minutes = ({ ms }) => `${(ms / 60_000).toFixed(1)} min`;
  const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
  const [first, last] = [samples[0], samples.at(-1)];
  show(
    'memory',
    first && last
      ? `${mib(first.bytes)} at ${minutes(first)}, ${mib(last.bytes)} at ${minutes(last)}; slope ${mib(slope)} in ten minutes`
      : 'not measured',
  );
  holds(`all messages came back, none altered`, tally.sent === tally.answered && tally.wrong === 0);
  for (const [what, count] of tally.faults) console.log(`    ${String(count).padStart(6)}  ${what}`);
  holds('no handshake and no session failed', tally.faults.size === 0);
  holds(
    'every session that opened has ended, on both sides',
    tally.opened === tally.ended && all.forms.every((form) => form.accepted === 0),
  );
  const left = { secrets: core.guarded.live - idle.secrets, slabs: core.slabs.leased - idle.slabs };
  holds(`secrets and slabs are given back (${JSON.stringify(left)})`, left.secrets === 0 && left.slabs === 0);
  const more = resources().filter((name) => !idle.resources.includes(name));
  holds(`no socket, server or timer is left ${more.length > 0 ? `(${more.join(', ')})` : ''}`, more.length === 0);
  if (MINUTES >= JUDGED_FROM_MINUTES) holds(`memory grows by less than ${mib(MOST_GROWTH)} in ten minutes`, slope < MOST_GROWTH);
  console.log(failures.length === 0 ? '\nall of it holds' : `\nDOES NOT HOLD:\n${failures.map((failure) => `  ${failure}`).join('\n')}`);
}

/** Whatever ends in a later turn has ended then. */
async function settled() {
  for (let i = 0; i < 100 && (resources().length > idle.resources.length || core.guarded.live > idle.secrets); i++) {
    await memoryNow();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function resources() {
  return process.getActiveResourcesInfo().filter((name) => name !== 'Immediate');
}

function stopper() {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  process.once('SIGINT', () => process.exit(130));
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** mulberry32: numbers from 0 to 1 out of a seed. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function progress(line) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

function show(what, value) {
  console.log(`${what}: ${value}`);
}

function holds(what, yes) {
  console.log(`  ${yes ? 'ok  ' : 'FAIL'} ${what.trim()}`);
  if (!yes) failures.push(what.trim());
}
