/** handfast/1, our signed node protocol: docs/protocols/handfast.md. */
import type { Protocol } from '../machine.ts';
import { initiator } from './initiator.ts';
import { responder } from './responder.ts';
import { type HandfastOptions, settingsOf } from './settings.ts';

export type { HandfastOptions } from './settings.ts';

export const handfast: Protocol<HandfastOptions> = {
  name: 'handfast',
  aliases: ['handfast/1'],
  initiator: (options) => initiator(settingsOf(options)),
  responder: (options) => responder(settingsOf(options)),
};
