/** The end of the handshake, alike on both sides: the session key is there, and the traffic begins. */
import type { Bytes } from '../../core/core.ts';
import { utf8 } from '../../wire/text.ts';
import type { Millis, Opened, Peer, Role } from '../machine.ts';
import { NONE } from './checks.ts';
import type { Settings } from './settings.ts';
import { LwstcpTraffic } from './traffic.ts';

/** The three packets of the handshake as they went over the wire. */
export type Transcript = readonly Bytes[];

/** Nobody is told apart: whoever holds the key is this one peer, and its name is the key's. A server has proved not even that. */
export function peerOf({ fingerprint }: Settings): Peer {
  return { id: `lwstcp:${fingerprint}`, publicKey: NONE };
}

/** @param sessionKey 32 bytes, wiped here. */
export function open(settings: Settings, role: Role, sessionKey: Bytes, transcript: Transcript, rest: Bytes, now: Millis): Opened {
  const { core, rounds, older } = settings;
  const binding = core.hash.blake2b(transcript, { length: 32, key: sessionKey, personal: PERSONAL });
  const key = core.guarded.import(sessionKey);
  sessionKey.fill(0);
  return {
    peer: peerOf(settings),
    binding,
    info: { rounds, dialect: older ? 'older' : 'current', peerProved: role === 'responder' },
    traffic: new LwstcpTraffic(settings, role, key, now),
    rest,
  };
}

const PERSONAL = new Uint8Array(16);
PERSONAL.set(utf8('lwstcp binding'));
