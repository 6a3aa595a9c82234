// @ts-check
/** Where and with what a run was made: without this a figure says nothing. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';
import { pinnedCpu } from './subject-process.mjs';

export function machine() {
  const cpu = pinnedCpu();
  return {
    cpu: cpuModel(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    pinnedTo: cpu === undefined ? 'not pinned' : `core ${cpu}`,
    loadAverage: loadavg()[0],
  };
}

/** Of Node, its OpenSSL and every package measured; `not installed` where it is not. @returns {Record<string, string>} */
export function versions() {
  return {
    handfast: packageVersion('handfast'),
    commit: commit(),
    node: process.versions.node,
    v8: process.versions.v8,
    openssl: process.versions.openssl,
    ...Object.fromEntries(PACKAGES.map((name) => [name, packageVersion(name)])),
  };
}

/** With `+` behind it when files differ from it. */
function commit() {
  try {
    const git = (/** @type {string[]} */ ...args) =>
      execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', '--short=12', 'HEAD') + (changed ? '+' : '');
  } catch {
    return 'unknown';
  }
}

/** @param {string} name */
function packageVersion(name) {
  // Not by require('name/package.json'), which a package's exports may forbid.
  const folders =
    name === 'handfast' ? [ROOT] : [...(createRequire(import.meta.url).resolve.paths(name) ?? []), PEERS].map((path) => `${path}/${name}`);
  const folder = folders.find((path) => existsSync(`${path}/package.json`));
  return folder === undefined ? 'not installed' : JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')).version;
}

/** Virtual machines often give the brand only: family, model and stepping tell the rest. */
function cpuModel() {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  if (!existsSync('/proc/cpuinfo')) return model;
  const info = readFileSync('/proc/cpuinfo', 'utf8');
  const field = (/** @type {string} */ name) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(info)?.[1];
  return `${model} (family ${field('cpu family')}, model ${field('model')})`;
}

const PACKAGES = [
  'sodium-native',
  '@noble/curves',
  '@noble/ciphers',
  '@noble/hashes',
  '@hyperswarm/secret-stream',
  'noise-handshake',
  '@chainsafe/libp2p-noise',
  'tinybench',
];
const PEERS = fileURLToPath(new URL('../peers/node_modules', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
