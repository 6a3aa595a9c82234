/** The figures of handfast/1, each with its reason. Bytes unless a name says otherwise. */

export const LIMITS = {
  /** A hello or reply: room for a hybrid key. */
  hello: 2048,
  /** Any other handshake frame: a finish has 127 bytes and room for extensions. */
  handshakeFrame: 1024,
  /** Each side's first record. */
  firstRecord: 512,
  /** All that a dialler may have sent behind its finish while it is being verified: OPEN and CLOSE. */
  behindFinish: 4 + 512 + 4 + 17 + 2 + 200,
  /** Text of a refusal; shown escaped, never acted on. */
  reason: 200,
  network: 64,
  agent: 64,
  bootId: 16,
  /** Entries of a list of versions or suites. */
  listed: 16,
  /** The least and the most that OPEN may state as the largest record, and what we state. 1 KiB is for what surrounds a payload. */
  leastRecord: 65_536,
  mostRecord: 16_778_240,
  aroundPayload: 1024,
  /** The default for the largest payload, 1 MiB. */
  message: 1_048_576,
  /** The whole handshake, from the connection to the other side's OPEN; never reset by bytes. */
  deadlineMs: 30_000,
  clockWindowMs: 30_000,
  /** Who refuses throws away what still arrives for this long, so that no reset eats the reason. */
  lingerMs: 1000,
  /** A side that has sent nothing for this long sends PING; one that has heard nothing for this long gives up. */
  pingMs: 30_000,
  silenceMs: 90_000,
  /** The longest that a request may take. */
  requestMs: 600_000,
  topic: 255,
  /** Records of one direction between two changes of its key. */
  rekeyEvery: 65_536,
} as const;

/** A record without payload: kind and tag. */
export const LEAST_RECORD = 17;
export const TAG = 16;
