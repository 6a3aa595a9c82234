import { createServer, connect as dial, type Socket } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { HandfastError } from '../../src/errors.ts';
import { connect } from '../../src/transport/connect.ts';
import { carrierOf } from '../../src/transport/duplex.ts';
import { listen } from '../../src/transport/listen.ts';
import { isCollected } from '../support/garbage.ts';
import { readAll } from '../support/pair.ts';
import { toy, toyCore } from '../support/toy.ts';

/** Two Duplexes that pass on the very arrays they are given, as streams of users do. */
function duplexes(): [Duplex, Duplex] {
  const there = new PassThrough();
  const back = new PassThrough();
  for (const part of [there, back]) part.on('error', () => {});
  return [Duplex.from({ readable: back, writable: there }), Duplex.from({ readable: there, writable: back })];
}

const failure = (promise: Promise<unknown>): Promise<HandfastError> =>
  promise.then(
    () => Promise.reject(new Error('no failure')),
    (error) => error,
  );

describe('any Duplex of bytes', () => {
  it('carries a session, and keeps what it was given', async () => {
    const core = toyCore();
    const server = await listen({ protocol: toy, core });
    const [a, b] = duplexes();
    server.accept(b);
    const session = await connect({ protocol: toy, core, stream: a });
    const { value: theirs } = await server[Symbol.asyncIterator]().next();
    expect(theirs!.remoteAddress).toBeUndefined();
    const sent = Array.from({ length: 100 }, (_, i) => `message ${i}`);
    for (const text of sent) {
      await session.send(Buffer.from(text));
    }
    void session.close();
    expect(await readAll(theirs!)).toEqual(sent);
    await session.closed;
    await server.close();
    expect([core.slabs.leased, core.guarded.live]).toEqual([0, 0]);
  });

  it('may keep what it was given: the memory is not lent to it', async () => {
    const stream = new PassThrough();
    const carrier = carrierOf(stream);
    const lent = Buffer.from('sealed');
    await new Promise<void>((resolve) => carrier.write(lent, () => resolve()));
    lent.fill(0);
    expect(stream.read().toString()).toBe('sealed');
    carrier.destroy();
  });

  it('that is gone holds nobody who was told of it, however long the stream is kept', async () => {
    const stream = new PassThrough();
    const told = await new Promise<WeakRef<object>>((resolve) => {
      const carrier = carrierOf(stream);
      const events = { data() {}, end() {}, drained() {}, closed: () => setImmediate(() => resolve(new WeakRef(events))) };
      carrier.attach(events);
      carrier.destroy();
    });
    expect(await isCollected(told)).toBe(true);
    expect(stream.destroyed).toBe(true);
  });

  it('that breaks is a coded error', async () => {
    const core = toyCore();
    const [a, b] = duplexes();
    b.on('error', () => {});
    const connected = connect({ protocol: toy, core, stream: a });
    setImmediate(() => a.destroy(new Error('torn')));
    expect(await failure(connected)).toMatchObject({ code: 'HF_TRUNCATED', cause: { message: 'torn' } });
  });

  it.each([
    ['no stream', {}],
    ['objects', new PassThrough({ objectMode: true })],
    ['text', new PassThrough().setEncoding('utf8')],
    ['one that is gone', new PassThrough().destroy()],
  ])('%s is refused', (_what, stream) => {
    expect(() => carrierOf(stream as Duplex)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
  });
});

describe('options', () => {
  it.each([
    [{ protocol: 'smoke' }, /"smoke" is none of handfast/],
    [{ protocol: undefined }, /is none of handfast/],
    [{ port: 0 }, /port/],
    [{ port: 65_536 }, /port/],
    [{ host: '' }, /host/],
    [{ deadlineMs: 0 }, /deadlineMs/],
    [{ allow: 7 }, /allow/],
    [{ stream: {} }, /stream/],
  ])('%o is refused before anything is dialled', async (wrong, message) => {
    const options = { protocol: toy, core: toyCore(), host: '127.0.0.1', port: 1, ...wrong } as Parameters<typeof connect>[0];
    expect(await failure(connect(options))).toMatchObject({ code: 'HF_BAD_ARGUMENT', message: expect.stringMatching(message) });
  });

  it('of a listener too', async () => {
    expect(await failure(listen({ protocol: toy, core: toyCore(), port: -1 }))).toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    // @ts-expect-error: the types say so too
    expect(await failure(listen({ protocol: 'handfast', core: toyCore(), port: 0 }))).toMatchObject({
      code: 'HF_BAD_ARGUMENT',
      message: /identity/,
    });
    expect(await failure(listen({ protocol: toy, core: toyCore(), signal: AbortSignal.abort() }))).toMatchObject({ code: 'HF_ABORTED' });
  });
});

describe('a socket', () => {
  const SIZE = 256 * 1024;
  const ends = (): Promise<[Socket, Socket, () => void]> =>
    new Promise((resolve) => {
      const server = createServer((far) => {
        far.on('error', () => {});
        const done = (): void => resolve([near, far, () => server.close()]);
        if (near.connecting) near.once('connect', done);
        else done();
      });
      let near: Socket;
      server.listen(0, '127.0.0.1', () => {
        near = dial(server.address() as { port: number });
      });
    });

  it('says of each write once, in order, whether it was handed over or lost', async () => {
    const [near, far, close] = await ends();
    const carrier = carrierOf(near);
    const gone = new Promise<void>((resolve) => carrier.attach({ data() {}, end() {}, drained() {}, closed: () => resolve() }));
    const said: string[] = [];
    let written = 0;
    // Until the system takes no more, and some beyond that: nobody reads.
    for (let beyond = 0; beyond < 32; written++) {
      const at = written;
      carrier.write(Buffer.alloc(SIZE), (error) => said.push(`${at}${error ? ' lost' : ''}`));
      if (carrier.congested) beyond++;
      else expect(said.at(-1)).toBe(`${at}`);
    }
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    // What was told at once is not told again, nor taken for what waits.
    const told = said.length;
    expect([told > 0, told < written, (written - told) * SIZE]).toEqual([true, true, near.writableLength]);
    carrier.destroy();
    await gone;
    carrier.write(Buffer.alloc(1), (error) => said.push(`${written}${error ? ' lost' : ''}`));
    await new Promise((resolve) => setImmediate(resolve));
    expect(said.map((each) => Number.parseInt(each, 10))).toEqual(Array.from({ length: written + 1 }, (_, i) => i));
    // The one that was on its way when the socket was destroyed may have been handed over in part: Node calls that no error.
    expect(said.slice(told + 1).every((each) => each.endsWith(' lost'))).toBe(true);
    far.destroy();
    close();
  });

  it('of the caller that was destroyed takes nothing for handed over', async () => {
    const [near, far, close] = await ends();
    const carrier = carrierOf(near);
    carrier.attach({ data() {}, end() {}, drained() {}, closed() {} });
    near.destroy();
    const error = await new Promise<Error | undefined>((resolve) => carrier.write(Buffer.alloc(1), resolve));
    expect(error).toMatchObject({ code: 'HF_CLOSED' });
    far.destroy();
    close();
  });
});
