/** The end of the handshake, alike on both sides: the session key is there, and the traffic begins. */
import type { Bytes } from '../../core/core.ts';
import { utf8 } from '../../wire/text.ts';
import type { Millis, Opened, Peer, Role } from '../machine.ts';
import { NONE } from './checks.ts';
import { SIZES } from './packets.ts';
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
  SESSION_KEY.set(sessionKey);
  sessionKey.fill(0);
  let at = 0;
  for (const packet of transcript) {
    PACKETS.set(packet, at);
    at += packet.length;
  }
  const binding = core.hash.blake2b(PACKETS, BINDING);
  const key = core.guarded.importEphemeral(SESSION_KEY);
  SESSION_KEY.fill(0);
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
// Used by one call after the other, as in packets.ts.
const PACKETS = new Uint8Array(SIZES.request + SIZES.response + SIZES.success);
const SESSION_KEY = new Uint8Array(32);
const BINDING = { length: 32, key: SESSION_KEY, personal: PERSONAL };
