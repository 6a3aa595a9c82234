import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { redisStore } from '../../../src/node/store/redis.ts';
import type { StoreConnection } from '../../../src/node/store/store.ts';
import { systemClock } from '../../../src/transport/clock.ts';
import { RedisServer, redisServer } from '../../support/redis.ts';

const PROCESS = 'a'.repeat(32);
const LIFE = 'b'.repeat(32);
const opening = { network: 'demo', identity: 'i', process: PROCESS, clock: systemClock, received: () => {} };

describe('redisStore', () => {
  it.each(['', 'localhost', 'http://localhost', 'redis', undefined as never])('refuses %j, which is no Redis', (url) => {
    expect(() => redisStore(url)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
  });

  it('refuses options that cannot be', () => {
    for (const options of [{ timeoutMs: 0 }, { timeoutMs: Number.NaN }, { prefix: '' }, { prefix: 'a b' }, { prefix: '{x}' }])
      expect(() => redisStore('redis://127.0.0.1', options)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
  });

  it('says which line installs its package, in the version that is tested here', async () => {
    vi.doMock('redis', () => {
      throw new Error('Cannot find package');
    });
    vi.resetModules();
    try {
      const fresh = await import('../../../src/node/store/redis.ts');
      const { devDependencies } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
      const missing = { code: 'HF_UNSUPPORTED', message: expect.stringContaining(`npm install redis@${devDependencies.redis}`) };
      await expect(fresh.redisStore('redis://127.0.0.1:1').open(opening)).rejects.toMatchObject(missing);
    } finally {
      vi.doUnmock('redis');
      vi.resetModules();
    }
  });

  it('says that there is no Redis', async () => {
    await expect(redisStore('redis://127.0.0.1:1').open(opening)).rejects.toMatchObject({
      code: 'HF_STORE_UNAVAILABLE',
      blame: 'handfast',
    });
  });
});

describe.skipIf(!redisServer)('a connection to Redis (redis-server)', () => {
  let server: RedisServer;
  let connection: StoreConnection | undefined;

  async function opened(timeoutMs?: number): Promise<StoreConnection> {
    server = await RedisServer.start();
    connection = await redisStore(server.url, { timeoutMs }).open(opening);
    await connection.beat(LIFE);
    return connection;
  }

  /** Until it answers again. */
  async function back(at: StoreConnection): Promise<void> {
    while (!(await at.version().catch(() => undefined))) await new Promise((resolve) => setImmediate(resolve));
  }

  afterEach(async () => {
    await connection?.close();
    connection = undefined;
    await server.stop();
  });

  it('is refused while Redis is gone, and goes on by itself when it is back, with all that was kept', async () => {
    const at = await opened();
    const received: string[] = [];
    const other = await redisStore(server.url).open({
      ...opening,
      process: 'c'.repeat(32),
      received: (letter) => void received.push(String(letter)),
    });
    await at.ban([{ key: '4a', text: 'x', agoMs: 0, leftMs: undefined, reason: '', automatic: false }]);
    await server.kill();
    await expect(at.version()).rejects.toMatchObject({ code: 'HF_STORE_UNAVAILABLE' });
    await expect(at.bans()).rejects.toMatchObject({ code: 'HF_STORE_UNAVAILABLE' });
    await server.again();
    await Promise.all([back(at), back(other)]);
    expect((await at.bans()).bans).toHaveLength(1);
    expect(await at.beat('d'.repeat(32))).toMatchObject({ life: LIFE });
    // Its letters come again too; one may be lost while that is being set up.
    while (received.length === 0) await at.send('c'.repeat(32), Uint8Array.of(1)).catch(() => {});
    await other.close();
  });

  it('waits no longer than it was told to', async () => {
    const at = await opened(1_500);
    server.pause();
    await expect(at.version()).rejects.toMatchObject({ code: 'HF_STORE_LATE' });
    server.resume();
    await back(at);
  });

  it('says what Redis refuses, and what is not ours', async () => {
    const at = await opened();
    const [bans] = (await server.ask(['KEYS', '*:life'])) as string[];
    const prefix = bans.slice(0, -'life'.length);
    await server.ask(['HSET', `${prefix}bans`, '4a', 'not json']);
    await expect(at.bans()).rejects.toMatchObject({ code: 'HF_STORE_REFUSED' });
    await server.ask(['DEL', `${prefix}bans`]);
    await server.ask(['SET', `${prefix}bans`, 'text']);
    await expect(at.bans()).rejects.toMatchObject({ code: 'HF_STORE_REFUSED', message: expect.stringContaining('WRONGTYPE') });
    await server.ask(['SET', `${prefix}life`, 'somebody']);
    await expect(at.beat(LIFE)).rejects.toMatchObject({ code: 'HF_STORE_REFUSED' });
    await server.ask(['CONFIG', 'SET', 'requirepass', 'secret']);
    await expect(redisStore(server.url.replace('//', '//:wrong@')).open(opening)).rejects.toMatchObject({ code: 'HF_STORE_REFUSED' });
    connection = undefined;
  });
});
