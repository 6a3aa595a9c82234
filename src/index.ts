/** handfast: authenticated handshakes and encrypted sessions between peers. */
import './core/choose.ts';

export { Identity, type IdentityOptions, type IdentitySource } from './core/identity.ts';
export * from './errors.ts';
export type { HandfastOptions } from './protocols/handfast/settings.ts';
export type { Peer, Refusal } from './protocols/machine.ts';
export * from './transport/index.ts';
