import { afterEach, expect, it, vi } from 'vitest';
import type { AnyProtocol } from '../../src/protocols/registry.ts';
import { acceptOver, carrierNameOf, dialOver } from '../../src/transport/carriers.ts';
import { lettersOver } from '../support/letters.ts';
import { toy } from '../support/toy.ts';

afterEach(() => {
  vi.doUnmock('ws');
  vi.resetModules();
});

it('a protocol goes over the first of its carriers, or over one of them that is asked for', () => {
  expect(carrierNameOf(toy, undefined)).toBe('tcp');
  expect(carrierNameOf(lettersOver('websocket', 'tls'), undefined)).toBe('websocket');
  expect(carrierNameOf(lettersOver('websocket', 'tls'), 'tls')).toBe('tls');
  expect(() => carrierNameOf(toy, 'tls')).toThrow(
    expect.objectContaining({ code: 'HF_BAD_ARGUMENT', message: 'carrier: toy goes over tcp, not "tls"' }),
  );
});

it('nothing is put over plain TCP', async () => {
  expect(await dialOver(toy, {}, 'localhost', 1)).toBeUndefined();
  expect(await acceptOver(toy, {})).toBeUndefined();
});

it('without the package ws, a WebSocket is refused before anything is dialled or bound, with the line that installs it', async () => {
  vi.doMock('ws', () => {
    throw new Error('Cannot find package');
  });
  vi.resetModules();
  const fresh = await import('../../src/transport/carriers.ts');
  const protocol: AnyProtocol = lettersOver('websocket');
  const missing = { code: 'HF_UNSUPPORTED', message: expect.stringContaining('npm install ws@8.23.0') };
  await expect(fresh.dialOver(protocol, {}, 'localhost', 1)).rejects.toMatchObject(missing);
  await expect(fresh.acceptOver(protocol, {})).rejects.toMatchObject(missing);
});
