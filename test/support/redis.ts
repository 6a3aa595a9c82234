/** A real Redis on a port of 127.0.0.1 that the system chose, writing each change to a file of its own before it answers. Ended by its process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createClient } from 'redis';

/** Where redis-server is; undefined: tests that need it are skipped. */
export const redisServer = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'redis-server'))
  .find((path) => existsSync(path));

export class RedisServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'handfast-redis-'));
  #port = 0;
  #process: ChildProcess | undefined;

  static async start(): Promise<RedisServer> {
    const server = new RedisServer();
    // Somebody else may take the port before Redis does.
    for (let tries = 0; tries < 5; tries++) {
      server.#port = await freePort();
      if (await server.#run()) return server;
    }
    throw new Error('redis-server did not start');
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  /** At once, as by a power cut. */
  async kill(): Promise<void> {
    const ended = once(this.#process!, 'exit');
    this.#process!.kill('SIGKILL');
    await ended;
  }

  /** After `kill`, with what it had written. */
  async again(): Promise<void> {
    if (!(await this.#run())) throw new Error('redis-server did not start again');
  }

  /** It takes connections and answers nothing. */
  pause(): void {
    this.#process!.kill('SIGSTOP');
  }

  resume(): void {
    this.#process!.kill('SIGCONT');
  }

  /** Of whoever looks at what is kept. */
  async ask(command: readonly string[]): Promise<unknown> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand([...command]);
    } finally {
      client.destroy();
    }
  }

  async stop(): Promise<void> {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) {
      this.resume();
      await this.kill();
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #run(): Promise<boolean> {
    const settings = { port: this.#port, bind: '127.0.0.1', dir: this.#folder, appendonly: 'yes', appendfsync: 'always', save: '' };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const started = spawn(redisServer!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = started;
    let said = '';
    return new Promise((resolve) => {
      started.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('Ready to accept connections')) resolve(true);
      });
      started.once('exit', () => resolve(false));
    });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
