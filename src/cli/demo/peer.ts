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
import type { HandshakeStep } from '../../transport/handshake.ts';
import { listen, type Server } from '../../transport/listen.ts';
import { publicKeyOf } from '../../wire/peer-id.ts';
import { send } from '../messages.ts';
import { Inbox } from './inbox.ts';
import { nodeOrders, refusedBy } from './node-orders.ts';
import type { Answer, Met, Obey, OrderName, Part, Refused, Request, Response } from './orders.ts';
import type { Spoken } from './part.ts';
import { Queue } from './queue.ts';

type Orders = { [Name in OrderName]: Obey<Name> };

let options: HandfastOptions & { clock: Clock };
let current: Inbox | undefined;
const servers: Server[] = [];

/** Read from the moment they are there: a first message may come at once. */
const sessions = new Queue<Inbox>();
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

  async listen({ allow, part }) {
    const server = await listen({
      ...(await spoken(part, 'listen')),
      host: '127.0.0.1',
      port: 0,
      ...(allow && { allow }),
      steps: true,
      limits: { handshakeBurst: 100 },
    });
    servers.push(server);
    server.on('session', (session) => sessions.push(new Inbox(session, part !== undefined)));
    server.on('handshakeError', (error) => refusals.push(refusedBy(error)));
    return { port: server.address!.port };
  },

  async connect({ port, peer, part }) {
    const steps: HandshakeStep[] = [];
    const onStep = (step: HandshakeStep): void => void steps.push(step);
    const named = part ? {} : { peer };
    try {
      const session = await connect({ ...(await spoken(part, 'connect')), ...named, host: '127.0.0.1', port, steps: true, onStep });
      return enter(new Inbox(session, part !== undefined));
    } catch (error) {
      if (!(error instanceof HandfastError)) throw error;
      return { refused: refusedBy(error), steps };
    }
  },

  accepted: async () => enter(await sessions.next()),
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

  async retire() {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    return null;
  },

  async say({ text, kind, meta }) {
    await send(inbox().session, { bytes: Buffer.from(text), kind, meta });
    return null;
  },

  hear: () => inbox().heard.next(),
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

/** For `connect` and `listen`. Loads the protocols of the command line only where one is asked for: most peers are handfast. */
async function spoken(part: Part | undefined, use: 'connect' | 'listen'): Promise<Spoken> {
  if (!part) return { ...options, protocol: handfast };
  return (await import('./part.ts')).spokenBy(part, use);
}

/** This session is the one that orders are about from now on. */
function enter(inbox: Inbox): Met {
  current = inbox;
  const { peer, binding, info } = inbox.session;
  const { steps = [], ...agreed } = info;
  return { peer: peer.id, binding: Buffer.from(binding).toString('hex'), suite: String(info.suite), info: agreed, steps };
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
