/** Errors of handfast: one class, stable codes, and whose doing it was. Callers match on `code`; only faults of the peer are ever charged. */

/** Whose doing an error was. `network`: the path between, or bytes anybody on it could have written. */
export type Blame = 'peer' | 'caller' | 'network' | 'handfast';

interface CodeEntry {
  /** The u16 of handfast/1, section 3; absent: never on the wire. */
  readonly wire?: number;
  readonly blame: Blame;
  /** Charged by the side that finds the fault. */
  readonly charged?: true;
  /** What happened, as the documentation's table says it. */
  readonly meaning: string;
}

/** Every code there is: shared by both sides of every protocol, both cores and the documentation. */
export const CODES = {
  CLOSED: { wire: 0x0000, blame: 'caller', meaning: 'the session has ended without fault' },
  MALFORMED: { wire: 0x0101, blame: 'peer', charged: true, meaning: 'bytes that the format does not allow' },
  TOO_LARGE: { wire: 0x0102, blame: 'peer', charged: true, meaning: 'more bytes declared than the limit allows' },
  OUT_OF_TURN: { wire: 0x0103, blame: 'peer', charged: true, meaning: 'a message that may not be sent at this moment' },
  BAD_TAG: { wire: 0x0104, blame: 'peer', charged: true, meaning: 'sealed bytes that do not open' },
  WEAK_KEY: { wire: 0x0105, blame: 'peer', charged: true, meaning: 'a key of small order' },
  UNSUPPORTED_EXTENSION: { wire: 0x0106, blame: 'peer', meaning: 'an extension that must be understood and is not' },
  HANDSHAKE_TIMEOUT: { wire: 0x0107, blame: 'peer', meaning: 'the handshake did not end before its deadline' },
  WRONG_NETWORK: { wire: 0x0201, blame: 'peer', meaning: 'the other side belongs to another network' },
  PROTOCOL_MISMATCH: { wire: 0x0202, blame: 'peer', meaning: 'no protocol version in common' },
  SUITE_MISMATCH: { wire: 0x0203, blame: 'peer', meaning: 'no cipher suite in common' },
  EXPIRED_TIMESTAMP: {
    wire: 0x0204,
    blame: 'peer',
    meaning: 'the timestamp lies too far in the past: a clock is wrong or the message is old',
  },
  FUTURE_TIMESTAMP: { wire: 0x0205, blame: 'peer', meaning: 'the timestamp lies too far in the future: a clock is wrong' },
  INVALID_ID: { wire: 0x0206, blame: 'peer', charged: true, meaning: 'the id is not a usable public key' },
  INVALID_SIGNATURE: { wire: 0x0207, blame: 'peer', charged: true, meaning: 'the signature does not match' },
  SELF_CONNECTION: { wire: 0x0208, blame: 'caller', meaning: 'the other side is this node itself' },
  UNEXPECTED_PEER: { wire: 0x0209, blame: 'peer', meaning: 'another node answered than the one named' },
  BANNED: { wire: 0x020a, blame: 'peer', meaning: 'the id or address is banned' },
  UNKNOWN_NODE: { wire: 0x020b, blame: 'peer', meaning: 'the id is not on the allow-list' },
  NOT_ALLOWED: { wire: 0x020c, blame: 'peer', meaning: 'the allow function said no' },
  TOO_MANY_CONNECTIONS: { wire: 0x0301, blame: 'peer', meaning: 'a limit on connections or peers is reached' },
  RATE_LIMITED: { wire: 0x0302, blame: 'peer', charged: true, meaning: 'too many attempts from one address' },
  DUPLICATE_CONNECTION: { wire: 0x0303, blame: 'network', meaning: 'another session with the same peer is kept' },
  SHUTTING_DOWN: { wire: 0x0304, blame: 'peer', meaning: 'the other side is shutting down' },
  PING_TIMEOUT: { wire: 0x0305, blame: 'network', meaning: 'nothing was heard for too long' },
  INTERNAL: { wire: 0x0306, blame: 'handfast', meaning: 'a fault inside the node' },
  NO_HANDLER: { wire: 0x0401, blame: 'peer', meaning: 'nobody handles this topic' },
  HANDLER_FAILED: { wire: 0x0402, blame: 'peer', meaning: 'the handler failed' },
  BUSY: { wire: 0x0403, blame: 'peer', meaning: 'too busy; the request was not handled' },
  DEADLINE_EXCEEDED: { wire: 0x0404, blame: 'peer', meaning: 'no answer before the deadline' },
  ANSWER_TOO_LARGE: { wire: 0x0405, blame: 'peer', meaning: 'the answer is longer than this side accepts' },
  ANSWER_LOST: { wire: 0x0406, blame: 'peer', meaning: 'the request was handled, but its answer is no longer held' },
  EARLY_DATA: { blame: 'peer', charged: true, meaning: 'bytes behind a request, sent before it was answered' },
  ADDRESS_MISMATCH: { blame: 'network', meaning: 'an address that the other side names is not the one seen here' },
  TRUNCATED: { blame: 'network', meaning: 'the stream was cut before the other side said it was done' },
  REPLAYED: { blame: 'network', meaning: 'something that may come only once has come again' },
  NONCE_SPENT: { blame: 'handfast', meaning: 'the counter of a cipher has reached its end' },
  NOT_CONNECTED: { blame: 'network', meaning: 'there is no session with this peer' },
  WRONG_KEY: { blame: 'peer', charged: true, meaning: 'the other side does not hold the same key or password' },
  PEER_RESTARTED: { blame: 'peer', meaning: 'the peer has restarted since the request was sent' },
  REFUSED: { blame: 'peer', meaning: 'refused, in words or with a number for which there is no code' },
  CONNECT_FAILED: { blame: 'network', meaning: 'no connection to the address could be made' },
  LISTEN_FAILED: { blame: 'caller', meaning: 'the address cannot be listened on' },
  ABORTED: { blame: 'caller', meaning: 'cancelled by the caller' },
  BAD_ARGUMENT: { blame: 'caller', meaning: 'an argument of the wrong type, length or value' },
  BAD_KEY: { blame: 'caller', meaning: 'a key that cannot be used: missing, zero, or of the wrong kind' },
  RELEASED: { blame: 'caller', meaning: 'memory or a key used after it was released' },
  NO_NATIVE: { blame: 'caller', meaning: 'the native core is not there' },
  UNSUPPORTED: { blame: 'caller', meaning: 'this build or core cannot do that' },
  STORE_UNAVAILABLE: { blame: 'handfast', meaning: 'the shared store cannot be reached' },
  STORE_LATE: { blame: 'handfast', meaning: 'the shared store did not answer in time' },
  STORE_REFUSED: { blame: 'handfast', meaning: 'the shared store refused, or holds what nobody of us wrote' },
  STORE_ROUTE_LOST: { blame: 'handfast', meaning: 'the process that had the session with this peer is gone' },
} as const satisfies Record<string, CodeEntry>;

/** A code without its `HF_`. */
export type CodeName = keyof typeof CODES;
export type ErrorCode = `HF_${CodeName}`;

export interface HandfastErrorOptions extends ErrorOptions {
  /** Instead of the blame the code has by itself. */
  blame?: Blame;
  /** The other side said so: `claimed` in clear, so that anybody could have, `proved` in bytes that only it can have sealed. */
  remote?: 'claimed' | 'proved';
  /** On a session: found in bytes that anybody on the path could have written. */
  unproved?: true;
  /** Where the other side says to go instead. */
  redirects?: readonly string[];
}

export class HandfastError extends Error {
  readonly code: ErrorCode;
  readonly blame: Blame;
  /** Set when the other side reported this error; see {@link HandfastErrorOptions.remote}. */
  declare readonly remote?: 'claimed' | 'proved';
  /** Set when anybody on the path could have written what is wrong: it counts against an address, never against an id. */
  declare readonly unproved?: true;
  /** Set when the other side had no room and named others that may: addresses with ports, as it wrote them, believed by nobody. */
  declare readonly redirects?: readonly string[];

  constructor(name: CodeName, message: string, options: HandfastErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HandfastError';
    this.code = `HF_${name}`;
    this.blame = options.blame ?? CODES[name].blame;
    if (options.remote) this.remote = options.remote;
    if (options.unproved) this.unproved = true;
    if (options.redirects) this.redirects = options.redirects;
  }

  /** The code without its `HF_`. */
  get codeName(): CodeName {
    return this.code.slice(3) as CodeName;
  }

  /** Whether the side that found this fault charges the one that caused it. */
  get charged(): boolean {
    return this.remote === undefined && (CODES[this.codeName] as CodeEntry).charged === true;
  }
}

/** The u16 that stands for a code on the wire; codes without one travel as INTERNAL. */
export function wireCode(name: CodeName): number {
  return (CODES[name] as CodeEntry).wire ?? CODES.INTERNAL.wire;
}

/** The code a u16 stands for; REFUSED where this version knows no such number. */
export function codeOfWire(wire: number): CodeName {
  return NAME_OF_WIRE.get(wire) ?? 'REFUSED';
}

/** What the other side reported, as an error: unauthenticated words are nobody's fault in particular. */
export function remoteError(wire: number, reason: string, remote: 'claimed' | 'proved'): HandfastError {
  const name = codeOfWire(wire);
  const number = name === 'REFUSED' ? ` 0x${wire.toString(16).padStart(4, '0')}` : '';
  // Most implementations have no other words for it than the table has.
  const said = reason && reason !== CODES[name].meaning ? `: "${printable(reason)}"` : '';
  const blame: Blame = remote === 'claimed' ? 'network' : wire >= 0x0300 ? 'peer' : 'caller';
  const how = remote === 'claimed' ? 'refused (unauthenticated)' : 'refused by the peer';
  return new HandfastError(name, `${how}${number}: ${CODES[name].meaning}${said}`, { remote, blame });
}

/** Text of the other side, made safe to show: control characters, quotes and bidirectional marks become escapes. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

// Control, format, surrogate, private, line separators; and the quote and backslash that frame what is shown.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}"\\]/gu;

const NAME_OF_WIRE = new Map<number, CodeName>(
  (Object.entries(CODES) as [CodeName, CodeEntry][]).flatMap(([name, { wire }]) => (wire === undefined ? [] : [[wire, name]])),
);
