/** LightweightSecureTCP, for talking to devices that know nothing better: docs/protocols/lwstcp.md. Not secure by today's measure; `handfast` is. */
import type { Protocol } from '../machine.ts';
import { initiator } from './initiator.ts';
import { responder } from './responder.ts';
import { type LwstcpOptions, settingsOf } from './settings.ts';

export { handshakeKeyOfWords } from './key.ts';
export { SessionKeyMemory, type SessionKeyMemoryOptions } from './session-keys.ts';
export type { LwstcpOptions } from './settings.ts';

export const lwstcp: Protocol<LwstcpOptions> = {
  name: 'lwstcp',
  aliases: ['LightweightSecureTCP'],
  carriers: ['tcp'],
  initiator: (options) => initiator(settingsOf(options)),
  responder: (options) => responder(settingsOf(options)),
};
