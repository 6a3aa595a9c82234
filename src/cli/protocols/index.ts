/** The protocols of the command line. The first is spoken where none is named. */
import type { Call, ProtocolPart } from '../command.ts';
import { handfastCommands } from './handfast.ts';
import { hivemindCommands } from './hivemind.ts';
import type { KeyForm } from './keys.ts';
import { lwstcpCommands } from './lwstcp.ts';
import type { CommandProtocol, Use } from './protocol.ts';
import { sdmpCommands } from './sdmp.ts';
import { xrplCommands } from './xrpl.ts';

export const PROTOCOLS: readonly CommandProtocol[] = [handfastCommands, xrplCommands, lwstcpCommands, sdmpCommands, hivemindCommands];

/** What a command adds to its own options for each of them. */
export function partsFor(use: Use): readonly ProtocolPart[] {
  return PROTOCOLS.map(({ protocol: { name, aliases }, title, summary, options, examples }) => {
    return { name, aliases, title, summary, options: options[use], examples: examples[use] };
  });
}

/** Names of those that are so, for a sentence of help. */
export function namesWhere(is: (each: CommandProtocol) => boolean): string {
  return PROTOCOLS.filter(is)
    .map(({ protocol: { name } }) => name)
    .join(' and ');
}

/** Those for which `handfast keygen` makes keys. */
export function protocolsWithKeys(): readonly (CommandProtocol & { readonly keys: KeyForm })[] {
  return PROTOCOLS.filter((each): each is CommandProtocol & { readonly keys: KeyForm } => each.keys !== undefined);
}

/** All kinds of keys that are kept in files. */
export function keyForms(): readonly KeyForm[] {
  return protocolsWithKeys().flatMap(({ keys }) => (keys.also ? [keys, keys.also] : [keys]));
}

/** What `keygen` has for each of them. */
export function keyPartsFor(): readonly ProtocolPart[] {
  return protocolsWithKeys().map(({ protocol: { name, aliases }, summary, keys: { options, examples, also } }) => {
    return { name, aliases, summary, options: { ...options, ...also?.options }, examples: [...examples, ...(also?.examples ?? [])] };
  });
}

/** The one that --protocol names. */
export function chosenProtocol(call: Call): CommandProtocol {
  return protocolNamed(call.text('protocol') ?? PROTOCOLS[0].protocol.name);
}

/** By its name, without aliases. */
export function protocolNamed(name: string): CommandProtocol {
  const found = PROTOCOLS.find(({ protocol }) => protocol.name === name);
  if (!found) throw new Error(`no protocol of the command line is called ${name}`);
  return found;
}
