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

interface Order {
  readonly jobs: readonly Job[];
  readonly done: (answers: WorkAnswer[]) => void;
}

interface LegacyOrder {
  readonly job: LegacyJob;
  readonly wanted: () => boolean;
  readonly done: (answer: WorkAnswer) => void;
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

  /**
   * Has `items` done and calls `done` once with an answer for each, in order; what could not be done is answered by `failed`. Never throws.
   * @param wanted asked when the turn of heavy work has come: what nobody waits for any more is not done. So those who come, ask for it and leave cannot keep it from the others.
   */
  do(items: readonly Work[], done: (answers: WorkAnswer[]) => void, wanted: () => boolean = always): void {
    if (this.#mayBeDoneAtOnce(items)) done(this.#run(items as readonly Job[]));
    else this.#gather(items, done, wanted);
  }

  #gather(items: readonly Work[], done: (answers: WorkAnswer[]) => void, wanted: () => boolean): void {
    const answers = new Array<WorkAnswer>(items.length);
    const jobs: Job[] = [];
    const places: number[] = [];
    let left = 1;
    const arrived = (): void => {
      if (--left === 0) done(answers);
    };
    items.forEach((item, i) => {
      if (item.op === 'sign-elsewhere') {
        left++;
        void signElsewhere(item.signer, item.message).then((answer) => {
          answers[i] = answer;
          arrived();
        });
      } else if (isLegacyJob(item)) {
        left++;
        this.#legacy({
          job: item,
          wanted,
          done(answer) {
            answers[i] = answer;
            arrived();
          },
        });
      } else {
        jobs.push(item);
        places.push(i);
      }
    });
    const finish = (made: WorkAnswer[]): void => {
      made.forEach((answer, k) => {
        answers[places[k]] = answer;
      });
      arrived();
    };
    if (jobs.length === 0) finish([]);
    else this.#order({ jobs, done: finish });
  }

  #legacy(order: LegacyOrder): void {
    if (this.#legacyRunning >= this.#legacyAtOnce) this.#legacyWaiting.push(order);
    else {
      this.#legacyRunning++;
      if (order.wanted()) this.#runLegacy(order);
      else this.#legacyEnded(order, nobodyWaits());
    }
  }

  #runLegacy(order: LegacyOrder): void {
    runLegacy(order.job).then(
      (answer) => this.#legacyEnded(order, answer),
      (error: unknown) => this.#legacyEnded(order, failed(error)),
    );
  }

  /** The place goes to whoever waits longest and still does, or is given back. */
  #legacyEnded({ done }: LegacyOrder, answer: WorkAnswer): void {
    const left: LegacyOrder[] = [];
    let next = this.#legacyWaiting.shift();
    for (; next && !next.wanted(); next = this.#legacyWaiting.shift()) left.push(next);
    if (next) this.#runLegacy(next);
    else this.#legacyRunning--;
    done(answer);
    for (const order of left) order.done(nobodyWaits());
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

const always = (): boolean => true;

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
  for (const { jobs, done } of orders) {
    done(answers.slice(at, at + jobs.length));
    at += jobs.length;
  }
}

function checked(answers: Answer[], jobs: readonly Job[]): Answer[] {
  if (answers.length !== jobs.length) throw new HandfastError('INTERNAL', `the core gave ${answers.length} answers to ${jobs.length} jobs`);
  return answers;
}

async function signElsewhere(signer: Signer, message: Bytes): Promise<WorkAnswer> {
  try {
    const signature = await signer.sign(message);
    if (!(signature instanceof Uint8Array)) throw new HandfastError('BAD_ARGUMENT', 'the signer returned no bytes');
    return { op: 'sign-elsewhere', signature: signature.slice() };
  } catch (error) {
    return failed(error);
  }
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
