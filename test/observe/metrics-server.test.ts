/** The page of metrics, over real HTTP on loopback. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { Counter, Gauge, Registry } from 'prom-client';
import { beforeEach, expect, it } from 'vitest';
import { type MetricsServer, serveMetrics } from '../../src/observe/metrics-server.ts';

const register = new Registry();
new Counter({ name: 'things_total', help: 'Things', registers: [register] }).inc(3);
let server: MetricsServer;

beforeEach(async () => {
  server = await serveMetrics({ register, port: 0 });
  return () => server.close();
});

it('is on loopback, at /metrics, in the format of Prometheus', async () => {
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  const response = await fetch(server.url);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, register.contentType]);
  expect(await response.text()).toContain('\nthings_total 3\n');
  expect((await fetch(`${server.url}?x=1`)).status).toBe(200);
});

it('says where it is to whoever asks elsewhere, and no to whoever writes', async () => {
  const other = await fetch(new URL('/', server.url));
  expect([other.status, await other.text()]).toEqual([404, 'the metrics are at /metrics\n']);
  expect((await fetch(server.url, { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(405);
});

it('survives a metric that throws, and what is no HTTP', async () => {
  const broken = new Registry();
  new Gauge({
    name: 'broken',
    help: 'Broken',
    registers: [broken],
    collect() {
      throw new Error('no');
    },
  });
  await using other = await serveMetrics({ register: broken, port: 0 });
  expect((await fetch(other.url)).status).toBe(500);
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write('\x16\x03\x01 no HTTP\r\n\r\n');
  await once(socket, 'close');
  expect((await fetch(server.url)).status).toBe(200);
});

it('at a port that is taken is a coded error', async () => {
  const port = Number(new URL(server.url).port);
  await expect(serveMetrics({ register, port })).rejects.toMatchObject({ code: 'HF_LISTEN_FAILED' });
  await expect(serveMetrics({ register, port: 70_000 })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
});
