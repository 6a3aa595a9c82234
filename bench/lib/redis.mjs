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
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  // Ended when this process is gone, however it went: then nobody holds the other end of its standard input.
  const child = spawn('sh', ['-c', WATCHED, 'sh', folder, ...args]);
  let said = '';
  const ready = await new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', () => resolve(false));
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.includes('Ready to accept connections')) resolve(true);
    });
  });
  if (!ready) {
    rmSync(folder, { recursive: true, force: true });
    return { missing: 'apt-get install redis-server' };
  }
  const pid = Number(/^pid (\d+)$/m.exec(said)?.[1]);
  return {
    url: `redis://127.0.0.1:${port}`,
    used: () => processorTime(pid),
    async end() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

/** Says the process id of the server, waits until its own standard input ends, and then ends the server and takes its folder away. One that does not start ends it at once. */
const WATCHED = `
command -v redis-server >/dev/null || exit 1
folder=$1; shift
redis-server "$@" </dev/null &
echo "pid $!"
read -r _
kill -9 $!
rm -rf "$folder"
`;

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
