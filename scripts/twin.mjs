/**
 * Compares the native and the pure core on many random and mutated inputs.
 *
 *   npm run twin -- [--count 100000] [--seed N] [function ...]
 *
 * Functions are named as in `Core` (`ed25519.verify`, `aead.open`, `cipher`, ...) or by their start (`ed25519`); all of them when none is named.
 * The pure core sets the pace: of 100,000 inputs a public-key function takes 1 to 4 minutes (lists of them more), any other one half a minute at most; all together some 20 minutes.
 * Exit code 1 at any difference; each is printed with the seed and the number that bring it back.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
// The tests' own modules are TypeScript, which Node 20 does not read: vitest brings what does.
import { createViteServer } from 'vitest/node';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '100000' }, seed: { type: 'string' }, help: { type: 'boolean', default: false } },
});
if (values.help) {
  console.log('npm run twin -- [--count 100000] [--seed N] [function ...]');
  process.exit(0);
}
const count = Number(values.count);
if (!Number.isInteger(count) || count < 1) {
  console.error(`--count: expected a whole number from 1, not ${values.count}`);
  process.exit(1);
}
if (values.seed !== undefined) process.env.HANDFAST_TEST_SEED = values.seed;

const server = await createViteServer({
  root: fileURLToPath(new URL('..', import.meta.url)),
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true },
});

let failures = 0;
try {
  const { native, pure, whyNoNative } = await server.ssrLoadModule('/test/support/cores.ts');
  const { Random, seedOfRun } = await server.ssrLoadModule('/test/support/random.ts');
  const { FUNCTIONS, outcomeOf } = await server.ssrLoadModule('/test/support/twin.ts');
  const all = Object.keys(FUNCTIONS);
  const names =
    positionals.length === 0 ? all : all.filter((name) => positionals.some((asked) => name === asked || name.startsWith(`${asked}.`)));
  if (names.length === 0) throw new Error(`no such function: ${positionals.join(' ')}. There are: ${all.join(' ')}`);
  if (!native) throw new Error(`there is nothing to compare with: ${whyNoNative}`);

  const seed = seedOfRun();
  console.log(`seed ${seed}, ${count} inputs for each of ${names.length} functions`);
  for (const name of names) {
    const random = new Random(seed, name);
    const started = performance.now();
    let shown = started;
    let differences = 0;
    let refused = 0;
    for (let i = 0; i < count; i++) {
      const call = FUNCTIONS[name](random, native);
      const [one, other] = [outcomeOf(call, native), outcomeOf(call, pure)];
      if (one.startsWith('HF_') || one === 'false') refused++;
      if (one !== other && ++differences <= 5) console.error(`\n${name}, input ${i} of seed ${seed}: native ${one}, pure ${other}`);
      if (process.stderr.isTTY && performance.now() - shown > 500) {
        shown = performance.now();
        process.stderr.write(`\r${name} ${i + 1} of ${count}\u001b[K`);
      }
    }
    failures += differences;
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${name.padEnd(24)} ${differences} differences, ${refused} refused, ${seconds} s`);
  }
  console.log(failures === 0 ? 'the cores agree' : `${failures} differences`);
} catch (error) {
  console.error(error.message);
  failures++;
} finally {
  await server.close();
}
process.exitCode = failures === 0 ? 0 : 1;
