/** Many small pieces instead of a big one: what they cost, and that their number is bounded where something is kept of each. */
import { once } from 'node:events';
import { connect as tcpConnect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { type Attacked, attacked } from '../support/attacked.ts';
import { FULL } from '../support/attacks.ts';
import { cores } from '../support/cores.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const core = cores.at(-1)!;
const MIB = 1 << 20;

describe('handshakes a byte at a time', () => {
  it.each(attacked(core, 'handfast', 'xrpl', 'lwstcp', 'sdmp', 'sdmp, bound'))(
    '$name opens, for less than ten times the work of whole messages',
    { timeout: 300_000 },
    async (subject) => {
      const ratios: number[] = [];
      for (let round = 0; round < (FULL ? 11 : 1); round++) {
        const sizes = round % 2 === 0 ? [1, 1024] : [1024, 1];
        const times = new Map<number, number>();
        for (const size of sizes) times.set(size, await shaken(subject, size));
        ratios.push(times.get(1)! / times.get(1024)!);
      }
      const median = ratios.sort((a, b) => a - b)[ratios.length >> 1]!;
      console.log(
        `one-byte chunks, ${subject.name}: ${median.toFixed(2)} times the work of 1 KiB chunks (${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)})`,
      );
      if (FULL) expect(median).toBeLessThan(10);
    },
  );
});

describe('a message of a WebSocket in very many fragments', () => {
  it.each(attacked(core, 'hivemind 2', 'sdmp'))('$name: ends, and nothing is held of them', { timeout: 120_000 }, async (subject) => {
    const server = await subject.serve('websocket', { deadlineMs: 60_000 });
    const socket = tcpConnect(server.address!.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.resume();
    const refused = once(server, 'handshakeError');
    const before = memory();
    socket.write(subject.upgrade);
    // Text that goes on, of no bytes, masked.
    socket.write(Buffer.of(0x01, 0x80, 0, 0, 0, 0));
    const more = Buffer.alloc(6 * 10_000);
    for (let i = 0; i < 10_000; i++) more.set([0x00, 0x80, 0, 0, 0, 0], 6 * i);
    let sent = 0;
    for (; sent < 100 && !socket.destroyed && server.load.halfOpen > 0; sent++) await new Promise((resolve) => socket.write(more, resolve));
    const [error] = await refused;
    expect(error.code).toMatch(/^HF_(TOO_LARGE|MALFORMED)$/);
    const grown = memory() - before;
    console.log(
      `fragments, ${subject.name} over WebSocket: ended by ${error.code} after at most ${(sent + 1) * 10_000} empty ones, ${(grown / MIB).toFixed(2)} MiB more than before`,
    );
    expect(grown).toBeLessThan(8 * MIB);
    socket.destroy();
    await server.close({ drainMs: 0 });
  });
});

/** Handshakes in chunks of so many bytes. @returns microseconds of a processor, both ends together. */
async function shaken(subject: Attacked, size: number): Promise<number> {
  const cut = (bytes: Uint8Array) =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
  const story = await subject.story({ cut });
  await subject.sessionsOf(story);
  const started = process.cpuUsage();
  for (let i = 0; i < (FULL ? 30 : 1); i++) await subject.sessionsOf(story);
  const { user, system } = process.cpuUsage(started);
  await story.finish();
  return user + system;
}

function memory(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
