/** A node at two moments, two seconds apart, as its control socket told: what frames are made of. */

import type { NodeSample } from '../../../src/cli/top/sample.ts';
import type { PeerLine } from '../../../src/node/control/messages.ts';

const NOW = 1_700_000_600_000;
const id = (letter: string): string => `12D3KooW${letter.repeat(44)}`;
const count = (messages: number, bytes: number) => ({ messages, bytes });

const BUSY: PeerLine = {
  id: id('B'),
  address: '203.0.113.77:51235',
  direction: 'inbound',
  since: NOW - 65_000,
  latencyMs: 0.62,
  info: { suite: 'aes-256-gcm', agent: 'handfast 0.1.0' },
  received: count(10_000, 2_000_000),
  sent: count(9_000, 1_800_000),
};
const SLOW: PeerLine = {
  id: id('S'),
  address: '[2001:db8:1234:5678:9abc:def0:1234:5678]:7600',
  direction: 'outbound',
  since: NOW - 172_800_000,
  latencyMs: 312.5,
  // As hostile as its owner likes.
  info: { suite: 'chacha20-poly1305', agent: '\u001b[2J世界 1.0' },
  received: count(5, 500),
  sent: count(1_000_000, 123_456_789),
};
const NEW: PeerLine = { id: id('N'), direction: 'outbound', since: NOW - 1_000, info: {}, received: count(0, 0), sent: count(1, 9) };

export const before: NodeSample = {
  at: 1_000,
  now: NOW - 2_000,
  node: { id: id('A'), network: 'demo', address: '127.0.0.1:7600' },
  peers: [BUSY, SLOW],
  bans: [],
};

export const sample: NodeSample = {
  ...before,
  at: 3_000,
  now: NOW,
  status: {
    since: NOW - 600_000,
    opened: { inbound: 12, outbound: 3 },
    refused: { HF_UNKNOWN_NODE: 1_204, HF_BAD_TAG: 3, HF_RATE_LIMITED: 77 },
    dialsFailed: { HF_CONNECT_FAILED: 9 },
    charged: { HF_BAD_TAG: 3 },
    points: 9_000,
    bans: 1_302,
    halfOpen: 17,
    core: 'native',
  },
  peers: [
    { ...BUSY, received: count(12_469, 2_493_800), sent: count(9_007, 1_800_700) },
    { ...SLOW, received: count(5, 500), sent: count(1_000_001, 123_456_999) },
    NEW,
  ],
  bans: Array.from({ length: 8 }, (_, i) => ({
    subject: i === 0 ? id('X') : `198.51.100.${i}`,
    since: NOW - 60_000,
    ...(i > 0 && { until: NOW + 60_000 * i }),
    reason: i === 0 ? 'floods' : '15,000 points of charges, the last for HF_BAD_TAG, which is a long story that has no place in a line',
    automatic: i > 0,
  })),
};
