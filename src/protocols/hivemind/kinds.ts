/** Types of messages and of binary payloads, sections 8 and 9. */

/** By the numbers they have in binary frames. */
export const BINARY_KINDS = [
  'shake',
  'bus',
  'shared_bus',
  'broadcast',
  'propagate',
  'escalate',
  'hello',
  'query',
  'cascade',
  'ping',
  'rendezvous',
  '3rdparty',
  'bin',
] as const;

/** `intercom` has no number: it goes as text alone. */
export type MessageKind = (typeof BINARY_KINDS)[number] | 'intercom';

/** What the bytes of a `bin` message are, by number. */
export const BIN_TYPES = ['undefined', 'raw audio', 'numpy image', 'file', 'transcribe audio', 'handle audio', 'tts audio'] as const;

export function isMessageKind(name: unknown): name is MessageKind {
  return name === 'intercom' || BINARY_KINDS.includes(name as (typeof BINARY_KINDS)[number]);
}

/** Types whose payload is a message of its own. */
export function wraps(kind: MessageKind): boolean {
  return kind === 'broadcast' || kind === 'propagate' || kind === 'escalate' || kind === 'query' || kind === 'cascade';
}

export function isBus(kind: MessageKind): boolean {
  return kind === 'bus' || kind === 'shared_bus';
}
