/** What gossip may take, and what follows from it in memory. Numbers that every node must agree on are in protocols/handfast/envelope.ts. */
import type { Core } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';

export interface GossipLimits {
  /** Message ids remembered: 64 bytes each, taken as they come. */
  messages: number;
  /** Origins remembered; each can always have one id of its own, what is left of `messages` is shared. 190 bytes each. */
  origins: number;
  /** Sessions that `origins` and the other shares are made for; more have to share. */
  sessions: number;
  /** New envelopes read from one session in a second. */
  perSecond: number;
  /** Of those beyond that, so many in a second are hashed and asked for later: as much as 3 s of `perSecond` that come late and all at once, and more. */
  latePerSecond: number;
  /** Ids of one session's IHAVE heeded in a second, and of its IWANT. */
  announcedPerSecond: number;
  askedPerSecond: number;
  /** Ids asked for, or to be asked for, and not had yet: 230 bytes each, 700 where each is of another origin. */
  wanted: number;
  /** Envelopes that wait for their signature to be verified, 700 bytes each beside their own, and their bytes. */
  waiting: number;
  waitingBytes: number;
  /** Envelopes kept to be asked for, and the bytes of their blocks; 350 more for each. */
  storeMs: number;
  storeBytes: number;
  /** Signatures verified before others get their turn, and about how many bytes of envelopes. */
  verifiedPerTurn: number;
  verifiedBytesPerTurn: number;
  /** Own messages sent in a second, and half as many at once; others wait. A quarter of what one session reads, so that all of them are read. */
  publishedPerSecond: number;
  /** Own messages that wait. */
  publishing: number;
  /** Bytes of the largest own payload. */
  payloadBytes: number;
  /** Up to so many sessions all are sent a message at once. */
  pushAll: number;
  /** With more, so many. */
  pushTo: number;
}

/** @throws HF_BAD_ARGUMENT that names the limit. */
export function gossipLimits(core: Core, given: Partial<GossipLimits> = {}): GossipLimits {
  const limits: GossipLimits = { ...DEFAULTS, verifiedPerTurn: core.name === 'native' ? 128 : 16 };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(limits, name) || !Number.isSafeInteger(value) || value < 1)
      throw new HandfastError('BAD_ARGUMENT', `limits.${name}: expected a known limit of gossip, an integer of 1 or more`);
    limits[name as keyof GossipLimits] = value;
  }
  if (limits.origins > limits.messages) throw new HandfastError('BAD_ARGUMENT', 'limits.origins: expected at most limits.messages');
  return limits;
}

const DEFAULTS: GossipLimits = {
  messages: 131_072,
  origins: 65_536,
  sessions: 64,
  perSecond: 4096,
  latePerSecond: 16_384,
  announcedPerSecond: 4096,
  // What a session's peer was told of, and what others told it of and did not send.
  askedPerSecond: 8192,
  wanted: 32_768,
  waiting: 8192,
  waitingBytes: 16 * 1024 * 1024,
  storeMs: 10_000,
  storeBytes: 16 * 1024 * 1024,
  verifiedPerTurn: 128,
  verifiedBytesPerTurn: 1024 * 1024,
  publishedPerSecond: 1024,
  publishing: 16_384,
  payloadBytes: 1_048_576,
  pushAll: 8,
  pushTo: 6,
};
