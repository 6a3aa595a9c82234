import { describe, expect, it } from 'vitest';
import { lines } from '../../../src/node/control/lines.ts';

async function* chunks(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part as string);
}

async function all(stream: AsyncIterable<Uint8Array>, most = 8): Promise<string[]> {
  const read: string[] = [];
  for await (const line of lines(stream, most)) read.push(line);
  return read;
}

describe('lines', () => {
  it('come out whole however they are cut', async () => {
    expect(await all(chunks('a', 'bc\n\nwö', 'rld\nx\ny\n'))).toEqual(['abc', '', 'wörld', 'x', 'y']);
    const text = Buffer.from('ö1\nö2\n');
    expect(await all(chunks(...[...text].map((byte) => Uint8Array.of(byte))))).toEqual(['ö1', 'ö2']);
  });

  it('are dropped where the newline never came', async () => {
    expect(await all(chunks('a\nb'))).toEqual(['a']);
  });

  it('may have so many bytes and not one more, with a newline or without', async () => {
    expect(await all(chunks('12345678\n'))).toEqual(['12345678']);
    expect(await all(chunks('1234', '5678', '\n'))).toEqual(['12345678']);
    await expect(all(chunks('123456789\n'))).rejects.toMatchObject({ code: 'HF_TOO_LARGE' });
    await expect(all(chunks('1234', '56789'))).rejects.toMatchObject({ code: 'HF_TOO_LARGE' });
  });

  it('must be UTF-8', async () => {
    await expect(all(chunks(Uint8Array.of(0xff, 0x0a)))).rejects.toMatchObject({ code: 'HF_MALFORMED' });
  });
});
