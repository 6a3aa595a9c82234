/** Several real processes that answer as one identity over a real Redis, to be killed and started again; and what they wrote down. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RedisServer } from './redis.ts';

const FILE = fileURLToPath(new URL('./cluster-process.mjs', import.meta.url));

interface Member {
  child: ChildProcess;
  readonly port: number;
  readonly asked: Map<number, { resolve(value: unknown): void; reject(why: string): void }>;
  ready: Promise<string>;
  alive: boolean;
}

export class IdentityCluster {
  readonly redis: RedisServer;
  readonly #seed: string;
  readonly #journal: string;
  readonly #members: Member[] = [];
  #number = 0;

  /** @param seed of the identity, in hex. @param journal a file that is made. */
  constructor(redis: RedisServer, seed: string, journal: string) {
    this.redis = redis;
    this.#seed = seed;
    this.#journal = journal;
    writeFileSync(journal, '');
  }

  /** Processes that have not been killed. */
  get alive(): number[] {
    return this.#members.flatMap(({ alive }, i) => (alive ? [i] : []));
  }

  /** What all of them wrote down so far: lines of words. */
  get journal(): string[][] {
    return readFileSync(this.#journal, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' '));
  }

  /** One more. @returns its address. */
  async start(): Promise<string> {
    const member = this.#fork(0);
    this.#members.push(member);
    return member.ready;
  }

  async kill(index: number): Promise<void> {
    const { child } = this.#members[index];
    this.#members[index].alive = false;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  /** At the address that it had. */
  async again(index: number): Promise<void> {
    const address = await this.#members[index].ready;
    this.#members[index] = this.#fork(Number(address.split(':')[1]));
    await this.#members[index].ready;
  }

  /** @returns what it says. Rejects with a code, or with `gone` when it ends before. */
  ask(index: number, order: { do: string; [field: string]: unknown }): Promise<unknown> {
    const { child, asked } = this.#members[index];
    const number = ++this.#number;
    return new Promise((resolve, reject) => {
      asked.set(number, { resolve, reject });
      child.send({ number, order }, (error) => error && reject('gone'));
    });
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#members.map(async ({ child, alive }, i) => {
        if (!alive) return;
        const ended = once(child, 'exit');
        this.ask(i, { do: 'close' }).catch(() => {});
        await ended;
      }),
    );
    await this.redis.stop();
  }

  #fork(port: number): Member {
    const setup = { seed: this.#seed, url: this.redis.url, port, journal: this.#journal };
    const child = fork(FILE, [JSON.stringify(setup)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const asked: Member['asked'] = new Map();
    const ready = new Promise<string>((resolve, reject) => {
      child.on('message', (message: { ready?: string; number: number; value?: unknown; error?: string }) => {
        if (message.ready !== undefined) resolve(message.ready);
        else if (message.error !== undefined) asked.get(message.number)?.reject(message.error);
        else asked.get(message.number)?.resolve(message.value);
        asked.delete(message.number);
      });
      child.once('exit', (code, signal) => {
        reject(new Error(`a process ended: ${signal ?? code}`));
        for (const { reject: lost } of asked.values()) lost('gone');
        asked.clear();
      });
    });
    ready.catch(() => {});
    return { child, port, asked, ready, alive: true };
  }
}
