/** Frames of `handfast top` as lines: no longer than the terminal is wide, no more than it is high, with colour or without. Pure, so that a test can look at them. */
import type { BanLine } from '../../node/control/messages.ts';
import type { Paints } from '../terminal.ts';
import { duration, shortId, span, thousands } from '../terminal.ts';
import { brief, clipped, fitted, flowed, plain } from './layout.ts';
import { type NodeSample, type PeerRow, rowsOf, type Sort, sorted, totalRates } from './sample.ts';
import { type MetricsSample, sumOf, valuesOf } from './scrape.ts';

export interface FrameOptions {
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paints;
  readonly sort: Sort;
  /** The last line: which keys do what. Absent where nobody can press any. */
  readonly keys?: string | undefined;
  /** Something that is wrong now: the node is gone. */
  readonly trouble?: string | undefined;
}

/** A node, its peers and its bans. @param earlier what rates are counted from. */
export function nodeFrame(sample: NodeSample, earlier: NodeSample | undefined, options: FrameOptions): string[] {
  const { columns, paint, sort } = options;
  const { node, status, peers, bans, now } = sample;
  const rows = sorted(rowsOf(sample, earlier), sort);
  const rates = totalRates(rows);
  const title = [
    `handfast/1 node ${shortId(node.id)}`,
    `network ${plain(node.network)}`,
    node.address ? `at ${node.address}` : 'only dials',
  ];
  if (status) title.push(`up ${span(now - status.since)}`);
  const inbound = peers.filter(({ direction }) => direction === 'inbound').length;
  const banCount = status?.bans ?? bans.length;
  const facts = [`peers ${peers.length} (${inbound} in, ${peers.length - inbound} out)`];
  if (rates) {
    const { received, sent } = rates;
    facts.push(
      `messages/s ${brief(received.messages)} in, ${brief(sent.messages)} out`,
      `bytes/s ${brief(received.bytes)} in, ${brief(sent.bytes)} out`,
    );
  }
  if (status) {
    const { opened, refused, dialsFailed, halfOpen, charged, points, core } = status;
    facts.push(`handshakes ${thousands(opened.inbound + opened.outbound)}`, `half-open ${halfOpen}`, `core ${core}`);
    facts.push(`refused ${codes(refused)}`, `dials failed ${codes(dialsFailed)}`);
    facts.push(`bans ${thousands(banCount)}`, `charged ${codes(charged)}${points > 0 ? `, ${thousands(points)} points` : ''}`);
  }
  const titles = flowed(title, columns);
  // The facts that matter least come last, and leave half of a small screen to the peers.
  const most = Math.max(2, Math.floor(options.rows / 2));
  const head = [...titles.map(paint.bold), ...flowed(facts, columns)].slice(0, most);
  // What peers need at least comes before bans, which only have what is left.
  const room = options.rows - head.length - 1 - (options.keys === undefined ? 0 : 1) - (options.trouble === undefined ? 0 : 1);
  const banned = banTable(bans, banCount, Math.min(1 + MOST_BANS, room - 1 - Math.min(LEAST_PEERS, 1 + rows.length)), now, options);
  const left = banned.length > 0 ? room - banned.length - 1 : room;
  return assembled(head, peerTable(rows, Math.max(2, left), now, options), banned, options);
}

/** A process by its metrics: what there is of each protocol. */
export function metricsFrame(sample: MetricsSample, earlier: MetricsSample | undefined, options: FrameOptions): string[] {
  const { columns, paint } = options;
  const seconds = earlier ? (sample.at - earlier.at) / 1000 : 0;
  const perSecond = (name: string, labels: Readonly<Record<string, string>> = {}): string =>
    earlier && seconds > 0 ? brief(Math.max(0, sumOf(sample, name, labels) - sumOf(earlier, name, labels)) / seconds) : '';
  const value = (name: string): string => brief(sumOf(sample, name));
  const byCode = (name: string, label: string): string =>
    codes(
      Object.fromEntries(
        valuesOf(sample, name, label)
          .filter((each) => each !== 'ok')
          .map((each) => [each, sumOf(sample, name, { [label]: each })]),
      ),
    );
  const facts = [
    `peers ${value('handfast_peers')}`,
    `bans ${value('handfast_bans')}`,
    `core ${valuesOf(sample, 'handfast_core_info', 'core').join()}`,
    `memory ${value('process_resident_memory_bytes')}B`,
    `slabs ${value('handfast_slab_bytes')}B`,
    `event loop ${duration(1000 * sumOf(sample, 'nodejs_eventloop_lag_p99_seconds'))} behind (p99)`,
    `failed ${byCode('handfast_handshakes_total', 'result')}`,
    `charged ${byCode('handfast_charges_total', 'reason')}`,
  ];
  const protocols = [
    ...new Set(
      ['handfast_handshakes_total', 'handfast_sessions', 'handfast_half_open'].flatMap((name) => valuesOf(sample, name, 'protocol')),
    ),
  ];
  const of = (read: (labels: { protocol: string }) => string): string[] => protocols.map((protocol) => read({ protocol }));
  const handshakeMs = (labels: { protocol: string }): string => {
    const count = sumOf(sample, 'handfast_handshake_seconds_count', labels);
    return count > 0 ? duration((1000 * sumOf(sample, 'handfast_handshake_seconds_sum', labels)) / count) : '';
  };
  const [first, ...rest] = fitted(
    [
      { head: 'PROTOCOL', cells: protocols, weight: 9 },
      { head: 'SESSIONS', cells: of((labels) => brief(sumOf(sample, 'handfast_sessions', labels))), right: true, weight: 8 },
      { head: 'HALF', cells: of((labels) => brief(sumOf(sample, 'handfast_half_open', labels))), right: true, weight: 2 },
      { head: 'SHAKES/s', cells: of((labels) => perSecond('handfast_handshakes_total', labels)), right: true, weight: 5 },
      { head: 'TOOK', cells: of(handshakeMs), right: true, weight: 3 },
      {
        head: 'IN/s',
        cells: of((labels) => perSecond('handfast_frames_total', { ...labels, direction: 'received' })),
        right: true,
        weight: 7,
      },
      {
        head: 'OUT/s',
        cells: of((labels) => perSecond('handfast_frames_total', { ...labels, direction: 'sent' })),
        right: true,
        weight: 6,
      },
      {
        head: 'B IN/s',
        cells: of((labels) => perSecond('handfast_payload_bytes_total', { ...labels, direction: 'received' })),
        right: true,
        weight: 4,
      },
      {
        head: 'B OUT/s',
        cells: of((labels) => perSecond('handfast_payload_bytes_total', { ...labels, direction: 'sent' })),
        right: true,
        weight: 3,
      },
    ],
    columns,
  );
  const head = [...flowed([`handfast at ${plain(sample.url)}`], columns).map(paint.bold), ...flowed(facts, columns)];
  const table = protocols.length === 0 ? ['no handshake so far'] : [paint.dim(first ?? ''), ...rest];
  return assembled(head, table, [], options);
}

function peerTable(rows: readonly PeerRow[], room: number, now: number, { columns, paint }: FrameOptions): string[] {
  if (rows.length === 0) return ['no peers: handfast listen --connect names whom to dial'];
  // A line for the head, and one for those that have none.
  const shown = rows.length <= room - 1 ? rows : rows.slice(0, Math.max(0, room - 2));
  const of = (read: (row: PeerRow) => string): string[] => shown.map(read);
  const [head, ...lines] = fitted(
    [
      { head: 'PEER', cells: of(({ id }) => shortId(id)), weight: 9 },
      { head: '', cells: of(({ direction }) => (direction === 'inbound' ? 'in' : 'out')), weight: 3 },
      { head: 'ADDRESS', cells: of(({ address = '' }) => plain(address)), weight: 4, most: 22 },
      { head: 'PING', cells: of(({ latencyMs }) => (latencyMs === undefined ? '' : duration(latencyMs))), right: true, weight: 6 },
      { head: 'IN/s', cells: of(({ rates }) => (rates ? brief(rates.received.messages) : '')), right: true, weight: 8 },
      { head: 'OUT/s', cells: of(({ rates }) => (rates ? brief(rates.sent.messages) : '')), right: true, weight: 7 },
      { head: 'B/s', cells: of(({ rates }) => (rates ? brief(rates.received.bytes + rates.sent.bytes) : '')), right: true, weight: 5 },
      { head: 'OPEN', cells: of(({ since }) => span(Math.max(0, now - since))), right: true, weight: 5 },
      { head: 'SUITE', cells: of(({ info }) => plain(String(info.suite ?? '')).replace(/-.*/, '')), weight: 2 },
      { head: 'SOFTWARE', cells: of(({ info }) => plain(String(info.agent ?? ''))), weight: 0.5, most: Math.max(8, columns - 84) },
    ],
    columns,
  );
  const more = shown.length < rows.length ? [paint.dim(clipped(`and ${thousands(rows.length - shown.length)} more`, columns))] : [];
  return [paint.dim(head ?? ''), ...lines, ...more];
}

/** @param room lines. @returns none where there are no bans, or no room. */
function banTable(bans: readonly BanLine[], count: number, room: number, now: number, { columns, paint }: FrameOptions): string[] {
  if (count === 0 || room < 2) return [];
  const shown = bans.slice(0, room - 1);
  const of = (read: (ban: BanLine) => string): string[] => shown.map(read);
  const [, ...lines] = fitted(
    [
      { head: '', cells: of(({ subject }) => shortId(plain(subject))), weight: 3 },
      { head: '', cells: of(({ until }) => (until === undefined ? 'for ever' : span(Math.max(0, until - now)))), right: true, weight: 2 },
      {
        head: '',
        cells: of(({ automatic, reason }) => plain(reason || (automatic ? '' : 'by hand'))),
        weight: 1,
        most: Math.max(8, columns - 32),
      },
    ],
    columns,
  );
  const more = count > shown.length ? `, ${thousands(count - shown.length)} more than these` : '';
  return [paint.dim(clipped(`BANNED ${thousands(count)}${more}`, columns)), ...lines.map(paint.red)];
}

/** From top to bottom, keys on the last line, cut to the height there is. */
function assembled(
  head: readonly string[],
  table: readonly string[],
  below: readonly string[],
  { rows, columns, keys, trouble, paint }: FrameOptions,
): string[] {
  const lines = [...head, ...(trouble === undefined ? [] : [paint.yellow(clipped(plain(trouble), columns))]), '', ...table];
  if (below.length > 0) lines.push('', ...below);
  const last = keys === undefined ? [] : [paint.dim(clipped(keys, columns))];
  const room = rows - last.length;
  const kept = lines.slice(0, Math.max(0, room));
  while (last.length > 0 && kept.length < room) kept.push('');
  return [...kept, ...last];
}

/** `3 (UNKNOWN_NODE 2, BAD_TAG 1)`: most frequent first. */
function codes(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
  if (entries.length === 0) return '0';
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  const named = entries.slice(0, 2).map(([code, count]) => `${plain(code).replace(/^HF_/, '')} ${thousands(count)}`);
  return `${thousands(total)} (${named.join(', ')}${entries.length > 2 ? ', ...' : ''})`;
}

const MOST_BANS = 4;
const LEAST_PEERS = 5;
