/** LightweightSecureTCP on the command line: keys, and listen, connect and probe as separate processes. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { handfast, Listening, temporary } from '../run.ts';

const KEY = '0x00000001, 0x00000002, 0x00000003, 0x00000004, 0x00000005, 0x00000006, 0x00000007, 0x89abcdef';
let shared: string;
let other: string;
let id: string;

const as = (key: string, ...more: string[]): string[] => ['--protocol', 'lwstcp', '--handshake-key', key, '--allow-insecure', ...more];

beforeAll(async () => {
  [shared, other] = ['shared.key', 'other.key'].map(temporary);
  const words = temporary('words');
  writeFileSync(words, `${KEY}\n`);
  [{ stdout: id }] = await Promise.all([
    handfast(['keygen', shared, '--protocol', 'lwstcp', '--import', words]),
    handfast(['keygen', other, '--protocol', 'lwstcp']),
  ]);
  id = id.trim();
});

describe('keys', () => {
  it('a key that was imported is given back word for word, and only when asked', async () => {
    expect(id).toMatch(/^lwstcp:[0-9a-f]{16}$/);
    expect((await handfast(['id', shared])).stdout.trim()).toBe(id);
    expect((await handfast(['id', shared, '--secret'])).stdout.trim()).toBe(KEY);
    expect((await handfast(['id', shared, '--json'])).stdout).not.toContain('89abcdef');
    expect((await handfast(['id', other])).stdout.trim()).not.toBe(id);
  });

  it('is not a key of another protocol', async () => {
    const { code, stderr } = await handfast(['connect', '127.0.0.1:1', '--identity', shared, '--network', 'demo']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('it holds a key of type xtea256, and ed25519 is needed here'),
    });
  });

  it('what is no key is not imported, and not shown', async () => {
    const file = temporary('no-words');
    writeFileSync(file, '0x1, 0x2, 0x3, hunter2\n');
    const { code, stderr } = await handfast(['keygen', temporary('never.key'), '--protocol', 'lwstcp', '--import', file]);
    expect(code).toBe(1);
    expect(stderr).toContain('its first line is no key. Write eight words there');
    expect(stderr).not.toContain('hunter2');
  });
});

describe('what went wrong', () => {
  it('is told of this protocol, not of the default one', async () => {
    const other = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-something\r\n')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { code, stderr } = await handfast(['connect', `127.0.0.1:${(other.address() as AddressInfo).port}`, ...as(shared)]);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/\(HF_MALFORMED\)\. What answers there does not speak LightweightSecureTCP, or/);
  });
});

describe('sessions', () => {
  it('lines go out and come back', async () => {
    const listener = new Listening(as(shared));
    const { event, protocol, port } = await listener.event();
    expect({ event, protocol }).toEqual({ event: 'listening', protocol: 'lwstcp' });
    const { code, stdout } = await handfast(['connect', `127.0.0.1:${port}`, ...as(shared)], { input: 'hello\nthere\n' });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'hello\nthere\n' });
    expect(await listener.event()).toMatchObject({ event: 'session', peer: id, rounds: 32 });
    expect(await listener.event()).toMatchObject({ event: 'closed', peer: id, messages: 2, bytes: 10 });
    expect(await listener.stop()).toBe(0);
  });

  it('another key is refused: the listener says so, and a probe says what its silence means', async () => {
    const listener = new Listening(as(shared));
    const { port } = await listener.event();
    const { code, stdout, stderr } = await handfast(['probe', `127.0.0.1:${port}`, ...as(other, '--json')]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, protocol: 'lwstcp', error: { code: 'HF_TRUNCATED', foundBy: 'this side' } });
    expect(stderr).toContain('nearly always another handshake key, or another number of --rounds');
    expect(await listener.event()).toMatchObject({ event: 'refused', code: 'HF_WRONG_KEY' });
    const good = await handfast(['probe', `127.0.0.1:${port}`, ...as(shared)]);
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toContain(`${id} (ours; that the device has it is not proved`);
    await listener.stop();
  });

  it('that it is insecure has to be said', async () => {
    const { code, stderr } = await handfast(['listen', '--protocol', 'lwstcp', '--handshake-key', shared]);
    expect(code).toBe(2);
    expect(stderr).toContain('--allow-insecure is needed: this protocol protects nothing against changes');
  });

  it('an option of another protocol is refused with the name of its owner', async () => {
    const { code, stderr } = await handfast(['probe', '127.0.0.1:1', ...as(shared, '--network', 'demo')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--network is an option of --protocol handfast.*; this is --protocol lwstcp/);
  });
});
