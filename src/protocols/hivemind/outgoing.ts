/** What an application sends, as a message of the wire: checked, completed, and in the form that the other side reads. */
import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import type { JsonLimits, JsonObject } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import type { MessageAbout } from '../machine.ts';
import type { Channel } from './channel.ts';
import { type BinaryFrame, writeFrame } from './frames.ts';
import { jsonText, type Writable } from './json-text.ts';
import { BIN_TYPES, isBus, isMessageKind } from './kinds.ts';
import { LIMITS } from './limits.ts';
import { completed, type HiveMessage, messageOf, readJson, writeMessage } from './message.ts';

/** A message of JSON, or the binary frame that `bin` is. */
export type OutgoingMessage = { readonly message: HiveMessage } | { readonly frame: BinaryFrame };

/**
 * @param payload the payload's JSON, or the bytes of `bin`. @param about `kind`: a type of section 9, `bus` by default; `meta`: members of the message, and `bin_type` of a `bin`.
 * @param bus completes the payload of a bus message. @throws HF_BAD_ARGUMENT that names what is wrong.
 */
export function outgoing(
  payload: Bytes,
  { kind = 'bus', meta = {} }: MessageAbout,
  bus: (payload: JsonObject) => JsonObject,
): OutgoingMessage {
  if (!isMessageKind(kind) || kind === 'hello' || kind === 'shake')
    throw bad(`kind: ${JSON.stringify(kind)} is no type of message that can be sent`);
  const metadata = meta.metadata ?? {};
  for (const name in meta) if (!META.has(name)) throw bad(`meta: there is no member ${JSON.stringify(name)}`);
  if (typeof metadata !== 'object' || Array.isArray(metadata)) throw bad('meta.metadata: an object');
  if (kind === 'bin') {
    const { bin_type = 0, metadata: _, ...others } = meta;
    if (!Number.isInteger(bin_type) || (bin_type as number) < 0 || (bin_type as number) >= BIN_TYPES.length)
      throw bad(`meta.bin_type: 0 to ${BIN_TYPES.length - 1}`);
    if (Object.keys(others).length > 0) throw bad('meta: a `bin` has no addresses');
    return { frame: { kind, meta: metadata as JsonObject, binType: bin_type as number, payload } };
  }
  if ('bin_type' in meta) throw bad('meta.bin_type: is for `bin` alone');
  const object = payloadOf(payload, LIMITS.json);
  if (object instanceof HandfastError) throw bad(`payload of ${kind}: ${object.message}`);
  if (isBus(kind) && typeof object.type !== 'string') throw bad(`payload of ${kind}: an object with a \`type\``);
  const read = messageOf({ ...(meta as JsonObject), msg_type: kind, payload: isBus(kind) ? bus(object) : object }, LIMITS.json);
  if (read instanceof HandfastError) throw bad(`message: ${read.message}`);
  return { message: completed(read) };
}

/** The plaintext of a message: binary where both sides agreed and nothing of it would be lost, JSON otherwise. @throws HF_TOO_LARGE (blame caller) */
export function writePlain(out: OutgoingMessage, { binarize, compresses }: Channel): { plaintext: Bytes; form: 'json' | 'frame' } {
  const form = { compressed: compresses };
  if ('frame' in out) return { plaintext: writeFrame(out.frame, form), form: 'frame' };
  const { message } = out;
  const { msg_type, metadata, payload } = message;
  if (!binarize || msg_type === 'intercom' || addressed(message)) return { plaintext: writeMessage(message), form: 'json' };
  const frame: BinaryFrame = { kind: msg_type, meta: metadata, binType: 0, payload: utf8(jsonText(payload as Writable)) };
  return { plaintext: writeFrame(frame, form), form: 'frame' };
}

export function payloadOf(bytes: Bytes, limits: JsonLimits): JsonObject | HandfastError {
  return readJson(bytes, limits, 'a payload');
}

function addressed({ route, node, target_site_id, target_pubkey, source_peer }: HiveMessage): boolean {
  return route.length > 0 || node !== null || target_site_id !== null || target_pubkey !== null || source_peer !== null;
}

const bad = (message: string): HandfastError => new HandfastError('BAD_ARGUMENT', message);

const META: ReadonlySet<string> = new Set(['metadata', 'route', 'node', 'target_site_id', 'target_pubkey', 'source_peer', 'bin_type']);
