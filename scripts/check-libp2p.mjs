/**
 * `handfast/adapters/libp2p` where it will be used: js-libp2p's own suite for connection encrypters, and two js-libp2p nodes that talk over TCP by it.
 *
 *   npm run check:libp2p -- [--folder DIR] [--node 20] [--measure]
 *
 * `--measure`: how fast it is, beside Noise. It packs what dist/ and prebuilds/ hold; HANDFAST_ADDON names another addon.
 * The suite brings some 1,700 packages: they go into a temporary folder, or into DIR, which is kept and used again. Nothing of theirs is run at installation. Needs `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBinary } from '../bench/lib/node-versions.mjs';
import { readArguments } from './arguments.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const values = readArguments('usage: npm run check:libp2p -- [--node VERSION] [--folder FOLDER] [--measure]', {
  folder: { type: 'string' },
  node: { type: 'string', default: process.versions.node },
  measure: { type: 'boolean', default: false },
});
const PACKAGES = [
  '@libp2p/interface-compliance-tests@7.0.16',
  '@libp2p/tcp@11.0.28',
  '@chainsafe/libp2p-yamux@8.0.1',
  '@chainsafe/libp2p-noise@17.0.0',
  'libp2p@3.3.9',
];

const folder = values.folder ? resolve(values.folder) : mkdtempSync(join(tmpdir(), 'handfast-libp2p-'));
try {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'package.json'))) {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'handfast-libp2p', private: true, type: 'module' }));
  }
  console.log(`installing ${PACKAGES.join(', ')}: some minutes, where they are not there yet`);
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root));
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund'];
  run('npm', ['install', ...quiet, ...PACKAGES, join(folder, filename)], folder);
  cpSync(join(root, 'scripts/libp2p'), folder, { recursive: true });
  const node = await nodeBinary(values.node, (line) => console.log(line));
  const mocha = [join(folder, 'node_modules/mocha/bin/mocha.js'), '--timeout', '60000', '--exit', 'encrypter.spec.mjs'];
  const here = { cwd: folder, stdio: 'inherit' };
  process.exitCode = spawnSync(node, mocha, here).status ?? 1;
  if (values.measure && process.exitCode === 0) process.exitCode = spawnSync(node, ['measure.mjs'], here).status ?? 1;
} finally {
  if (!values.folder) rmSync(folder, { recursive: true, force: true });
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}
