/** Authenticated encryption of single messages, one call of a library to seal and one to open: what a user pays who does not gather. */
import { calls, noble, nodeCrypto, recordCases, sodiumNative } from '../lib/records.mjs';

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'aead',
  title: 'Single messages sealed and opened, one call each, on one core',
  cases: recordCases(['1 B', '64 B', '256 B', '1 KiB', '16 KiB', '64 KiB'], 'a call each'),
  subjects: [
    { name: 'handfast native', prepare: (name) => calls('native', name) },
    { name: 'handfast pure', quick: false, prepare: (name) => calls('pure', name) },
    { name: 'sodium-native', prepare: sodiumNative },
    { name: 'node:crypto', prepare: async (name) => nodeCrypto(name) },
    { name: '@noble', quick: false, prepare: noble },
  ],
};
