// @ts-check
/** A real Redis for a suite, which writes each change to a file before it answers; ended by its process id. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @returns {Promise<{ url: string, used(): number, end(): Promise<void> } | { missing: string }>} `used`: microseconds of processor time so far. */
export async function startRedis() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  probe.close();
  await once(probe, 'close');
  const folder = mkdtempSync(join(tmpdir(), 'handfast-redis-'));
  const settings = { port, bind: '127.0.0.1', dir: folder, appendonly: 'yes', appendfsync: 'always', save: '' };
  const child = spawn(
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
  );
  const ready = await new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', () => resolve(false));
    child.stdout.on('data', (chunk) => String(chunk).includes('Ready to accept connections') && resolve(true));
  });
  const tidy = () => rmSync(folder, { recursive: true, force: true });
  if (!ready) {
    tidy();
    return { missing: 'apt-get install redis-server' };
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    used: () => processorTime(/** @type {number} */ (child.pid)),
    async end() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      tidy();
    },
  };
}

/** @param {number} pid @returns {number} microseconds; 0 where the system does not say. */
function processorTime(pid) {
  try {
    // Behind the name, which may hold anything: user and system time in hundredths of a second.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return 0;
  }
}
