/** The part of a peer of the demo: who it is in which protocol, for `connect` and `listen`. */
import type { AnyProtocol } from '../../protocols/registry.ts';
import { readArguments } from '../command.ts';
import { connect } from '../connect.ts';
import { listen } from '../listen.ts';
import { protocolNamed } from '../protocols/index.ts';
import type { Part } from './orders.ts';

/** A protocol and its options. */
export type Spoken = { readonly protocol: AnyProtocol } & Readonly<Record<string, unknown>>;

/** As the command of that name would read the arguments. */
export async function spokenBy({ protocol: name, args }: Part, use: 'connect' | 'listen'): Promise<Spoken> {
  const { protocol, settings } = protocolNamed(name);
  const place = use === 'connect' ? ['127.0.0.1:1'] : [];
  const call = readArguments(use === 'connect' ? connect : listen, [...place, '--protocol', name, ...args], new AbortController().signal);
  return { ...(await settings(call, use)).options, protocol };
}
