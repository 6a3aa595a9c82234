/** The protocols there are, by name and alias. */
import { HandfastError } from '../errors.ts';
import { type HandfastOptions, handfast } from './handfast/index.ts';
import { type HiveMindOptions, hivemind } from './hivemind/index.ts';
import { type LwstcpOptions, lwstcp } from './lwstcp/index.ts';
import type { Protocol } from './machine.ts';
import { type SdmpOptions, sdmp } from './sdmp/index.ts';
import { type XrplOptions, xrpl } from './xrpl/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: each protocol has options of its own, checked by itself.
export type AnyProtocol = Protocol<any>;

/** The options of each protocol, by name and alias. Whoever registers one of their own adds it here by declaration merging. */
export interface ProtocolOptions {
  handfast: HandfastOptions;
  'handfast/1': HandfastOptions;
  xrpl: XrplOptions;
  'xrpl-overlay': XrplOptions;
  sdmp: SdmpOptions;
  'sdmp/0.12': SdmpOptions;
  lwstcp: LwstcpOptions;
  LightweightSecureTCP: LwstcpOptions;
  hivemind: HiveMindOptions;
}

export type ProtocolName = keyof ProtocolOptions;

/** A name, an alias, or a protocol itself. */
export type ProtocolChoice = ProtocolName | AnyProtocol;

/** A choice and the options that belong to it. */
export type Chosen<P extends ProtocolChoice> = P extends ProtocolName
  ? { protocol: P } & ProtocolOptions[P]
  : P extends Protocol<infer Options>
    ? { protocol: P } & (0 extends 1 & Options ? Record<string, unknown> : Options)
    : never;

/** Adds a protocol, under its name and aliases. @throws HF_BAD_ARGUMENT when one of them is another's. */
export function registerProtocol(protocol: AnyProtocol): void {
  const names = [protocol.name, ...protocol.aliases];
  for (const name of names) {
    const other = known.get(name);
    if (other && other !== protocol) throw new HandfastError('BAD_ARGUMENT', `protocol "${name}" is registered already`);
  }
  for (const name of names) known.set(name, protocol);
}

/** The protocol of a name or alias; a protocol is itself. @throws HF_BAD_ARGUMENT, listing the names there are. */
export function protocolOf(protocol: string | AnyProtocol): AnyProtocol {
  if (typeof protocol === 'object' && protocol !== null && typeof protocol.initiator === 'function') return protocol;
  const found = typeof protocol === 'string' ? known.get(protocol) : undefined;
  if (found) return found;
  throw new HandfastError(
    'BAD_ARGUMENT',
    `protocol: ${JSON.stringify(protocol)} is none of ${protocolNames().join(', ') || '(none registered)'}`,
  );
}

/** Names without aliases, in the order they were registered. */
export function protocolNames(): string[] {
  return [...new Set([...known.values()].map(({ name }) => name))];
}

const known = new Map<string, AnyProtocol>();

registerProtocol(handfast);
registerProtocol(xrpl);
registerProtocol(sdmp);
registerProtocol(lwstcp);
registerProtocol(hivemind);
