/** Two peers in one process, joined by memory and moved by hand: what a story about a handshake or a session is told with. */
import type { Core } from '../../src/core/core.ts';
import type { HandfastError } from '../../src/errors.ts';
import { type AnyProtocol, type ProtocolName, protocolOf } from '../../src/protocols/registry.ts';
import type { Carrier } from '../../src/transport/carrier.ts';
import { type ConnectOptions, connect } from '../../src/transport/connect.ts';
import { type ListenOptions, listen, type Server } from '../../src/transport/listen.ts';
import { type MemoryPair, type MemoryPairOptions, memoryPair } from '../../src/transport/memory.ts';
import type { Session } from '../../src/transport/session.ts';
import { Workbench } from '../../src/transport/workbench.ts';
import { HandClock } from './clock.ts';
import { TURNS_OF_WORK } from './turns.ts';

/** What a story may set: whatever its protocol takes. */
export type DialOptions = Partial<Omit<ConnectOptions<AnyProtocol>, 'protocol'>>;
export type ServeOptions = Partial<Omit<ListenOptions<AnyProtocol>, 'protocol'>>;

export interface StoryOptions {
  core: Core;
  /** For both sides; by default a toy needs none. */
  protocol: ProtocolName | AnyProtocol;
  dial?: DialOptions;
  listen?: ServeOptions;
  pair?: MemoryPairOptions;
}

/** A listening server and connections to it in memory. */
export class Story {
  readonly clock = new HandClock();
  readonly core: Core;
  readonly pairs: MemoryPair[] = [];
  server!: Server;
  /** What the server reported. */
  readonly errors: HandfastError[] = [];
  readonly accepted: Session[] = [];
  readonly dialled: Session[] = [];
  readonly #options: StoryOptions;

  private constructor(options: StoryOptions) {
    this.#options = options;
    this.core = options.core;
  }

  static async begin(options: StoryOptions): Promise<Story> {
    const story = new Story(options);
    story.server = await listen({ ...story.#common(), ...options.listen });
    story.server.on('session', (session) => story.accepted.push(session));
    story.server.on('handshakeError', (error) => story.errors.push(error));
    return story;
  }

  /** A connection; nothing has moved yet. */
  dial(options: DialOptions = {}, pairOptions: MemoryPairOptions = {}): Promise<Session> {
    const stream = this.wire(pairOptions);
    const connected = connect({ ...this.#common(), ...this.#options.dial, stream, ...options });
    connected.then(
      (session) => this.dialled.push(session),
      () => {},
    );
    return connected;
  }

  /** A connection whose dialling end is in the test's hands. */
  wire(pairOptions: MemoryPairOptions = {}): Carrier {
    const pair = memoryPair({ handCranked: true, ...this.#options.pair, ...pairOptions });
    this.pairs.push(pair);
    this.server.accept(pair.ends[1]);
    return pair.ends[0];
  }

  /** Both ends of one open session: the dialling one first. */
  async sessions(options: DialOptions = {}, pairOptions: MemoryPairOptions = {}): Promise<[Session, Session]> {
    const connected = this.dial(options, pairOptions);
    await this.settle();
    return [await connected, this.accepted.at(-1)!];
  }

  /** Moves bytes until nothing moves any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < TURNS_OF_WORK; ) {
      let moved = 0;
      for (const pair of this.pairs) moved += pair.run();
      quiet = moved > 0 ? 0 : quiet + 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Ends everything there is, and waits until it has. */
  async finish(): Promise<void> {
    void this.server.close({ drainMs: 0 });
    for (const session of [...this.accepted, ...this.dialled]) session.destroy();
    for (const pair of this.pairs) for (const end of pair.ends) end.destroy();
    await this.settle();
    await this.pass(60_000);
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  #common(): { protocol: AnyProtocol; core: Core; clock: HandClock; workbench: Workbench } {
    return {
      protocol: protocolOf(this.#options.protocol),
      core: this.core,
      clock: this.clock,
      workbench: new Workbench(this.core, { immediate: true }),
    };
  }
}

/** Everything a session has to say until its end. */
export async function readAll(session: Session): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of session) texts.push(message.text());
  return texts;
}
