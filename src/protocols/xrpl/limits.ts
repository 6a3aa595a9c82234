/** The figures of the XRPL overlay, each with its place in the specification. Bytes unless a name says otherwise. */

export const LIMITS = {
  /** The head with its first line: 8,192 bytes of fields, and the 16 of `GET / HTTP/1.1` (section 7). */
  head: 8208,
  /** Lines of a head, folded ones refused; the reference writes 17. */
  fields: 64,
  /** What a client reads of the body of an answer that is none: 30 addresses take 2 KiB. */
  body: 8192,
  /** Addresses in a 503 of ours, and those taken from one. */
  redirectsSent: 10,
  redirectsTaken: 30,
  /** The whole handshake, from the connection on (section 16). */
  deadlineMs: 15_000,
  /** How far clocks may differ, each way (section 8). */
  clockWindowMs: 20_000,
  /** Who refuses by an answer throws away what still arrives for this long, so that no reset eats it. */
  lingerMs: 1000,
  /** The peer timer: a ping at each tick, and whoever owes a pong by then is gone (section 13.2). */
  pingMs: 60_000,
  /** Of a Finished message (section 3). */
  leastFinished: 12,
  /** The size field of a frame has 26 bits. */
  wirePayload: 67_108_863,
  /** The most that a compressed frame may announce. */
  inflated: 67_108_864,
  /** The default for the largest payload, on the wire and after decompression: 1 MiB. */
  message: 1_048_576,
  /** Payloads up to this size are never compressed. */
  uncompressed: 70,
  /** Pings taken at once, and the time in which as many more may come; an honest peer sends one a minute, and each costs us a write. */
  pings: 60,
  pingsPerMs: 32_000,
  /** A ping that is longer is no ping that anybody sends. */
  ping: 1024,
} as const;

/** Seconds from 1970 to 2000-01-01, where the network's clock begins. */
export const NETWORK_EPOCH_S = 946_684_800;
