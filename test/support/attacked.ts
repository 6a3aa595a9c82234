/** The protocols as an attacker meets them: the two sides of one handshake, the same each time it is made, and their messages one by one. */
import type { Core } from '../../src/core/core.ts';
import { Identity } from '../../src/core/identity.ts';
import { handfast } from '../../src/protocols/handfast/index.ts';
import { targetOf } from '../../src/protocols/hivemind/authorization.ts';
import { type HiveMindOptions, HiveSessions, hivemind } from '../../src/protocols/hivemind/index.ts';
import { lwstcp, SessionKeyMemory } from '../../src/protocols/lwstcp/index.ts';
import type { CarrierFacts, CarrierName, Machine, MessageAbout, Opened, Role } from '../../src/protocols/machine.ts';
import type { AnyProtocol } from '../../src/protocols/registry.ts';
import { SdmpPeers, sdmp, sdmpContainer } from '../../src/protocols/sdmp/index.ts';
import { xrpl } from '../../src/protocols/xrpl/index.ts';
import { listen, type Server } from '../../src/transport/listen.ts';
import type { MemoryPairOptions } from '../../src/transport/memory.ts';
import type { Session } from '../../src/transport/session.ts';
import { utf8 } from '../../src/wire/text.ts';
import { Side } from './machines.ts';
import { type ServeOptions, Story } from './pair.ts';
import { Random } from './random.ts';
import { publicPem, identityOf as rsaIdentityOf } from './sdmp.ts';
import { type Make, standing } from './standing.ts';
import { QuickBench, WorkOnce } from './work-once.ts';
import { factsOf, identityOf as nodeKeyOf } from './xrpl.ts';

export const NOW = 1_790_000_000_000;

/** A message on its way, as the carrier has it. */
export interface Sent {
  readonly data: Uint8Array;
  readonly text: boolean;
}

/** The dialling side and the listening side. */
export interface Ends<Of = Side> {
  readonly a: Of;
  readonly b: Of;
}

export interface PairOptions {
  /** Names what is drawn: the same name gives the same handshake. */
  draw?: string;
  /** What the sides of one process share, and remember from one handshake to the next; forgotten by default. */
  process?: Process;
  now?: number;
  /** Keeps answers and judgements back from the beginning on, until `release`. */
  hold?: boolean;
}

/** What a process remembers of handshakes. */
export class Process {
  readonly remembers: boolean;
  readonly sessionKeys = new SessionKeyMemory();
  readonly sessions = new HiveSessions();
  readonly peers = new Map<Core, Readonly<Record<Role, SdmpPeers>>>();

  constructor(remembers = true) {
    this.remembers = remembers;
  }
}

interface Recipe {
  readonly name: string;
  readonly protocol: AnyProtocol;
  options(core: Core, role: Role, process: Process): object;
  /** Carried by messages, not by a stream. */
  readonly borders?: boolean;
  facts?(role: Role): CarrierFacts;
  /** A message that says this. */
  payload(text: string): Uint8Array;
  readonly about?: MessageAbout;
  /** A side remembers the last handshakes, so each needs a machine of its own. */
  readonly remembers?: boolean;
}

/** A side whose session is open. */
export interface Open {
  readonly opened?: Pick<Opened, 'traffic'> | undefined;
  readonly now: number;
}

const PASSWORD = 'correct horse battery staple';
const KEY = Uint8Array.from({ length: 32 }, (_, i) => 17 * i + 3);
const ACCESS_KEY = 'kitchen-key';
const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const utterance = (text: string): Uint8Array =>
  utf8(JSON.stringify({ type: 'recognizer_loop:utterance', data: { utterances: [text] }, context: {} }));

function hiveOptions(core: Core, role: Role, { sessions }: Process): HiveMindOptions {
  return role === 'initiator'
    ? { core, accessKey: ACCESS_KEY, password: PASSWORD, sessionId: 'one' }
    : { core, clients: [{ accessKey: ACCESS_KEY, password: PASSWORD }], sessions };
}

const RECIPES: readonly Recipe[] = [
  {
    name: 'handfast',
    protocol: handfast,
    options: (core, role) => ({ core, identity: identityOf(core, role), network: 'demo', suites: ['chacha20-poly1305'] }),
    payload: utf8,
  },
  {
    name: 'xrpl',
    protocol: xrpl,
    options: (core, role) => ({ core, identity: nodeKeyOf(filled(role === 'initiator' ? 0xa1 : 0xb0), core), slots: false }),
    facts: (role) => factsOf()[role === 'initiator' ? 0 : 1],
    payload: utf8,
    about: { kind: 'validation' },
  },
  { name: 'hivemind 2', protocol: hivemind, borders: true, remembers: true, facts: upgraded, payload: utterance, options: hiveOptions },
  {
    name: 'hivemind 3',
    protocol: hivemind,
    borders: true,
    remembers: true,
    facts: upgraded,
    payload: utterance,
    options: (core, role, process) => ({ ...hiveOptions(core, role, process), noise: { secretKey: filled(role === 'initiator' ? 1 : 2) } }),
  },
  {
    name: 'lwstcp',
    protocol: lwstcp,
    remembers: true,
    options: (core, _role, { sessionKeys }) => ({ core, handshakeKey: KEY, allowInsecure: true, sessionKeys }),
    payload: utf8,
  },
  ...(['plain', 'bound'] as const).map(
    (profile): Recipe => ({
      name: profile === 'plain' ? 'sdmp' : 'sdmp, bound',
      protocol: sdmp,
      options: (core, role, process) => ({
        core,
        profile,
        group: 'ffdhe2048',
        identity: rsaIdentityOf(role === 'initiator' ? 'spec-node' : 'spec-alice-node', core),
        peers: peersOf(core, process)[role],
      }),
      payload: (text) => sdmpContainer('message', text),
    }),
  ),
];

/** One protocol on one core. Close it at the end. */
export class Attacked {
  readonly name: string;
  /** Draws what the side that moves is to draw. */
  readonly core: Core;
  /** Draws as in life. */
  readonly plainCore: Core;
  readonly borders: boolean;
  readonly about: MessageAbout;
  readonly #recipe: Recipe;
  readonly #once: WorkOnce;
  readonly #machines = new Map<Role, Machine>();
  #sessions: Make[] | undefined;
  #random = new Random(1);

  constructor(recipe: Recipe, core: Core) {
    this.#recipe = recipe;
    this.name = recipe.name;
    this.plainCore = core;
    this.core = Object.create(core, { random: { value: (length: number) => this.#random.bytes(length) } }) as Core;
    this.borders = recipe.borders === true;
    this.about = recipe.about ?? {};
    this.#once = new WorkOnce(core);
  }

  /** Both sides, where the first message is on its way. */
  pair(options: PairOptions = {}): Ends {
    const process = options.process ?? new Process(false);
    return { a: this.side('initiator', { ...options, process }), b: this.side('responder', { ...options, process }) };
  }

  side(role: Role, options: PairOptions = {}): Side {
    const { draw = '', process = new Process(false), now = NOW, hold = false } = options;
    const random = new Random(1, `${role} ${draw}`);
    const drawn = random.bytes(32);
    this.#random = random;
    const { initial, step } = this.#machineOf(role, process);
    const machine: Machine = {
      initial,
      step: (state, input) => {
        this.#random = random;
        return step(state, input);
      },
    };
    const side = new Side({ core: this.core, machine, now, work: (work) => this.#once.answer(work, drawn) });
    side.hold = hold;
    side.feed({ kind: 'start', now, ...(this.borders && { borders: true }) });
    const facts = this.#recipe.facts?.(role);
    if (facts) side.feed({ kind: 'ready', now, facts });
    // A master of HiveMind waits before it greets.
    if (this.borders && role === 'responder') wait(side, 200);
    return side;
  }

  /** As a server does, which makes it once for all its connections. */
  #machineOf(role: Role, process: Process): Machine {
    const known = this.#machines.get(role);
    if (known && !process.remembers) return known;
    const made = this.#recipe.protocol[role](this.#recipe.options(this.core, role, process) as never);
    if (!process.remembers && !this.#recipe.remembers) this.#machines.set(role, made);
    return made;
  }

  /** An open session, without its handshake. @param kind where a protocol has more than one. */
  standing(kind = this.name): Ends<Open & { dispose(): void }> {
    const process = new Process(false);
    this.#random = new Random(1);
    this.#sessions ??= (['initiator', 'responder'] as const).map((role) =>
      standing[kind]!(this.core, role, this.#recipe.options(this.core, role, process)),
    );
    const [a, b] = this.#sessions.map((make) => {
      const traffic = make(NOW);
      return { opened: { traffic }, now: NOW, dispose: () => traffic.wipe() };
    });
    return { a: a!, b: b! };
  }

  /** A side that was told nothing yet. */
  unstarted(role: Role): Side {
    const machine = this.#recipe.protocol[role](this.#recipe.options(this.core, role, new Process(false)) as never);
    return new Side({ core: this.core, machine, now: NOW });
  }

  /** A handshake to its end. @returns its messages, in the order of sending, with who sent each. */
  recorded(options: PairOptions = {}): { ends: Ends; messages: (Sent & { from: 'a' | 'b' })[] } {
    const ends = this.pair(options);
    const messages: (Sent & { from: 'a' | 'b' })[] = [];
    this.converse(ends, (message, _index, from) => {
      messages.push({ ...message, from });
      return [message];
    });
    return { ends, messages };
  }

  give(side: Side, { data, text }: Sent): void {
    if (side.over) return;
    if (this.borders) side.message(data, text);
    else side.bytes(data);
  }

  /** Passes messages between two sides one by one, in the order of sending; `between` says what of each arrives. */
  converse({ a, b }: Ends, between: (message: Sent, index: number, from: 'a' | 'b') => readonly Sent[] = (message) => [message]): void {
    for (let index = 0; index < 64; index++) {
      const from = a.sent.length > 0 ? a : b;
      const data = from.sent.shift();
      if (data === undefined) return;
      const text = from.texts.shift() === true;
      for (const message of between({ data, text }, index, from === a ? 'a' : 'b')) this.give(from === a ? b : a, message);
    }
  }

  /** Nothing more comes, or nothing comes for too long: whoever still waits finds out. */
  finish(ends: Partial<Ends>, late: boolean): void {
    for (const side of Object.values(ends)) {
      if (side.over) continue;
      if (late) wait(side, 60_000);
      else side.feed({ kind: 'end', now: side.now });
    }
  }

  /** A session of both, through drivers and a server, in memory. */
  async story(pair: MemoryPairOptions = {}): Promise<Story> {
    const { protocol, options, facts } = this.#recipe;
    const process = new Process();
    const workbench = new QuickBench(this.plainCore);
    const carried = { ...(this.borders && { borders: true }), ...(facts && { facts: [facts('initiator'), facts('responder')] as const }) };
    return Story.begin({
      core: this.plainCore,
      protocol,
      dial: { ...options(this.plainCore, 'initiator', process), workbench },
      listen: { ...options(this.plainCore, 'responder', process), workbench },
      pair: { ...carried, ...pair },
    });
  }

  /** Both ends of a session of a story, which may take some of its time. */
  async sessionsOf(story: Story, pair: MemoryPairOptions = {}): Promise<[Session, Session]> {
    const connected = story.dial({}, pair);
    const before = story.accepted.length;
    await story.settle();
    if (this.borders) await story.pass(200);
    while (story.accepted.length === before) await story.settle();
    await story.settle();
    return [await connected, story.accepted.at(-1)!];
  }

  /** A server on a socket of this machine, over each carrier that the protocol has; it lets anybody begin, as often as he likes. */
  serve(carrier: CarrierName, options: ServeOptions = {}): Promise<Server> {
    const { protocol, options: own } = this.#recipe;
    const many = 1e9;
    const limits = {
      halfOpen: many,
      halfOpenPerAddress: many,
      handshakesPerSecond: many,
      handshakeBurst: many,
      sessions: many,
      lingering: many,
    };
    return listen<AnyProtocol>({
      ...own(this.plainCore, 'responder', new Process()),
      core: this.plainCore,
      protocol,
      carrier,
      limits,
      host: '127.0.0.1',
      port: 0,
      ...options,
    });
  }

  get carriers(): readonly CarrierName[] {
    return this.#recipe.protocol.carriers ?? ['tcp'];
  }

  /** What a WebSocket of this protocol is asked for. */
  get upgrade(): string {
    const { protocol, options } = this.#recipe;
    const { target, subprotocol } = protocol.websocket!;
    const path = target?.(options(this.plainCore, 'initiator', new Process()) as never) ?? '/';
    const named = subprotocol ? `Sec-WebSocket-Protocol: ${subprotocol}\r\n` : '';
    return `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${named}\r\n`;
  }

  /** A message that says this. */
  payload(text: string): Uint8Array {
    return this.#recipe.payload(text);
  }

  /** Whether a message that came says this. */
  says(message: Uint8Array, text: string): boolean {
    return Buffer.from(message).includes(text);
  }

  /** What a side that has opened would send to say this. */
  write(side: Open, says: string | Uint8Array = 'something'): Sent {
    const payload = typeof says === 'string' ? this.payload(says) : says;
    const { traffic } = side.opened!;
    if (traffic.writer) {
      const { data, text } = traffic.writer.write(payload, this.about, side.now);
      return { data: data.slice(), text };
    }
    const slab = this.core.slab(traffic.before + payload.length + traffic.after + (traffic.block ?? 0));
    slab.bytes.set(payload, traffic.before);
    traffic.seal(slab, Uint32Array.of(traffic.before, payload.length), 1, side.now);
    const block = traffic.block ?? 1;
    const data = slab.bytes.slice(0, traffic.before + Math.ceil(payload.length / block) * block + traffic.after);
    slab.release();
    return { data, text: false };
  }

  /** What a session makes of bytes of its carrier, end of the stream included where `last`: its messages, and how it ended. */
  read(side: Open, { data, text }: Sent, last = false): Heard {
    const { traffic } = side.opened!;
    const heard: Heard = { payloads: [], ended: false, code: undefined };
    const take = (outputs: readonly { kind: string; why?: { code: string } }[]): void => {
      for (const output of outputs) {
        if (output.kind !== 'ended') continue;
        heard.ended = true;
        heard.code ??= output.why?.code;
      }
    };
    if (this.borders) {
      const { own = [], outputs } = traffic.openMessage!(data, text, side.now);
      heard.payloads.push(...own.map(({ bytes }) => bytes.slice()));
      take(outputs);
    } else {
      const slab = this.core.slab(data.length + 1);
      slab.bytes.set(data);
      for (let at = 0, again = true; again; ) {
        const received = traffic.open(slab, at, data.length, side.now);
        for (const { bytes } of received.own ?? []) heard.payloads.push(bytes.slice());
        for (let i = 0; i < received.count; i++) {
          const [start, length] = [received.places[2 * i]!, received.places[2 * i + 1]!];
          heard.payloads.push(slab.bytes.slice(start, start + length));
        }
        take(received.outputs);
        at = received.next;
        again = received.again;
      }
      slab.release();
    }
    if (last && !heard.ended) take(traffic.end(side.now));
    return heard;
  }
}

export interface Heard {
  payloads: Uint8Array[];
  ended: boolean;
  code: string | undefined;
}

/** Every protocol on a core, or those of these names. */
export function attacked(core: Core, ...names: readonly string[]): Attacked[] {
  return RECIPES.filter(({ name }) => names.length === 0 || names.includes(name)).map((recipe) => new Attacked(recipe, core));
}

/** Ends the keys of both sides. */
export function dispose(ends: Partial<Ends<{ dispose(): void }>>): void {
  for (const side of Object.values(ends)) side.dispose();
}

function wait(side: Side, ms: number): void {
  side.now += ms;
  if (!side.over) side.feed({ kind: 'tick', now: side.now });
}

function upgraded(role: Role): CarrierFacts {
  return role === 'initiator' ? {} : { upgrade: { target: targetOf({ userAgent: 'test', accessKey: ACCESS_KEY }), headers: {} } };
}

const identities = new Map<Core, Map<Role, Identity>>();
function identityOf(core: Core, role: Role): Identity {
  const known = identities.get(core) ?? new Map<Role, Identity>();
  identities.set(core, known);
  let identity = known.get(role);
  if (!identity) {
    identity = Identity.fromSeed(filled(role === 'initiator' ? 1 : 2), { core });
    known.set(role, identity);
  }
  return identity;
}

/** Knows keys, and forgets at once what was used: reading a key takes longer than a whole handshake that is done once. */
class ForgetfulPeers extends SdmpPeers {
  override wasUsed(): boolean {
    return false;
  }
}

const forgetful = new WeakMap<Core, Readonly<Record<Role, SdmpPeers>>>();
function peersOf(core: Core, { peers, remembers }: Process): Readonly<Record<Role, SdmpPeers>> {
  const all = remembers ? peers : forgetful;
  let known = all.get(core);
  if (!known) {
    const of = (name: 'spec-node' | 'spec-alice-node'): SdmpPeers =>
      new (remembers ? SdmpPeers : ForgetfulPeers)([publicPem(name)], { core });
    known = { initiator: of('spec-alice-node'), responder: of('spec-node') };
    all.set(core, known);
  }
  return known;
}
