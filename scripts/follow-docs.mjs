#!/usr/bin/env node
/**
 * Follows pages of Markdown as a reader would: saves what they say to save, runs every program and command, and compares what is printed with what they show.
 *
 *   npm run docs:check [-- PAGE...]     README.md and all of docs/ unless some are named
 *
 * Each page has a folder of its own, in which the package is installed, a network of its own with nothing but loopback, so that ports are free
 * and nothing outside is reached, and sees no processes but its own. That takes Linux, unshare and ip; exit code 3 without. Exit code 1 when anything is not as a page says.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { blocksOf, commandsOf } from './follow-docs/markdown.mjs';
import { Terminal } from './follow-docs/terminal.mjs';

const ALONE = 'HANDFAST_DOCS_ALONE';
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const named = process.argv.slice(2);
if (named.some((name) => name.startsWith('-'))) {
  console.log('usage: npm run docs:check [-- PAGE...]');
  process.exit(named.includes('--help') ? 0 : 2);
}

if (process.env[ALONE] === undefined) process.exitCode = apartFromEachOther(named.length > 0 ? named : allPages());
else process.exitCode = (await follow(named[0])) ? 0 : 1;

function allPages() {
  const docs = readdirSync(join(root, 'docs'), { recursive: true })
    .map((file) => join('docs', String(file)))
    .filter((file) => file.endsWith('.md') && !file.startsWith(join('docs', 'site')));
  return ['README.md', ...docs.sort()];
}

/** @param {string[]} pages @returns {number} the exit code. */
function apartFromEachOther(pages) {
  const apart = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
  if (spawnSync('unshare', [...apart, 'ip', 'link', 'set', 'lo', 'up']).status !== 0) {
    console.error('A page can not be followed apart from everything else here: that takes Linux, unshare and ip.');
    return 3;
  }
  let faults = 0;
  for (const page of pages) {
    const itself = 'ip link set lo up && exec "$0" "$@"';
    const { status } = spawnSync('unshare', [...apart, 'sh', '-c', itself, process.execPath, fileURLToPath(import.meta.url), page], {
      cwd: root,
      env: { ...process.env, [ALONE]: '1' },
      stdio: 'inherit',
    });
    if (status !== 0) faults += 1;
  }
  console.log(`${pages.length - faults} of ${pages.length} pages are as they say`);
  return faults === 0 ? 0 : 1;
}

/** @param {string} page a path, or one below the root. @returns {Promise<boolean>} whether all is as it says. */
async function follow(page) {
  const { place, folder, env } = readersPlace();
  /** @type {Terminal[]} */
  const terminals = [];
  let right = true;
  const judged = async (block, deed) => {
    const started = performance.now();
    const said = await deed().then(
      (how) => how ?? 'as it says',
      (error) => {
        right = false;
        return `WRONG: ${error.message}`;
      },
    );
    console.log(`${page}:${block.line} ${block.language}: ${said} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  };
  for (const block of blocksOf(readFileSync(resolve(root, page), 'utf8'))) {
    if (block.language === '' || block.language === 'text') continue;
    await judged(block, async () => {
      if (block.notRun !== undefined) return `not run: ${block.notRun}`;
      if (block.file !== undefined) return save(join(folder, block.file), block.text);
      if (block.language === 'json') return void JSON.parse(block.text);
      if (block.language === 'sh') return inTerminal([{ command: `( set -e\n${block.text}\n)`, shown: [] }], block);
      if (block.language === 'console') return inTerminal(commandsOf(block.text), block);
      if (['js', 'ts'].includes(block.language)) return block.typed === undefined ? run(block) : checkTypes(block);
      throw new Error(`nothing is known of ${block.language}: save it, or say why it is not run`);
    });
  }
  for (const terminal of terminals) await judged({ line: 'end', language: 'terminal' }, () => terminal.close());
  rmSync(place, { recursive: true, force: true });
  return right;

  async function inTerminal(commands, { stays, exitCode }) {
    const [first] = commands;
    if (first.command === '') {
      for (const terminal of terminals) if (await terminal.printsToo(first.shown)) return;
      throw new Error(`no program that runs has printed this; they have printed:\n${terminals.map(({ unseen }) => unseen).join('\n')}`);
    }
    const terminal = new Terminal(folder, env);
    terminals.push(terminal);
    for (const [i, { command, shown }] of commands.entries()) {
      const last = i === commands.length - 1;
      await terminal.run(command, shown, { stays: last && stays === true, exitCode: last ? exitCode : 0 });
    }
    if (!terminal.stays) await terminals.pop()?.close();
  }

  /** As a module of TypeScript that uses the package. */
  async function checkTypes({ line, text, typed }) {
    const file = join(folder, `block-${line}.mts`);
    writeFileSync(file, `${typed}\n${text}\n`);
    const options = [
      '--noEmit',
      '--target',
      'es2023',
      '--module',
      'nodenext',
      '--strict',
      '--noImplicitAny',
      'false',
      '--skipLibCheck',
      '--types',
      'node',
    ];
    const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), [...options, file], { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`it does not fit the types:\n${stdout}`);
    return 'fits the types';
  }

  async function run({ line, language, text, given }) {
    const code = given === undefined ? text : `${given}\n${text}`;
    const file = join(folder, `block-${line}.mjs`);
    writeFileSync(file, language === 'ts' ? transformSync(code, { loader: 'ts', target: 'node20' }).code : code);
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { cwd: folder, env, encoding: 'utf8', timeout: 60_000 });
    if (status !== 0) throw new Error(`exit code ${status}\n${stdout}${stderr}`);
  }
}

function save(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${text}\n`);
  return `saved as ${relative(dirname(file), file)}`;
}

/** An empty folder in which the package is installed, others within reach, and a home with nothing in it. */
function readersPlace() {
  const place = mkdtempSync(join(tmpdir(), 'handfast-docs-'));
  const folder = join(place, 'folder');
  for (const name of ['folder/node_modules/.bin', 'bin', 'home', 'run']) mkdirSync(join(place, name), { recursive: true, mode: 0o700 });
  symlinkSync(root, join(folder, 'node_modules/handfast'));
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
  symlinkSync(join(root, 'dist/cli/main.js'), join(folder, 'node_modules/.bin/handfast'));
  // Without the time that npx takes to find what is there, and without a registry: what is asked for has to be what this clone has installed.
  program('npx', `exec node "node_modules/.bin/$@"`);
  program('npm', `exec node ${join(root, 'scripts/follow-docs/npm.mjs')} "$@"`);
  const env = {
    ...process.env,
    PATH: [join(place, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: join(place, 'home'),
    XDG_RUNTIME_DIR: join(place, 'run'),
    NO_COLOR: '1',
    TERM: 'dumb',
  };
  delete env[ALONE];
  return { place, folder, env };

  function program(name, text) {
    writeFileSync(join(place, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
}
