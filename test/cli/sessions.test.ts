/** listen, connect and probe against each other, as separate processes. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { handfast, Listening, newIdentity, temporary } from './run.ts';

let alice: { path: string; id: string };
let bob: { path: string; id: string };
let mallory: { path: string; id: string };

beforeAll(async () => {
  [alice, bob, mallory] = await Promise.all(['alice', 'bob', 'mallory'].map(newIdentity));
});

async function listening(...args: string[]): Promise<{ listener: Listening; address: string }> {
  const listener = new Listening(['--identity', bob.path, '--network', 'demo', ...args]);
  const { event, id, port } = await listener.event();
  expect({ event, id }).toEqual({ event: 'listening', id: bob.id });
  return { listener, address: `127.0.0.1:${port}` };
}

const as = (who: { path: string }, ...more: string[]): string[] => ['--identity', who.path, '--network', 'demo', ...more];

describe('connect and listen', () => {
  it('lines go out as messages and come back', async () => {
    const { listener, address } = await listening('--allow', alice.id);
    const { code, stdout } = await handfast(['connect', address, ...as(alice, '--peer', bob.id)], { input: 'hello\nwörld\n' });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'hello\nwörld\n' });
    expect(await listener.event()).toMatchObject({ event: 'session', peer: alice.id, network: 'demo' });
    expect(await listener.event()).toEqual({ event: 'closed', peer: alice.id, messages: 2, bytes: 11 });
    expect(await listener.stop()).toBe(0);
  });

  it('a file is sent whole', async () => {
    const file = temporary('file.bin');
    const bytes = Buffer.alloc(300_000, 'handfast');
    writeFileSync(file, bytes);
    const { listener, address } = await listening('--mode', 'print');
    const { code, stdout } = await handfast(['connect', address, ...as(alice, '--file', file, '--json')]);
    expect(code).toBe(0);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(events.find(({ event }) => event === 'sent')).toMatchObject({ bytes: 300_000, sha256 });
    expect(await listener.event()).toMatchObject({ event: 'session' });
    let text = '';
    let last = await listener.event();
    for (; last.event === 'message'; last = await listener.event()) text += last.text;
    expect(text === bytes.toString()).toBe(true);
    expect(last).toMatchObject({ event: 'closed', bytes: 300_000 });
    await listener.stop();
  });

  it('what the other side sends cannot drive the terminal', async () => {
    const { listener, address } = await listening();
    const { stdout } = await handfast(['connect', address, ...as(alice)], { input: '\u001b[2Jgone\n' });
    expect(stdout).toBe('\\u{1b}[2Jgone\n');
    await listener.stop();
  });

  it('another node than the one named, and an id that is not allowed, are refused on both sides', async () => {
    const { listener, address } = await listening('--allow', alice.id);
    const unexpected = await handfast(['connect', address, ...as(alice, '--peer', mallory.id)]);
    expect(unexpected.code).toBe(1);
    expect(unexpected.stderr).toMatch(/\(HF_UNEXPECTED_PEER\)\. Somebody else answers/);
    expect(await listener.event()).toMatchObject({ event: 'refused', code: 'HF_UNEXPECTED_PEER', saidBy: 'peer' });
    const unknown = await handfast(['connect', address, ...as(mallory, '--json')]);
    expect(unknown.code).toBe(1);
    expect(JSON.parse(unknown.stdout)).toMatchObject({ error: { code: 'HF_UNKNOWN_NODE' } });
    expect(await listener.event()).toMatchObject({ event: 'refused', code: 'HF_UNKNOWN_NODE' });
    await listener.stop('SIGTERM');
  });
});

describe('probe', () => {
  it('says what a node is', async () => {
    const { listener, address } = await listening();
    const { code, stdout } = await handfast(['probe', address, '--protocol', 'handfast', '--network', 'demo', '--json']);
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as { steps: { step: string; bytes: number; us: number }[] };
    expect(result).toMatchObject({
      ok: true,
      protocol: 'handfast',
      address,
      id: bob.id,
      version: 1,
      network: 'demo',
      agent: expect.stringMatching(/^handfast /),
    });
    expect(result.steps.map(({ step }) => step)).toEqual(['hello', 'reply', 'listener proved', 'finish', 'OPEN', 'OPEN']);
    const times = result.steps.map(({ us }) => us);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const text = await handfast(['probe', address, ...as(alice)]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toContain(`${bob.id} (proved)`);
    await listener.stop();
  });

  it('says which check failed and how far it came', async () => {
    const { listener, address } = await listening('--allow', alice.id);
    const other = await handfast(['probe', address, '--network', 'other', '--json']);
    expect(other.code).toBe(1);
    expect(JSON.parse(other.stdout)).toMatchObject({
      ok: false,
      steps: [{ step: 'hello' }],
      error: { code: 'HF_WRONG_NETWORK', foundBy: 'the other side' },
    });
    const stranger = await handfast(['probe', address, '--network', 'demo', '--json']);
    expect(stranger.code).toBe(1);
    expect(JSON.parse(stranger.stdout)).toMatchObject({
      ok: false,
      id: bob.id,
      error: { code: 'HF_UNKNOWN_NODE', advice: expect.stringContaining('--identity') },
    });
    await listener.stop();
  });

  it('says so where nothing listens, and where something else does', async () => {
    const web = createServer(
      (socket) => void socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(web.address() as { port: number }).port}`;
    const wrong = await handfast(['probe', address, '--network', 'demo']);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/\(HF_TOO_LARGE\)\. What answers there does not speak handfast\/1/);
    await new Promise((resolve) => web.close(resolve));
    const nobody = await handfast(['probe', address, '--network', 'demo']);
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).toMatch(/connection refused: nothing listens there \(HF_CONNECT_FAILED\)/);
  });
});
