/** What a caller may set on either side of HiveMind, checked once and completed. */
import type { Bytes, Core } from '../../core/core.ts';
import { defaultCore } from '../../core/default.ts';
import { modulusBytes, publicPemOf } from '../../core/legacy/rsa-envelope.ts';
import { HandfastError } from '../../errors.ts';
import type { JsonObject } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import { type ClientStore, checkName, type HiveMindClient, memoryClients } from './clients.ts';
import { type Encoding, isEncoding, OFFERED_ENCODINGS } from './encodings.ts';
import { Greetings } from './greetings.ts';
import { LIMITS, TIMES } from './limits.ts';
import { checkPassword } from './password.ts';
import { CIPHERS, type CipherName, checkKey, isCipherName } from './sealing.ts';
import { HiveSessions } from './sessions.ts';
import { type NoiseSettings, type NoiseSetup, noiseSettings } from './v3-options.ts';

/** What is unsafe and therefore has to be named. */
export interface InsecureOptions {
  /** Passwords that can be guessed. */
  weakPasswords?: boolean | undefined;
  /** A master without handshakes (`handshake: false`): pre-shared keys alone. */
  noHandshake?: boolean | undefined;
  /** Sessions in clear (`crypto_required: false`): what anybody on the way can read and write. */
  clearText?: boolean | undefined;
}

/** The RSA handshake, which is off without this. */
export interface RsaOptions {
  /** Ours, PEM, at least 2,048 bits. */
  privateKey: string;
  /** Of a slave: the master's key, PEM. Its HELLO must show this one. */
  masterKey?: string | undefined;
  /**
   * Takes a key that was not seen before, which proves nothing: a slave without `masterKey` that of HELLO, a master that of a client without `publicKey` and password. It is shown as
   * `info.masterKey`, `info.publicKey`, to be kept.
   */
  trustFirstUse?: boolean | undefined;
}

export interface HiveMindOptions {
  /** The chosen core by default. */
  core?: Core | undefined;
  /** The whole handshake; 15,000 ms by default. */
  deadlineMs?: number | undefined;
  /** In our order of preference. */
  encodings?: readonly Encoding[] | undefined;
  ciphers?: readonly CipherName[] | undefined;
  /** Whether messages may go as binary frames; not by default, since released peers stumble over small ones. */
  binarize?: boolean | undefined;
  /** The largest message either way, on the wire; 10 MiB by default, which is what released peers take. */
  maxMessage?: number | undefined;
  rsa?: RsaOptions | undefined;
  /** Version 3; without it versions 0 to 2 are spoken, with it nothing older unless it says so. */
  noise?: NoiseSetup | undefined;
  insecure?: InsecureOptions | undefined;

  /** Slave: names it to the master, in clear. Required. */
  accessKey?: string | undefined;
  /** Slave: never sent. A random one of at least 128 bits is meant. */
  password?: string | undefined;
  /** Slave: 16, 24 or 32 bytes of UTF-8. */
  presharedKey?: string | undefined;
  /** Slave: names the software; `handfast` by default. */
  userAgent?: string | undefined;
  /** Slave: where it stands; compared with `target_site_id`. */
  siteId?: string | undefined;
  /** Slave: the same again continues a session; random by default. Not `default`. */
  sessionId?: string | undefined;
  /** Slave: further members of the session object in HELLO. */
  session?: JsonObject | undefined;
  /** Slave: its public key in HELLO, PEM, for INTERCOM; that of `rsa` by default. */
  publicKey?: string | undefined;

  /** Master: who may come. Required. */
  clients?: ClientStore | Iterable<HiveMindClient> | undefined;
  /** Master: names it in HELLO; its public key, or `master:0.0.0.0`, by default. */
  nodeId?: string | undefined;
  /** Master: what it remembers of sessions; a new one by default. */
  sessions?: HiveSessions | undefined;
}

export interface CommonSettings {
  core: Core;
  random(length: number): Bytes;
  deadlineMs: number;
  encodings: readonly Encoding[];
  ciphers: readonly CipherName[];
  binarize: boolean;
  maxMessage: number;
  /** PEM, ours. */
  rsaKey: string | undefined;
  /** PEM without a final newline; empty without a key. */
  publicKey: string;
  /** An RSA key that nobody has pinned is taken. */
  trustFirstUse: boolean;
  noise: NoiseSettings | undefined;
  insecure: Required<{ [Name in keyof InsecureOptions]: boolean }>;
}

export interface SlaveSettings extends CommonSettings {
  accessKey: string;
  userAgent: string;
  password: string | undefined;
  presharedKey: Bytes | undefined;
  siteId: string;
  session: JsonObject & { readonly session_id: string };
  /** PEM, pinned. */
  masterKey: string | undefined;
}

export interface MasterSettings extends CommonSettings {
  clients: ClientStore;
  nodeId: string;
  sessions: HiveSessions;
  /** Of all its clients. */
  greetings: Greetings;
}

/** @throws HF_BAD_ARGUMENT that names the option, HF_BAD_KEY. */
export function slaveSettings(options: HiveMindOptions): SlaveSettings {
  const common = commonSettings(options);
  const { password, presharedKey, rsa } = options;
  if (
    password === undefined &&
    presharedKey === undefined &&
    rsa === undefined &&
    options.noise?.psk === undefined &&
    !common.insecure.clearText
  ) {
    throw bad('password', 'given, or else presharedKey or rsa');
  }
  if (password !== undefined) {
    if (typeof password !== 'string' || password === '') throw bad('password', 'text of at least one character');
    if (!common.insecure.weakPasswords) checkPassword(password, 'password');
  }
  if (rsa && rsa.masterKey === undefined && rsa.trustFirstUse !== true) {
    throw bad('rsa.masterKey', 'the key of the master (PEM), or trustFirstUse: true to take the first that comes');
  }
  if (rsa?.masterKey !== undefined && modulusBytes(rsa.masterKey) === undefined)
    throw bad('rsa.masterKey', 'an RSA key in PEM of at least 2,048 bits');
  const sessionId = text('sessionId', options.sessionId ?? uuid(common.random(16)));
  if (sessionId === 'default') throw bad('sessionId', 'anything but `default`, which is the master itself');
  return {
    ...common,
    accessKey: checkName('accessKey', options.accessKey),
    userAgent: checkName('userAgent', options.userAgent ?? USER_AGENT),
    password,
    presharedKey: presharedKey === undefined ? undefined : checkKey('AES-GCM', utf8(presharedKey)),
    siteId: text('siteId', options.siteId ?? 'unknown'),
    session: { ...options.session, session_id: sessionId },
    masterKey: rsa?.masterKey?.trim(),
  };
}

/** @throws HF_BAD_ARGUMENT that names the option, HF_BAD_KEY. */
export function masterSettings(options: HiveMindOptions): MasterSettings {
  const common = commonSettings(options);
  const { clients } = options;
  if (clients === undefined) throw bad('clients', 'a ClientStore, or a list of clients');
  return {
    ...common,
    clients: Symbol.iterator in clients ? memoryClients(clients, common.insecure) : clients,
    nodeId: options.nodeId === undefined ? common.publicKey || 'master:0.0.0.0' : text('nodeId', options.nodeId, LIMITS.pem),
    sessions: options.sessions ?? new HiveSessions(),
    greetings: new Greetings(),
  };
}

function commonSettings(options: HiveMindOptions): CommonSettings {
  const core = options.core ?? defaultCore();
  const { insecure = {}, rsa, maxMessage = LIMITS.message, deadlineMs = TIMES.deadlineMs } = options;
  const encodings = options.encodings ?? OFFERED_ENCODINGS;
  const ciphers = options.ciphers ?? CIPHERS;
  if (encodings.length === 0 || !encodings.every((each) => isEncoding(each) && each !== 'JSON-Z85P')) {
    throw bad('encodings', `some of ${OFFERED_ENCODINGS.join(', ')}`);
  }
  if (ciphers.length === 0 || !ciphers.every(isCipherName)) throw bad('ciphers', `some of ${CIPHERS.join(', ')}`);
  if (!Number.isSafeInteger(maxMessage) || maxMessage < LEAST_MESSAGE || maxMessage > MOST_MESSAGE) {
    throw bad('maxMessage', `${LEAST_MESSAGE} to ${MOST_MESSAGE} bytes`);
  }
  if (!Number.isFinite(deadlineMs) || deadlineMs <= 0) throw bad('deadlineMs', 'a positive number of milliseconds');
  return {
    core,
    random: (length) => core.random(length),
    deadlineMs,
    encodings,
    ciphers,
    binarize: options.binarize === true,
    maxMessage,
    rsaKey: rsa?.privateKey,
    publicKey: options.publicKey?.trim() ?? (rsa ? publicPemOf(rsa.privateKey) : ''),
    trustFirstUse: rsa?.trustFirstUse === true,
    noise: options.noise && noiseSettings(core, options.noise),
    insecure: {
      weakPasswords: insecure.weakPasswords === true,
      noHandshake: insecure.noHandshake === true,
      clearText: insecure.clearText === true,
    },
  };
}

function text(option: string, value: unknown, most: number = LIMITS.name): string {
  if (typeof value !== 'string' || value === '' || value.length > most) throw bad(option, `text of 1 to ${most} characters`);
  return value;
}

/** RFC 9562, version 4. */
function uuid(random: Bytes): string {
  random[6] = (random[6] & 0x0f) | 0x40;
  random[8] = (random[8] & 0x3f) | 0x80;
  const digits = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');
}

function bad(option: string, expected: string): HandfastError {
  return new HandfastError('BAD_ARGUMENT', `${option}: ${expected}`);
}

export const USER_AGENT = 'handfast';
const LEAST_MESSAGE = 16 * 1024;
const MOST_MESSAGE = 64 * 1024 * 1024;
