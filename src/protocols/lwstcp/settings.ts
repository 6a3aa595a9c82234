/** What a caller may set on LightweightSecureTCP, checked once and completed. */
import type { Core, SecretInput } from '../../core/core.ts';
import { defaultCore } from '../../core/default.ts';
import { HandfastError } from '../../errors.ts';
import { handshakeKeyOf } from './key.ts';
import { LIMITS } from './limits.ts';
import { SessionKeyMemory, sharedSessionKeys } from './session-keys.ts';

export interface LwstcpOptions {
  /**
   * 32 bytes: the eight key words, each little-endian, word 0 first (`handshakeKeyOfWords` makes them of numbers). Bytes are copied; a Secret stays the caller's, who must not wipe it
   * while connections are made.
   */
  handshakeKey: SecretInput;
  /** Must be said: this protocol gives no integrity, no forward secrecy, and does not prove the server (docs/protocols/lwstcp.md). */
  allowInsecure: true;
  /** The chosen core by default. */
  core?: Core | undefined;
  /** Of the cipher, 1 to 128; 32 by default, and below that with a warning. Both sides must be set alike. */
  rounds?: number | undefined;
  /** `older`: for peers with the library's older copy, which have no keep-alive and whose Disconnect is 0x05. */
  dialect?: 'current' | 'older' | undefined;
  /** The whole handshake; 5,000 ms by default. */
  deadlineMs?: number | undefined;
  /** A side that has sent nothing for this long sends a keep-alive; 5,000 ms by default. */
  keepAliveMs?: number | undefined;
  /** A session in which nothing good came for this long ends; 30,000 ms by default, more than `keepAliveMs`. -1 or Infinity: never. */
  inactivityMs?: number | undefined;
  /** When dialling: how long to wait after the handshake before the session opens, 0 to 5,000 ms; 0 by default. Servers of the library may lose what comes within their first 50 ms. */
  firstMessageDelayMs?: number | undefined;
  /** When dialling: session keys used before, which are refused. One for the whole process by default. */
  sessionKeys?: SessionKeyMemory | undefined;
}

export interface Settings {
  core: Core;
  handshakeKey: SecretInput;
  /** Of the handshake key: 16 hexadecimal digits. */
  fingerprint: string;
  rounds: number;
  older: boolean;
  deadlineMs: number;
  keepAliveMs: number;
  inactivityMs: number;
  firstMessageDelayMs: number;
  sessionKeys: SessionKeyMemory;
}

/** @throws HF_BAD_KEY when the key is missing, all zero or not of 32 bytes; HF_BAD_ARGUMENT that names the option. */
export function settingsOf(options: LwstcpOptions): Settings {
  const core = options.core ?? defaultCore();
  const { key: handshakeKey, fingerprint } = handshakeKeyOf(core, options.handshakeKey);
  if (options.allowInsecure !== true) {
    throw new HandfastError(
      'BAD_ARGUMENT',
      "allowInsecure: expected true: LightweightSecureTCP protects no integrity, keeps no forward secrecy and does not prove the server; between peers of your own use protocol 'handfast'",
    );
  }
  const keepAliveMs = whole('keepAliveMs', options.keepAliveMs ?? LIMITS.keepAliveMs, 1, LONGEST_MS);
  const rounds = whole('rounds', options.rounds ?? LIMITS.rounds, LIMITS.leastRounds, LIMITS.mostRounds);
  const { dialect = 'current', sessionKeys = sharedSessionKeys } = options;
  if (dialect !== 'current' && dialect !== 'older') throw bad('dialect', 'current or older');
  if (!(sessionKeys instanceof SessionKeyMemory)) throw bad('sessionKeys', 'a SessionKeyMemory');
  return {
    core,
    handshakeKey,
    fingerprint,
    rounds,
    older: dialect === 'older',
    deadlineMs: whole('deadlineMs', options.deadlineMs ?? LIMITS.deadlineMs, 1, LIMITS.longestDeadlineMs),
    keepAliveMs,
    inactivityMs: inactivity(options.inactivityMs ?? LIMITS.inactivityMs, keepAliveMs),
    firstMessageDelayMs: whole('firstMessageDelayMs', options.firstMessageDelayMs ?? 0, 0, LIMITS.firstMessageDelayMs),
    sessionKeys,
  };
}

function inactivity(ms: number, keepAliveMs: number): number {
  if (ms === -1 || ms === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  whole('inactivityMs', ms, 1, LONGEST_MS);
  if (ms <= keepAliveMs) throw bad('inactivityMs', `more than keepAliveMs, which is ${keepAliveMs}, or -1`);
  return ms;
}

function whole(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) throw bad(name, `an integer from ${least} to ${most}`);
  return value;
}

function bad(name: string, expected: string): HandfastError {
  return new HandfastError('BAD_ARGUMENT', `${name}: expected ${expected}`);
}

const LONGEST_MS = 86_400_000;
