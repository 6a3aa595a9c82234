/** What goes in clear, before there is a key, and what both machines do alike. */
import { HandfastError } from '../../errors.ts';
import type { JsonObject } from '../../wire/json.ts';
import type { Output } from '../machine.ts';
import { LIMITS } from './limits.ts';
import { type HiveMessage, readMessage, writeMessage } from './message.ts';

/** Before there is a key: HELLO and handshake messages, as text, and nothing else. */
export function readClear({ data, text }: { data: Uint8Array; text: boolean }): HiveMessage | HandfastError {
  if (!text) return new HandfastError('OUT_OF_TURN', 'a binary frame before there is a key');
  const message = readMessage(data, LIMITS.clear);
  if (message instanceof HandfastError || message.msg_type === 'hello' || message.msg_type === 'shake') return message;
  return new HandfastError('OUT_OF_TURN', `a message of type ${message.msg_type} before there is a key`);
}

export function sendClear(kind: 'hello' | 'shake', payload: JsonObject): Output[] {
  const data = writeMessage({ msg_type: kind, payload });
  return [
    { kind: 'send', data, text: true },
    { kind: 'trace', what: kind, direction: 'sent', bytes: data.length },
  ];
}
