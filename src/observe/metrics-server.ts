/** A page of metrics over HTTP, for a Prometheus on the same machine. It says nothing of who the peers are, asks nobody who they are, and holds little for whoever asks slowly. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { HandfastError } from '../errors.ts';

/** What a registry of prom-client has. */
export type Page = Pick<Registry, 'metrics' | 'contentType'>;

export interface MetricsServerOptions {
  readonly register: Page;
  /** 127.0.0.1 by default: whoever reaches it reads how busy this process is. */
  readonly host?: string | undefined;
  /** 0: any that is free. */
  readonly port: number;
}

export interface MetricsServer extends AsyncDisposable {
  /** `http://127.0.0.1:9100/metrics` */
  readonly url: string;
  close(): Promise<void>;
}

/** @throws (by rejection) HF_BAD_ARGUMENT, HF_LISTEN_FAILED. */
export async function serveMetrics({ register, host = '127.0.0.1', port }: MetricsServerOptions): Promise<MetricsServer> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new HandfastError('BAD_ARGUMENT', 'port: expected an integer from 0 to 65535');
  const server = createServer(
    { headersTimeout: PATIENCE_MS, requestTimeout: PATIENCE_MS, keepAliveTimeout: PATIENCE_MS },
    (request, response) => {
      // A body is not asked for, and not waited for.
      request.resume();
      if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'only GET and HEAD\n');
      else if (request.url?.split('?')[0] !== '/metrics') answer(response, 404, 'the metrics are at /metrics\n');
      else {
        register.metrics().then(
          (page) => answer(response, 200, page, register.contentType),
          // A metric of somebody else's in the same registry may throw.
          () => answer(response, 500, 'the metrics could not be gathered\n'),
        );
      }
    },
  );
  server.maxConnections = CONNECTIONS;
  server.on('clientError', (_error, socket) => socket.destroy());
  await listening(server, host, port);
  const { address, port: bound } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://${address.includes(':') ? `[${address}]` : address}:${bound}/metrics`, close, [Symbol.asyncDispose]: close };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void =>
      reject(new HandfastError('LISTEN_FAILED', `metrics at ${host}:${port}: ${cause.message}`, { cause }));
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}

const PATIENCE_MS = 5_000;
const CONNECTIONS = 16;
