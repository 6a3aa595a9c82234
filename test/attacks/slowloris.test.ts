/** Peers that say a little, or a byte a second, on every socket that a protocol goes over: one deadline for the whole handshake, which nothing moves. `xrpl` over TLS: xrpl-slow.test.ts. */
import { once } from 'node:events';
import { type Socket, connect as tcpConnect } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import type { CarrierName } from '../../src/protocols/machine.ts';
import { type Attacked, attacked, dispose } from '../support/attacked.ts';
import { HandClock } from '../support/clock.ts';
import { cores } from '../support/cores.ts';

const core = cores.at(-1)!;
const HOST = '127.0.0.1';
const DEADLINES: Readonly<Record<string, number>> = { handfast: 30_000, hivemind: 15_000, sdmp: 10_000, lwstcp: 5_000 };
const deadlineOf = ({ name }: Attacked): number => DEADLINES[name.split(/[ ,]/)[0]!]!;

/** What a peer says at once, and what it says byte by byte after that. */
interface Slow {
  readonly subject: Attacked;
  readonly carrier: CarrierName;
  readonly how: string;
  readonly first: Uint8Array;
  readonly then: Uint8Array;
}

const rows = attacked(core, 'handfast', 'hivemind 2', 'hivemind 3', 'lwstcp', 'sdmp', 'sdmp, bound').flatMap((subject) =>
  subject.carriers.flatMap((carrier): Slow[] => {
    const { ends, messages } = subject.recorded();
    dispose(ends);
    const message = messages.find(({ from }) => from === 'a')!.data;
    const row = (how: string, first: Uint8Array, then: Uint8Array): Slow => ({ subject, carrier, how, first, then });
    const nothing = new Uint8Array(0);
    const silent = row('without a byte', nothing, nothing);
    if (carrier === 'tcp') return [silent, row('byte by byte', nothing, message)];
    const upgrade = Buffer.from(subject.upgrade);
    return [
      silent,
      row('byte by byte in the upgrade', nothing, upgrade),
      row('without a message after the upgrade', upgrade, nothing),
      row('byte by byte in a message after the upgrade', upgrade, frameOf(message)),
      row('with an empty ping after the other', upgrade, Buffer.concat(Array(64).fill(Buffer.of(0x89, 0x80, 0, 0, 0, 0)))),
    ];
  }),
);

describe('slow handshakes', () => {
  afterAll(() => expect(core.slabs.leased).toBe(0));

  it.each(rows.map((row) => [`${row.subject.name} over ${row.carrier}, ${row.how}`, row] as const))(
    '%s: cut at the deadline, not before and not later',
    async (_name, { subject, carrier, first, then }) => {
      const clock = new HandClock(Date.now());
      const server = await subject.serve(carrier, { clock });
      const socket = tcpConnect(server.address!.port, HOST);
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.setNoDelay(true);
      socket.resume();
      if (first.length > 0) await written(socket, first);
      while (server.load.halfOpen < 1) await turns(1);
      const seconds = deadlineOf(subject) / 1000;
      for (let second = 0; second < seconds - 1; second++) {
        // Never the whole of it.
        if (second < then.length - 1) await written(socket, then.subarray(second, second + 1));
        await turns(3);
        clock.advance(1000);
        expect(server.load.halfOpen, `after ${second + 1} s`).toBe(1);
      }
      clock.advance(999);
      await turns(3);
      expect(server.load.halfOpen).toBe(1);
      const refused = once(server, 'handshakeError');
      clock.advance(1);
      expect((await refused)[0]).toMatchObject({ code: 'HF_HANDSHAKE_TIMEOUT' });
      expect(server.load.halfOpen).toBe(0);
      // Some linger, so that a reason arrives; on this clock too.
      for (let i = 0; i < 10 && !socket.destroyed; i++) {
        clock.advance(1000);
        await turns(20);
      }
      if (!socket.destroyed) await once(socket, 'close');
      expect(server.sessions.size).toBe(0);
      await server.close({ drainMs: 0 });
    },
  );
});

/** One masked frame of a WebSocket, text, of less than 64 KiB. */
function frameOf(message: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(0x81, 0xfe, message.length >> 8, message.length & 0xff, 0, 0, 0, 0), message]);
}

function written(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => socket.write(bytes, () => resolve()));
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
