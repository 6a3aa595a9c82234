/**
 * The package as its users get it: packed, installed into an empty project without install scripts, loaded by import and by require, type-checked, bundled for a browser.
 *
 *   npm run check:package -- [--node 20,22,24] [--keep]
 *
 * It packs what dist/ and prebuilds/ hold: run `npm run build`, and `npm run prebuilds` for the package with its addon; without prebuilds the pure core is what is checked.
 * Exit code 1 when anything is not as it should be.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { nodeBinary } from '../bench/lib/node-versions.mjs';
import { readArguments } from './arguments.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const values = readArguments('usage: npm run check:package -- [--node VERSION] [--keep]', {
  node: { type: 'string', default: process.versions.node },
  keep: { type: 'boolean', default: false },
});
const { name, exports, version, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const MODULES = [
  ...Object.keys(exports).filter((path) => path !== './package.json' && !path.includes('*')),
  ...readdirSync(join(root, 'src/adapters'))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `./adapters/${file.slice(0, -3)}`),
].map((path) => name + path.slice(1));
const NATIVE = `${name}/native`;
/** Needs packages of js-libp2p, which its users have. */
const LIBP2P = `${name}/adapters/libp2p`;
/** MiB: of the tarball, and of what it becomes. One addon is in it for each platform that was built for. */
const BUDGET = { packed: 6, unpacked: 24 };
/** KiB, minified: of handfast/1 and the pure core in a page. test/browser measures more of it. */
const BUNDLE = 160;

const folder = mkdtempSync(join(tmpdir(), 'handfast-package-'));
let faults = 0;
try {
  const tarball = pack();
  const hasAddon = existsSync(join(root, 'prebuilds'));
  lint(tarball);
  const project = install(tarball);
  for (const wanted of values.node.split(',')) {
    const node = await nodeBinary(wanted, (line) => console.log(line));
    load(project, node, hasAddon);
  }
  firstPage(tarball);
  types(project);
  await withLibp2p(project);
  await bundle(project);
} finally {
  if (values.keep) console.log(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
console.log(faults === 0 ? 'the package is as it should be' : `${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;

function pack() {
  const [{ filename, size, unpackedSize, files }] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root),
  );
  const mib = (bytes) => (bytes / 2 ** 20).toFixed(2);
  tell(size <= BUDGET.packed * 2 ** 20, `${mib(size)} MiB packed, at most ${BUDGET.packed}`);
  tell(unpackedSize <= BUDGET.unpacked * 2 ** 20, `${mib(unpackedSize)} MiB unpacked in ${files.length} files, at most ${BUDGET.unpacked}`);
  const strange = files.filter(
    ({ path }) => !/^(dist\/|prebuilds\/|package\.json$|README\.md$|LICENSE$|THIRD-PARTY-NOTICES$|CHANGELOG\.md$|SECURITY\.md$)/.test(path),
  );
  tell(strange.length === 0, `nothing in it that does not belong there${strange.map(({ path }) => ` ${path}`).join('')}`);
  return join(folder, filename);
}

function lint(tarball) {
  const publint = spawnSync('npx', ['publint', tarball, '--strict'], { cwd: root, encoding: 'utf8' });
  tell(publint.status === 0, `publint${publint.status === 0 ? '' : `\n${publint.stdout}`}`);
  // The package is ESM; `require` of it is Node's own, from 20.19 on.
  const attw = spawnSync('npx', ['attw', tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-emoji'], {
    cwd: root,
    encoding: 'utf8',
  });
  tell(attw.status === 0, `are the types wrong?${attw.status === 0 ? ' no' : `\n${attw.stdout}${attw.stderr}`}`);
}

function install(tarball) {
  const project = join(folder, 'project');
  writeProject(project);
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--omit=optional', tarball], project);
  const scripts = JSON.parse(readFileSync(join(project, 'node_modules', name, 'package.json'), 'utf8')).scripts ?? {};
  tell(!['preinstall', 'install', 'postinstall'].some((script) => script in scripts), 'no install script');
  return project;
}

function writeProject(project) {
  spawnSync('mkdir', ['-p', project]);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }));
}

function load(project, node, hasAddon) {
  const modules = MODULES.filter((module) => module !== LIBP2P && (hasAddon || module !== NATIVE));
  const say = 'console.log(process.versions.node, choice.core)';
  const imported = modules.map((module) => `await import('${module}')`).join('; ');
  const required = modules.map((module) => `require('${module}')`).join('; ');
  const byImport = spawnSync(
    node,
    ['--input-type=module', '--eval', `${imported}; const { choice } = await import('${name}/core'); ${say}`],
    { cwd: project, encoding: 'utf8' },
  );
  const byRequire = spawnSync(
    node,
    ['--input-type=commonjs', '--eval', `${required}; const { choice } = require('${name}/core'); ${say}`],
    { cwd: project, encoding: 'utf8' },
  );
  for (const [how, { status, stdout, stderr }] of [
    ['import', byImport],
    ['require', byRequire],
  ]) {
    const [of, core] = stdout.trim().split(' ');
    const right = status === 0 && core === (hasAddon ? 'native' : 'pure');
    tell(right, `Node ${of || node}: ${modules.length} modules by ${how}, the ${core || 'no'} core${status === 0 ? '' : `\n${stderr}`}`);
  }
  const example = readFileSync(join(root, 'examples/first-session.mjs'), 'utf8');
  const { status, stdout, stderr } = spawnSync(node, ['--input-type=module', '--eval', example], {
    cwd: project,
    encoding: 'utf8',
    timeout: 60_000,
  });
  tell(status === 0 && stdout.includes('Bob says: hello'), `the first example talks${status === 0 ? '' : `\n${stderr}`}`);
  const help = spawnSync(node, [join(project, 'node_modules/.bin/handfast'), '--version'], { cwd: project, encoding: 'utf8' });
  tell(help.stdout.includes(version), `handfast --version says ${version}`);
}

/** README.md as a newcomer follows it: in an empty folder, its commands as they stand, but for where the package comes from. Times are told, not judged. */
function firstPage(tarball) {
  const page = readFileSync(join(root, 'README.md'), 'utf8').split('## A first session\n')[1].split('\n## ')[0];
  const empty = mkdtempSync(join(folder, 'newcomer-'));
  const started = performance.now();
  let said = '';
  for (const [, before, language, code] of page.matchAll(/([^\n]*)\n\n```(\w+)\n([\s\S]*?)```/g)) {
    if (language === 'js') {
      writeFileSync(join(empty, /`([^`]+)`/.exec(before)[1]), code);
      continue;
    }
    const { status, stdout, stderr } = spawnSync('sh', ['-ec', code.replace('npm install handfast', `npm install ${tarball}`)], {
      cwd: empty,
      encoding: 'utf8',
      timeout: 120_000,
    });
    said += stdout;
    if (status !== 0) return tell(false, `the first page: ${code}${stderr}`);
    console.log(
      `      ${code.split('\n')[0].split('#')[0].trim()}: ${((performance.now() - started) / 1000).toFixed(1)} s since the start`,
    );
  }
  tell(said.includes('authenticated Bob: true\nBob says: hello\n'), 'the first page, followed in an empty folder: two peers talk');
}

/** A program that uses the types, under both ways of finding them. */
function types(project) {
  writeFileSync(
    join(project, 'types.ts'),
    `import { connect, type HandfastError, Identity, listen, type Session } from '${name}';
import { core } from '${name}/core';
import { crypto } from '${name}/adapters/libp2p-noise';
const identity: Identity = Identity.generate();
const made: Promise<Session> = connect({ protocol: 'handfast', host: '127.0.0.1', port: 1, identity, network: 'demo' });
made.catch((error: HandfastError) => console.log(error.code, core.name, crypto.hashSHA256(identity.publicKey).length));
void listen({ protocol: 'handfast', port: 0, identity, network: 'demo' }).then((server) => server.close());
// @ts-expect-error a session without an identity
void connect({ protocol: 'handfast', host: '127.0.0.1', port: 1, network: 'demo' });
`,
  );
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-dev', `@types/node@${ownVersion('@types/node')}`], project);
  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2023',
      '--module',
      module,
      '--moduleResolution',
      resolution,
      '--types',
      'node',
      'types.ts',
    ];
    const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), options, { cwd: project, encoding: 'utf8' });
    tell(status === 0, `types, moduleResolution ${resolution}${status === 0 ? '' : `\n${stdout}`}`);
  }
}

/** The adapter that cannot be loaded without the packages it is for, with them. */
async function withLibp2p(project) {
  const wanted = Object.keys(peerDependencies)
    .filter((peer) => peer.startsWith('@libp2p/'))
    .map((peer) => `${peer}@${ownVersion(peer)}`);
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...wanted], project);
  for (const version of values.node.split(',')) {
    const node = await nodeBinary(version);
    for (const [how, type, code] of [
      ['import', 'module', `const { handfast } = await import('${LIBP2P}')`],
      ['require', 'commonjs', `const { handfast } = require('${LIBP2P}')`],
    ]) {
      const program = `${code}; console.log(typeof handfast())`;
      const { status, stderr } = spawnSync(node, [`--input-type=${type}`, '--eval', program], { cwd: project, encoding: 'utf8' });
      tell(status === 0, `Node ${version}: ${LIBP2P} by ${how}${status === 0 ? '' : `\n${stderr}`}`);
    }
  }
}

/** The pure core and the machines go into a browser's bundle with nothing of Node. */
async function bundle(project) {
  const contents = `import { core, Identity } from '${name}'; import { handfast } from '${name}/protocols'; console.log(core.name, Identity, handfast);`;
  try {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: project },
      bundle: true,
      minify: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      logLevel: 'silent',
    });
    const size = outputFiles[0].contents.length / 1024;
    tell(size <= BUNDLE, `a browser's bundle: ${size.toFixed(0)} KiB, at most ${BUNDLE}`);
  } catch (error) {
    tell(false, `a browser's bundle: ${error.message}`);
  }
}

function ownVersion(dependency) {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies[dependency];
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

function tell(right, what) {
  console.log(`${right ? 'ok   ' : 'FAULT'} ${what}`);
  if (!right) faults++;
}
