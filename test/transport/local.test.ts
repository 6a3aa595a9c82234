import { chmodSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { dialLocal, type LocalListener, listenLocal } from '../../src/transport/local.ts';

/** Where whoever is about to replace a socket waits. */
const gate = vi.hoisted(() => ({ wait: async (): Promise<void> => {} }));

vi.mock(import('node:fs/promises'), async (original) => {
  const actual = await original();
  const mkdtemp = async (prefix: string): Promise<string> => {
    await gate.wait();
    return actual.mkdtemp(prefix);
  };
  return { ...actual, mkdtemp: mkdtemp as typeof actual.mkdtemp };
});

const room = mkdtempSync(join(tmpdir(), 'handfast-local-'));
const open: LocalListener[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
  for (const name of readdirSync(room)) rmSync(join(room, name), { recursive: true });
});

async function listening(path: string): Promise<LocalListener> {
  const listener = await listenLocal(path, greet);
  open.push(listener);
  return listener;
}

function greet(socket: Socket): void {
  socket.on('error', () => {});
  socket.end('here');
}

/** A socket whose listener died without a word. */
async function stale(path: string): Promise<void> {
  const aside = join(room, 'aside');
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(aside, resolve));
  linkSync(aside, path);
  await new Promise((resolve) => server.close(resolve));
}

async function said(path: string): Promise<string> {
  let text = '';
  for await (const chunk of await dialLocal(path)) text += chunk;
  return text;
}

describe('a local socket', () => {
  it('is for its owner only, whatever the umask, and gone when it is closed', async () => {
    const path = join(room, 'a.sock');
    const mask = process.umask(0);
    try {
      await listening(path);
      expect(process.umask()).toBe(0);
    } finally {
      process.umask(mask);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await said(path)).toBe('here');
    await open.pop()!.close();
    expect(existsSync(path)).toBe(false);
    await expect(dialLocal(path)).rejects.toMatchObject({
      code: 'HF_CONNECT_FAILED',
      message: expect.stringContaining('nothing is there'),
    });
  });

  it('replaces that of a dead node, and leaves nothing else behind', async () => {
    const path = join(room, 'a.sock');
    await stale(path);
    await expect(dialLocal(path)).rejects.toMatchObject({ code: 'HF_CONNECT_FAILED', message: expect.stringContaining('any more') });
    await listening(path);
    expect(await said(path)).toBe('here');
    expect(readdirSync(room)).toEqual(['a.sock']);
  });

  it('never replaces that of a living one, and says so', async () => {
    const path = join(room, 'a.sock');
    await listening(path);
    await expect(listening(path)).rejects.toMatchObject({
      code: 'HF_LISTEN_FAILED',
      message: expect.stringContaining('listens there already'),
    });
    expect(await said(path)).toBe('here');
  });

  it('of a dead node is had by one of two that want it at once, and the other one is told', async () => {
    for (let i = 0; i < 20; i++) {
      const path = join(room, `${i}.sock`);
      await stale(path);
      const outcomes = await Promise.allSettled([listening(path), listening(path)]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'HF_LISTEN_FAILED' } });
      expect(await said(path)).toBe('here');
    }
  });

  it('found dead is asked again before it goes: another node may have replaced it meanwhile', async () => {
    const path = join(room, 'a.sock');
    await stale(path);
    let arrived = (): void => {};
    const slowArrived = new Promise<void>((resolve) => (arrived = resolve));
    let go = (): void => {};
    gate.wait = () => {
      gate.wait = async () => {};
      arrived();
      return new Promise<void>((resolve) => (go = resolve));
    };
    const slow = expect(listening(path)).rejects.toMatchObject({ code: 'HF_LISTEN_FAILED' });
    await slowArrived;
    await listening(path);
    go();
    await slow;
    expect(await said(path)).toBe('here');
    expect(readdirSync(room)).toEqual(['a.sock']);
  });

  it('never replaces a file', async () => {
    const path = join(room, 'a.sock');
    writeFileSync(path, 'precious');
    await expect(listening(path)).rejects.toMatchObject({ code: 'HF_LISTEN_FAILED', message: expect.stringContaining('no socket') });
    await expect(dialLocal(path)).rejects.toMatchObject({ code: 'HF_CONNECT_FAILED' });
    expect(statSync(path).size).toBe(8);
  });

  it.each([0o770, 0o707, 0o777])('is not made where others can write: mode %o', async (mode) => {
    const directory = join(room, 'open');
    mkdirSync(directory);
    chmodSync(directory, mode);
    const path = join(directory, 'a.sock');
    await expect(listening(path)).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT', message: expect.stringContaining('others can write') });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('of another user is neither made nor used: its owner would read what is sent', async () => {
    const path = join(room, 'a.sock');
    await listening(path);
    const uid = vi.spyOn(process, 'getuid').mockReturnValue(4242);
    try {
      await expect(dialLocal(path)).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT', message: expect.stringContaining('another user') });
      await expect(listening(join(room, 'b.sock'))).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    } finally {
      uid.mockRestore();
    }
    expect(readdirSync(room)).toEqual(['a.sock']);
  });

  it('needs a directory and a path that the system takes', async () => {
    await expect(listening(join(room, 'missing', 'a.sock'))).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    await expect(listening(join(room, 'a'.repeat(104)))).rejects.toMatchObject({
      code: 'HF_BAD_ARGUMENT',
      message: expect.stringContaining('shorter'),
    });
  });
});
