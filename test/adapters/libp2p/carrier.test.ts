/** What a carrier over a stream of js-libp2p owes its driver, in the order in which it must come. */
import { defaultLogger } from '@libp2p/logger';
import { AbstractMessageStream, type SendResult } from '@libp2p/utils';
import { expect, it } from 'vitest';
import { Libp2pCarrier } from '../../../src/adapters/libp2p/carrier.ts';
import { toHex } from '../../support/bytes.ts';

/** A stream moved by hand. */
class Below extends AbstractMessageStream {
  readonly sent: string[] = [];
  takesMore = true;
  constructor() {
    super({ log: defaultLogger().forComponent('test') });
  }
  sendData(data: { subarray(): Uint8Array }): SendResult {
    const bytes = data.subarray();
    this.sent.push(toHex(bytes));
    return { sentBytes: bytes.length, canSendMore: this.takesMore };
  }
  sendReset(): void {}
  sendPause(): void {}
  sendResume(): void {}
  async close(): Promise<void> {
    this.onTransportClosed();
  }
}

function attached() {
  const below = new Below();
  const carrier = new Libp2pCarrier(below);
  const told: string[] = [];
  carrier.attach({
    data: (bytes) => told.push(toHex(bytes)),
    end: () => told.push('end'),
    drained: () => told.push('drained'),
    closed: (error) => told.push(error ? `closed: ${error.message}` : 'closed'),
  });
  return { below, carrier, told };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('hands over what came before the end of a stream that closed while nobody read', async () => {
  const { below, carrier, told } = attached();
  carrier.pause();
  below.onData(Uint8Array.of(1, 2));
  below.onTransportClosed();
  await turn();
  expect(told).toEqual([]);
  carrier.resume();
  expect(told).toEqual([]);
  await turn();
  expect(told).toEqual(['0102', 'end', 'closed']);
});

it.each([
  ['an array', Uint8Array.of(7)],
  ['a Buffer, whose slice is no copy', Buffer.of(7)],
])('sends bytes as they were, whatever becomes of their memory, and says when more is taken: %s', async (_, bytes) => {
  const { below, carrier, told } = attached();
  below.takesMore = false;
  const written: string[] = [];
  expect(carrier.write(bytes, () => written.push('first'))).toBe(false);
  bytes.fill(8);
  expect(carrier.write(bytes, () => written.push('second'))).toBe(false);
  bytes.fill(0);
  await turn();
  expect([carrier.congested, below.sent, written]).toEqual([true, ['07'], []]);
  below.takesMore = true;
  below.safeDispatchEvent('drain');
  await turn();
  expect([carrier.congested, below.sent, written, told]).toEqual([false, ['07', '08'], ['first', 'second'], ['drained']]);
});

it('fails what was not written once the stream is gone, and what is written after', async () => {
  const { below, carrier, told } = attached();
  below.takesMore = false;
  const failed: string[] = [];
  carrier.write(Uint8Array.of(7), (error) => failed.push(error ? 'failed' : 'written'));
  below.abort(new Error('broken'));
  carrier.write(Uint8Array.of(8), (error) => failed.push(error ? 'failed' : 'written'));
  await turn();
  expect([failed, told]).toEqual([['failed', 'failed'], ['closed: broken']]);
});

it('says again, to whoever comes later, that it is gone', async () => {
  const { carrier, told } = attached();
  carrier.destroy();
  expect(told).toEqual([]);
  await turn();
  expect(told).toHaveLength(1);
  let again = 0;
  carrier.attach({ data() {}, end() {}, drained() {}, closed: () => again++ });
  expect(again).toBe(0);
  await turn();
  expect(again).toBe(1);
});
