/**
 * A store in Redis 6 or later, by the package `redis`, for processes on any number of machines. Redis is trusted as the memory of the process is; what it says is bounded and checked for its shape all the same,
 * so that a wrong key or another program's data is a coded error and nothing worse.
 */
import { createHash } from 'node:crypto';
import { HandfastError } from '../../errors.ts';
import type { Millis } from '../../protocols/machine.ts';
import { RedisClients } from './redis-clients.ts';
import { SCRIPTS, type ScriptName } from './scripts.ts';
import {
  type Claimed,
  type Entered,
  type IdRange,
  LIFE_MS,
  LONGEST_ANSWER,
  type PeerLife,
  PROCESS_MS,
  type Pulse,
  type Rate,
  RESERVED_MS,
  type RequestTaken,
  SEEN_PAGES,
  STORE_LIMITS,
  type Store,
  type StoreConnection,
  type StoredBan,
  type StoredBans,
} from './store.ts';

export interface RedisStoreOptions {
  /** How long Redis may take for one answer; 1,000. */
  readonly timeoutMs?: number | undefined;
  /** What all keys begin with; `handfast`. */
  readonly prefix?: string | undefined;
  /** What else the client of the package `redis` shall be told: `socket` with a CA for `rediss:`, `username`, `password`. */
  readonly client?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * @param url `redis://[[user]:password@]host[:port][/db]`, or `rediss:` over TLS.
 * @throws HF_BAD_ARGUMENT
 */
export function redisStore(url: string, { timeoutMs = 1_000, prefix = 'handfast', client = {} }: RedisStoreOptions = {}): Store {
  if (typeof url !== 'string' || !/^rediss?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
    throw new HandfastError('BAD_ARGUMENT', 'redisStore: expected redis://host:port or rediss://host:port');
  if (!(timeoutMs >= 1 && timeoutMs <= 60_000)) throw new HandfastError('BAD_ARGUMENT', 'timeoutMs: expected 1 to 60,000 milliseconds');
  if (typeof prefix !== 'string' || !/^[\w.-]{1,64}$/.test(prefix))
    throw new HandfastError('BAD_ARGUMENT', 'prefix: expected 1 to 64 letters, digits, dots and dashes');
  return {
    pauseMs: PAUSE_MS,
    async open(opening) {
      const name = createHash('sha256').update(opening.network).digest('hex').slice(0, 16);
      // In braces: a Redis Cluster keeps all of it in one place.
      const keys = `${prefix}:{${name}:${opening.identity}}:`;
      const clients = await RedisClients.open({ url, timeoutMs, client, keys, ...opening });
      return new RedisConnection(clients, opening.process);
    },
  };
}

class RedisConnection implements StoreConnection {
  readonly #clients: RedisClients;
  readonly #process: string;

  constructor(clients: RedisClients, process: string) {
    this.#clients = clients;
    this.#process = process;
  }

  async beat(life: string): Promise<Pulse> {
    const [found, version, known] = list(await this.#run('beat', [this.#process, life, PROCESS_MS, LIFE_MS]));
    if (!LIFE.test(text(found))) throw strange('a life');
    return { life: text(found), version: text(version), forgotten: known !== 1 };
  }

  async enter(blocks: readonly string[], { perSecond, burst }: Rate): Promise<Entered> {
    const each = 1000 / perSecond;
    const [version, ...waits] = list(
      await this.#run('enter', [this.#process, RESERVED_MS, each, each * burst, STORE_LIMITS.rates, ...blocks]),
    );
    if (waits.length !== blocks.length) throw strange('attempts');
    return { waitsMs: waits.map(number), version: text(version) };
  }

  async version(): Promise<string> {
    return text(await this.#run('version', []));
  }

  async trust(): Promise<string> {
    return text(await this.#run('trust', [this.#process, RESERVED_MS]));
  }

  async bans(): Promise<StoredBans> {
    const [version, now, ...rows] = list(await this.#run('bans', []));
    if (rows.length % 2 !== 0 || rows.length > 2 * (STORE_LIMITS.bans + 1)) throw strange('bans');
    const at = number(now);
    const bans = Array.from({ length: rows.length / 2 }, (_, i) => storedBan(text(rows[2 * i]), text(rows[2 * i + 1]), at));
    return { version: text(version), bans };
  }

  async ban(bans: readonly StoredBan[]): Promise<Millis> {
    const rows = bans.flatMap(({ key, text: shown, agoMs, leftMs = -1, reason, automatic }) => [
      key,
      shown,
      agoMs,
      leftMs,
      reason,
      automatic ? '1' : '0',
    ]);
    // A script takes some 8,000 values.
    let waitMs = 0;
    for (let at = 0; at < rows.length; at += 6_000)
      waitMs = Math.max(waitMs, number(await this.#run('ban', [this.#process, STORE_LIMITS.bans, ...rows.slice(at, at + 6_000)])));
    return Math.max(0, Math.min(waitMs, RESERVED_MS));
  }

  async unban(keys: readonly string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += 6_000) await this.#run('unban', keys.slice(at, at + 6_000));
  }

  async charge(key: string, points: number, fadeMs: Millis): Promise<number> {
    return number(await this.#run('charge', [key, points, fadeMs, STORE_LIMITS.charges]));
  }

  async claim(life: string, requests: readonly RequestTaken[]): Promise<Claimed[]> {
    const rows = requests.flatMap(({ peer, peerLife, id, ms }) => [
      peer,
      peerLife,
      String(id),
      String(id >> PAGE_BITS),
      String(id & PAGE_MASK),
      Math.max(1, Math.ceil(ms)),
    ]);
    const answers = list(await this.#run('claim', [life, this.#process, LIFE_MS, SEEN_PAGES, ...rows]));
    if (answers.length !== requests.length) throw strange('claims');
    return answers.map(claimed);
  }

  async reserve(life: string, ranges: readonly (PeerLife & IdRange)[]): Promise<(number | undefined)[]> {
    const rows = ranges.flatMap(({ peer, peerLife, from, count }) => {
      const bit = Number(from & PAGE_MASK);
      return [peer, peerLife, String(from >> PAGE_BITS), bit, Math.min(count, PAGE_IDS - bit)];
    });
    const answers = list(await this.#run('reserve', [life, this.#process, LIFE_MS, SEEN_PAGES, RESERVED_MS, ...rows]));
    if (answers.length !== ranges.length) throw strange('reserved ids');
    return answers.map((answer, i) => {
      const count = number(answer);
      if (count > ranges[i].count) throw strange('reserved ids');
      return count < 0 ? undefined : count;
    });
  }

  async giveUp(life: string, { peer, peerLife }: PeerLife, unused: readonly IdRange[], taken?: readonly RequestTaken[]): Promise<void> {
    const parts: (string | number)[][] = [];
    for (let { from, count } of unused) {
      while (count > 0) {
        const bit = Number(from & PAGE_MASK);
        const some = Math.min(count, PAGE_IDS - bit);
        parts.push([String(from >> PAGE_BITS), bit, some]);
        from += BigInt(some);
        count -= some;
      }
    }
    const rows = taken?.flatMap(({ id, ms }) => [String(id), Math.max(1, Math.ceil(ms))]) ?? [];
    await this.#run('giveUp', [life, this.#process, peer, peerLife, taken ? 1 : 0, parts.length, ...parts.flat(), ...rows]);
  }

  async answer({ peer, peerLife, id, ms }: RequestTaken, answer: Uint8Array | undefined): Promise<void> {
    const kept = answer && answer.length <= LONGEST_ANSWER ? [Buffer.from(answer.buffer, answer.byteOffset, answer.length)] : [];
    await this.#run('answer', [this.#process, peer, peerLife, String(id), Math.max(1, Math.ceil(ms)), ...kept]);
  }

  async first(ids: readonly Uint8Array[], ms: Millis): Promise<boolean[]> {
    const names = ids.map((id) => Buffer.from(id.buffer, id.byteOffset, id.length));
    const answers = list(await this.#run('first', [ms, STORE_LIMITS.ids, ...names]));
    if (answers.length !== ids.length) throw strange('ids');
    return answers.map((answer) => answer === 1);
  }

  async hold(peers: readonly string[]): Promise<void> {
    for (let at = 0; at < peers.length; at += 6_000) await this.#run('hold', [this.#process, LIFE_MS, ...peers.slice(at, at + 6_000)]);
  }

  async release(peers: readonly string[]): Promise<void> {
    for (let at = 0; at < peers.length; at += 6_000) await this.#run('release', [this.#process, ...peers.slice(at, at + 6_000)]);
  }

  async holder(peer: string): Promise<string | undefined> {
    const by = await this.#run('holder', [peer]);
    if (by === null || by === undefined) return undefined;
    if (!LIFE.test(text(by))) throw strange('a process');
    return text(by);
  }

  async alive(process: string): Promise<boolean> {
    return (await this.#run('alive', [process])) === 1;
  }

  async lease(task: string): Promise<boolean> {
    return (await this.#run('lease', [this.#process, task, LIFE_MS])) === 1;
  }

  async yield(task: string): Promise<void> {
    await this.#run('yield', [this.#process, task]);
  }

  async send(to: string | undefined, letter: Uint8Array): Promise<void> {
    await this.#clients.publish(to ?? 'all', this.#process, letter);
  }

  async close(): Promise<void> {
    await this.#run('leave', [this.#process]).catch(() => {});
    this.#clients.close();
  }

  #run(name: ScriptName, values: readonly (string | number | Buffer)[]): Promise<unknown> {
    return this.#clients.run(SCRIPTS[name], values);
  }
}

function claimed(row: unknown): Claimed {
  const [word, more] = list(row);
  const is = text(word) as Claimed['is'];
  if (is === 'answer') {
    if (!(more instanceof Uint8Array) || more.length < 1 || more.length > LONGEST_ANSWER) throw strange('an answer');
    return { is, answer: new Uint8Array(more) };
  }
  if (is === 'elsewhere') {
    if (!LIFE.test(text(more))) throw strange('a process');
    return { is, by: text(more) };
  }
  if (!CLAIMED.includes(is)) throw strange('a claim');
  return { is };
}

function storedBan(key: string, row: string, now: number): StoredBan {
  let fields: unknown;
  try {
    fields = JSON.parse(row);
  } catch {
    throw strange('a ban');
  }
  const [shown, since, till, reason, automatic] = list(fields).map(text);
  const [agoMs, until] = [now - number(since), number(till)];
  if (shown.length > 100 || reason.length > 800) throw strange('a ban');
  return { key, text: shown, agoMs: Math.max(0, agoMs), leftMs: until < 0 ? undefined : until - now, reason, automatic: automatic === '1' };
}

function list(reply: unknown): unknown[] {
  if (!Array.isArray(reply)) throw strange('a list');
  return reply;
}

function text(reply: unknown): string {
  if (reply instanceof Uint8Array) return Buffer.from(reply.buffer, reply.byteOffset, reply.length).toString('utf8');
  if (typeof reply === 'string') return reply;
  throw strange('text');
}

function number(reply: unknown): number {
  const value = typeof reply === 'number' ? reply : Number(text(reply));
  if (!Number.isFinite(value)) throw strange('a number');
  return value;
}

const strange = (what: string): HandfastError => new HandfastError('STORE_REFUSED', `what Redis holds as ${what} is none`);

/** Each script takes Redis, and whoever asks, far longer than each of its values; and Redis writes to its file before it answers. */
const PAUSE_MS = 1;
const LIFE = /^[0-9a-f]{32}$/;
const CLAIMED: readonly string[] = ['mine', 'lost', 'banned', 'past'];
const PAGE_BITS = 13n;
const PAGE_MASK = (1n << PAGE_BITS) - 1n;
const PAGE_IDS = 8_192;
