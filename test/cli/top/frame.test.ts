/** Frames of recorded states: what they show at 80 x 24 and narrower, and that nothing of them ever leaves the screen. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { paintsWhere } from '../../../src/cli/terminal.ts';
import { type FrameOptions, metricsFrame, nodeFrame } from '../../../src/cli/top/frame.ts';
import { samplesOf } from '../../../src/cli/top/scrape.ts';
import { before, sample } from './states.ts';

const plain = paintsWhere({ isTTY: false } as NodeJS.WriteStream, false);
const paint = (open: string) => (text: string) => `\u001b[${open}m${text}\u001b[0m`;
const colourful: FrameOptions['paint'] = {
  bold: paint('1'),
  dim: paint('2'),
  red: paint('31'),
  green: paint('32'),
  yellow: paint('33'),
  cyan: paint('36'),
};
const KEYS = 'q quits   s sorts (by traffic)   every 2 s';
const at = (columns: number, rows: number, more: Partial<FrameOptions> = {}): FrameOptions => ({
  columns,
  rows,
  paint: plain,
  sort: 'traffic',
  keys: KEYS,
  ...more,
});
const shown = (lines: readonly string[]): string => `\n${lines.map((line) => `|${line}\n`).join('')}`;

describe('a node', () => {
  it('at 80 x 24', () => {
    expect(shown(nodeFrame(sample, before, at(80, 24)))).toMatchInlineSnapshot(`
      "
      |handfast/1 node 12D3KooWAA..AAAA   network demo   at 127.0.0.1:7600   up 10 min
      |peers 3 (1 in, 2 out)   messages/s 1.2k in, 4 out   bytes/s 247k in, 455 out
      |handshakes 15   half-open 17   core native
      |refused 1,284 (UNKNOWN_NODE 1,204, RATE_LIMITED 77, ...)
      |dials failed 9 (CONNECT_FAILED 9)   bans 1,302
      |charged 3 (BAD_TAG 3), 9,000 points
      |
      |PEER                 ADDRESS                    PING IN/s OUT/s  B/s OPEN
      |12D3KooWBB..BBBB in  203.0.113.77:51235       620 us 1.2k   3.5 247k 65 s
      |12D3KooWSS..SSSS out [2001:db8:1234:5678:.. 312.5 ms    0   0.5  105  2 d
      |12D3KooWNN..NNNN out                                                  1 s
      |
      |BANNED 1,302, 1,298 more than these
      |12D3KooWXX..XXXX  for ever  floods
      |198.51.100.1          60 s  15,000 points of charges, the last for HF_BAD_..
      |198.51.100.2         2 min  15,000 points of charges, the last for HF_BAD_..
      |198.51.100.3         3 min  15,000 points of charges, the last for HF_BAD_..
      |
      |
      |
      |
      |
      |
      |q quits   s sorts (by traffic)   every 2 s
      "
    `);
  });

  it('at 60 x 20', () => {
    expect(shown(nodeFrame(sample, before, at(60, 20, { sort: 'ping' })))).toMatchInlineSnapshot(`
      "
      |handfast/1 node 12D3KooWAA..AAAA   network demo
      |at 127.0.0.1:7600   up 10 min
      |peers 3 (1 in, 2 out)   messages/s 1.2k in, 4 out
      |bytes/s 247k in, 455 out   handshakes 15   half-open 17
      |core native
      |refused 1,284 (UNKNOWN_NODE 1,204, RATE_LIMITED 77, ...)
      |dials failed 9 (CONNECT_FAILED 9)   bans 1,302
      |charged 3 (BAD_TAG 3), 9,000 points
      |
      |PEER                 PING IN/s OUT/s  B/s OPEN
      |12D3KooWSS..SSSS 312.5 ms    0   0.5  105  2 d
      |12D3KooWBB..BBBB   620 us 1.2k   3.5 247k 65 s
      |12D3KooWNN..NNNN                           1 s
      |
      |BANNED 1,302, 1,298 more than these
      |12D3KooWXX..XXXX  for ever  floods
      |198.51.100.1          60 s  15,000 points of charges, ..
      |198.51.100.2         2 min  15,000 points of charges, ..
      |198.51.100.3         3 min  15,000 points of charges, ..
      |q quits   s sorts (by traffic)   every 2 s
      "
    `);
  });

  it('at 40 x 14', () => {
    expect(shown(nodeFrame(sample, before, at(40, 14)))).toMatchInlineSnapshot(`
      "
      |handfast/1 node 12D3KooWAA..AAAA
      |network demo   at 127.0.0.1:7600
      |up 10 min
      |peers 3 (1 in, 2 out)
      |messages/s 1.2k in, 4 out
      |bytes/s 247k in, 455 out   handshakes 15
      |half-open 17   core native
      |
      |PEER                 PING IN/s OUT/s
      |12D3KooWBB..BBBB   620 us 1.2k   3.5
      |12D3KooWSS..SSSS 312.5 ms    0   0.5
      |12D3KooWNN..NNNN
      |
      |q quits   s sorts (by traffic)   every..
      "
    `);
  });

  it('printed once, as wide as there is room and as long as it gets', () => {
    expect(
      shown(nodeFrame(sample, before, { columns: 120, rows: Number.POSITIVE_INFINITY, paint: plain, sort: 'age' })),
    ).toMatchInlineSnapshot(`
      "
      |handfast/1 node 12D3KooWAA..AAAA   network demo   at 127.0.0.1:7600   up 10 min
      |peers 3 (1 in, 2 out)   messages/s 1.2k in, 4 out   bytes/s 247k in, 455 out   handshakes 15   half-open 17
      |core native   refused 1,284 (UNKNOWN_NODE 1,204, RATE_LIMITED 77, ...)   dials failed 9 (CONNECT_FAILED 9)   bans 1,302
      |charged 3 (BAD_TAG 3), 9,000 points
      |
      |PEER                   ADDRESS                     PING  IN/s  OUT/s   B/s  OPEN  SUITE     SOFTWARE
      |12D3KooWSS..SSSS  out  [2001:db8:1234:5678:..  312.5 ms     0    0.5   105   2 d  chacha20  ?[2J?? 1.0
      |12D3KooWBB..BBBB  in   203.0.113.77:51235        620 us  1.2k    3.5  247k  65 s  aes       handfast 0.1.0
      |12D3KooWNN..NNNN  out                                                        1 s
      |
      |BANNED 1,302, 1,298 more than these
      |12D3KooWXX..XXXX  for ever  floods
      |198.51.100.1          60 s  15,000 points of charges, the last for HF_BAD_TAG, which is a long story that has no p..
      |198.51.100.2         2 min  15,000 points of charges, the last for HF_BAD_TAG, which is a long story that has no p..
      |198.51.100.3         3 min  15,000 points of charges, the last for HF_BAD_TAG, which is a long story that has no p..
      "
    `);
  });

  it('is shown in the documentation as it is', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/observability.md'), 'utf8');
    const [, frame] = /<!-- top -->\n```text\n(.*?)```\n/s.exec(page)!;
    expect(frame.trimEnd().split('\n')).toEqual(nodeFrame(sample, before, at(80, 19)));
  });

  it('of an older version, alone, seen for the first time', () => {
    const { status: _, ...rest } = sample;
    const alone = { ...rest, peers: [], bans: [], node: { id: sample.node.id, network: 'demo' } };
    expect(shown(nodeFrame(alone, undefined, { columns: 80, rows: 24, paint: plain, sort: 'id' }))).toMatchInlineSnapshot(`
      "
      |handfast/1 node 12D3KooWAA..AAAA   network demo   only dials
      |peers 0 (0 in, 0 out)
      |
      |no peers: handfast listen --connect names whom to dial
      "
    `);
  });

  it('that went away says so, and still shows what was there', () => {
    const lines = nodeFrame(sample, undefined, at(80, 24, { trouble: 'the node went away; looking for it again' }));
    expect(lines).toHaveLength(24);
    expect(lines).toContain('the node went away; looking for it again');
  });
});

describe('a process, by its metrics', () => {
  const page = (handshakes: number, frames: number): string => `
handfast_handshakes_total{protocol="xrpl",role="responder",result="ok"} ${handshakes}
handfast_handshakes_total{protocol="xrpl",role="responder",result="HF_INVALID_SIGNATURE"} 3
handfast_handshakes_total{protocol="handfast",role="initiator",result="HF_UNKNOWN_NODE"} 1
handfast_handshake_seconds_sum{protocol="xrpl",role="responder"} 1.5
handfast_handshake_seconds_count{protocol="xrpl",role="responder"} 100
handfast_half_open{protocol="xrpl",role="responder"} 4
handfast_sessions{protocol="xrpl"} 21
handfast_frames_total{protocol="xrpl",direction="received"} ${frames}
handfast_frames_total{protocol="xrpl",direction="sent"} 7
handfast_payload_bytes_total{protocol="xrpl",direction="received"} ${300 * frames}
handfast_charges_total{reason="HF_BAD_TAG"} 2
handfast_peers 0
handfast_bans 5
handfast_slab_bytes 1048576
handfast_core_info{core="native",lanes="avx2"} 1
process_resident_memory_bytes 93000000
nodejs_eventloop_lag_p99_seconds 0.0113
`;
  const earlier = { at: 0, url: 'http://127.0.0.1:9100/metrics', metrics: samplesOf(page(100, 1_000)) };
  const later = { ...earlier, at: 2_000, metrics: samplesOf(page(150, 25_690)) };

  it('at 80 x 24', () => {
    expect(shown(metricsFrame(later, earlier, { columns: 80, rows: 24, paint: plain, sort: 'traffic' }))).toMatchInlineSnapshot(`
      "
      |handfast at http://127.0.0.1:9100/metrics
      |peers 0   bans 5   core native   memory 93.0MB   slabs 1.0MB
      |event loop 11.3 ms behind (p99)   failed 4 (INVALID_SIGNATURE 3, UNKNOWN_NODE 1)
      |charged 2 (BAD_TAG 2)
      |
      |PROTOCOL  SESSIONS  HALF  SHAKES/s     TOOK   IN/s  OUT/s  B IN/s  B OUT/s
      |xrpl            21     4        25  15.0 ms  12.3k      0    3.7M        0
      |handfast         0     0         0               0      0       0        0
      "
    `);
  });

  it('before anything has happened', () => {
    const metrics = samplesOf('handfast_core_info{core="pure",lanes="off"} 1\n');
    expect(metricsFrame({ ...earlier, metrics }, undefined, at(80, 24))).toContain('no handshake so far');
  });
});

describe('whatever the terminal', () => {
  const sizes = [10, 20, 33, 50, 79, 80, 81, 132, 200].flatMap((columns) => [1, 5, 8, 13, 24, 60].map((rows) => [columns, rows] as const));

  it.each(sizes)('a frame of %i x %i fits, holds nothing that a terminal obeys, and is the same in colour', (columns, rows) => {
    const many = {
      ...sample,
      node: { ...sample.node, network: '\u202e世\u001b' },
      peers: Array.from({ length: 300 }, (_, i) => ({ ...sample.peers[i % 3]!, since: i })),
    };
    for (const each of [sample, many]) {
      const options = at(columns, rows, { trouble: 'a \u001b[31mfault\n' });
      const lines = nodeFrame(each, before, options);
      expect(lines).toHaveLength(rows);
      for (const line of lines) {
        expect(line.length).toBeLessThanOrEqual(columns);
        expect(line).toMatch(/^[\x20-\x7e]*$/);
      }
      expect(lines.at(-1)).toBe(KEYS.length <= columns ? KEYS : lines.at(-1));
      expect(nodeFrame(each, before, { ...options, paint: colourful }).map(stripVTControlCharacters)).toEqual(lines);
    }
  });
});
