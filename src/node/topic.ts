/** Topics of requests. */
import { HandfastError } from '../errors.ts';
import { LIMITS } from '../protocols/handfast/limits.ts';
import { utf8 } from '../wire/text.ts';

/** @param topic of a request; may be empty. @returns at most 255 bytes. @throws HF_BAD_ARGUMENT */
export function topicBytes(topic: string): Uint8Array {
  if (topic === '') return NONE;
  const bytes = typeof topic === 'string' ? utf8(topic) : undefined;
  if (!bytes || bytes.length > LIMITS.topic)
    throw new HandfastError('BAD_ARGUMENT', `topic: expected text of at most ${LIMITS.topic} bytes`);
  return bytes;
}

const NONE = new Uint8Array(0);
