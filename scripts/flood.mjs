/**
 * A flood of bad attempts against a real node over TCP while honest nodes arrive. Each side has a process of its own; attackers come from 127.0.0.2 to 127.0.0.9, every honest node from an address of its own.
 *
 *   npm run test:flood -- [--seconds 10] [--per-second 2000] [--honest 1000] [--hurry 1]
 *
 * --hurry: so many times as fast goes the node's time while it is waited for bans to end. Counts decide, times are only shown. Exit code 1 when something does not hold. Needs a build, the whole of 127.0.0.0/8 (Linux) and descriptors: `ulimit -n 8000` before it.
 */
import { fork } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { descriptors } from '../bench/lib/descriptors.mjs';
import { core as chosen } from '../dist/core/choose.js';
import { createNode } from '../dist/index.js';
import { Charges } from '../dist/node/bans/charges.js';
import { readArguments, wrongNumber } from './arguments.mjs';
import { ATTACKERS, identityOf, NETWORK } from './flood/cast.mjs';
import { HurriedClock } from './flood/hurried-clock.mjs';

const values = readArguments(
  'usage: npm run test:flood -- [--seconds 10] [--per-second 2000] [--honest 1000] [--hurry 1]',
  {
    seconds: { type: 'string', default: '10' },
    'per-second': { type: 'string', default: '2000' },
    honest: { type: 'string', default: '1000' },
    hurry: { type: 'string', default: '1' },
  },
  (given) =>
    wrongNumber(given, ['seconds', 'per-second', 'honest'], /^\d+$/, 'a whole number') ??
    wrongNumber(given, ['hurry'], /^[1-9]\d*$/, 'a whole number from 1 on'),
);
const SECONDS = Number(values.seconds);
const PER_SECOND = Number(values['per-second']);
const HONEST = Number(values.honest);
/** Honest peers that share an attacker's address: one for each address comes before the flood, one during it. */
const SHARED = ATTACKERS.length;
/** Bans outlast the flood also where it is slow: what comes then has to find them. */
const LIMITS = { maxPeers: HONEST + 100, halfOpen: HONEST + 100, banMs: 6_000 * SECONDS + 20_000 };
const AFTERWARDS = 50 * SHARED;

/** Those who hear nothing stay for 3 s. */
const MOST_OPEN = 3 * PER_SECOND;
const needed = HONEST + MOST_OPEN + 1_000;
if (descriptors() < needed) {
  console.error(`too few file descriptors: ${descriptors()}, ${needed} are needed. Run \`ulimit -n ${needed}\` in the same shell first.`);
  process.exit(1);
}

const work = { jobs: 0, byKind: {} };
const core = Object.create(chosen, {
  run: { value: (jobs) => chosen.run(counted(jobs)) },
  runAsync: { value: (jobs) => chosen.runAsync(counted(jobs)) },
});
const charged = chargesSeen();
const identity = identityOf('target');
const clock = new HurriedClock();
const node = await createNode({
  identity,
  network: NETWORK,
  core,
  clock,
  // Once it has hurried it is ahead of everybody.
  clockWindowMs: LIMITS.banMs + 60_000,
  listen: { host: '127.0.0.1', port: 0 },
  maxPeers: LIMITS.maxPeers,
  limits: { halfOpen: LIMITS.halfOpen, charges: { banMs: LIMITS.banMs } },
});
node.handle('', () => Buffer.from('yes'));
const banned = [];
let answered = 0;
const unbanned = [];
const gone = [];
node.on('ban', ({ subject }) => banned.push(subject));
node.on('unban', ({ subject }) => unbanned.push(subject));
node.on('peer', () => answered++);
node.on('handshakeError', () => answered++);
node.on('peerGone', ({ id }, error) => gone.push([id, error?.code]));

async function story() {
  const { address, id: peer } = node;
  const ids = idsOf('honest', HONEST);
  const early = idsOf('shared', SHARED);
  const late = idsOf('shared', SHARED, SHARED);
  const innocent = new Map([...ids, ...early, ...late]);
  show('core', chosen.name);
  show('limits', JSON.stringify({ ...LIMITS, halfOpenPerAddress: 16, handshakesPerSecond: 5, handshakeBurst: 20 }));

  await attackers.ask('begin', { address, stolen: [...ids.values()].slice(0, 100) });
  const before = memory();
  const neighbours = await honest.ask('arrive', { address, peer, first: 0, count: SHARED, overMs: 0, localAddresses: ATTACKERS });
  holds(
    'those that share an address with an attacker and came before it are in',
    neighbours.every(({ answered }) => answered),
  );

  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const cpu = process.cpuUsage();
  const began = performance.now();
  const flood = attackers.ask('flood', { addresses: ATTACKERS, perSecond: PER_SECOND, count: PER_SECOND * SECONDS, mostOpen: MOST_OPEN });
  const arriving = honest.ask('arrive', { address, peer, first: 0, count: HONEST, overMs: SECONDS * 1000 });
  const [attacked, arrived] = await Promise.all([flood, arriving]);
  delay.disable();
  const { user, system } = process.cpuUsage(cpu);
  const tookMs = performance.now() - began;
  show('bad attempts', `${attacked.launched} in ${(attacked.tookMs / 1000).toFixed(1)} s, from ${ATTACKERS.length} addresses`);
  for (const [what, count] of Object.entries(attacked.told).sort()) console.log(`    ${String(count).padStart(6)}  ${what}`);
  const failed = arrived.flatMap((one) => one.failures);
  show(
    'honest nodes',
    `${arrived.length}, ${arrived.filter((one) => one.answered).length} in and answered; attempts that failed first: ${tally(failed)}`,
  );
  show('time to a session', `${quantile(arrived, 0.5)} ms p50, ${quantile(arrived, 0.99)} ms p99`);
  show(
    'event-loop delay of the node',
    `${(delay.percentile(50) / 1e6).toFixed(1)} ms p50, ${(delay.percentile(99) / 1e6).toFixed(1)} ms p99`,
  );
  show(
    'connections that the node answered',
    `${answered} in ${(tookMs / 1000).toFixed(1)} s, with ${((user + system) / 1e6).toFixed(1)} s of processor time (${(user / 1e6).toFixed(1)} of it its own)`,
  );
  show('public-key jobs of the node', `${work.jobs} (${tally(work.byKind)})`);
  const after = memory();
  show('memory', `${shown(before)} before, ${shown(after)} with ${node.peers().length} sessions after the flood`);
  holds(`all ${HONEST} honest nodes are in and were answered`, arrived.filter((one) => one.answered).length === HONEST);
  const here = new Set(node.peers().map(({ id }) => id));
  holds(
    'the node has a session with each of them',
    [...ids.keys()].every((id) => here.has(id)),
  );
  holds(
    'and with those that were there before on the addresses of attackers',
    [...early.keys()].every((id) => here.has(id)),
  );
  const asked = await Promise.all([...ids].map(async ([id, name]) => (await answerOf(id)) === `yes, ${name}`));
  holds('each answers a request of the node', asked.filter(Boolean).length === HONEST);
  holds('exactly the addresses of the attackers are banned', same(addressesBanned(), ATTACKERS));

  const jobs = work.jobs;
  const told = await attackers.ask('flood', { addresses: ATTACKERS, perSecond: 200, count: AFTERWARDS, mostOpen: MOST_OPEN });
  show(`${AFTERWARDS} more attempts while banned`, `${tally(outcomes(told.told))}; ${work.jobs - jobs} public-key jobs`);
  holds('banned addresses cost no public-key job', work.jobs === jobs);
  holds(
    'and are told so, or cut, when they connect',
    same(
      Object.keys(outcomes(told.told)).filter((what) => !AT_ACCEPT.includes(what)),
      [],
    ),
  );
  const names = [...late.values()];
  const shut = await honest.ask('tryOnce', { names, address, peer, localAddresses: ATTACKERS });
  show('honest nodes that come from a banned address', tally(shut));
  holds(
    'whoever comes from a banned address is not let in',
    shut.every((code) => AT_ACCEPT.includes(code)),
  );
  const kept = await Promise.all([...early].map(async ([id, name]) => (await answerOf(id)) === `yes, ${name}`));
  holds('whoever was there before still answers', kept.every(Boolean));

  clock.hurry(Number(values.hurry));
  // The list leaves out a ban from the moment that it ends; the node tells of it by a timer, which may be a millisecond later.
  await until(() => addressesBanned().length === 0 && ATTACKERS.every((address) => unbanned.includes(address)), LIMITS.banMs + 30_000);
  holds('bans have ended', same([...new Set(unbanned)].filter((subject) => subject.includes('.')).sort(), ATTACKERS));
  const again = await honest.ask('tryOnce', { names, address, peer, localAddresses: ATTACKERS });
  show('the same ones once the bans have ended', tally(again));
  holds(
    'they are let in',
    again.every((code) => code === 'in'),
  );

  const guilty = new Set(ATTACKERS);
  holds(
    'no honest id was ever banned',
    banned.every((subject) => !innocent.has(subject)),
  );
  holds(
    'no other address was ever banned',
    banned.every((subject) => !subject.includes('.') || guilty.has(subject)),
  );
  const wronged = [...charged].filter(([subject]) => innocent.has(subject) || (subject.includes('.') && !guilty.has(subject)));
  holds(`no honest id or address was ever charged ${wronged.length > 0 ? JSON.stringify(wronged) : ''}`, wronged.length === 0);
  const lost = gone.filter(([id]) => innocent.has(id));
  holds(`no honest session was ever lost ${lost.length > 0 ? JSON.stringify(lost) : ''}`, lost.length === 0);
  show(
    'charged',
    `${[...charged.keys()].filter((subject) => subject.includes('.')).length} addresses, ${[...charged.keys()].filter((subject) => !subject.includes('.')).length} invented ids`,
  );
}

/** Its process, and the answers it owes. */
class Helper {
  #child;
  #waiting = new Map();
  #last = 0;

  constructor(name) {
    this.#child = fork(fileURLToPath(new URL(`./flood/${name}.mjs`, import.meta.url)));
    this.#child.on('message', ({ number, answer, error }) => {
      const { resolve, reject } = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (error === undefined) resolve(answer);
      else reject(new Error(`${name}: ${error}`));
    });
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${name}: ended with ${signal ?? code}`));
    });
  }

  ask(name, order) {
    return new Promise((resolve, reject) => {
      this.#waiting.set(++this.#last, { resolve, reject });
      this.#child.send({ number: this.#last, name, order });
    });
  }

  end() {
    this.#child.disconnect();
  }
}

function counted(jobs) {
  work.jobs += jobs.length;
  for (const { op } of jobs) work.byKind[op] = (work.byKind[op] ?? 0) + 1;
  return jobs;
}

/** Points by id or address, as they are charged. */
function chargesSeen() {
  const seen = new Map();
  const { charge } = Charges.prototype;
  Charges.prototype.charge = function (subject, error) {
    const who = subject.id ?? subject.address?.replace(/:\d+$/, '');
    if (error.charged && error.blame === 'peer' && who !== undefined) seen.set(who, (seen.get(who) ?? 0) + 1);
    return charge.call(this, subject, error);
  };
  return seen;
}

function idsOf(kind, count, first = 0) {
  const names = Array.from({ length: count }, (_, i) => `${kind} ${first + i}`);
  return new Map(
    names.map((name) => {
      const made = identityOf(name);
      const { id } = made;
      made.wipe();
      return [id, name];
    }),
  );
}

const addressesBanned = () =>
  node
    .bans()
    .map(({ subject }) => subject)
    .filter((subject) => subject.includes('.'))
    .sort();

async function answerOf(id) {
  try {
    return Buffer.from(await node.request(id, Buffer.from('?'), { deadlineMs: 60_000 })).toString();
  } catch (error) {
    return error.code;
  }
}

async function until(holdsNow, limitMs) {
  for (const end = performance.now() + limitMs; !holdsNow() && performance.now() < end; )
    await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Without the kind of the attempt. */
function outcomes(told) {
  const all = {};
  for (const [what, count] of Object.entries(told)) {
    const outcome = what.split(': ')[1];
    all[outcome] = (all[outcome] ?? 0) + count;
  }
  return all;
}

/** @param what names, or counts by name. */
function tally(what) {
  const counts = Array.isArray(what) ? {} : what;
  if (Array.isArray(what)) for (const one of what) counts[one] = (counts[one] ?? 0) + 1;
  return (
    Object.entries(counts)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ') || 'none'
  );
}

function quantile(arrived, part) {
  const sorted = arrived.map(({ sessionMs }) => sessionMs).sort((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]);
}

function memory() {
  globalThis.gc?.();
  return process.memoryUsage();
}

const shown = ({ rss, heapUsed, arrayBuffers }) =>
  `${[rss, heapUsed, arrayBuffers].map((bytes) => (bytes / 2 ** 20).toFixed(0)).join('/')} MiB (resident, heap, buffers)`;
const same = (some, others) => JSON.stringify([...some].sort()) === JSON.stringify([...others].sort());
const show = (what, value) => console.log(`${what}: ${value}`);
function holds(what, yes) {
  console.log(`  ${yes ? 'ok  ' : 'FAIL'} ${what}`);
  if (!yes) failures.push(what);
}

/** What somebody who is turned away at once may see: the code, or, beyond the connections that may be on their way out, nothing. */
const AT_ACCEPT = ['HF_BANNED', 'closed without a word', 'HF_TRUNCATED', 'not taken by the system'];

const attackers = new Helper('attackers');
const honest = new Helper('honest');
const failures = [];
try {
  await story();
} catch (error) {
  failures.push(String(error?.stack ?? error));
} finally {
  attackers.end();
  honest.end();
  await node.close({ drainMs: 1_000 });
  identity.wipe();
}
console.log(failures.length === 0 ? '\nall of it holds' : `\nDOES NOT HOLD:\n${failures.map((failure) => `  ${failure}`).join('\n')}`);
process.exitCode = failures.length === 0 ? 0 : 1;
