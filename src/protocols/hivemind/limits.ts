/** Numbers of HiveMind: those of the wire, and our bounds. */

export const LIMITS = {
  /** Of a whole message, as released servers have it: the default of their WebSocket library. */
  message: 10 * 1024 * 1024,
  /** Of messages once opened. */
  json: { bytes: 10 * 1024 * 1024, depth: 32, members: 200_000 },
  /** Of what is read before anything is proved: HELLO and handshake messages. */
  clear: { bytes: 64 * 1024, depth: 16, members: 1024 },
  /** Of the frame around a sealed text, or of a handshake message in its place. */
  sealedText: { bytes: 10 * 1024 * 1024, depth: 16, members: 1024 },
  /** Access keys, user agents, session ids, site ids, in characters. */
  name: 256,
  /** PEM of a key, in characters. */
  pem: 8192,
} as const;

export const TIMES = {
  /** A whole handshake, from the connection to the HELLO of the slave. */
  deadlineMs: 15_000,
  /** Released clients listen only some time after the upgrade. */
  greetingMs: 200,
  /** Between the greetings of clients that came at once, so that many do not hold the event loop up together; together no longer than `greetingsMs`. */
  greetingGapMs: 1,
  greetingsMs: 500,
  /** A greeting is repeated, and a client begins by itself, after so long. */
  patienceMs: 5_000,
  /** One key is used no longer; random nonces repeat some day. */
  keyMs: 24 * 60 * 60 * 1000,
  /** How long what was sealed under the key before still opens. */
  oldKeyMs: 30_000,
  /** Handshakes in mid-session come no faster. */
  rekeyGapMs: 10_000,
  /** What still arrives after a refusal is thrown away for so long. */
  lingerMs: 2_000,
} as const;

/** Frames under one key, both directions. */
export const KEY_FRAMES = 2 ** 24;
