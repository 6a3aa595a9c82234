/**
 * A protocol of whole messages with kinds, to drive the driver's other half: on carriers that keep borders each letter is one text message, on streams one line; it is written by a
 * writer and opened into memory of its own. A letter is `kind name:payload`, where `name` may be empty. `hello NAME` is answered by `welcome NAME`.
 * Letters of some kinds are for the traffic: `work` has a key made before anything else is opened, `told` becomes an event, `ping` is answered by `pong` twice, `bye` ends. What is sent as `parts` goes as one letter a word.
 */
import type { Core, Secret } from '../../src/core/core.ts';
import type { Slab } from '../../src/core/slab.ts';
import { HandfastError } from '../../src/errors.ts';
import type {
  CarrierFacts,
  CarrierName,
  CloseCode,
  Input,
  Machine,
  MessageAbout,
  MessageWriter,
  Millis,
  Opened,
  OwnMessage,
  Protocol,
  Received,
  Refusal,
  Role,
  Step,
  Traffic,
  TrafficOutput,
  WorkAnswer,
  WrittenMessage,
} from '../../src/protocols/machine.ts';
import { utf8 } from '../../src/wire/text.ts';

export interface LettersOptions {
  name?: string;
  core?: Core;
  singly?: boolean;
  /** Answers a hello with its reason in a close code instead. */
  refuse?: CloseCode;
  /** Told of what the carrier said of itself. */
  onFacts?: (facts: CarrierFacts) => void;
  /** Told of every input's kind. */
  onInput?: (kind: Input['kind'], input: Input) => void;
}

export const lettersOver = (...carriers: CarrierName[]): Protocol<LettersOptions> => ({
  name: 'letters',
  aliases: [],
  ...(carriers.length > 0 ? { carriers } : {}),
  initiator: (options) => machine('initiator', options),
  responder: (options) => machine('responder', options),
});

export const letters = lettersOver();

type State = { at: 'new' } | { at: 'await-word'; held: string } | { at: 'over' };

function machine(role: Role, options: LettersOptions): Machine<State> {
  const { name = role } = options;
  const fail = (why: HandfastError, close?: CloseCode): Step<State> => [
    { at: 'over' },
    { kind: 'failed', why, lingerMs: 1_000, ...(close ? { close } : {}) },
  ];
  const step = (state: State, input: Input): Step<State> => {
    options.onInput?.(input.kind, input);
    if (input.kind === 'ready') options.onFacts?.(input.facts);
    if (input.kind === 'abort') return fail(input.why, { code: 1011, reason: input.why.codeName });
    if (input.kind === 'tick') return fail(new HandfastError('HANDSHAKE_TIMEOUT', 'the letters are late'));
    if (input.kind === 'end') {
      return fail(new HandfastError('REFUSED', `closed with ${input.close?.code ?? 'no code'} ${input.close?.reason ?? ''}`.trim()));
    }
    if (state.at === 'new' && input.kind === 'start') {
      const hello = { kind: 'send', data: utf8(`hello ${name}\n`), text: true } as const;
      return [{ at: 'await-word', held: '' }, ...(role === 'initiator' ? [hello] : []), { kind: 'deadline', at: input.now + 30_000 }];
    }
    if (state.at !== 'await-word' || (input.kind !== 'bytes' && input.kind !== 'message')) return [state];
    const held = state.held + Buffer.from(input.data).toString();
    const line = held.indexOf('\n');
    if (line < 0) return [{ at: 'await-word', held }];
    const [verb, said] = held.slice(0, line).split(' ');
    if (verb !== (role === 'initiator' ? 'welcome' : 'hello')) return fail(new HandfastError('MALFORMED', `not a word: ${verb}`));
    if (options.refuse) return fail(new HandfastError('NOT_ALLOWED', 'refused'), options.refuse);
    const opened: Opened = {
      peer: { id: said, publicKey: utf8(said) },
      binding: new Uint8Array(32),
      info: {},
      traffic: new LetterTraffic(options),
      rest: utf8(held.slice(line + 1)),
    };
    const welcome = { kind: 'send', data: utf8(`welcome ${name}\n`), text: true } as const;
    return [{ at: 'over' }, ...(role === 'responder' ? [welcome] : []), { kind: 'opened', opened }];
  };
  return { initial: { at: 'new' }, step };
}

class LetterTraffic implements Traffic {
  readonly before = 0;
  readonly after = 0;
  readonly largestPayload = 1024 * 1024;
  readonly deadline: Millis = Number.POSITIVE_INFINITY;
  readonly writer: MessageWriter;
  readonly #secrets: Secret[] = [];
  #done = false;
  #peerDone = false;

  constructor({ singly = false }: LettersOptions) {
    this.writer = { singly, write: (payload, about) => this.#write(payload, about) };
  }

  open(slab: Slab, start: number, end: number): Received {
    const next = slab.bytes.subarray(start, end).indexOf(10);
    if (next < 0) return { ...NOTHING, next: start };
    const read = this.#read(slab.bytes.subarray(start, start + next));
    return { ...NOTHING, ...read, next: start + next + 1, again: start + next + 1 < end };
  }

  openMessage(data: Uint8Array, text: boolean): Received {
    const line = data.at(-1) === 10 ? data.subarray(0, -1) : data;
    return { ...NOTHING, ...this.#read(line, text ? {} : { meta: { binary: true } }) };
  }

  seal(): void {
    throw new Error('sealed though there is a writer');
  }

  answered(answers: readonly WorkAnswer[]): readonly TrafficOutput[] {
    for (const answer of answers) if (answer.op === 'keygen') this.#secrets.push(answer.keyPair.secretKey);
    return [{ kind: 'event', name: 'worked', detail: { answers: answers.map(({ op }) => op) } }];
  }

  tick(): readonly TrafficOutput[] {
    return [];
  }

  reading(): void {}

  close(_now: Millis, refusal?: Refusal): readonly TrafficOutput[] {
    if (this.#done) return [];
    this.#done = true;
    const close = refusal ? { code: 1008, reason: refusal.code } : { code: 1000, reason: 'bye' };
    return [
      { kind: 'send', data: utf8('bye :\n'), text: true },
      ...(this.#peerDone || refusal ? ([{ kind: 'ended', lingerMs: 1_000, close }] as const) : []),
    ];
  }

  end(_now: Millis, close?: CloseCode): readonly TrafficOutput[] {
    if (this.#peerDone) return this.#done ? [{ kind: 'ended', lingerMs: 0 }] : [];
    const why = new HandfastError('TRUNCATED', `closed with ${close?.code ?? 'no code'} ${close?.reason ?? ''}`.trim());
    return [{ kind: 'ended', why, lingerMs: 0 }];
  }

  wipe(): void {
    for (const secret of this.#secrets) secret.wipe();
  }

  #read(line: Uint8Array, about: MessageAbout = {}): { own?: OwnMessage[]; outputs: TrafficOutput[] } {
    const [, kind, name, payload] = /^(\S*) ([^:]*):(.*)$/s.exec(Buffer.from(line).toString()) ?? [];
    switch (kind) {
      case undefined:
        return { outputs: [{ kind: 'ended', why: new HandfastError('MALFORMED', 'not a letter'), lingerMs: 1_000 }] };
      case 'bye':
        this.#peerDone = true;
        return { outputs: [{ kind: 'peer-done' }, ...(this.#done ? ([{ kind: 'ended', lingerMs: 0 }] as const) : [])] };
      case 'work':
        return { outputs: [{ kind: 'work', items: [{ op: 'keygen' }] }] };
      case 'told':
        return { outputs: [{ kind: 'event', name, detail: { payload } }] };
      case 'ping': {
        const pong = { kind: 'send', data: utf8(`pong :${payload}\n`), text: true } as const;
        return { outputs: [pong, pong] };
      }
    }
    const meta = name === '' ? about.meta : { ...about.meta, name };
    return { own: [{ bytes: utf8(payload), kind, ...(meta ? { meta } : {}) }], outputs: [] };
  }

  #write(payload: Uint8Array, { kind = 'letter', meta }: MessageAbout): WrittenMessage {
    if (kind === 'wrong') throw new HandfastError('BAD_ARGUMENT', 'no such kind');
    if (kind === 'broken') throw new TypeError('a fault of the writer');
    if (this.#done) throw new HandfastError('CLOSED', 'written after the end');
    if (kind === 'parts') {
      const [first, ...more] = Buffer.from(payload)
        .toString()
        .split(' ')
        .map((part) => ({ data: utf8(`part :${part}\n`), text: true }));
      return { ...first, more };
    }
    return { data: Buffer.concat([utf8(`${kind} ${meta?.name ?? ''}:`), payload, utf8('\n')]), text: kind !== 'raw' };
  }
}

const NOTHING: Received = { places: new Uint32Array(0), count: 0, next: 0, wanted: 0, again: false, outputs: [] };
