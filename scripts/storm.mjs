/** Thousands of peers come to one listener at once, from a second process on another core, and stay; then all of them go. `--help` says more. */

import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { descriptors } from '../bench/lib/descriptors.mjs';
import { LIMITS } from '../bench/lib/peers/handfast.mjs';
import { transportOf } from '../bench/lib/peers/index.mjs';
import { TcpProcess } from '../bench/lib/tcp-process.mjs';
import { HOST, SEEDS, welcome } from '../bench/lib/transport.mjs';
import { core } from '../dist/core/choose.js';
import { Identity, listen } from '../dist/index.js';

const HELP = `npm run test:storm -- [--peers 10000] [--core native|pure]

Peers in a second process dial one listener all at once, each with its own handshake, and stay. Checked at the listener:
  every peer has a session, no handshake fails, none is lost while all are there;
  the event loop: p99.9 of its delay stays under 20 ms, beside the same measured while nothing happens;
  afterwards, garbage collected: heapUsed + external within 16 MiB of before, no slab leased.
Beside it, before and after: as many bare sockets that come, say as many bytes, stay and go, and the delay by theirs.
Exit code 1 when something does not hold. Needs a build, and descriptors: \`ulimit -n\` of the peers and 500 more.
Give each process a core of its own: \`taskset -c 1 npm run test:storm\` has the listener on core 1 and the peers on another.`;

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '10000' },
    core: { type: 'string', default: 'native' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}
const PEERS = Number(values.peers);
const FIRST = Math.min(PEERS, 500);
const needed = PEERS + 500;
if (descriptors() < needed) {
  console.error(`too few file descriptors: ${descriptors()}, ${needed} are needed. Run \`ulimit -n ${needed}\` in the same shell first.`);
  process.exit(1);
}
if (core.name !== values.core) {
  console.error(`the core here is ${core.name}: set HANDFAST_CORE=${values.core}, after a build`);
  process.exit(1);
}
if (!globalThis.gc) {
  console.error('node --expose-gc scripts/storm.mjs: without it what is held cannot be told from what is garbage');
  process.exit(1);
}

const IDLE_MS = 3_000;
/** All are there for so long. */
const STAY_MS = 1_000;
const MOST_DELAY_MS = 20;
const MOST_LEFT_BYTES = 16 * 2 ** 20;

const WELCOME = Buffer.from('w');
const failures = [];
const refused = [];
let lost = 0;
const server = await listen({
  protocol: 'handfast',
  network: 'bench',
  core,
  identity: Identity.fromSeed(SEEDS.listener, { core }),
  allow: [Identity.fromSeed(SEEDS.dialler, { core }).id],
  host: HOST,
  port: 0,
  backlog: 4096,
  limits: LIMITS,
});
server.on('handshakeError', (error) => refused.push(error.code));
server.on('session', (session) => {
  session.on('close', () => lost++);
  void session.send(WELCOME);
});
const { port } = server.address;
const peers = await TcpProcess.start(`handfast ${core.name}`);
/** What the machine and Node do of this without us. */
const BARE = 'node:net, three flights';
const bareHere = new Set();
const bare = await (await transportOf(BARE)).listen((end) => {
  bareHere.add(end);
  end.socket.on('close', () => bareHere.delete(end));
  welcome(end);
});
const barePeers = await TcpProcess.start(BARE);

async function story() {
  show('core', core.name);
  show('limits', JSON.stringify(LIMITS));
  // Code, pools and the slack of the heap are there and filled before the first look.
  for (let i = 0; i < 3; i++) await storm(FIRST);
  await settled();
  const before = memory();

  const idle = monitored();
  await wait(IDLE_MS);
  const atIdle = idle();
  await bareStorm(FIRST);
  const controls = [await bareStorm(PEERS)];

  const delay = monitored();
  const { seconds, failures: failed, latency, sessions } = await storm(PEERS, () => wait(STAY_MS));
  const atStorm = delay();
  show(
    'sessions',
    `${sessions} of ${PEERS} in ${seconds.toFixed(1)} s, ${Math.round(PEERS / seconds)} a second; from the first dial: p50 ${ms(latency.p50)} ms, p99 ${ms(latency.p99)} ms`,
  );
  show('event-loop delay, storm and going', atStorm.text);
  controls.push(await bareStorm(PEERS));
  show('event-loop delay, idle', atIdle.text);
  for (const { text } of controls) show('event-loop delay, bare sockets', text);
  const ratios = controls.map(({ p999 }) => (atStorm.p999 / p999).toFixed(2));
  show('p99.9 of the delay by that of bare sockets, before and after', ratios.join(', '));
  holds(`all ${PEERS} have a session`, sessions === PEERS && failed.length === 0, tally(failed));
  holds('no handshake failed', refused.length === 0, tally(refused));
  holds('none was lost while all were there', lostMeanwhile === 0, String(lostMeanwhile));
  holds('p99.9 of the delay under 20 ms', atStorm.p999 < MOST_DELAY_MS);

  await settled();
  const after = memory();
  show('heapUsed + external', `${mib(before)} MiB before, ${mib(after)} MiB after`);
  holds('memory is back within 16 MiB', after - before < MOST_LEFT_BYTES);
  show('slabs leased', core.slabs.leased);
  holds('no slab is leased', core.slabs.leased === 0);
}

let lostMeanwhile = 0;

/** All come, `meanwhile` passes, all go. */
async function storm(count, meanwhile = async () => {}) {
  lost = 0;
  const arrived = await peers.ask('arrive', { port, peers: count });
  await meanwhile();
  lostMeanwhile = lost;
  const sessions = server.sessions.size;
  await peers.ask('leave');
  for (const end = performance.now() + 30_000; server.sessions.size > 0 && performance.now() < end; ) await wait(20);
  return { ...arrived, sessions };
}

/** The same with bare sockets. */
async function bareStorm(count) {
  await settled();
  const delay = monitored();
  const { failures: failed, seconds } = await barePeers.ask('arrive', { port: bare.port, peers: count });
  if (failed.length > 0) throw new Error(`bare sockets: ${tally(failed)}`);
  await wait(STAY_MS);
  await barePeers.ask('leave');
  for (const end = performance.now() + 30_000; bareHere.size > 0 && performance.now() < end; ) await wait(20);
  const { p999, text } = delay();
  return { p999, text: `${text}; ${count} in ${seconds.toFixed(1)} s` };
}

/** Of each turn of a timer of 1 ms: how late it was, and how much of that this process was at work itself; the rest is what else the machine did. */
function monitored() {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const worked = createHistogram();
  let last = process.cpuUsage();
  const timer = setInterval(() => {
    const now = process.cpuUsage();
    worked.record(Math.max(1, now.user + now.system - last.user - last.system));
    last = now;
  }, 1);
  delay.enable();
  return () => {
    delay.disable();
    clearInterval(timer);
    const late = (percent) => delay.percentile(percent) / 1e6;
    const text = `p50 ${late(50).toFixed(1)} ms, p99 ${late(99).toFixed(1)} ms, p99.9 ${late(99.9).toFixed(1)} ms, longest ${(delay.max / 1e6).toFixed(1)} ms`;
    const own = `own work p99.9 ${(worked.percentile(99.9) / 1e3).toFixed(1)} ms, longest ${(worked.max / 1e3).toFixed(1)} ms`;
    return { p999: late(99.9), text: `${text}; ${own}` };
  };
}

/** Collected until nothing more goes. */
async function settled() {
  for (let i = 0; i < 6; i++) {
    globalThis.gc();
    await wait(50);
  }
}

function memory() {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function holds(what, yes, why = '') {
  console.log(`  ${yes ? 'ok  ' : 'FAIL'} ${what}${yes || !why ? '' : `: ${why}`}`);
  if (!yes) failures.push(what);
}

function tally(names) {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}

const show = (what, value) => console.log(`${what}: ${value}`);
const ms = (nanoseconds) => (nanoseconds / 1e6).toFixed(0);
const mib = (bytes) => (bytes / 2 ** 20).toFixed(1);

try {
  await story();
} catch (error) {
  failures.push(String(error?.stack ?? error));
} finally {
  await peers.end();
  await barePeers.end();
  await bare.close();
  await server.close({ drainMs: 0 });
}
console.log(failures.length === 0 ? '\nall of it holds' : `\nDOES NOT HOLD:\n${failures.map((failure) => `  ${failure}`).join('\n')}`);
process.exitCode = failures.length === 0 ? 0 : 1;
