/** What there is of handfast in this process, learned from its channels: handshakes that go on, sessions, nodes, and totals of what is over. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { NodeLife, PeerCharge } from '../node/diagnostics.ts';
import type { Node } from '../node/node.ts';
import type {
  HandshakeEnd,
  HandshakeFailure,
  HandshakeStart,
  HandshakeSubject,
  SessionClose,
  SessionOpen,
} from '../transport/diagnostics.ts';
import type { Session } from '../transport/session.ts';

/** Told of what has no state to be asked for later. */
export interface SeenEvents {
  /** @param result `ok`, or a code. */
  handshake(subject: HandshakeSubject, result: string, durationMs: number): void;
  sessionClosed(protocol: string, result: string): void;
  charge(charge: PeerCharge): void;
}

/** Messages and bytes, each way. */
export interface Traffic {
  received: { messages: number; bytes: number };
  sent: { messages: number; bytes: number };
}

export class Seen {
  readonly handshakes = new Set<HandshakeSubject>();
  readonly sessions = new Set<Session>();
  readonly nodes = new Set<Node>();
  /** Of sessions that are gone, by protocol. */
  readonly #gone = new Map<string, Traffic>();
  readonly #subscriptions: readonly [string, (message: unknown) => void][];

  /** Sees what begins from now on. */
  constructor(events: SeenEvents) {
    this.#subscriptions = [
      on<HandshakeStart>('handshake:start', ({ handshake }) => void this.handshakes.add(handshake)),
      on<HandshakeEnd>('handshake:end', ({ handshake, durationMs }) => {
        this.handshakes.delete(handshake);
        events.handshake(handshake, 'ok', durationMs);
      }),
      on<HandshakeFailure>('handshake:error', ({ handshake, durationMs, error }) => {
        this.handshakes.delete(handshake);
        events.handshake(handshake, error.code, durationMs);
      }),
      on<SessionOpen>('session:open', ({ session }) => void this.sessions.add(session)),
      on<SessionClose>('session:close', ({ session, error }) => {
        if (!this.sessions.delete(session)) return;
        this.#add(this.#gone, session);
        events.sessionClosed(session.protocol, error ? ((error as { code?: string }).code ?? 'HF_INTERNAL') : 'ok');
      }),
      on<PeerCharge>('peer:charge', (charge) => events.charge(charge)),
      on<NodeLife>('node:open', ({ node }) => void this.nodes.add(node)),
      on<NodeLife>('node:close', ({ node }) => void this.nodes.delete(node)),
    ];
  }

  /** All that was said so far, by protocol. Costs a look at each session. */
  traffic(): ReadonlyMap<string, Traffic> {
    const all = new Map(
      [...this.#gone].map(([protocol, { received, sent }]) => [protocol, { received: { ...received }, sent: { ...sent } }]),
    );
    for (const session of this.sessions) this.#add(all, session);
    return all;
  }

  /** Listens no more. */
  close(): void {
    for (const [name, hear] of this.#subscriptions) unsubscribe(name, hear);
  }

  #add(totals: Map<string, Traffic>, { protocol, received, sent }: Session): void {
    const total = totals.get(protocol) ?? { received: { messages: 0, bytes: 0 }, sent: { messages: 0, bytes: 0 } };
    totals.set(protocol, total);
    total.received.messages += received.messages;
    total.received.bytes += received.bytes;
    total.sent.messages += sent.messages;
    total.sent.bytes += sent.bytes;
  }
}

function on<Message>(name: string, hear: (message: Message) => void): [string, (message: unknown) => void] {
  const entry: [string, (message: unknown) => void] = [`handfast:${name}`, hear as (message: unknown) => void];
  subscribe(...entry);
  return entry;
}
