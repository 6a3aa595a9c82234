// @ts-check
/** What `--quick` runs when no case is named: one of most suites, so that all together stay under a minute. A suite that is not here has nothing short enough. */

/** @type {Record<string, readonly string[]>} names of cases by that of their suite. */
export const QUICK_CASES = {
  primitives: ['ed25519-verify'],
  handshake: ['memory'],
  message: ['aes-256-gcm/256-B'],
  storm: ['peers-64'],
  xrpl: ['tls-1'],
};
