/** What a session does with messages: records sealed and opened in batches, in memory; and over TCP on 127.0.0.1, both ends on one core, a round trip and a one-way stream. */
import { peerSubjects } from '../lib/peers/index.mjs';
import { gcmLoop, noble, nodeCrypto, recordCases, slabs, sodiumNative } from '../lib/records.mjs';
import { messagesOver } from '../lib/traffic.mjs';

const OVER_TCP = [
  {
    name: 'round-trip-256-B',
    operation: 'a message of 256 bytes there and back over TCP, one at a time',
    reference: 'node:net',
  },
  {
    name: 'round-trip-16-KiB',
    operation: 'a message of 16 KiB there and back over TCP, one at a time',
    reference: 'node:net',
  },
  {
    name: 'stream-256-B',
    operation: 'a message of 256 bytes one way over TCP, as many as go; read in batches where a subject has them',
    reference: 'node:net',
    timeFactor: 2,
  },
  {
    name: 'stream-256-B-one-by-one',
    operation: 'as stream-256-B, each message handed over by itself',
    reference: 'node:net',
    timeFactor: 2,
  },
];
const overTcp = (caseName) => OVER_TCP.some(({ name }) => name === caseName);
const inMemory = (prepare) => async (caseName) => (overTcp(caseName) ? undefined : prepare(caseName));

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'message',
  title: 'Records in batches of 64 in memory; round trips and streams over TCP; on one core',
  cases: [...recordCases(['1 B', '16 B', '64 B', '256 B', '1 KiB', '16 KiB', '64 KiB'], 'in batches of 64'), ...OVER_TCP],
  subjects: [
    ...peerSubjects(messagesOver, overTcp, {
      'handfast native': (name) => slabs('native', name),
      'handfast pure': (name) => slabs('pure', name),
    }),
    { name: 'sodium-native', prepare: inMemory(sodiumNative) },
    { name: 'node:crypto', prepare: inMemory(nodeCrypto) },
    { name: '@noble', quick: false, prepare: inMemory(noble) },
    { name: 'C loop', quick: false, prepare: inMemory(gcmLoop) },
  ],
};
