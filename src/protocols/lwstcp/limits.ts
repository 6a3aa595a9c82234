/** The figures of LightweightSecureTCP, each with its reason. Bytes unless a name says otherwise. */

export const LIMITS = {
  handshakeKey: 32,
  /** Largest message: one more, rounded up to whole blocks, no longer fits the library's 16 bits. */
  message: 65_528,
  block: 8,
  /** The whole handshake; never reset by bytes. The library gives up on each read after 2 s. */
  deadlineMs: 5_000,
  longestDeadlineMs: 60_000,
  /** From a message's first byte to its last: a peer's lone type byte must not leave the stream out of step for long. */
  wholeMessageMs: 5_000,
  keepAliveMs: 5_000,
  inactivityMs: 30_000,
  /** The longest wait before a client's first message. */
  firstMessageDelayMs: 5_000,
  /** What a server may have sent meanwhile. */
  heldDuringDelay: 16_384,
  rounds: 32,
  leastRounds: 1,
  mostRounds: 128,
  /** After a Disconnect, what still arrives is thrown away for this long, so that no reset eats it. */
  lingerMs: 1_000,
} as const;
