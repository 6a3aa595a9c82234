// Looks at a built addon as the loader will: no symbol of the libraries inside it may be visible, nothing in it may need relocation as text, and libsodium may not be asked for.
// Usage: node scripts/check-addon.mjs [file]; exit code 1 when something is not as it should be. Linux only.
import { spawnSync } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = process.argv[2] ?? join(root, 'build', 'Release', 'handfast.node');

const LIBRARY_NAME = /^(crypto_|sodium_|randombytes|secp256k1_|imb_|IMB_|aes_|_?_wrap_stderr)/;
const ENTRY_POINTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

if (process.platform !== 'linux') {
  console.log('check-addon: only for Linux');
} else {
  const names = read('nm', ['-D', '--defined-only', file]).map((line) => line.split(' ').at(-1));
  const dynamic = read('readelf', ['-d', file]);
  const faults = [
    ...names.filter((name) => LIBRARY_NAME.test(name)).map((name) => `a library's symbol is visible: ${name}`),
    ...ENTRY_POINTS.filter((name) => !names.includes(name)).map((name) => `an entry point is missing: ${name}`),
    ...dynamic.filter((line) => line.includes('TEXTREL')).map(() => 'it has text relocations'),
    ...dynamic.filter((line) => /NEEDED.*lib(sodium|secp256k1|IPSec_MB)/.test(line)).map((line) => `it needs a library: ${line.trim()}`),
    ...(dynamic.some((line) => /\bNOW\b/.test(line)) ? [] : ['its symbols are not bound at load (-z now)']),
  ];
  for (const fault of faults) console.error(`check-addon: ${fault}`);
  if (faults.length === 0) console.log(`check-addon: ${relative(root, file)} is as it should be (${names.length} visible symbols)`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

function read(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) {
    console.error(`check-addon: ${command} failed: ${error?.message ?? stderr}`);
    process.exit(1);
  }
  return stdout.split('\n').filter((line) => line !== '');
}
