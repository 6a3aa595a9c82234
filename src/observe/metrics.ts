/** `handfast/metrics`: what happens in this process, as metrics of prom-client. No label says who: ids and addresses would make a series for each. */
import type { Gauge, Registry } from 'prom-client';
import { core } from '../core/choose.ts';
import { HandfastError } from '../errors.ts';
import type { Node } from '../node/node.ts';
import { Seen } from './seen.ts';

export { type MetricsServer, type MetricsServerOptions, serveMetrics } from './metrics-server.ts';

export interface MetricsOptions {
  /** Where they go; a registry of their own by default. */
  register?: Registry | undefined;
}

export interface Metrics {
  /** `await register.metrics()` is a page for Prometheus. */
  readonly register: Registry;
  /** Listens no more, and takes the metrics out of the registry. */
  close(): void;
}

/**
 * Counts what begins from now on: called before `connect`, `listen` and `createNode`, it sees all there is. A scrape costs a look at each session; between scrapes only handshakes,
 * ends of sessions and charges cost anything.
 * @throws (by rejection) HF_UNSUPPORTED where prom-client is not installed; HF_BAD_ARGUMENT when the registry has them already.
 */
export async function handfastMetrics({ register: given }: MetricsOptions = {}): Promise<Metrics> {
  const prom = await load();
  const register = given ?? new prom.Registry();
  if (register.getSingleMetric(NAMES.handshakes))
    throw new HandfastError('BAD_ARGUMENT', 'register: it has the metrics of handfast already');
  const registers = [register];
  const counter = (name: string, help: string, labelNames: string[] = []) => new prom.Counter({ name, help, labelNames, registers });

  const handshakes = counter(NAMES.handshakes, 'Handshakes that ended: ok, or the code of the error', ['protocol', 'role', 'result']);
  const seconds = new prom.Histogram({
    name: NAMES.seconds,
    help: 'From the connection to the end of handshakes that went well',
    labelNames: ['protocol', 'role'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const closed = counter(NAMES.closed, 'Sessions that ended: ok, or the code of the error', ['protocol', 'result']);
  const charges = counter(NAMES.charges, 'Faults that were charged to an id or an address, by code', ['reason']);
  const points = counter(NAMES.points, 'Points of those charges', ['reason']);

  const seen = new Seen({
    handshake({ protocol, role }, result, durationMs) {
      handshakes.inc({ protocol, role, result });
      if (result === 'ok') seconds.observe({ protocol, role }, durationMs / 1000);
    },
    sessionClosed: (protocol, result) => closed.inc({ protocol, result }),
    charge({ error, points: more }) {
      charges.inc({ reason: error.code });
      points.inc({ reason: error.code }, more);
    },
  });

  /** Read when it is asked for. */
  const gauge = (name: string, help: string, read: (gauge: Gauge) => void, labelNames: string[] = []) =>
    new prom.Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        read(this);
      },
    });
  gauge(
    NAMES.halfOpen,
    'Handshakes going on',
    (open) => {
      for (const { protocol, role } of seen.handshakes) open.inc({ protocol, role });
    },
    ['protocol', 'role'],
  );
  gauge(
    NAMES.sessions,
    'Sessions going on',
    (sessions) => {
      for (const { protocol } of seen.sessions) sessions.inc({ protocol });
    },
    ['protocol'],
  );
  const ofTraffic = (name: string, help: string, what: 'messages' | 'bytes') =>
    new prom.Counter({
      name,
      help,
      labelNames: ['protocol', 'direction'],
      registers,
      collect() {
        this.reset();
        for (const [protocol, { received, sent }] of seen.traffic()) {
          this.inc({ protocol, direction: 'received' }, received[what]);
          this.inc({ protocol, direction: 'sent' }, sent[what]);
        }
      },
    });
  ofTraffic(NAMES.frames, 'Messages handed to the application, and taken from it; of nodes: records', 'messages');
  ofTraffic(NAMES.bytes, 'Bytes of their payloads', 'bytes');
  const nodes = (name: string, help: string, of: (node: Node) => number) =>
    gauge(name, help, (total) => total.set([...seen.nodes].reduce((sum, node) => sum + of(node), 0)));
  nodes(NAMES.peers, 'Peers of the nodes in this process', (node) => node.peers().length);
  nodes(NAMES.bans, 'Bans in force in the nodes of this process', (node) => node.status().bans);
  gauge(NAMES.slabBytes, 'Memory for messages, leased or kept for the next ones', (total) => total.set(core.slabs.bytes));
  gauge(NAMES.slabsLeased, 'Blocks of it that are in use', (total) => total.set(core.slabs.leased));
  gauge(NAMES.secrets, 'Keys held by the core: none when nothing is going on', (total) => total.set(core.guarded.live));
  gauge(
    NAMES.core,
    'The core at work and its vector kernels; always 1',
    (info) => {
      info.set({ core: core.name, lanes: core.lanes }, 1);
    },
    ['core', 'lanes'],
  );

  return {
    register,
    close() {
      seen.close();
      for (const name of Object.values(NAMES)) register.removeSingleMetric(name);
    },
  };
}

/** The package is an optional one: only who measures needs it. */
async function load(): Promise<typeof import('prom-client')> {
  try {
    return await import('prom-client');
  } catch (cause) {
    throw new HandfastError('UNSUPPORTED', `metrics need the package prom-client: npm install prom-client@${PROM_VERSION}`, { cause });
  }
}

const NAMES = {
  handshakes: 'handfast_handshakes_total',
  seconds: 'handfast_handshake_seconds',
  halfOpen: 'handfast_half_open',
  sessions: 'handfast_sessions',
  closed: 'handfast_sessions_closed_total',
  frames: 'handfast_frames_total',
  bytes: 'handfast_payload_bytes_total',
  charges: 'handfast_charges_total',
  points: 'handfast_charge_points_total',
  peers: 'handfast_peers',
  bans: 'handfast_bans',
  slabBytes: 'handfast_slab_bytes',
  slabsLeased: 'handfast_slabs_leased',
  secrets: 'handfast_secrets',
  core: 'handfast_core_info',
} as const;
const PROM_VERSION = '15.1.3';
