/** SDMP 0.12, the handshake and the sessions behind it: docs/protocols/sdmp.md. */
import type { Bytes } from '../../core/core.ts';
import type { Protocol } from '../machine.ts';
import { writeContainer } from './container.ts';
import { initiator } from './initiator.ts';
import { LIMITS } from './limits.ts';
import { responder } from './responder.ts';
import { type SdmpOptions, settingsOf } from './settings.ts';
import { largestObject } from './traffic.ts';

export type { Reading } from './container.ts';
export type { Derivation } from './derivation.ts';
export type { FingerprintForm } from './fingerprint.ts';
export type { GroupName } from './groups.ts';
export { SdmpIdentity, type SdmpIdentityOptions } from './identity.ts';
export type { Padding } from './padding.ts';
export { type SdmpPeer, SdmpPeers } from './peers.ts';
export type { SdmpOptions } from './settings.ts';

export const sdmp: Protocol<SdmpOptions> = {
  name: 'sdmp',
  aliases: ['sdmp/0.12'],
  carriers: ['tcp', 'websocket'],
  websocket: { subprotocol: 'sdmp-0.12', largestMessage: largestObject(LIMITS.message) },
  initiator: (options) => initiator(settingsOf(options)),
  responder: (options) => responder(settingsOf(options)),
};

/**
 * A message for a session: a container of one schema, whose property has the schema's name or another.
 * @param value anything that JSON can say.
 */
export function sdmpContainer(schema: string, value: unknown, property: string = schema): Bytes {
  return writeContainer(schema, value, property);
}
