import { describe, expect, it } from 'vitest';
import { PrimaryStore, primaryStore } from '../../../src/node/store/primary.ts';
import type { StoreConnection } from '../../../src/node/store/store.ts';
import { systemClock } from '../../../src/transport/clock.ts';
import { type ChannelPair, channelPair } from '../../support/process-channel.ts';

const NAMES = ['a', 'b'].map((letter) => letter.repeat(32));

async function worker(primary: PrimaryStore, process: string, timeoutMs?: number): Promise<[StoreConnection, ChannelPair]> {
  const pair = channelPair();
  primary.serve(pair.primary);
  const store = primaryStore(pair.worker, timeoutMs);
  const connection = await store.open({ network: 'demo', identity: 'i', process, clock: systemClock, received: () => {} });
  await connection.beat('f'.repeat(32));
  return [connection, pair];
}

describe('the store of a primary', () => {
  it('frees what a worker held as soon as its channel is gone', async () => {
    const primary = new PrimaryStore();
    const [[one, channel], [other]] = [await worker(primary, NAMES[0]), await worker(primary, NAMES[1])];
    await one.hold(['P']);
    expect(await other.holder('P')).toBe(NAMES[0]);
    channel.disconnect();
    expect(await other.holder('P')).toBeUndefined();
    await expect(one.version()).rejects.toMatchObject({ code: 'HF_STORE_UNAVAILABLE' });
    await one.close();
  });

  it('ends what is asked when the channel goes, and what is not answered in time', async () => {
    const [connection, channel] = await worker(new PrimaryStore(), NAMES[0], 5);
    channel.deaf = true;
    await expect(connection.version()).rejects.toMatchObject({ code: 'HF_STORE_LATE' });
    const [waiting, gone] = await worker(new PrimaryStore(), NAMES[0]);
    gone.deaf = true;
    const asked = waiting.version();
    gone.disconnect();
    await expect(asked).rejects.toMatchObject({ code: 'HF_STORE_UNAVAILABLE' });
  });

  it('is asked for all of a turn by one message, and for what comes meanwhile by the next', async () => {
    const [connection, { worker: channel }] = await worker(new PrimaryStore(), NAMES[0]);
    const asked: string[][] = [];
    const { send } = channel;
    channel.send = (message, done) => {
      asked.push((message as { calls: { call: string }[] }).calls.map(({ call }) => call));
      return send.call(channel, message, done);
    };
    const turn = [connection.version(), connection.hold(['P']), connection.holder('P')];
    await new Promise((resolve) => setImmediate(resolve));
    turn.push(connection.release(['P']), connection.holder('P'));
    expect((await Promise.all(turn)).slice(1)).toEqual([undefined, NAMES[0], undefined, undefined]);
    expect(asked).toEqual([
      ['version', 'hold', 'holder'],
      ['release', 'holder'],
    ]);
  });

  it('answers no call that is none, nothing before it was opened, and leaves the messages of others alone', async () => {
    const pair = channelPair();
    new PrimaryStore().serve(pair.primary);
    const said: unknown[] = [];
    pair.worker.on('message', (message) => void said.push(message));
    const messages = [
      undefined,
      'text',
      { other: 'message' },
      { handfast: 'ready' },
      { handfast: 'store', calls: [{ number: 1, call: 'version', values: [] }] },
      { handfast: 'store', calls: [{ number: 2, call: 'constructor', values: [] }] },
    ];
    for (const message of messages) pair.worker.send(message, () => {});
    while (said.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(said).toMatchObject([1, 2].map((number) => ({ answers: [{ number, error: { code: 'HF_STORE_REFUSED' } }] })));
  });
});
