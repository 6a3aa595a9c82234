/**
 * What messages make on the heap, both ends of a session over TCP in a process that holds collection off. Bytes, not times; but what a chunk makes is shared by fewer messages where
 * others keep the processor and chunks stay small: the least of some tries counts. */
import { describe, expect, it } from 'vitest';
import { HELD_OFF } from '../../bench/lib/heap-of-messages.mjs';
import { TcpProcess } from '../../bench/lib/tcp-process.mjs';
import { native } from '../support/cores.ts';

interface Made {
  heapBytes: number;
  arrayBufferBytes: number;
  messages: number;
}

const TRIES = 8;

/** The least of some tries, or the first below `enough` bytes of heap. */
async function least(toDialler: boolean, enough: number): Promise<Made> {
  let best = await made('handfast native', toDialler);
  for (let tries = 1; best.heapBytes >= enough && tries < TRIES; tries++) {
    const again = await made('handfast native', toDialler);
    if (again.heapBytes < best.heapBytes) best = again;
  }
  return best;
}

/** By message of 256 bytes. */
async function made(subject: string, toDialler: boolean, ms = 3000): Promise<Made> {
  const both = await TcpProcess.start(subject, undefined, HELD_OFF);
  try {
    return await both.ask('heapOfMessages', { toDialler, perTurn: 16_384, turns: 16, ms });
  } finally {
    await both.end();
  }
}

describe.skipIf(!native)('a message read in batches makes less than a byte on the heap, and no ArrayBuffer', () => {
  it.each([
    ['who dialled', true],
    ['who accepted', false],
  ] as const)('by %s', async (reader, toDialler) => {
    const { heapBytes, arrayBufferBytes, messages } = await least(toDialler, 1);
    console.log(`by ${reader}: ${heapBytes.toFixed(2)} bytes a message, ${messages} messages`);
    expect(heapBytes).toBeGreaterThan(0);
    expect(heapBytes).toBeLessThan(1);
    expect(arrayBufferBytes).toBeLessThan(0.1);
  });
});

it('the same measurement sees what framing on a bare socket makes for each message', async () => {
  const { heapBytes, arrayBufferBytes } = await made('node:net', true, 200);
  expect(heapBytes).toBeGreaterThan(100);
  expect(arrayBufferBytes).toBeGreaterThan(100);
});
