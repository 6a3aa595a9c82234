/**
 * Whether the functions that handle secrets take the same time whatever the secret, asked in four ways, each with a control that must be found:
 *
 *   npm run test:ct [-- machine-code | memcheck | timing | compares ...]      all when none is named
 *
 *   machine-code  no branch, address, gather or division in the kernels for AVX-512 depends on a secret (scripts/constant-time/disassembly.mjs)
 *   memcheck      the same templates over a scalar, and the scalar code, under valgrind with secrets marked as undefined
 *   timing        Welch's t-test on the functions themselves; on a busy machine it takes longer and sees less
 *   compares      the same on the comparisons of both cores, from JavaScript (scripts/constant-time/compares.mjs)
 *
 * Needs cmake, objdump (binutils) and, for memcheck, valgrind. Exit code 1 when something was found that should not be, or a control was not.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compares } from './constant-time/compares.mjs';
import { functionsOf, leaksOf } from './constant-time/disassembly.mjs';

const CHECKS = { 'machine-code': machineCode, memcheck, timing, compares };
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'build', 'tests');
const wanted = process.argv.slice(2);
if (wanted.some((name) => !Object.hasOwn(CHECKS, name))) {
  console.log('npm run test:ct [-- machine-code | memcheck | timing | compares ...]');
  process.exit(wanted.includes('--help') ? 0 : 2);
}

/** Files of native/lanes whose functions all handle secrets, and the kernels that must be in them. */
const KERNELS = {
  'x25519-ifma': ['X25519SharedIfma'],
  'base-ifma': ['X25519PublicIfma', 'Ed25519SignIfma'],
  'blake2b-avx512': ['KdfAvx512', 'Blake2bCompressAvx512'],
};
/** Keep pointers and lengths on the stack between secrets, which this check cannot tell apart there; memcheck and the clock can. */
const NOT_FOLLOWED = ['Sha512Lanes', 'Ed25519SignTogether'];

run('cmake', ['-S', root, '-B', out, '-DHANDFAST_TESTS=ON']);
run('cmake', ['--build', out, '--parallel', '2']);
let failed = false;
for (const name of wanted.length > 0 ? wanted : Object.keys(CHECKS)) {
  console.log(`== ${name}`);
  if (!(await CHECKS[name]())) failed = true;
}
console.log(failed ? 'constant time: FAILED' : 'constant time: nothing found that depends on a secret, and every control was found');
process.exitCode = failed ? 1 : 0;

function machineCode() {
  const controls = listing('constant_time_controls.dir/test/constant-time/leaky.cpp.o');
  if (controls === undefined) {
    console.log('-    this compiler leaves the kernels for AVX-512 out');
    return true;
  }
  let held = true;
  for (const code of controls) {
    const leaks = leaksOf(code);
    const leaky = code.name.includes('Leaky');
    if (leaks.length > 0 !== leaky) held = false;
    console.log(`${leaks.length > 0 === leaky ? 'ok  ' : 'FAIL'} ${nameOf(code)}${leaky ? ' (control: must be found)' : ''}`);
  }
  if (!controls.some(({ name }) => name.includes('Leaky'))) held = false;
  for (const [file, kernels] of Object.entries(KERNELS)) {
    const codes = listing(`handfast_core.dir/native/lanes/${file}.cpp.o`) ?? [];
    for (const kernel of kernels) {
      if (codes.some(({ name }) => name.startsWith(`handfast::${kernel}(`))) continue;
      console.log(`FAIL ${kernel}: not in ${file}`);
      held = false;
    }
    for (const code of codes) {
      if (NOT_FOLLOWED.includes(nameOf(code))) {
        console.log(`-    ${file}: ${nameOf(code)} is left to memcheck and the clock`);
        continue;
      }
      const leaks = leaksOf(code);
      if (leaks.length > 0) held = false;
      console.log(`${leaks.length > 0 ? 'FAIL' : 'ok  '} ${file}: ${nameOf(code)}, ${code.instructions.length} instructions`);
      for (const leak of leaks) console.log(`       ${leak}`);
    }
  }
  return held;
}

function memcheck() {
  const program = join(out, 'constant_time_memcheck');
  if (!existsSync(program)) {
    console.log('FAIL valgrind or its header is missing (Debian, Ubuntu: apt-get install valgrind)');
    return false;
  }
  return spawnSync('valgrind', ['--quiet', '--log-file=/dev/null', program], { stdio: 'inherit' }).status === 0;
}

function timing() {
  return spawnSync(join(out, 'constant_time_timing'), [], { stdio: 'inherit' }).status === 0;
}

/** The functions of an object file, or undefined when there are none. @param {string} object below CMakeFiles */
function listing(object) {
  const { status, stdout, stderr } = spawnSync('objdump', ['-d', '--no-show-raw-insn', '-C', join(out, 'CMakeFiles', object)], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) {
    console.error(stderr ?? 'objdump is missing (Debian, Ubuntu: apt-get install binutils)');
    process.exit(1);
  }
  const codes = functionsOf(stdout);
  return codes.length === 0 ? undefined : codes;
}

/** @param {{ name: string }} code without what it says of its types. */
function nameOf({ name }) {
  const plain = name.replaceAll('handfast::', '').replaceAll('(anonymous namespace)::', '');
  let depth = 0;
  let bare = '';
  for (const character of plain.replace(/\(.*$/s, '')) {
    if (character === '<') depth++;
    else if (character === '>') depth--;
    else if (depth === 0) bare += character;
  }
  return bare.trim().split(' ').at(-1);
}

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  console.error(error ? `${command}: ${error.message}` : `${stdout ?? ''}${stderr ?? ''}`);
  process.exit(1);
}
