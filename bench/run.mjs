#!/usr/bin/env node
/** `npm run bench -- [--suite name] [--case name] [--quick] [--rounds n] [--json file]` */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runBenchmarks, SUITES, table } from './index.mjs';

const HELP = `node bench/run.mjs [options]
  --suite NAME   only this suite (may be repeated): ${Object.keys(SUITES).join(', ')}
  --case NAME    only this case (may be repeated): memory, aes-256-gcm/256-B, ed25519-sign, ...
  --quick        shorter rounds, for a first look
  --rounds N     interleaved rounds, 5 by default
  --json FILE    also writes everything to FILE, - for the standard output instead of the table
The package must be built: npm run build`;

async function main() {
  const { values } = parseArgs({
    options: {
      suite: { type: 'string', multiple: true },
      case: { type: 'string', multiple: true },
      quick: { type: 'boolean' },
      rounds: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return console.log(HELP);
  const rounds = Number(values.rounds ?? 5);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds: a whole number from 1');
  const run = await runBenchmarks({ suites: values.suite, cases: values.case, quick: values.quick, rounds, progress: progressLine() });
  if (values.json !== '-') console.log(`${heading(run)}\n\n${table(run)}`);
  if (values.json !== undefined) {
    const text = `${JSON.stringify(run, undefined, 2)}\n`;
    if (values.json === '-') process.stdout.write(text);
    else writeFileSync(values.json, text);
  }
}

/** @param {import('./index.mjs').Run} run */
function heading({ machine, versions, method }) {
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.pinnedTo}, load ${machine.loadAverage.toFixed(2)}, ${machine.system}`,
    `handfast ${versions.handfast} (${versions.commit}), Node ${versions.node}, OpenSSL ${versions.openssl}, sodium-native ${versions['sodium-native']}, @noble/curves ${versions['@noble/curves']}`,
    `${method.rounds} interleaved rounds of ${method.roundMs} ms; medians; spread: middle half of the rounds over the median; "-": no ratio above ${100 * method.mostSpreadForRatio} % of spread`,
  ].join('\n');
}

/** One line on the error stream that overwrites itself; nothing where nobody watches. */
function progressLine() {
  if (!process.stderr.isTTY) return undefined;
  return (line) => process.stderr.write(`\r\u001b[K${line}`);
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
