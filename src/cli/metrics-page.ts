/** `handfast listen --metrics`: the page of metrics beside whatever listens. */
import type { Call, Option } from './command.ts';
import { UsageError } from './command.ts';
import { colour, note, printJson } from './terminal.ts';

export const METRICS_OPTION: Option = {
  type: 'string',
  value: '[HOST:]PORT',
  help: 'Serve metrics for Prometheus at http://HOST:PORT/metrics; HOST is 127.0.0.1 unless given. Needs npm install prom-client.',
};

/** Before anything listens, so that nothing is missed. @returns undefined where it was not asked for. @throws UsageError, HF_UNSUPPORTED, HF_LISTEN_FAILED */
export async function metricsPage(call: Call): Promise<AsyncDisposable | undefined> {
  const text = call.text('metrics');
  if (text === undefined) return undefined;
  const { host, port } = whereOf(text);
  const { handfastMetrics, serveMetrics } = await import('../observe/metrics.ts');
  const metrics = await handfastMetrics();
  // Memory, processor time and the lag of the event loop, too.
  (await import('prom-client')).collectDefaultMetrics({ register: metrics.register });
  const server = await serveMetrics({ register: metrics.register, host, port });
  if (call.flag('json')) printJson({ event: 'metrics', url: server.url });
  else note(colour.dim(`metrics at ${server.url}`));
  return server;
}

function whereOf(text: string): { host: string | undefined; port: number } {
  const [, bracketed, plain, digits] = /^(?:(?:\[([0-9a-fA-F:.%a-z]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) throw new UsageError(`--metrics ${text}: expected a port, or host:port as in 0.0.0.0:9100`);
  return { host: bracketed ?? plain, port };
}
