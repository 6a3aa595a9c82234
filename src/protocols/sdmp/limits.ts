/** The figures of SDMP, each with its reason. Bytes unless a name says otherwise. */
export const LIMITS = {
  /** A session object: 1,500 in 4,096 bits, 2,900 in 8,192. */
  sessionObject: 8192,
  /** Any other object of the handshake. */
  handshakeObject: 65_536,
  /** What a message may have in plaintext by default, and at most. */
  message: 1_048_576,
  mostMessage: 16_777_216,
  /** What an encrypted container has around its payload, white space of the other writer included. */
  aroundPayload: 1024,
  /** Objects and arrays inside of each other. */
  depth: 16,
  /** Members and elements of an object of the handshake, and of one in session. */
  handshakeMembers: 64,
  sessionMembers: 65_536,
  /** White space between two objects. */
  gap: 64,
  /** `pad8192` hides lengths up to a multiple of this. */
  padTo: 8192,
  /** Ivs remembered of each direction of a connection, and offers of peers remembered by a process. */
  recent: 65_536,
  /** The identifier of a response, in characters. */
  identifier: 128,
  /** The whole handshake; never reset by bytes. */
  deadlineMs: 10_000,
  /** Who refuses, or ends, throws away what still arrives for this long, so that no reset eats its last word. */
  lingerMs: 1000,
} as const;
