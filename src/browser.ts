/** What of handfast runs where there are no sockets: the pure core, the machines, identities and errors. */
import { setDefaultCore } from './core/default.ts';
import { core } from './core/pure.ts';

export { Identity, type IdentityOptions, type IdentitySource } from './core/identity.ts';
export { choice, core } from './core/pure.ts';
export * from './errors.ts';
export * from './protocols/index.ts';

setDefaultCore(core);
