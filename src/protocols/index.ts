/** `handfast/protocols`: the machines, for carriers of your own. No sockets, no clock, no randomness in here. */
export * from './handfast/index.ts';
export * from './hivemind/index.ts';
export * from './lwstcp/index.ts';
export * from './machine.ts';
export * from './noise/index.ts';
export * from './sdmp/index.ts';
export * from './xrpl/index.ts';
