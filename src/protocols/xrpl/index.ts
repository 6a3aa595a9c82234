/** The peer protocol of the XRP Ledger: docs/protocols/xrpl.md. */
import type { Protocol } from '../machine.ts';
import { initiator } from './initiator.ts';
import { responder } from './responder.ts';
import { settingsOf, type XrplOptions } from './settings.ts';

export { Cluster } from './cluster.ts';
export type { FeatureName } from './features.ts';
export { XrplIdentity } from './identity.ts';
export type { SessionValue } from './session-value.ts';
export type { Ledgers, StartMessages, XrplOptions } from './settings.ts';
export { type SlotOptions, Slots } from './slots.ts';
export { type KeyType, nodePublicText, readNodePublic } from './text-form.ts';

export const xrpl: Protocol<XrplOptions> = {
  name: 'xrpl',
  aliases: ['xrpl-overlay'],
  carriers: ['tls'],
  initiator: (options) => initiator(settingsOf(options, 'initiator')),
  responder: (options) => responder(settingsOf(options, 'responder')),
};
