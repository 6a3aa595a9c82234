/**
 * Writes one of our files, and is killed, or finds the disk full, at one of the calls that it makes of the file system.
 *
 *   node writer.mjs bans|identity|clients PATH old|new cut|cut-inside|full CALL
 *
 * It says how many calls there were. Its exit code is 3 when it was told that it could not write.
 */
import { interrupt } from './interrupt.mjs';

const [kind, path, version, how, at] = process.argv.slice(2);
const { FILES } = await import('./written.mjs');
const cut = () => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
};
const { counts } = await interrupt({ at: Number(at), how, cut });
try {
  await FILES[kind].write(path, version);
  process.stdout.write(String(counts.calls));
} catch (error) {
  process.stderr.write(`${error.code} ${error.message}\n`);
  process.exitCode = 3;
}
