/** LightweightSecureTCP, for talking to devices that know nothing better: docs/protocols/lwstcp.md. Not secure by today's measure; `handfast` is. */
import { warnOnce } from '../../core/warn.ts';
import type { Protocol } from '../machine.ts';
import { initiator } from './initiator.ts';
import { LIMITS } from './limits.ts';
import { responder } from './responder.ts';
import { type LwstcpOptions, type Settings, settingsOf } from './settings.ts';

export { handshakeKeyOfWords } from './key.ts';
export { SessionKeyMemory, type SessionKeyMemoryOptions } from './session-keys.ts';
export type { LwstcpOptions } from './settings.ts';

export const lwstcp: Protocol<LwstcpOptions> = {
  name: 'lwstcp',
  aliases: ['LightweightSecureTCP'],
  carriers: ['tcp'],
  initiator: (options) => initiator(warned(settingsOf(options))),
  responder: (options) => responder(warned(settingsOf(options))),
};

function warned(settings: Settings): Settings {
  if (settings.rounds < LIMITS.rounds) {
    warnOnce(
      'HANDFAST_LWSTCP_ROUNDS',
      `lwstcp with ${settings.rounds} rounds of XTEA256: fewer than ${LIMITS.rounds} make a weak cipher weaker`,
    );
  }
  return settings;
}
