/** The tables of limits in README.md and docs/node.md say what the source says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { limitsInForce } from '../../src/cli/limits.ts';
import { gossipLimits } from '../../src/node/gossip/limits.ts';
import { HANDLER_DEFAULTS } from '../../src/node/requests/callers.ts';
import { REQUEST_DEFAULTS } from '../../src/node/requests/requests.ts';
import { LIMITS } from '../../src/protocols/handfast/limits.ts';
import { admissionLimits } from '../../src/transport/limits.ts';
import { UNREAD } from '../../src/transport/unread.ts';
import { pure } from '../support/cores.ts';

/** The table under a heading: the cells of its rows, by the first of them. */
function tableOf(document: string, heading: string): Map<string, string[]> {
  const text = readFileSync(join(import.meta.dirname, '../..', document), 'utf8');
  const section = text.split(`\n## ${heading}\n`)[1]!.split('\n## ')[0]!;
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
  return new Map(
    rows
      .slice(1)
      .map((row) => row.slice(2, -1).split(' | '))
      .map(([what, ...cells]) => [what!, cells]),
  );
}

const number = (value: number): string => value.toLocaleString('en');
const seconds = (ms: number): string => `${ms / 1000} s`;
const mib = (bytes: number): string => `${bytes / 1024 / 1024} MiB`;

const admission = admissionLimits();
const inForce = limitsInForce(pure);
const gossip = gossipLimits(pure);

it('of a listener, in README.md', () => {
  const said = Object.fromEntries(
    [...tableOf('README.md', 'Limits')].map(([what, cells]) => [
      what,
      cells[0]!.split(/[,;]? (?:when|never extended|for what|then|an IPv6)/)[0],
    ]),
  );
  expect(said).toMatchObject({
    'handshake, from connection to end': expect.stringContaining(seconds(LIMITS.deadlineMs)),
    'half-open handshakes': `${number(admission.halfOpen)}, of them ${admission.halfOpenPerAddress} an address;`.replace(/;$/, ''),
    'connections on their way out': admission.lingering === 2 * admission.halfOpen ? 'twice the half-open ones' : 'otherwise',
    'new handshakes from one address': `${admission.handshakesPerSecond} a second, ${admission.handshakeBurst} at once`,
    'addresses remembered': expect.stringContaining(number(admission.addresses)),
    'sessions of a listener': number(admission.sessions),
    message: mib(LIMITS.message),
    'unread messages': `${number(UNREAD.messages)} or ${mib(UNREAD.bytes)}`,
    'clock difference': `${seconds(LIMITS.clockWindowMs)} either way`,
    silence: `PING after ${seconds(LIMITS.pingMs)}, the end after ${seconds(LIMITS.silenceMs)}`,
  });
});

it('of a node, in docs/node.md', () => {
  const table = tableOf('docs/node.md', 'Limits, and the memory they imply');
  const { inFlightPerPeer, inFlight, bytesPerPeer, bytes } = REQUEST_DEFAULTS;
  const handlers = HANDLER_DEFAULTS;
  const says: Readonly<Record<string, readonly string[]>> = {
    sessions: [number(inForce.peers!)],
    'records waiting to be sent': [`${mib(inForce.outgoingPerPeerBytes!)} per peer`],
    'addresses dialled at once; how long for': [`${inForce.dialsAtOnce}; `, `${seconds(inForce.handshakeDeadlineMs!)} the handshake`],
    'requests in flight': [`${number(inFlightPerPeer)} and ${mib(bytesPerPeer)} per peer, ${number(inFlight)} and ${mib(bytes)} in all`],
    'handlers that run, requests remembered, answers held': [
      `${number(handlers.inProgressPerPeer)}, ${number(handlers.rememberedPerPeer)}, ${mib(handlers.answerBytesPerPeer)} per peer`,
      `${number(handlers.inProgress)}, ${number(handlers.remembered)}, ${mib(handlers.answerBytes)} in all`,
    ],
    'payloads of requests whose handlers run': [`${mib(handlers.payloadBytes)} in all`],
    'message ids, envelopes to be verified, envelopes kept for others': [
      `${number(gossip.messages)}; ${mib(gossip.waitingBytes)}; ${mib(gossip.storeBytes)} for ${seconds(gossip.storeMs)}`,
    ],
  };
  for (const [what, parts] of Object.entries(says)) for (const part of parts) expect(table.get(what)?.[0], what).toContain(part);
});
