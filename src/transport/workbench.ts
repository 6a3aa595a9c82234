/**
 * Where handshakes have their public-key work done: one turn's work of all sessions becomes one call into the core, a large one is spread over its threads.
 * Nothing waits on a timer: a turn ends when the event loop says so, several requests wait for the next few turns as long as each brings another, and what is done no faster together does
 * not wait even for the end of its own. Answers are given out in the order in which they were asked for.
 */
import type { Answer, Bytes, Core, Job } from '../core/core.ts';
import { isLegacyJob, type LegacyJob, runLegacy } from '../core/legacy/jobs.ts';
import { HandfastError } from '../errors.ts';
import type { Signer, Work, WorkAnswer } from '../protocols/machine.ts';

export interface WorkbenchOptions {
  /** Do work at once instead of gathering a turn's worth. */
  immediate?: boolean;
  /** Batches of at least so many jobs are done off the event loop; 65 where the core has several threads for them, else never. */
  asyncFrom?: number;
  /** Jobs done in one go before others get their turn; 256. */
  largestBatch?: number;
  /** Heavy jobs of the older protocols (key derivation, RSA, finite fields) that run at once; 2. The others wait, in order. */
  legacyAtOnce?: number;
}

/** Who has work done. One object for all of its work: functions of each piece of work would be compiled again and again, since what the engine has compiled goes with the last of them. */
export interface Customer {
  /** Asked when the turn of heavy work has come: what nobody waits for any more is not done. So those who come, ask for it and leave cannot keep it from the others. */
  readonly wanted: boolean;
  /** Once for each call of `do`, with an answer for each item. */
  answered(answers: WorkAnswer[]): void;
}

/** What one call asked for, until all of it is answered. */
class Order {
  readonly customer: Customer;
  readonly answers: WorkAnswer[];
  /** What the core does, and the places of its answers. */
  readonly jobs: Job[] = [];
  readonly #places: number[] = [];
  #left: number;

  constructor(customer: Customer, items: number) {
    this.customer = customer;
    this.answers = new Array<WorkAnswer>(items);
    this.#left = items;
  }

  add(job: Job, place: number): void {
    this.jobs.push(job);
    this.#places.push(place);
  }

  /** @param from where this order's begin, as many as it has jobs. */
  jobsDone(answers: readonly WorkAnswer[], from: number): void {
    for (let i = 0; i < this.#places.length; i++) this.answers[this.#places[i]] = answers[from + i];
    this.#arrived(this.#places.length);
  }

  done(place: number, answer: WorkAnswer): void {
    this.answers[place] = answer;
    this.#arrived(1);
  }

  #arrived(count: number): void {
    this.#left -= count;
    if (this.#left === 0) this.customer.answered(this.answers);
  }
}

/** One heavy job of it. */
interface LegacyOrder {
  readonly order: Order;
  readonly place: number;
  readonly job: LegacyJob;
}

export class Workbench {
  readonly #core: Core;
  readonly #immediate: boolean;
  readonly #asyncFrom: number;
  readonly #largestBatch: number;
  readonly #legacyAtOnce: number;
  /** Whether this core does jobs faster together. */
  readonly #gathers: boolean;
  #orders: Order[] = [];
  /** In them. */
  #jobs = 0;
  /** Of these, what had come by the end of the last turn. */
  #seen = 0;
  /** For how many turns they have waited. */
  #waited = 0;
  #scheduled = false;
  #elsewhere = false;
  /** Jobs done at once in this turn of the event loop. */
  #atOnce = 0;
  readonly #turnOver = (): void => {
    this.#atOnce = 0;
  };
  #legacyRunning = 0;
  readonly #legacyWaiting: LegacyOrder[] = [];

  constructor(core: Core, { immediate = false, asyncFrom, largestBatch = 256, legacyAtOnce = 2 }: WorkbenchOptions = {}) {
    this.#core = core;
    this.#immediate = immediate;
    this.#asyncFrom = asyncFrom ?? (core.threads > 1 ? ASYNC_FROM : Number.POSITIVE_INFINITY);
    this.#largestBatch = largestBatch;
    this.#legacyAtOnce = legacyAtOnce;
    this.#gathers = core.lanes !== 'off';
  }

  /** Has `items` done and tells the customer once, with an answer for each, in order; what could not be done is answered by `failed`. Never throws. */
  do(items: readonly Work[], customer: Customer): void {
    if (this.#mayBeDoneAtOnce(items)) customer.answered(this.#run(items as readonly Job[]));
    else this.#gather(new Order(customer, items.length), items);
  }

  #gather(order: Order, items: readonly Work[]): void {
    for (let place = 0; place < items.length; place++) {
      const item = items[place];
      if (item.op === 'sign-elsewhere') void signElsewhere(item.signer, item.message, order, place);
      else if (isLegacyJob(item)) this.#legacy({ order, place, job: item });
      else order.add(item, place);
    }
    if (order.jobs.length > 0) this.#order(order);
    else if (items.length === 0) order.jobsDone([], 0);
  }

  #legacy(legacy: LegacyOrder): void {
    if (this.#legacyRunning >= this.#legacyAtOnce) this.#legacyWaiting.push(legacy);
    else {
      this.#legacyRunning++;
      if (legacy.order.customer.wanted) void this.#runLegacy(legacy);
      else this.#legacyEnded(legacy, nobodyWaits());
    }
  }

  async #runLegacy(legacy: LegacyOrder): Promise<void> {
    let answer: WorkAnswer;
    try {
      answer = await runLegacy(legacy.job);
    } catch (error) {
      answer = failed(error);
    }
    this.#legacyEnded(legacy, answer);
  }

  /** The place goes to whoever waits longest and still does, or is given back. */
  #legacyEnded({ order, place }: LegacyOrder, answer: WorkAnswer): void {
    const left: LegacyOrder[] = [];
    let next = this.#legacyWaiting.shift();
    for (; next && !next.order.customer.wanted; next = this.#legacyWaiting.shift()) left.push(next);
    if (next) void this.#runLegacy(next);
    else this.#legacyRunning--;
    order.done(place, answer);
    for (const { order, place } of left) order.done(place, nobodyWaits());
  }

  #order(order: Order): void {
    this.#orders.push(order);
    this.#jobs += order.jobs.length;
    if (this.#immediate) this.#work();
    else this.#schedule();
  }

  /**
   * Work that is better not waited with: an answer that comes at once leaves with what the same read has made, the end of TLS, as one packet. Only as much of it in one turn as may hold up
   * the event loop; the rest is gathered as all other work is. Nobody overtakes.
   */
  #mayBeDoneAtOnce(items: readonly Work[]): boolean {
    if (this.#immediate || this.#elsewhere || this.#orders.length > 0 || !items.every(isDoneAlone)) return false;
    if (this.#atOnce + items.length > AT_ONCE) return false;
    if (this.#atOnce === 0) setImmediate(this.#turnOver);
    this.#atOnce += items.length;
    return true;
  }

  /** Not while a batch is elsewhere: what comes meanwhile is the next one, so that nobody overtakes. */
  #schedule(): void {
    if (this.#scheduled || this.#elsewhere || this.#orders.length === 0) return;
    this.#scheduled = true;
    this.#seen = 0;
    this.#waited = 0;
    setImmediate(this.#turnEnded);
  }

  readonly #turnEnded = (): void => {
    if (this.#mayGrow()) {
      this.#seen = this.#jobs;
      this.#waited++;
      setImmediate(this.#turnEnded);
      return;
    }
    this.#scheduled = false;
    this.#work();
  };

  /**
   * Node accepts one connection a turn, so that peers that come by the hundred ask for their work one after another, a turn each: done turn by turn it would all be done alone. One request
   * is alone, waits for nobody, and is done when its turn ends.
   */
  #mayGrow(): boolean {
    return this.#gathers && this.#orders.length > 1 && this.#jobs > this.#seen && this.#jobs < ENOUGH && this.#waited < MOST_TURNS;
  }

  #work(): void {
    const orders = this.#take();
    const jobs = orders.length === 1 ? orders[0].jobs : orders.flatMap((order) => order.jobs);
    if (this.#immediate || jobs.length < this.#asyncFrom) {
      this.#schedule();
      handOut(orders, this.#run(jobs));
      return;
    }
    this.#elsewhere = true;
    void this.#runAsync(jobs).then((answers) => {
      this.#elsewhere = false;
      this.#schedule();
      handOut(orders, answers);
    });
  }

  /** Whole orders up to the largest batch; the rest waits for the next turn. */
  #take(): Order[] {
    let count = 0;
    let jobs = 0;
    while (count < this.#orders.length && (count === 0 || jobs + this.#orders[count].jobs.length <= this.#largestBatch)) {
      jobs += this.#orders[count++].jobs.length;
    }
    this.#jobs -= jobs;
    return this.#orders.splice(0, count);
  }

  #run(jobs: readonly Job[]): WorkAnswer[] {
    try {
      return checked(this.#core.run(jobs), jobs);
    } catch (error) {
      // One job that the core refuses, of a session that ended meanwhile, must neither fail its neighbours' nor keep them from being done together.
      if (jobs.length === 1) return [failed(error)];
      const half = jobs.length <= EIGHT ? jobs.length >> 1 : Math.ceil(jobs.length / (2 * EIGHT)) * EIGHT;
      return [...this.#run(jobs.slice(0, half)), ...this.#run(jobs.slice(half))];
    }
  }

  async #runAsync(jobs: readonly Job[]): Promise<WorkAnswer[]> {
    try {
      return checked(await this.#core.runAsync(jobs), jobs);
    } catch {
      return this.#run(jobs);
    }
  }
}

/** The workbench that all sessions of a core share. */
export function workbenchOf(core: Core): Workbench {
  let bench = shared.get(core);
  if (!bench) {
    bench = new Workbench(core);
    shared.set(core, bench);
  }
  return bench;
}

/** Nothing makes several signatures faster, and of verifications, which lanes do, too few come in one turn to be worth the wait (docs/lanes.md). */
function isDoneAlone({ op }: Work): boolean {
  return op === 'secp256k1-sign' || op === 'secp256k1-verify';
}

function handOut(orders: readonly Order[], answers: readonly WorkAnswer[]): void {
  let at = 0;
  for (const order of orders) {
    order.jobsDone(answers, at);
    at += order.jobs.length;
  }
}

function checked(answers: Answer[], jobs: readonly Job[]): Answer[] {
  if (answers.length !== jobs.length) throw new HandfastError('INTERNAL', `the core gave ${answers.length} answers to ${jobs.length} jobs`);
  return answers;
}

async function signElsewhere(signer: Signer, message: Bytes, order: Order, place: number): Promise<void> {
  let answer: WorkAnswer;
  try {
    const signature = await signer.sign(message);
    if (!(signature instanceof Uint8Array)) throw new HandfastError('BAD_ARGUMENT', 'the signer returned no bytes');
    answer = { op: 'sign-elsewhere', signature: signature.slice() };
  } catch (error) {
    answer = failed(error);
  }
  order.done(place, answer);
}

function nobodyWaits(): WorkAnswer {
  return failed(new HandfastError('ABORTED', 'nobody waits for this work any more'));
}

function failed(error: unknown): WorkAnswer {
  const why = error instanceof HandfastError ? error : new HandfastError('INTERNAL', 'work of the handshake failed', { cause: error });
  return { op: 'failed', why };
}

/** Up to here the event loop is held up less by the work, a quarter of a millisecond in lanes, than by what it costs to hand it over (docs/lanes.md). */
const ASYNC_FROM = 65;
/** As many as are not handed to threads either. */
const AT_ONCE = ASYNC_FROM - 1;
/** As the core groups them. */
const EIGHT = 8;
/** Of a turn's key pair, shared secret and signature, two whole eights each; what one more turn brings does not make it a batch for threads. */
const ENOUGH = 6 * EIGHT;
/** As many as it takes to have so much where each brings one of these. */
const MOST_TURNS = 2 * EIGHT;
const shared = new WeakMap<Core, Workbench>();
