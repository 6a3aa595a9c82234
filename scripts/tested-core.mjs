// Runs after the tests: its last line says which cores they ran on, and how to get the native one where it was skipped.
const native = new URL('../dist/core/native.js', import.meta.url);

try {
  await import(native.href);
  console.log('Tested: the native core and the pure core.');
} catch (error) {
  console.log(`The native core did not load: ${String(error?.message ?? error).split('\n', 1)[0]}`);
  console.log('Its tests were SKIPPED; the pure core was tested alone. To get it, then run npm test again:');
  console.log('  Debian, Ubuntu:  apt-get install build-essential cmake libsodium-dev libsecp256k1-dev libipsec-mb-dev');
  console.log('  macOS:           brew install cmake libsodium secp256k1');
  if (process.env.HANDFAST_REQUIRE_NATIVE === '1') process.exitCode = 1;
  console.log('Tested: the pure core only; native tests were skipped (scripts/setup installs what they need).');
}
