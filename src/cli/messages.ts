/** Messages between lines of a terminal and sessions of any protocol. */
import type { MessageAbout } from '../protocols/machine.ts';
import type { Message } from '../transport/message.ts';
import type { Session } from '../transport/session.ts';
import { shownText } from '../wire/text.ts';
import type { Call } from './command.ts';
import type { CommandProtocol, Outgoing } from './protocols/protocol.ts';
import { harmless } from './terminal.ts';

/** Bytes of a line or a file as this protocol sends them. @throws UsageError */
export function outgoing(protocol: CommandProtocol, bytes: Uint8Array, call: Call): Outgoing {
  return protocol.messages?.outgoing?.(bytes, call) ?? { bytes };
}

export function send(session: Session, { bytes, ...about }: Outgoing): Promise<void> {
  const typed = about.kind !== undefined || about.meta !== undefined;
  return typed ? session.send(bytes, about) : session.send(bytes);
}

export function aboutOf(message: Message): MessageAbout {
  const { kind, meta } = message;
  return { ...(kind !== undefined && { kind }), ...(meta !== undefined && { meta }) };
}

/** For a terminal: nothing in it can drive one. */
export function shownMessage({ messages }: CommandProtocol, bytes: Uint8Array, about: MessageAbout): string {
  return harmless(messages?.shown?.(bytes, about) ?? shownText(bytes));
}
