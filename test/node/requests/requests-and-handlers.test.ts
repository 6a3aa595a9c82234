/**
 * Both sides of requests against a model: random interleavings of requests, sessions that come, overlap and break, records in transit, full queues, restarts, deadlines and cancelling.
 * (HANDFAST_REQUEST_RUNS: how many stories.) Each request ends exactly once; no handler runs twice in one life, nor, unless `idempotent`, in two; and when all is over nothing is left.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HandfastError } from '../../../src/errors.ts';
import { Handlers } from '../../../src/node/requests/handlers.ts';
import { Requests } from '../../../src/node/requests/requests.ts';
import { Kind } from '../../../src/protocols/handfast/format.ts';
import { HandClock } from '../../support/clock.ts';
import { pure } from '../../support/cores.ts';
import { FakeLink, peerOf } from '../../support/links.ts';
import { seedOfRun } from '../../support/random.ts';

const ASKER = peerOf(1);
const ANSWERER = peerOf(2);
const CODES = [
  'HF_NOT_CONNECTED',
  'HF_DEADLINE_EXCEEDED',
  'HF_ABORTED',
  'HF_PEER_RESTARTED',
  'HF_BUSY',
  'HF_HANDLER_FAILED',
  'HF_ANSWER_LOST',
  'HF_CLOSED',
];

interface Asked {
  number: number;
  idempotent: boolean;
  controller: AbortController;
  ends: string[];
}

/** One session: what either side sends waits in its link; each side learns on its own that it is there, and that it is over. */
class Wire {
  readonly asker: FakeLink;
  readonly answerer: FakeLink;
  /** Which life of each side it belongs to. */
  readonly askerLife: number;
  readonly answererLife: number;
  atAsker: 'before' | 'open' | 'over' = 'before';
  atAnswerer: 'before' | 'open' | 'over' = 'before';
  /** Nothing gets through any more. */
  cut = false;
  /** Written by the asker's traffic ahead of all that waits. */
  readonly pongs: Uint8Array[] = [];
  /** Read by the asker's traffic, and not handed on yet. */
  readonly unread: Uint8Array[] = [];

  constructor(askerLife: number, answererLife: number, bootIds: boolean, room: number) {
    this.askerLife = askerLife;
    this.answererLife = answererLife;
    this.asker = new FakeLink(ANSWERER, { bootId: bootIds ? `b${answererLife}` : undefined });
    this.answerer = new FakeLink(ASKER, { bootId: `a${askerLife}` });
    this.asker.room = room;
    this.answerer.room = room;
  }
}

class World {
  readonly clock = new HandClock();
  readonly bootIds: boolean;
  readonly room: number;
  requests = new Requests({ clock: this.clock, core: pure });
  handlers!: Handlers;
  askerLife = 0;
  answererLife = -1;
  wires: Wire[] = [];
  asked: Asked[] = [];
  /** Handlers that wait to be ended. */
  running: { finish: (how: number) => void; number: number }[] = [];
  /** How often the handler of a request ran: by request and life, and in all. */
  readonly runs = new Map<string, number>();

  constructor(bootIds: boolean, room: number) {
    this.bootIds = bootIds;
    this.room = room;
    this.restartAnswerer();
  }

  restartAnswerer(): void {
    this.handlers?.close();
    for (const wire of this.wires) {
      wire.atAnswerer = 'over';
      wire.cut = true;
    }
    this.answererLife++;
    this.handlers = new Handlers({ clock: this.clock, limits: { answerBytesPerPeer: 30, inProgressPerPeer: 3 } });
    const life = this.answererLife;
    this.handlers.handle('', (message) => {
      const number = message.bytes[0]!;
      for (const key of [`${number} in ${life}`, `${number}`]) this.runs.set(key, (this.runs.get(key) ?? 0) + 1);
      if (message.bytes[1] === 0) return answerTo(number);
      return new Promise((resolve, reject) => {
        this.running.push({ number, finish: (how) => (how < 0.8 ? resolve(answerTo(number)) : reject(new Error('no'))) });
      });
    });
  }

  restartAsker(): void {
    this.requests.close(new HandfastError('CLOSED', 'restarted'));
    for (const wire of this.wires) wire.atAsker = 'over';
    this.askerLife++;
    this.requests = new Requests({ clock: this.clock, core: pure });
  }

  ask(deadlineMs: number, idempotent: boolean, later: boolean, long: boolean): void {
    const one: Asked = { number: this.asked.length, idempotent, controller: new AbortController(), ends: [] };
    this.asked.push(one);
    const payload = new Uint8Array(long ? 30 : 2);
    payload.set([one.number, later ? 1 : 0]);
    const promise = this.requests.request(ANSWERER.id, payload, { deadlineMs, idempotent, signal: one.controller.signal });
    promise.then(
      (answer) => one.ends.push(Buffer.compare(answer, answerTo(one.number)) === 0 ? 'answer' : 'a wrong answer'),
      (error) => one.ends.push(error.code),
    );
    payload.fill(0xee);
  }

  connect(): void {
    this.wires.push(new Wire(this.askerLife, this.answererLife, this.bootIds, this.room));
  }

  openAtAsker(wire: Wire): void {
    if (wire.atAsker !== 'before' || wire.cut) return;
    wire.atAsker = 'open';
    this.requests.opened(wire.asker);
  }

  openAtAnswerer(wire: Wire): void {
    if (wire.atAnswerer !== 'before' || wire.cut) return;
    wire.atAnswerer = 'open';
    this.handlers.opened(wire.answerer);
  }

  closeAtAsker(wire: Wire): void {
    if (wire.atAsker === 'open') {
      // What was read is handed on before the end is told.
      while (wire.unread.length > 0) this.hand(wire);
      this.requests.closed(wire.asker);
    }
    wire.atAsker = 'over';
  }

  closeAtAnswerer(wire: Wire): void {
    if (wire.atAnswerer === 'open') this.handlers.closed(wire.answerer);
    wire.atAnswerer = 'over';
  }

  /** A record of the asker arrives. */
  toAnswerer(wire: Wire, pick: number, pongFirst: boolean): void {
    if (wire.cut || wire.atAnswerer !== 'open') return;
    const record = (pongFirst ? wire.pongs.shift() : undefined) ?? wire.asker.next(pick) ?? wire.pongs.shift();
    if (!record) return;
    const body = record.slice(1);
    if (record[0] === Kind.direct) this.handlers.requested(wire.answerer, body);
    else this.handlers.confirmed(wire.answerer, body);
    body.fill(0xee);
  }

  /** A record of the answerer is read by the asker's session. */
  toAsker(wire: Wire, pick: number): void {
    if (wire.cut || wire.atAsker !== 'open') return;
    const record = wire.answerer.next(pick);
    if (record?.[0] === Kind.ping) wire.pongs.push(record.slice());
    else if (record) wire.unread.push(record);
  }

  hand(wire: Wire): void {
    const record = wire.unread.shift();
    if (!record || wire.atAsker !== 'open') return;
    const body = record.slice(1);
    this.requests.answered(wire.asker, record[0]!, body);
    body.fill(0xee);
  }

  drain(wire: Wire): void {
    if (wire.asker.full && wire.asker.sent.length < this.room && wire.atAsker === 'open') {
      wire.asker.full = false;
      this.requests.drained(wire.asker);
    }
    if (wire.answerer.full && wire.answerer.sent.length < this.room && wire.atAnswerer === 'open') {
      wire.answerer.full = false;
      this.handlers.drained(wire.answerer);
    }
  }

  act([what, which, pick]: Action): void {
    const alive = this.wires.filter(({ atAsker, atAnswerer, cut }) => !cut && (atAsker !== 'over' || atAnswerer !== 'over'));
    const wire = alive[Math.floor(which * alive.length)];
    switch (what) {
      case 'ask':
        this.ask(1 + Math.floor(pick * 8_000), which < 0.2, which > 0.5, pick < 0.3);
        break;
      case 'connect':
        this.connect();
        break;
      case 'reconnect':
        if (wire) {
          this.closeAtAsker(wire);
          this.closeAtAnswerer(wire);
        }
        this.connect();
        this.actOn(this.wires.at(-1)!, 'both open', 0);
        break;
      case 'cancel':
        this.asked[Math.floor(which * this.asked.length)]?.controller.abort();
        break;
      case 'finish':
        this.running.splice(Math.floor(which * this.running.length), 1)[0]?.finish(pick);
        break;
      case 'advance':
        this.clock.advance(Math.floor(pick * (which < 0.2 ? 12_000 : 800)));
        break;
      case 'clock set':
        this.clock.set(Math.floor((pick - 0.5) * 100_000));
        break;
      case 'restart answerer':
        this.restartAnswerer();
        break;
      case 'restart asker':
        this.restartAsker();
        break;
      default:
        if (wire) this.actOn(wire, what, pick);
    }
  }

  actOn(wire: Wire, what: Action[0], pick: number): void {
    switch (what) {
      case 'open at asker':
        this.openAtAsker(wire);
        break;
      case 'open at answerer':
        this.openAtAnswerer(wire);
        break;
      case 'close at asker':
        this.closeAtAsker(wire);
        break;
      case 'close at answerer':
        this.closeAtAnswerer(wire);
        break;
      case 'cut':
        wire.cut = true;
        break;
      case 'to answerer':
        this.toAnswerer(wire, pick, pick > 0.5);
        break;
      case 'to asker':
        this.toAsker(wire, pick);
        break;
      case 'hand':
        this.hand(wire);
        break;
      case 'drain':
        this.drain(wire);
        break;
      case 'both open':
        this.openAtAsker(wire);
        this.openAtAnswerer(wire);
        break;
      default:
        for (let i = 0; i < 10; i++) {
          this.toAnswerer(wire, (pick * 7 * i) % 1, i % 2 > 0);
          this.toAsker(wire, (pick * 5 * i) % 1);
          this.hand(wire);
          this.drain(wire);
        }
    }
  }

  /** What may never be otherwise. */
  check(): void {
    for (const { number, ends } of this.asked) if (ends.length > 1) throw new Error(`request ${number} ended with ${ends}`);
    for (const [key, times] of this.runs) {
      const mayRepeat = !key.includes('in') && this.asked[Number(key)]!.idempotent;
      if (times > 1 && !mayRepeat) throw new Error(`the handler of request ${key} ran ${times} times`);
    }
  }

  /** All sessions end, all handlers end, time passes. */
  async end(): Promise<void> {
    for (const wire of this.wires) {
      this.closeAtAsker(wire);
      this.closeAtAnswerer(wire);
    }
    for (const { finish } of this.running.splice(0)) finish(0);
    await settled();
    this.clock.advance(20_000);
    await settled();
  }
}

const answerTo = (number: number): Uint8Array => new Uint8Array(number % 3 === 0 ? 30 : 3).fill(number);

/** Lets what promises have to say be said. */
async function settled(): Promise<void> {
  for (let i = 0; i < 6; i++) await Promise.resolve();
}

/** How often each happens, among the others. */
const WEIGHTS = {
  ask: 40,
  flow: 30,
  'to answerer': 30,
  'to asker': 30,
  hand: 20,
  drain: 8,
  finish: 25,
  advance: 12,
  cancel: 3,
  'clock set': 2,
  reconnect: 8,
  connect: 5,
  'both open': 8,
  'open at asker': 4,
  'open at answerer': 4,
  'close at asker': 2,
  'close at answerer': 2,
  cut: 2,
  'restart answerer': 1,
  'restart asker': 1,
};
type Action = readonly [keyof typeof WEIGHTS, number, number];

const share = fc.integer({ min: 0, max: 999 }).map((n) => n / 1000);
const what = fc.oneof(
  ...Object.entries(WEIGHTS).map(([name, weight]) => ({ weight, arbitrary: fc.constant(name as keyof typeof WEIGHTS) })),
);
const seed = seedOfRun();

it(`each request ends once, no handler runs twice, nothing is left (seed ${seed})`, { timeout: 300_000 }, async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(what, share, share), { minLength: 20, maxLength: 250, size: 'max' }),
      fc.boolean(),
      fc.constantFrom(2, 5, Number.POSITIVE_INFINITY),
      async (actions, bootIds, room) => {
        const world = new World(bootIds, room);
        // Most stories begin with a session that is there.
        world.connect();
        world.act(['both open', 0, 0]);
        for (const action of actions) {
          world.act(action);
          await settled();
          world.check();
        }
        await world.end();
        world.check();
        for (const { ends } of world.asked) {
          expect(ends).toHaveLength(1);
          expect(['answer', ...CODES]).toContain(ends[0]);
          seen.set(ends[0]!, (seen.get(ends[0]!) ?? 0) + 1);
        }
        expect([world.requests.inFlight, world.requests.bytes, world.requests.peers]).toEqual([0, 0, 0]);
        expect(world.handlers.held).toMatchObject({ running: 0, remembered: 0, answerBytes: 0 });
        expect(world.handlers.held.peers).toBeLessThanOrEqual(1);
        for (const wire of world.wires) expect(world.handlers.owed(wire.answerer)).toBe(0);
        world.requests.close(new HandfastError('CLOSED', ''));
        world.handlers.close();
        expect(world.clock.armed).toBe(0);
      },
    ),
    { seed, numRuns: Number(process.env.HANDFAST_REQUEST_RUNS ?? 300) },
  );
  // The stories reach each of the ends.
  expect([...seen.keys()].sort()).toEqual(['answer', ...CODES].sort());
});
