/** HiveMind, versions 0 to 3, as slave (initiator) and master (responder): docs/protocols/hivemind.md. */
import type { Protocol } from '../machine.ts';
import { targetOf } from './authorization.ts';
import { LIMITS } from './limits.ts';
import { master } from './master.ts';
import { type HiveMindOptions, masterSettings, slaveSettings, USER_AGENT } from './options.ts';
import { slave } from './slave.ts';

export { type ClientStore, checkClient, type HiveMindClient, memoryClients } from './clients.ts';
export type { HiveMindOptions, InsecureOptions, RsaOptions } from './options.ts';
export { type HubMember, type HubPlace, type Relay, type Routed, relayOf } from './relay.ts';
export { destinationOf, isFor, type Place, relayed } from './routing.ts';
export { type HeldSession, HiveSessions, type SessionsOptions } from './sessions.ts';

export type { NoiseSetup } from './v3-options.ts';

export const hivemind: Protocol<HiveMindOptions> = {
  name: 'hivemind',
  aliases: [],
  carriers: ['websocket'],
  websocket: { largestMessage: LIMITS.message, target: ({ accessKey = '', userAgent = USER_AGENT }) => targetOf({ userAgent, accessKey }) },
  initiator: (options) => slave(slaveSettings(options)),
  responder: (options) => master(masterSettings(options)),
};
