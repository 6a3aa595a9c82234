/**
 * Whether `bench compare` can be believed on this machine: runs of the same build must compare clean, and a subject that does 30 % more work in one case must be caught, every time.
 *
 *   npm run bench:trust -- [--times 20] [--case NAME ...] [--subject NAME ...] [--keep FOLDER]
 *
 * Each run is compared with the one before it (clean: exit code 0, nothing undecided) and with one of handshake/memory alone in which handfast native does 30 calls more of every 100
 * (caught: it and no other subject is slower). Every subject runs in six processes, as `handfast bench --processes 6` does. 20 times take two to three hours. Exit code 1 when any
 * comparison is wrong.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareRuns, comparisonText, runBenchmarks } from '../bench/index.mjs';
import { writeRun } from '../bench/lib/run-file.mjs';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '20' },
    case: { type: 'string', multiple: true },
    subject: { type: 'string', multiple: true },
    keep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(
    'npm run bench:trust -- [--times 20] [--case NAME ...] [--subject NAME ...] [--keep FOLDER]   the folder gets the JSON of every run',
  );
  process.exit(0);
}
const times = Number(values.times);
if (!Number.isInteger(times) || times < 1) {
  console.error(`--times: expected a whole number from 1, not ${values.times}`);
  process.exit(2);
}

const SLOW = { suite: 'handshake', case: 'memory', subject: 'handfast native', percent: 30 };
const CASES = ['ed25519-verify', 'aes-256-gcm/256-B', 'chacha20-poly1305/16-KiB'];
let clean = 0;
let caught = 0;
let before = await run('first');
for (let i = 1; i <= times; i++) {
  const same = await run(`same-${i}`);
  const slow = await run(`slow-${i}`, `${SLOW.case}=${SLOW.subject}=${SLOW.percent}`);
  const ofSame = compareRuns(before, same);
  const isClean = ofSame.regressions === 0 && ofSame.undecided === 0;
  const ofSlow = compareRuns(same, slow);
  const slower = ofSlow.rows.filter(({ verdict }) => verdict === 'slower');
  const hit = ofSlow.rows.find((row) => row.suite === SLOW.suite && row.case === SLOW.case && row.subject === SLOW.subject);
  const isCaught = slower.length === 1 && slower[0] === hit;
  clean += Number(isClean);
  caught += Number(isCaught);
  const most = Math.max(...ofSame.rows.filter(({ verdict }) => verdict !== 'control').map(({ change }) => change ?? Number.NaN));
  console.log(
    `${i}: same build ${isClean ? 'clean' : 'NOT CLEAN'}, slowest ${percent(most)}; slow-down ${isCaught ? 'caught' : 'NOT CAUGHT'} as ${percent(hit?.change)}, limit ${percent(hit?.limit)}`,
  );
  if (!isClean) console.log(comparisonText(ofSame));
  if (!isCaught) console.log(comparisonText(ofSlow));
  before = same;
}
console.log(`identical builds clean ${clean} of ${times}, slow-down of ${SLOW.percent} % caught ${caught} of ${times}`);
process.exitCode = clean === times && caught === times ? 0 : 1;

async function run(name, slow) {
  if (slow === undefined) delete process.env.HANDFAST_BENCH_SLOW;
  else process.env.HANDFAST_BENCH_SLOW = slow;
  const made = await runBenchmarks({
    // Whether another case is blamed for nothing, the runs of the same build show.
    suites: slow === undefined ? ['primitives', 'handshake', 'message'] : [SLOW.suite],
    cases: slow === undefined ? [SLOW.case, ...(values.case ?? CASES)] : [SLOW.case],
    subjects: values.subject ?? ['handfast native', 'handfast pure'],
    processes: 6,
    roundMs: 500,
    warmMs: 200,
    command: 'npm run bench:trust',
  });
  if (values.keep !== undefined) {
    mkdirSync(values.keep, { recursive: true });
    writeRun(join(values.keep, `${name}.json`), made);
  }
  return made;
}

function percent(share) {
  return share === undefined ? '-' : `${(100 * share).toFixed(1)} %`;
}
