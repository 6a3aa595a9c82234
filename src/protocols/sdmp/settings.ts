/** What a caller may set on an SDMP handshake, checked once and completed. */
import type { Core } from '../../core/core.ts';
import { defaultCore } from '../../core/default.ts';
import { HandfastError } from '../../errors.ts';
import type { Reading } from './container.ts';
import { DERIVATIONS, type Derivation } from './derivation.ts';
import { DEFAULT_GROUPS, type Group, type GroupName, groupOf, isGroupName } from './groups.ts';
import { SdmpIdentity } from './identity.ts';
import { LIMITS } from './limits.ts';
import type { Padding } from './padding.ts';
import { SdmpPeers } from './peers.ts';

export interface SdmpOptions {
  /** Who we are. */
  identity: SdmpIdentity;
  /** Whose keys we know. Nobody else can connect, or be connected to. */
  peers: SdmpPeers;
  /** The fingerprint, in any form, of the node that must answer (`HF_UNEXPECTED_PEER` otherwise). Without it any node of `peers` may. */
  peer?: string | undefined;
  /** The chosen core by default. */
  core?: Core | undefined;
  /** The whole handshake; 10,000 ms by default. */
  deadlineMs?: number | undefined;
  /** The largest message, in bytes of plaintext, that we accept and send: 1 KiB to 16 MiB, 1 MiB by default and at most over WebSocket. */
  maxMessage?: number | undefined;
  /** Which group we propose when dialling; `ffdhe3072` by default. */
  group?: GroupName | undefined;
  /** Which we accept; all of 2,048 to 4,096 bits by default. */
  groups?: readonly GroupName[] | undefined;
  /** From the shared secret to the key: `sha512-32` by default. Both ends must mean the same. */
  derivation?: Derivation | undefined;
  /** `pkcs7` by default; `pad8192` hides lengths. */
  padding?: Padding | undefined;
  /** `tolerant` by default: also takes other plausible readings of the specification, never anything that weakens a check. */
  reading?: Reading | undefined;
  /** `bound`: our own repair of the protocol's weaknesses, at both ends or not at all. `plain` by default. */
  profile?: 'plain' | 'bound' | undefined;
}

export interface Settings {
  core: Core;
  identity: SdmpIdentity;
  peers: SdmpPeers;
  /** The canonical fingerprint. */
  pinned: string | undefined;
  deadlineMs: number;
  maxMessage: number;
  group: Group;
  groups: readonly Group[];
  derivation: Derivation;
  padding: Padding;
  reading: Reading;
  bound: boolean;
}

/** @throws HF_BAD_ARGUMENT that names the option. */
export function settingsOf(options: SdmpOptions): Settings {
  const { identity, peers, group = 'ffdhe3072', groups = DEFAULT_GROUPS } = options;
  if (!(identity instanceof SdmpIdentity)) throw bad('identity', 'an SdmpIdentity, as SdmpIdentity.generate() makes one');
  if (!(peers instanceof SdmpPeers)) throw bad('peers', 'the keys that are known, an SdmpPeers');
  if (!Array.isArray(groups) || groups.length === 0 || !groups.every(isGroupName))
    throw bad('groups', 'a list of groups, such as ffdhe3072');
  if (!isGroupName(group) || !groups.includes(group)) throw bad('group', 'one of those accepted');
  const settings: Settings = {
    core: options.core ?? defaultCore(),
    identity,
    peers,
    pinned: pinnedOf(options),
    deadlineMs: whole('deadlineMs', options.deadlineMs ?? LIMITS.deadlineMs, 1, 3_600_000),
    maxMessage: whole('maxMessage', options.maxMessage ?? LIMITS.message, 1024, LIMITS.mostMessage),
    group: groupOf(group),
    groups: groups.map(groupOf),
    derivation: oneOf('derivation', options.derivation ?? 'sha512-32', DERIVATIONS),
    padding: oneOf('padding', options.padding ?? 'pkcs7', ['pkcs7', 'pad8192']),
    reading: oneOf('reading', options.reading ?? 'tolerant', ['strict', 'tolerant']),
    bound: oneOf('profile', options.profile ?? 'plain', ['plain', 'bound']) === 'bound',
  };
  if (settings.bound && (options.padding !== undefined || options.derivation !== undefined)) {
    throw bad('profile', 'no padding and no derivation with `bound`: it has its own');
  }
  return settings;
}

function pinnedOf({ peer, peers }: SdmpOptions): string | undefined {
  if (peer === undefined) return undefined;
  const known = typeof peer === 'string' ? peers.find(peer) : undefined;
  if (!known) throw bad('peer', 'the fingerprint of one of `peers`');
  return known.id;
}

function oneOf<const Name extends string>(name: string, value: Name, names: readonly Name[]): Name {
  if (!names.includes(value)) throw bad(name, `one of ${names.join(', ')}`);
  return value;
}

function whole(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) throw bad(name, `an integer from ${least} to ${most}`);
  return value;
}

function bad(name: string, expected: string): HandfastError {
  return new HandfastError('BAD_ARGUMENT', `${name}: expected ${expected}`);
}
