/** Heads that never end: one deadline from the connection on, which no byte moves; and heads that are too long. */
import { once } from 'node:events';
import { connect as tcpConnect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import type { Input } from '../../src/protocols/machine.ts';
import { xrpl } from '../../src/protocols/xrpl/index.ts';
import { HandClock } from '../support/clock.ts';
import { cores } from '../support/cores.ts';
import {
  dial,
  expectNothingLeft,
  HOST,
  headText,
  identityOf,
  knock,
  outcome,
  REQUEST_LINE,
  requestFields,
  serve,
  trap,
  turns,
} from '../support/xrpl-tls.ts';

const core = cores.at(-1)!;
const DEADLINE_MS = 15_000;

/** The protocol, telling of the bytes that its machines were given. */
function watched(): { protocol: typeof xrpl; arrived(count: number): Promise<void>; ready(): Promise<void> } {
  let bytes = 0;
  let ready = false;
  let told = (): void => {};
  const until = async (reached: () => boolean): Promise<void> => {
    while (!reached()) await new Promise<void>((resolve) => (told = resolve));
  };
  const protocol: typeof xrpl = {
    ...xrpl,
    responder(options) {
      const machine = xrpl.responder(options);
      return {
        initial: machine.initial,
        step(state, input: Input) {
          if (input.kind === 'bytes') bytes += input.data.length;
          if (input.kind === 'ready') ready = true;
          setImmediate(() => told());
          return machine.step(state, input);
        },
      };
    },
  };
  return { protocol, arrived: (count) => until(() => bytes >= count), ready: () => until(() => ready) };
}

const closed = async (socket: { destroyed: boolean } & NodeJS.EventEmitter): Promise<void> => {
  if (!socket.destroyed) await once(socket, 'close');
};

describe('slow heads', () => {
  afterAll(() => expectNothingLeft(core));

  it('a request that comes byte by byte is cut at the deadline, not later', async () => {
    const clock = new HandClock(Date.now());
    const { protocol, arrived } = watched();
    const listener = await serve({ core, clock, protocol });
    const socket = await knock(listener.port);
    const head = headText(REQUEST_LINE, requestFields(socket, identityOf(2), clock.now()));
    for (let second = 0; second < 14; second++) {
      socket.write(head.slice(second, second + 1));
      await arrived(second + 1);
      clock.advance(1000);
      expect(listener.server.load.halfOpen).toBe(1);
    }
    clock.advance(DEADLINE_MS - 14_000 - 1);
    await turns();
    expect(listener.server.load.halfOpen).toBe(1);
    const refused = listener.refused();
    socket.resume();
    clock.advance(1);
    expect(await refused).toMatchObject({ code: 'HF_HANDSHAKE_TIMEOUT' });
    await closed(socket);
    expect(listener.sessions).toEqual([]);
    await listener.close();
  });

  it.each([
    ['without a byte', ''],
    ['in the middle of the TLS handshake', '160301020001'],
  ])('a connection %s is cut at the deadline', async (_what, bytes) => {
    const clock = new HandClock(Date.now());
    const listener = await serve({ core, clock });
    const socket = tcpConnect(listener.port, HOST);
    socket.on('error', () => {});
    await once(socket, 'connect');
    if (bytes) socket.write(Buffer.from(bytes, 'hex'));
    while (listener.server.load.halfOpen < 1) await turns(1);
    clock.advance(DEADLINE_MS - 1);
    await turns();
    expect(listener.server.load.halfOpen).toBe(1);
    const refused = listener.refused();
    socket.resume();
    clock.advance(1);
    expect(await refused).toMatchObject({ code: 'HF_HANDSHAKE_TIMEOUT' });
    await closed(socket);
    await listener.close();
  });

  it('a dialler gives up on a response that comes byte by byte', async () => {
    const clock = new HandClock(Date.now());
    const drip = 'HTTP/1.1 101 Switching Protocols\r\n';
    let victim: TLSSocket | undefined;
    const server = await trap((socket) => {
      victim = socket;
      socket.resume();
    });
    const attempt = outcome(dial({ core, port: server.port, clock }));
    let settled = false;
    void attempt.then(() => {
      settled = true;
    });
    while (!victim) await turns(1);
    for (let second = 0; second < 14; second++) {
      victim.write(drip[second]);
      await turns(20);
      clock.advance(1000);
    }
    clock.advance(999);
    await turns();
    expect(settled).toBe(false);
    clock.advance(1);
    expect(await attempt).toMatchObject({ code: 'HF_HANDSHAKE_TIMEOUT' });
    await server.close();
  });

  it('a request of endless fields is cut at 8,208 bytes, one of endless lines at 64', async () => {
    const listener = await serve({ core });
    for (const [fields, code] of [
      [[['X-Long', 'x'.repeat(9000)]], 'HF_TOO_LARGE'],
      [Array.from({ length: 65 }, (_, i) => [`X-${i}`, 'x']), 'HF_MALFORMED'],
    ] as [[string, string][], string][]) {
      const refused = listener.refused();
      const socket = await knock(listener.port);
      socket.resume();
      socket.write(headText(REQUEST_LINE, [...fields, ...requestFields(socket, identityOf(2))]));
      expect(await refused).toMatchObject({ code });
      await closed(socket);
    }
    expect(listener.sessions).toEqual([]);
    await listener.close();
  });
});
