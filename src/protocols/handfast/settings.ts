/** What a caller may set on a handfast/1 handshake, checked once and completed. */
import type { Bytes, Core, Suite } from '../../core/core.ts';
import { defaultCore } from '../../core/default.ts';
import { Identity } from '../../core/identity.ts';
import { HandfastError } from '../../errors.ts';
import { publicKeyOf } from '../../wire/peer-id.ts';
import { utf8 } from '../../wire/text.ts';
import { SUITE_IDS, VERSION } from './format.ts';
import { type KeyLog, warnOfKeyLog } from './key-log.ts';
import { LIMITS } from './limits.ts';
import { networkTag } from './schedule.ts';

export interface HandfastOptions {
  /** Who we are. */
  identity: Identity;
  /** 1 to 64 bytes of UTF-8; both sides must name the same, compared as bytes. */
  network: string;
  /** When dialling: the id that must answer (`HF_UNEXPECTED_PEER` otherwise). */
  peer?: string | undefined;
  /** The chosen core by default. */
  core?: Core | undefined;
  /** The whole handshake; 30,000 ms by default. */
  deadlineMs?: number | undefined;
  /** How far the other side's clock may differ from ours, each way; 30,000 ms by default. */
  clockWindowMs?: number | undefined;
  /** The largest payload we accept, 64,512 bytes to 16 MiB; 1 MiB by default. */
  maxMessage?: number | undefined;
  /** In our order of preference; by default AES-256-GCM first where the core runs it on hardware, and ChaCha20-Poly1305 always. */
  suites?: readonly Suite[] | undefined;
  /** Names our software to the other side; only ever shown. At most 64 bytes, absent by default. */
  agent?: string | undefined;
  /**
   * Takes part as a node: says so in OPEN, and the session carries records, not payloads. Each message received is `kind u8 || body` of any record but OPEN, PING and CLOSE,
   * and each message sent is one: what requests and gossip are made of (`createNode`).
   */
  node?: boolean | undefined;
  /**
   * Told of the keys of each handshake and session, as lines that the dissector of docs/observability.md reads. Whoever gets them reads what is said: for networks that are being developed,
   * and warned of once a process.
   */
  unsafeKeyLog?: KeyLog | undefined;
  /** With `node`: 16 random bytes, the same for the life of the process, so that a peer notices when it was another one. */
  bootId?: Bytes | undefined;
}

export interface Settings {
  core: Core;
  identity: Identity;
  /** 16 bytes. */
  tag: Bytes;
  network: string;
  /** The key that must answer. */
  peer: Bytes | undefined;
  deadlineMs: number;
  clockWindowMs: number;
  /** What OPEN states. */
  largestRecord: number;
  /** Suite ids in our order of preference. */
  suites: readonly number[];
  /** Versions and suites as a hello lists them, strictly rising. */
  offeredVersions: Bytes;
  offeredSuites: Bytes;
  agent: string | undefined;
  node: boolean;
  bootId: Bytes | undefined;
  /** Keys are logged: the machine gives them out. */
  logsKeys: boolean;
}

/** @throws HF_BAD_ARGUMENT that names the option. */
export function settingsOf(options: HandfastOptions): Settings {
  const core = options.core ?? defaultCore();
  if (!(options.identity instanceof Identity)) throw bad('identity', 'an Identity, as Identity.generate() makes one');
  const network = last !== undefined && options.network === last.network ? last.network : checkedNetwork(options.network);
  const peer = options.peer === undefined ? undefined : publicKeyOf(options.peer);
  if (options.peer !== undefined && !peer) throw bad('peer', 'the id of a node, 12D3KooW... with 52 characters');
  const maxMessage = whole(
    'maxMessage',
    options.maxMessage ?? LIMITS.message,
    LIMITS.leastRecord - LIMITS.aroundPayload,
    LIMITS.mostRecord - LIMITS.aroundPayload,
  );
  const { ids: suites, offered: offeredSuites } = checkedSuites(options.suites ?? (core.fastAes ? FAST_SUITES : SUITES));
  return {
    core,
    identity: options.identity,
    tag: tagOf(core, network),
    network,
    peer,
    deadlineMs: whole('deadlineMs', options.deadlineMs ?? LIMITS.deadlineMs, 1, 3_600_000),
    clockWindowMs: whole('clockWindowMs', options.clockWindowMs ?? LIMITS.clockWindowMs, 1, 86_400_000),
    largestRecord: maxMessage + LIMITS.aroundPayload,
    suites,
    offeredVersions: VERSIONS,
    offeredSuites,
    agent: checkedAgent(options.agent),
    node: options.node ?? false,
    bootId: checkedBootId(options),
    logsKeys: logsKeys(options.unsafeKeyLog),
  };
}

/** A process dials one network thousands of times: the last one is remembered. */
function tagOf(core: Core, network: string): Bytes {
  if (last?.network !== network) last = { network, tag: networkTag(core, network) };
  return last.tag;
}

let last: { network: string; tag: Bytes } | undefined;

function checkedNetwork(network: unknown): string {
  const length = typeof network === 'string' ? utf8(network).length : 0;
  // A lone surrogate has no UTF-8 of its own: two such names would be one.
  if (length < 1 || length > LIMITS.network || /\p{Surrogate}/u.test(network as string))
    throw bad('network', `a name of 1 to ${LIMITS.network} bytes`);
  return network as string;
}

function checkedAgent(agent: unknown): string | undefined {
  if (agent === undefined) return undefined;
  const length = typeof agent === 'string' ? utf8(agent).length : 0;
  if (length < 1 || length > LIMITS.agent) throw bad('agent', `text of 1 to ${LIMITS.agent} bytes`);
  return agent as string;
}

function checkedBootId({ node, bootId }: HandfastOptions): Bytes | undefined {
  if (node !== undefined && typeof node !== 'boolean') throw bad('node', 'true or false');
  if (bootId === undefined) return undefined;
  if (!node) throw bad('bootId', 'none without node: true');
  if (!(bootId instanceof Uint8Array) || bootId.length !== LIMITS.bootId) throw bad('bootId', `${LIMITS.bootId} bytes`);
  return bootId.slice();
}

function logsKeys(log: unknown): boolean {
  if (log === undefined) return false;
  if (typeof log !== 'function') throw bad('unsafeKeyLog', 'a function that takes lines of text');
  warnOfKeyLog();
  return true;
}

/** The ids of suites in the order given, and rising. The last list is remembered, as the last network is. */
function checkedSuites(names: readonly Suite[]): Suites {
  if (
    lastSuites &&
    Array.isArray(names) &&
    names.length === lastSuites.names.length &&
    names.every((name, i) => name === lastSuites?.names[i])
  )
    return lastSuites;
  const ids = Array.isArray(names) ? names.map((name) => (Object.hasOwn(SUITE_IDS, name) ? SUITE_IDS[name as Suite] : undefined)) : [];
  if (ids.length === 0 || ids.includes(undefined) || new Set(ids).size !== ids.length) {
    throw bad('suites', `a list of ${Object.keys(SUITE_IDS).join(', ')}, each at most once`);
  }
  lastSuites = { names: names.slice(), ids: ids as number[], offered: new Uint8Array(ids as number[]).sort() };
  return lastSuites;
}

interface Suites {
  readonly names: readonly Suite[];
  readonly ids: readonly number[];
  readonly offered: Bytes;
}

let lastSuites: Suites | undefined;
const FAST_SUITES: readonly Suite[] = ['aes-256-gcm', 'chacha20-poly1305'];
const SUITES: readonly Suite[] = ['chacha20-poly1305'];
const VERSIONS = Uint8Array.of(VERSION);

function whole(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) throw bad(name, `an integer from ${least} to ${most}`);
  return value;
}

function bad(name: string, expected: string): HandfastError {
  return new HandfastError('BAD_ARGUMENT', `${name}: expected ${expected}`);
}
