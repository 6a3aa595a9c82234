/** Writers of our files are killed at every call that they make of the file system, and disks are full at every one: afterwards the old file or the new one is there, whole. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FILES } from './written.mjs';

const WRITER = fileURLToPath(new URL('writer.mjs', import.meta.url));

/** @param folder one of our own. */
export async function faultsOfFiles(folder) {
  const failures = [];
  const shown = [];
  for (const kind of Object.keys(FILES)) {
    const { said } = await writer(kind, fresh(folder, kind), 'new', 'cut', 0);
    const calls = Number(said);
    const found = {};
    for (const how of ['cut', 'cut-inside', 'full']) {
      for (let at = 1; at <= calls; at++) {
        const path = await prepared(folder, kind);
        const { signal, code } = await writer(kind, path, 'new', how, at);
        const what = `${kind}, ${how} at call ${at} of ${calls}`;
        const version = await stateOf(kind, path);
        found[`${how}: ${version}`] = (found[`${how}: ${version}`] ?? 0) + 1;
        if (!allowed(kind).includes(version)) failures.push(`${what}: ${version}`);
        if (how === 'full' && signal) failures.push(`${what}: killed by ${signal}`);
        if (how !== 'full' && signal !== 'SIGKILL') failures.push(`${what}: not killed, exit code ${code}`);
        // Told that it could not be written, it is not there; and nothing is left beside it, unless the disk would not let it be taken away.
        if (how === 'full' && code === 3 && version === 'new') failures.push(`${what}: told of a failure, and written`);
        // What the next writer finds does not stop it.
        if (version !== 'new') {
          await FILES[kind].write(path, 'new').catch((error) => failures.push(`${what}: not written afterwards: ${error}`));
          const after = await stateOf(kind, path);
          if (after !== 'new') failures.push(`${what}: ${after} afterwards`);
        }
      }
    }
    shown.push(
      `${kind}: ${3 * calls} writers cut short or on a full disk: ${Object.entries(found)
        .map(([what, count]) => `${what} ${count}`)
        .join(', ')}`,
    );
  }
  const disk = join(folder, 'disk');
  if (mounted(disk)) {
    try {
      for (const kind of Object.keys(FILES)) failures.push(...(await onFullDisk(disk, kind)));
      shown.push(`a disk of 64 KiB that is full: ${Object.keys(FILES).join(', ')} refused, nothing lost, written once there is room`);
    } finally {
      execFileSync('umount', [disk]);
    }
  } else shown.push('no disk of our own could be mounted (needs root): full disks were played only');
  return { shown, failures };
}

async function onFullDisk(disk, kind) {
  const failures = [];
  const path = join(disk, kind);
  if (FILES[kind].replaces) await FILES[kind].write(path, 'old');
  // All that is left of it.
  const filler = join(disk, 'filler');
  for (let size = 65_536; size > 0; size >>= 1) {
    try {
      writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Half of it may fit.
    }
  }
  const refused = await FILES[kind].write(path, 'new').then(
    () => undefined,
    (error) => error,
  );
  if (refused?.code !== 'ENOSPC' && refused?.cause?.code !== 'ENOSPC') failures.push(`${kind} on a full disk: ${refused}`);
  const left = readdirSync(disk).filter((name) => name.endsWith('.tmp'));
  if (left.length > 0) failures.push(`${kind} on a full disk: ${left.join()} is left`);
  if (!allowed(kind).includes(await stateOf(kind, path)) || (await stateOf(kind, path)) === 'new')
    failures.push(`${kind} on a full disk: ${await stateOf(kind, path)}`);
  rmSync(filler);
  await FILES[kind].write(path, 'new');
  if ((await stateOf(kind, path)) !== 'new') failures.push(`${kind}: not written once there is room`);
  rmSync(path);
  return failures;
}

/** Whole, old or new; a file that is never overwritten may not be there. */
const allowed = (kind) => (FILES[kind].replaces ? ['old', 'new'] : ['none', 'new']);

async function stateOf(kind, path) {
  if (!existsSync(path)) return 'none';
  return FILES[kind].read(path).catch((error) => `unreadable: ${error.message}`);
}

function fresh(folder, kind) {
  const place = join(folder, 'files');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place);
  return join(place, kind);
}

async function prepared(folder, kind) {
  const path = fresh(folder, kind);
  if (FILES[kind].replaces) await FILES[kind].write(path, 'old');
  return path;
}

function writer(...args) {
  return new Promise((resolve) => {
    execFile(process.execPath, [WRITER, ...args.map(String)], (error, said) =>
      resolve({ said, signal: error?.signal, code: error?.code ?? 0 }),
    );
  });
}

function mounted(disk) {
  if (process.platform !== 'linux' || process.getuid() !== 0) return false;
  try {
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
