/**
 * A protocol without cryptography, to drive the driver: `hello name` one way, `yes` or `no code` back, then length-prefixed frames.
 * Frames before traffic: u8 length, then text. Traffic: u32 length, payload, one trailing byte 7e; length ffffffff says that the side is done,
 * fffffffe is a ping, answered by an empty frame.
 */
import type { Core, GuardedKeyPair, Secret } from '../../src/core/core.ts';
import { type Slab, SlabPool } from '../../src/core/slab.ts';
import { type CodeName, HandfastError } from '../../src/errors.ts';
import type {
  Input,
  Machine,
  Millis,
  Output,
  Peer,
  Protocol,
  Received,
  Refusal,
  Role,
  Step,
  Traffic,
  TrafficOutput,
  Work,
} from '../../src/protocols/machine.ts';
import { type Customer, Workbench } from '../../src/transport/workbench.ts';
import { readU32 } from '../../src/wire/reader.ts';
import { shownText, utf8 } from '../../src/wire/text.ts';
import { join, writeU32 } from '../../src/wire/writer.ts';

export interface ToyOptions {
  /** Who we say we are. */
  name?: string;
  core?: Core;
  deadlineMs?: number;
  lingerMs?: number;
  /** Work that the step after the other's word asks for; a key pair by default, wiped when the session ends. */
  work?: readonly Work[];
  /** Whether the other side is judged. */
  judged?: boolean;
  largestPayload?: number;
  /** Silence after which the session fails. */
  silenceMs?: number;
  /** Throws at this moment, as no machine should. */
  throwOn?: Input['kind'] | 'open' | 'seal';
}

type State =
  | { at: 'new' }
  | { at: 'await-word'; held: Uint8Array }
  | { at: 'await-work'; peer: Peer }
  | { at: 'await-verdict'; peer: Peer; secrets: Secret[] }
  | { at: 'over' };

export const toy: Protocol<ToyOptions> = {
  name: 'toy',
  aliases: ['plaything'],
  initiator: (options) => machine('initiator', options),
  responder: (options) => machine('responder', options),
};

function machine(role: Role, options: ToyOptions): Machine<State> {
  const { name = role, deadlineMs = 30_000, lingerMs = 1_000, work = [{ op: 'keygen' }], judged = true } = options;
  const fail = (why: HandfastError, tell = true): Step<State> => {
    const said: Output[] = tell && role === 'responder' ? [{ kind: 'send', data: word(`no ${why.codeName}`) }] : [];
    return [{ at: 'over' }, ...said, { kind: 'failed', why, lingerMs }];
  };
  const open = (peer: Peer, rest: Uint8Array, secrets: Secret[]): Step<State> => {
    const yes: Output[] = role === 'responder' ? [{ kind: 'send', data: word(`yes ${name}`) }] : [];
    const traffic = new ToyTraffic(options, secrets);
    return [
      { at: 'over' },
      ...yes,
      { kind: 'trace', what: 'open', direction: 'done', bytes: 0 },
      { kind: 'opened', opened: { peer, binding: new Uint8Array(32), info: { toy: true }, traffic, rest } },
    ];
  };
  const step = (state: State, input: Input): Step<State> => {
    if (options.throwOn === input.kind) throw new TypeError(`thrown on ${input.kind}`);
    if (state.at === 'over') throw new Error(`${input.kind} after the end`);
    if (input.kind === 'abort') {
      if (state.at === 'await-verdict') for (const secret of state.secrets) secret.wipe();
      return fail(input.why);
    }
    if (input.kind === 'tick') {
      if (state.at === 'await-verdict') for (const secret of state.secrets) secret.wipe();
      return fail(new HandfastError('HANDSHAKE_TIMEOUT', 'the toy is late'));
    }
    // On a carrier that is set up first, as on any other.
    if (input.kind === 'ready') return [state];
    if (input.kind === 'end') return fail(new HandfastError('TRUNCATED', 'the stream ended in the handshake'), false);
    switch (state.at) {
      case 'new': {
        const hello = word(`hello ${name}`);
        const said: Output[] =
          role === 'initiator'
            ? [
                { kind: 'send', data: hello.slice(0, 1) },
                { kind: 'send', data: hello.slice(1) },
                { kind: 'trace', what: 'hello', direction: 'sent', bytes: hello.length },
              ]
            : [];
        return [{ at: 'await-word', held: new Uint8Array(0) }, ...said, { kind: 'deadline', at: input.now + deadlineMs }];
      }
      case 'await-word': {
        if (input.kind !== 'bytes') throw new Error(`${input.kind} out of turn`);
        const held = join([state.held, input.data]);
        if (held.length > 300) return fail(new HandfastError('TOO_LARGE', 'too many words'));
        if (held.length < 1 || held.length < 1 + held[0]) return [{ at: 'await-word', held }];
        const [verb, said] = shownText(held.subarray(1, 1 + held[0])).split(' ');
        if (verb === 'no') return fail(new HandfastError(said as CodeName, `refused: ${said}`, { remote: 'claimed' }));
        if (verb !== (role === 'initiator' ? 'yes' : 'hello')) return fail(new HandfastError('MALFORMED', 'not a word of the toy'));
        const peer = { id: said, publicKey: utf8(said) };
        if (role === 'initiator') return open(peer, held.subarray(1 + held[0]), []);
        if (held.length > 1 + held[0]) return fail(new HandfastError('OUT_OF_TURN', 'more than a hello'));
        return [
          { at: 'await-work', peer },
          { kind: 'work', items: work },
        ];
      }
      case 'await-work': {
        if (input.kind !== 'answers') throw new Error(`${input.kind} while work was outstanding`);
        const secrets = input.answers.flatMap((answer) => (answer.op === 'keygen' ? [answer.keyPair.secretKey] : []));
        const failed = input.answers.find((answer) => answer.op === 'failed');
        if (failed) {
          for (const secret of secrets) secret.wipe();
          return fail(failed.why);
        }
        if (!judged) return open(state.peer, new Uint8Array(0), secrets);
        return [
          { at: 'await-verdict', peer: state.peer, secrets },
          { kind: 'judge', peer: state.peer },
        ];
      }
      case 'await-verdict': {
        if (input.kind !== 'judged') throw new Error(`${input.kind} while a judgement was outstanding`);
        if (!input.refusal) return open(state.peer, new Uint8Array(0), state.secrets);
        for (const secret of state.secrets) secret.wipe();
        return fail(new HandfastError(input.refusal.code, 'the toy was refused'));
      }
    }
  };
  return { initial: { at: 'new' }, step };
}

const word = (text: string): Uint8Array => join([Uint8Array.of(text.length), utf8(text)]);

/** A frame of the traffic, as it lies on the wire. */
export function toyFrame(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(payload.length + 5);
  writeU32(frame, 0, payload.length);
  frame.set(payload, 4);
  frame[frame.length - 1] = 0x7e;
  return frame;
}

const DONE = 0xffffffff;
const PING = 0xfffffffe;

/** At most 64 frames an `open`, so that `again` is seen. */
class ToyTraffic implements Traffic {
  readonly before = 4;
  readonly after = 1;
  readonly largestPayload: number;
  deadline: Millis = Number.POSITIVE_INFINITY;
  readonly #options: ToyOptions;
  readonly #secrets: Secret[];
  readonly #received = { places: new Uint32Array(128), count: 0, next: 0, wanted: 0, again: false, outputs: [] as TrafficOutput[] };
  #done = false;
  #peerDone = false;
  #wiped = false;

  constructor(options: ToyOptions, secrets: Secret[]) {
    this.#options = options;
    this.#secrets = secrets;
    this.largestPayload = options.largestPayload ?? 1024 * 1024;
  }

  open(slab: Slab, start: number, end: number, now: Millis): Received {
    this.#check();
    if (this.#options.throwOn === 'open') throw new TypeError('thrown on open');
    const received = Object.assign(this.#received, { count: 0, next: start, wanted: 0, again: false, outputs: [] });
    const { bytes } = slab;
    if (this.#options.silenceMs) this.deadline = now + this.#options.silenceMs;
    while (end - received.next >= 4) {
      const length = readU32(bytes, received.next);
      if (length === DONE) {
        received.next = end;
        this.#peerDone = true;
        received.outputs.push({ kind: 'peer-done' });
        if (this.#done) received.outputs.push({ kind: 'ended', lingerMs: 0 });
        break;
      }
      if (length === PING) {
        received.next += 4;
        received.outputs.push({ kind: 'send', data: toyFrame(new Uint8Array(0)) });
        continue;
      }
      if (length > this.largestPayload) {
        received.next = end;
        received.outputs.push({ kind: 'ended', why: new HandfastError('TOO_LARGE', 'a large frame'), lingerMs: 1_000 });
        break;
      }
      received.wanted = length + 5;
      if (end - received.next < length + 5) break;
      if (received.count === 64) {
        received.again = true;
        break;
      }
      received.places[2 * received.count] = received.next + 4;
      received.places[2 * received.count + 1] = length;
      received.count++;
      received.next += length + 5;
      if (bytes[received.next - 1] !== 0x7e) {
        received.count--;
        received.next = end;
        received.outputs.push({ kind: 'ended', why: new HandfastError('BAD_TAG', 'a frame that does not open'), lingerMs: 1_000 });
        break;
      }
    }
    return received;
  }

  seal(slab: Slab, places: Uint32Array, count: number): void {
    this.#check();
    if (this.#options.throwOn === 'seal') throw new HandfastError('NONCE_SPENT', 'thrown on seal');
    if (this.#done) throw new HandfastError('CLOSED', 'sealed after close');
    for (let i = 0; i < count; i++) {
      const at = places[2 * i];
      const length = places[2 * i + 1];
      writeU32(slab.bytes, at - 4, length);
      slab.bytes[at + length] = 0x7e;
    }
  }

  tick(): readonly TrafficOutput[] {
    this.#check();
    return [{ kind: 'ended', why: new HandfastError('PING_TIMEOUT', 'silence'), lingerMs: 0 }];
  }

  reading(on: boolean, now: Millis): void {
    this.#check();
    if (this.#options.silenceMs) this.deadline = on ? now + this.#options.silenceMs : Number.POSITIVE_INFINITY;
  }

  close(_now: Millis, refusal?: Refusal): readonly TrafficOutput[] {
    this.#check();
    if (this.#done) return [];
    this.#done = true;
    const outputs: TrafficOutput[] = [{ kind: 'send', data: Uint8Array.of(255, 255, 255, 255) }];
    if (refusal && refusal.code !== 'SHUTTING_DOWN')
      outputs.push({ kind: 'ended', why: new HandfastError(refusal.code, 'closed'), lingerMs: 1_000 });
    else if (this.#peerDone) outputs.push({ kind: 'ended', lingerMs: 0 });
    return outputs;
  }

  end(now: Millis): readonly TrafficOutput[] {
    this.#check();
    if (!this.#peerDone) return [{ kind: 'ended', why: new HandfastError('TRUNCATED', 'cut'), lingerMs: 0 }];
    return this.#done ? [{ kind: 'ended', lingerMs: 0 }] : this.close(now);
  }

  wipe(): void {
    this.#check();
    this.#wiped = true;
    for (const secret of this.#secrets) secret.wipe();
  }

  #check(): void {
    if (this.#wiped) throw new Error('the traffic was used after its end');
  }
}

/** A core that has slabs, secrets to count, and nothing else; `run` can be made to throw. */
export interface ToyCore extends Core {
  /** Batches that `run` was called with. */
  readonly batches: number[];
}

export function toyCore(refuses: (index: number) => boolean = () => false): ToyCore {
  const pool = new SlabPool({ register: () => 1, unregister: () => {} });
  let live = 0;
  const batches: number[] = [];
  const keygen = (): GuardedKeyPair => {
    let wiped = false;
    live++;
    const secretKey = {
      length: 32,
      get wiped() {
        return wiped;
      },
      export: () => new Uint8Array(32),
      wipe: () => {
        if (!wiped) live--;
        wiped = true;
      },
    };
    return { publicKey: new Uint8Array(32), secretKey };
  };
  const run: Core['run'] = (jobs) => {
    batches.push(jobs.length);
    return jobs.map((job) => {
      if (job.op === 'verify') {
        if (refuses(job.message[0])) throw new HandfastError('BAD_ARGUMENT', 'a job that the core refuses');
        return { op: 'verify', valid: job.message[0] === 1 };
      }
      if (job.op === 'secp256k1-verify') return { op: job.op, valid: job.digest[0] === 1 };
      return { op: 'keygen', keyPair: keygen() };
    });
  };
  return {
    name: 'pure',
    lanes: 'off',
    slab: (size?: number) => pool.lease(size),
    slabs: pool,
    guarded: {
      get live() {
        return live;
      },
    },
    batches,
    run,
    runAsync: async (jobs: Parameters<Core['run']>[0]) => run(jobs),
  } as unknown as ToyCore;
}

/** A workbench that keeps its work until it is told to do it. */
export class SlowBench extends Workbench {
  readonly kept: (() => void)[] = [];
  readonly customers: Customer[] = [];
  override do(items: readonly Work[], customer: Customer): void {
    this.customers.push(customer);
    this.kept.push(() => super.do(items, customer));
  }
}
