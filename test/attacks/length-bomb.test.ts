/** Connections that declare as much as may be declared, and stop: memory is held for the bytes that came. */
import { once } from 'node:events';
import { type Socket, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { CarrierName } from '../../src/protocols/machine.ts';
import { type Attacked, attacked } from '../support/attacked.ts';
import { FULL } from '../support/attacks.ts';
import { cores } from '../support/cores.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const core = cores.at(-1)!;
const HOST = '127.0.0.1';
const KIB = 1024;
const CONNECTIONS = FULL ? 1000 : 50;
const SESSIONS = FULL ? 60 : 10;

/** What is said before a handshake is over: as much as each carrier lets one declare. */
const OPENINGS: readonly { name: string; carrier: CarrierName; bytes: (subject: Attacked) => Uint8Array }[] = [
  { name: 'handfast', carrier: 'tcp', bytes: () => Buffer.of(0, 0, 8, 0, 1, 1) },
  { name: 'lwstcp', carrier: 'tcp', bytes: () => Buffer.alloc(24, 3) },
  { name: 'sdmp', carrier: 'tcp', bytes: () => Buffer.from(`{"a":"${'x'.repeat(4000)}`) },
  { name: 'xrpl', carrier: 'tls', bytes: () => Buffer.from(`GET / HTTP/1.1\r\nContent-Length: 99999999999\r\nA: ${'x'.repeat(4000)}`) },
  ...(['hivemind 2', 'hivemind 3', 'sdmp'] as const).map((name) => ({
    name,
    carrier: 'websocket' as const,
    // 1 MiB as a WebSocket declares it, and four bytes of it.
    bytes: (subject: Attacked) =>
      Buffer.concat([Buffer.from(subject.upgrade), Buffer.of(0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4)]),
  })),
];

/** The head of the largest message of a session that there may be, and four bytes of it. */
const MESSAGES: Readonly<Record<string, Uint8Array>> = {
  handfast: Buffer.of(0, 0x10, 0x04, 0, 1, 2, 3, 4),
  xrpl: Buffer.of(0, 0x10, 0, 0, 0, 41, 1, 2, 3, 4),
  lwstcp: Buffer.of(1, 0xff, 0xf8, 1, 2, 3, 4),
  sdmp: Buffer.from('{"a":"'),
};

describe('declared lengths', () => {
  it.each(OPENINGS.map((opening) => [`${opening.name} over ${opening.carrier}`, opening] as const))(
    `%s: ${CONNECTIONS} connections hold less than 32 KiB each`,
    { timeout: 120_000 },
    async (_name, { name, carrier, bytes }) => {
      const [subject] = attacked(core, name);
      // All of them stay until they are counted, however slow the machine.
      const server = await subject!.serve(carrier, { deadlineMs: 60_000 });
      const sockets: Socket[] = [];
      const before = core.slabs.bytes;
      const heap = memory();
      for (let i = 0; i < CONNECTIONS / 50; i++) {
        sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => knock(carrier, server.address!.port, bytes(subject!))))));
      }
      while (server.load.halfOpen < CONNECTIONS) await turns(1);
      await turns(20);
      const held = (server.load.heldBytes + core.slabs.bytes - before) / CONNECTIONS;
      const all = (memory() - heap) / CONNECTIONS;
      console.log(
        `length bombs, ${name} over ${carrier}: ${CONNECTIONS} connections, ${(held / KIB).toFixed(1)} KiB held each, ${(all / KIB).toFixed(1)} KiB of this process, their other ends included`,
      );
      expect(held).toBeLessThan(32 * KIB);
      // Their other ends are here too: two sockets, and with TLS the whole of it twice.
      expect(all).toBeLessThan(64 * KIB);
      expect(core.slabs.leased).toBe(0);
      for (const socket of sockets) socket.destroy();
      while (server.load.halfOpen > 0) await turns(1);
      await server.close({ drainMs: 0 });
    },
  );

  it.each(attacked(core, ...Object.keys(MESSAGES)))(
    `$name: ${SESSIONS} sessions that are told of a large message hold less than 32 KiB each`,
    async (subject) => {
      let bomb = false;
      const cut = (bytes: Uint8Array) => [bomb ? MESSAGES[subject.name]! : bytes];
      const story = await subject.story({ cut });
      for (let i = 0; i < SESSIONS; i++) await subject.sessionsOf(story);
      const before = core.slabs.bytes;
      const heap = memory();
      bomb = true;
      for (const session of story.dialled) void session.send(subject.payload('short'), subject.about);
      await story.settle();
      const held = (core.slabs.bytes - before) / SESSIONS;
      const all = (memory() - heap) / SESSIONS;
      console.log(
        `length bombs, sessions of ${subject.name}: ${SESSIONS}, ${(held / KIB).toFixed(1)} KiB of slabs each, ${(all / KIB).toFixed(1)} KiB of this process`,
      );
      expect([...story.accepted].filter((session) => session.error)).toEqual([]);
      expect(held).toBeLessThan(32 * KIB);
      expect(all).toBeLessThan(64 * KIB);
      await story.finish();
    },
  );
});

async function knock(carrier: CarrierName, port: number, bytes: Uint8Array): Promise<Socket> {
  const socket = carrier === 'tls' ? tlsConnect({ host: HOST, port, rejectUnauthorized: false }) : tcpConnect(port, HOST);
  socket.on('error', () => {});
  await once(socket, carrier === 'tls' ? 'secureConnect' : 'connect');
  socket.resume();
  await new Promise((resolve) => socket.write(bytes, resolve));
  return socket;
}

function memory(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
