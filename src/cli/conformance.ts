/** `handfast conformance`: files of test vectors through the implementation. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Report, runVectors } from '../conformance/run.ts';
import type { Core } from '../core/core.ts';
import { setDefaultCore } from '../core/default.ts';
import { loadNative } from '../core/native-load.ts';
import { core as pure } from '../core/pure.ts';
import { type Command, describeError } from './command.ts';
import { SUMMARIES } from './summaries.ts';
import { clearProgress, colour, print, printJson, progress, thousands } from './terminal.ts';

export const conformance: Command = {
  name: 'conformance',
  summary: SUMMARIES.conformance,
  usage: 'FILE... [options]',
  help: [
    'Runs every vector of every FILE through handfast and prints each failure, then the line "N passed, N failed". The exit code is 1 if anything failed.',
    'Known are the files of Project Wycheproof for X25519, Ed25519, ChaCha20-Poly1305, XChaCha20-Poly1305, AES-GCM, ECDSA on secp256k1 with SHA-256 and HKDF-SHA-256, by their "algorithm", and the transcripts of each protocol (test/vectors/ of the repository), by their "protocol". Nothing is skipped: a kind of vectors that is not known, a file that cannot be read and a core that is not there count as failures. Lengths that handfast does not take (AES-128 keys, for instance) pass when both directions refuse them with the code documented; they are counted apart as "unsupported".',
  ],
  options: {
    core: {
      type: 'string',
      value: 'both|native|pure',
      help: 'Which implementation; both unless given. Without the addon, both and native fail.',
    },
  },
  examples: ['handfast conformance --core both wycheproof/ed25519_test.json wycheproof/x25519_test.json'],
  positionals: [1, 10_000],
  async run(call) {
    const json = call.flag('json');
    const { cores, missing } = coresFor(call.choice('core', ['both', 'native', 'pure']) ?? 'both');
    const reports: Report[] = [];
    if (missing)
      reports.push(broken('(core)', 'native', `no native core: ${missing}; build it with npm run build:native, or ask for --core pure`));
    for (const path of call.positionals) {
      for (const core of cores) {
        progress(`${basename(path)} on the ${core.name} core...`);
        const report = await run(path, core);
        reports.push(report);
        clearProgress();
        if (!json) show(report);
      }
    }
    if (missing && !json) show(reports[0]);
    const passed = reports.reduce((sum, report) => sum + report.passed, 0);
    const failed = reports.reduce((sum, report) => sum + report.failed.length, 0);
    if (json) printJson({ passed, failed, files: reports });
    else print(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  },
};

function coresFor(wish: 'both' | 'native' | 'pure'): { cores: readonly Core[]; missing?: string } {
  setDefaultCore(pure);
  if (wish === 'pure') return { cores: [pure] };
  const loaded = loadNative();
  const portable = wish === 'both' ? [pure] : [];
  if ('why' in loaded) return { cores: portable, missing: loaded.why };
  return { cores: [loaded.core, ...portable] };
}

async function run(path: string, core: Core): Promise<Report> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return broken(path, core.name, describeError(error).message);
  }
  return runVectors({ name: path, text }, core);
}

function broken(file: string, core: Core['name'], why: string): Report {
  return { file, core, passed: 0, failed: [{ id: 'file', why }], notes: {} };
}

function show({ file, kind, core, passed, failed, notes }: Report): void {
  const counts = Object.entries(notes).map(([note, count]) => `${thousands(count)} ${note}`);
  const aside = counts.length > 0 ? colour.dim(` (of these ${counts.join(', ')})`) : '';
  const verdict = failed.length > 0 ? colour.red(`${thousands(failed.length)} failed`) : '0 failed';
  print(`${basename(file)}  ${kind ?? 'unknown kind'}  ${core}  ${thousands(passed)} passed${aside}, ${verdict}`);
  for (const { id, why } of failed) print(`  ${colour.red('failed')} ${id}: ${why}`);
}
