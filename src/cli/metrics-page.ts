/** `handfast listen --metrics`: the page of metrics beside whatever listens. */
import cluster from 'node:cluster';
import type { AggregatorRegistry, PrometheusContentType } from 'prom-client';
import type { Page } from '../observe/metrics-server.ts';
import type { Call, Option } from './command.ts';
import { UsageError } from './command.ts';
import { colour, note, printJson } from './terminal.ts';

export const METRICS_OPTION: Option = {
  type: 'string',
  value: '[HOST:]PORT',
  help: 'Serve metrics for Prometheus at http://HOST:PORT/metrics; HOST is 127.0.0.1 unless given. Needs npm install prom-client.',
};

/**
 * Before anything listens, so that nothing is missed. Of several processes each counts, and the primary's page adds them up.
 * @returns undefined where it was not asked for, and in workers. @throws UsageError, HF_UNSUPPORTED, HF_LISTEN_FAILED
 */
export async function metricsPage(call: Call): Promise<AsyncDisposable | undefined> {
  const text = call.text('metrics');
  if (text === undefined) return undefined;
  const { host, port } = whereOf(text);
  const { handfastMetrics, serveMetrics } = await import('../observe/metrics.ts');
  const { register } = await handfastMetrics();
  const prom = await import('prom-client');
  // Memory, processor time and the lag of the event loop, too.
  prom.collectDefaultMetrics({ register });
  if (cluster.isWorker) {
    // Answers the primary from now on.
    new prom.AggregatorRegistry();
    prom.AggregatorRegistry.setRegistries([register]);
    return undefined;
  }
  const several = Number(call.text('processes') ?? 1) > 1;
  const server = await serveMetrics({ register: several ? ofAllWorkers(new prom.AggregatorRegistry()) : register, host, port });
  if (call.flag('json')) printJson({ event: 'metrics', url: server.url });
  else note(colour.dim(`metrics at ${server.url}`));
  return server;
}

function ofAllWorkers(all: Pick<AggregatorRegistry<PrometheusContentType>, 'clusterMetrics' | 'contentType'>): Page {
  return { metrics: () => all.clusterMetrics(), contentType: all.contentType };
}

function whereOf(text: string): { host: string | undefined; port: number } {
  const [, bracketed, plain, digits] = /^(?:(?:\[([0-9a-fA-F:.%a-z]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) throw new UsageError(`--metrics ${text}: expected a port, or host:port as in 0.0.0.0:9100`);
  return { host: bracketed ?? plain, port };
}
