/** A peer of the demo: a process of its own that does what its parent orders, and ends with it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open as openFile } from 'node:fs/promises';
import { core } from '../../core/choose.ts';
import { Identity } from '../../core/identity.ts';
import { HandfastError } from '../../errors.ts';
import { readIdentityFile } from '../../node/identity-file.ts';
import { type HandfastOptions, handfast } from '../../protocols/handfast/index.ts';
import { type Clock, systemClock } from '../../transport/clock.ts';
import { connect } from '../../transport/connect.ts';
import type { HandshakeStep } from '../../transport/driver.ts';
import { listen } from '../../transport/listen.ts';
import type { Session } from '../../transport/session.ts';
import { publicKeyOf } from '../../wire/peer-id.ts';
import { nodeOrders, refusedBy } from './node-orders.ts';
import type { Answer, Met, Obey, OrderName, Refused, Request, Response } from './orders.ts';
import { Queue } from './queue.ts';

type Orders = { [Name in OrderName]: Obey<Name> };

let options: HandfastOptions & { clock: Clock };
let current: Inbox | undefined;

/** One session, its messages read all the time and given to whoever expects them. */
class Inbox {
  readonly session: Session;
  bytes = 0;
  /** Takes one message; true when it was the last one expected. */
  #take: ((message: Uint8Array) => boolean | Promise<boolean>) | undefined;
  #finished: Promise<void> = Promise.resolve();
  #finish: () => void = () => {};
  #watch: { bytes: number; reached: () => void } | undefined;
  readonly over: Promise<void>;

  constructor(session: Session) {
    this.session = session;
    this.over = this.#read();
  }

  expect(take: (message: Uint8Array) => boolean | Promise<boolean>): void {
    this.#take = take;
    this.#finished = new Promise((resolve) => (this.#finish = resolve));
  }

  /** When all that was expected is there, or the session is over. */
  async finished(): Promise<void> {
    await Promise.race([this.#finished, this.over]);
  }

  /** When so many bytes came in all. */
  arrived(bytes: number): Promise<void> {
    if (this.bytes >= bytes) return Promise.resolve();
    return new Promise((reached) => (this.#watch = { bytes, reached }));
  }

  async #read(): Promise<void> {
    try {
      for await (const { bytes, places, count } of this.session.batches()) {
        for (let i = 0; i < count; i++) {
          const length = places[2 * i + 1];
          this.bytes += length;
          const taken = this.#take?.(bytes.subarray(places[2 * i], places[2 * i] + length)) ?? false;
          // Most consumers are not asynchronous: awaiting each message would cost more than opening it.
          if (typeof taken === 'boolean' ? taken : await taken) this.#finish();
        }
        if (this.#watch && this.bytes >= this.#watch.bytes) this.#watch.reached();
      }
    } catch {
      // `session.error` says why.
    }
    await this.session.closed;
  }
}

const sessions = new Queue<Session>();
const refusals = new Queue<Refused>();
let outcome: () => Promise<Answer['received']>;

const orders: Orders = {
  ...nodeOrders(() => options),

  async begin({ identity: file, network, claims, clockShiftMs = 0, clockWindowMs }) {
    let identity = await readIdentityFile(file);
    if (claims !== undefined) {
      const secretKey = identity.secretKeyFor(core)!;
      identity = Identity.from({ publicKey: publicKeyOf(claims)!, sign: (message) => core.ed25519.sign(message, secretKey) });
    }
    options = { identity, network, clockWindowMs, agent: `handfast demo, ${core.name}`, clock: shifted(clockShiftMs) };
    return { id: identity.id, core: core.name, lanes: core.lanes };
  },

  async listen({ allow }) {
    const server = await listen({
      ...options,
      protocol: handfast,
      host: '127.0.0.1',
      port: 0,
      allow,
      steps: true,
      limits: { handshakeBurst: 100 },
    });
    server.on('session', (session) => sessions.push(session));
    server.on('handshakeError', (error) => refusals.push(refusedBy(error)));
    return { port: server.address!.port };
  },

  async connect({ port, peer }) {
    const steps: HandshakeStep[] = [];
    try {
      const onStep = (step: HandshakeStep): void => void steps.push(step);
      return met(await connect({ ...options, protocol: handfast, host: '127.0.0.1', port, peer, steps: true, onStep }));
    } catch (error) {
      if (!(error instanceof HandfastError)) throw error;
      return { refused: refusedBy(error), steps };
    }
  },

  accepted: async () => met(await sessions.next()),
  refusal: () => refusals.next(),

  async expectFile({ path, bytes }) {
    const file: FileHandle = await openFile(path, 'wx', 0o600);
    let count = 0;
    let got = 0;
    inbox().expect(async (message) => {
      count++;
      got += message.length;
      await file.write(message);
      return got >= bytes;
    });
    outcome = async () => {
      await file.close();
      return { bytes: got, count, inOrder: true, sha256: await hashOf(path) };
    };
    return null;
  },

  expectMessages({ count: expected, size }) {
    let count = 0;
    let bytes = 0;
    let inOrder = true;
    inbox().expect((message) => {
      const number = message[0] | (message[1] << 8) | (message[2] << 16) | (message[3] << 24);
      if (number !== count || message.length !== size) inOrder = false;
      bytes += message.length;
      return ++count === expected;
    });
    outcome = async () => ({ bytes, count, inOrder });
    return null;
  },

  async received() {
    await inbox().finished();
    return outcome();
  },

  async sendFile({ path }) {
    const { session } = inbox();
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of createReadStream(path, { highWaterMark: FILE_CHUNK }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
      await session.send(chunk);
    }
    return { bytes, sha256: hash.digest('hex') };
  },

  async sendMessages({ count, size }) {
    const { session } = inbox();
    const message = new Uint8Array(size).fill(0x68);
    const number = new DataView(message.buffer);
    for (let i = 0; i < count; i++) {
      number.setUint32(0, i, true);
      const sent = session.send(message);
      // Awaiting one in so many keeps to the reader's pace.
      if (i % IN_FLIGHT === IN_FLIGHT - 1) await sent;
    }
    return null;
  },

  async flood() {
    const { session } = inbox();
    const message = new Uint8Array(FILE_CHUNK);
    const flooding = async (): Promise<void> => {
      while (session.writable) await session.send(message);
    };
    flooding().catch(() => {});
    return null;
  },

  async arrived({ bytes }) {
    await Promise.race([inbox().arrived(bytes), inbox().over]);
    return { bytes: inbox().bytes };
  },

  async ended() {
    const { session, over } = inbox();
    await over;
    return { bytes: inbox().bytes, ...(session.error && { error: refusedBy(session.error as HandfastError) }) };
  },

  async leave() {
    await inbox().session.close();
    return null;
  },
};

process.on('message', (request: Request) => void obey(request));
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches every process of a terminal; the parent decides when its peers end.
process.on('SIGINT', () => {});

async function obey({ number, name, order }: Request): Promise<void> {
  let response: Response;
  try {
    response = { number, answer: await orders[name](order as never) };
  } catch (error) {
    response = { number, error: error instanceof HandfastError ? `${error.message} (${error.code})` : String((error as Error).stack) };
  }
  process.send?.(response);
}

function met(session: Session): Met {
  current = new Inbox(session);
  return {
    peer: session.peer.id,
    binding: Buffer.from(session.binding).toString('hex'),
    suite: String(session.info.suite),
    steps: session.info.steps ?? [],
  };
}

function inbox(): Inbox {
  if (!current) throw new Error('no session yet');
  return current;
}

/** Timers keep their length; only what the clock shows is wrong. */
function shifted(ms: number): Clock {
  return { now: () => systemClock.now() + ms, precise: systemClock.precise, at: (time, run) => systemClock.at(time - ms, run) };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

const FILE_CHUNK = 64_000;
const IN_FLIGHT = 512;
