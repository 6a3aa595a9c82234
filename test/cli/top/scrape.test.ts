import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { expect, it, onTestFinished } from 'vitest';
import { UsageError } from '../../../src/cli/command.ts';
import { metricsUrl, samplesOf, scrape, sumOf, valuesOf } from '../../../src/cli/top/scrape.ts';

it('a port, a host or a whole URL is meant', () => {
  expect(['9100', 'box:9100', 'https://box/x'].map(metricsUrl)).toEqual([
    'http://127.0.0.1:9100/metrics',
    'http://box:9100/metrics',
    'https://box/x',
  ]);
  for (const wrong of ['ftp://box/', 'a b', '']) expect(() => metricsUrl(wrong)).toThrow(UsageError);
});

it('reads what prom-client writes, quotes and all', async () => {
  const register = new Registry();
  const counter = new Counter({ name: 'things_total', help: 'Things, with "quotes"', labelNames: ['kind', 'by'], registers: [register] });
  counter.inc({ kind: 'a "b" \\ c', by: 'x' }, 2);
  counter.inc({ kind: 'd', by: 'x' }, 0.5);
  const sample = { at: 0, url: '', metrics: samplesOf(await register.metrics()) };
  expect(sumOf(sample, 'things_total')).toBe(2.5);
  expect(sumOf(sample, 'things_total', { kind: 'd' })).toBe(0.5);
  expect(sumOf(sample, 'other')).toBe(0);
  expect(valuesOf(sample, 'things_total', 'by')).toEqual(['x']);
});

it.each([
  ['is not there', undefined, /^no metrics at /],
  ['is about something else', 'up 1\n', /answers, but not with metrics of handfast$/],
  ['is an error', 500, /status 500/],
  ['has no end', 'endless', /more than \d+ bytes/],
] as const)('a page that %s is told with what to do', async (_, answer, words) => {
  const server = createServer((_request, response) => {
    if (answer === 'endless') {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    } else if (typeof answer === 'number') response.writeHead(answer).end();
    else response.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  if (answer === undefined) close();
  else onTestFinished(close);
  await expect(scrape(metricsUrl(String(port)), new AbortController().signal)).rejects.toMatchObject({
    message: expect.stringMatching(words),
    advice: expect.stringContaining('handfast listen --metrics 9100'),
  });
});
