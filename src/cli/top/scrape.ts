/** The page of metrics of a process, read for `handfast top --metrics`: what there is of each protocol, without a word on who the peers are. */
import { Failure, UsageError } from '../command.ts';

/** A page at one moment: samples by metric, each with its labels. */
export interface MetricsSample {
  readonly at: number;
  readonly url: string;
  readonly metrics: ReadonlyMap<string, readonly Sample[]>;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** `9100`, `host:9100`, or a whole URL. @throws UsageError */
export function metricsUrl(text: string): string {
  const whole = /^\d{1,5}$/.test(text) ? `http://127.0.0.1:${text}/metrics` : text.includes('://') ? text : `http://${text}/metrics`;
  const url = text !== '' && URL.canParse(whole) ? new URL(whole) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--metrics ${text}: expected a port or a URL, as in 9100 or http://127.0.0.1:9100/metrics`);
  return url.href;
}

/** @throws Failure when nothing answers, or what answers is not about handfast. */
export async function scrape(url: string, signal: AbortSignal): Promise<MetricsSample> {
  let page: string;
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]) });
    page = await limited(response);
    if (!response.ok) throw new Error(`status ${response.status}`);
  } catch (error) {
    if (signal.aborted) throw error;
    const { message, cause } = error as Error;
    throw new Failure(`no metrics at ${url}: ${(cause as Error | undefined)?.message || message}`, SERVE);
  }
  const metrics = samplesOf(page);
  if (!metrics.has('handfast_core_info')) throw new Failure(`${url} answers, but not with metrics of handfast`, SERVE);
  return { at: performance.now(), url, metrics };
}

/** The format of Prometheus, as far as such a page has it: `name{label="value",...} number`. Other lines are passed over. */
export function samplesOf(page: string): Map<string, Sample[]> {
  const metrics = new Map<string, Sample[]>();
  for (const line of page.split('\n')) {
    const [, name, list = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name === undefined) continue;
    const labels = Object.fromEntries([...list.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text]));
    const samples = metrics.get(name) ?? [];
    metrics.set(name, samples);
    samples.push({ labels, value: Number(value) });
  }
  return metrics;
}

/** The sum of a metric's samples, of those that `labels` names only. */
export function sumOf({ metrics }: MetricsSample, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const matches = (sample: Sample): boolean => Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
  return (metrics.get(name) ?? []).filter(matches).reduce((sum, { value }) => sum + value, 0);
}

/** Values that a label has. */
export function valuesOf({ metrics }: MetricsSample, name: string, label: string): string[] {
  return [...new Set((metrics.get(name) ?? []).flatMap(({ labels }) => labels[label] ?? []))];
}

async function limited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const SERVE = 'handfast listen --metrics 9100 serves them at http://127.0.0.1:9100/metrics';
const PATIENCE_MS = 5_000;
const MOST_BYTES = 8 * 1024 * 1024;
