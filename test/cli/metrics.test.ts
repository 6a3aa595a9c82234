/** `handfast listen --metrics`, scraped over HTTP while it runs. */
import { beforeAll, describe, expect, it } from 'vitest';
import { handfast, Listening, newIdentity } from './run.ts';

let alice: { path: string; id: string };
let bob: { path: string; id: string };

beforeAll(async () => {
  [alice, bob] = await Promise.all(['alice', 'bob'].map(newIdentity));
});

describe('listen --metrics', () => {
  it('tells where the page is, and counts who comes from the first on', async () => {
    const node = new Listening(['--identity', bob.path, '--network', 'demo', '--metrics', '0', '--no-control', '--allow', alice.id]);
    const { event, url } = await node.event();
    expect({ event, url }).toEqual({ event: 'metrics', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/) });
    const { port } = await node.event();
    const dial = ['connect', `127.0.0.1:${port}`, '--network', 'demo', '--identity'];
    expect((await handfast([...dial, alice.path], { input: 'one\ntwo\n' })).stdout).toBe('one\ntwo\n');
    expect((await handfast([...dial, bob.path], { input: 'x\n' })).code).toBe(1);
    // The dialler is done before the listener has told of it.
    for (const left = new Set(['closed', 'refused']); left.size > 0; ) left.delete(String((await node.event()).event));
    const page = await (await fetch(String(url))).text();
    for (const line of [
      'handfast_handshakes_total{protocol="handfast",role="responder",result="ok"} 1',
      'handfast_handshakes_total{protocol="handfast",role="responder",result="HF_SELF_CONNECTION"} 1',
      'handfast_sessions_closed_total{protocol="handfast",result="ok"} 1',
      'handfast_peers 0',
    ])
      expect(page).toContain(`\n${line}\n`);
    // Two messages; the answer to the node's ping is a record too, where it comes before the dialler has said goodbye.
    expect(page).toMatch(/\nhandfast_frames_total\{protocol="handfast",direction="received"\} [23]\n/);
    expect(page).toMatch(/\nhandfast_payload_bytes_total\{protocol="handfast",direction="received"\} (?:8|\d\d)\n/);
    expect(page).toMatch(/\nprocess_cpu_seconds_total \d/);
    expect(page).not.toContain('12D3KooW');
    expect(await node.stop()).toBe(0);
  });

  it('goes with every protocol', async () => {
    const lwstcp = new Listening([
      '--protocol',
      'lwstcp',
      '--handshake-key',
      await newKey(),
      '--allow-insecure',
      '--metrics',
      '127.0.0.1:0',
    ]);
    const { url } = await lwstcp.event();
    expect((await lwstcp.event()).event).toBe('listening');
    expect(await (await fetch(String(url))).text()).toContain('# TYPE handfast_handshakes_total counter');
    expect(await lwstcp.stop()).toBe(0);
  });

  it('at no port says what it expects', async () => {
    const { code, stderr } = await handfast(['listen', '--metrics', 'all', '--identity', bob.path, '--network', 'demo']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--metrics all: expected a port, or host:port as in 0.0.0.0:9100')]);
  });
});

async function newKey(): Promise<string> {
  const path = `${alice.path}.lwstcp`;
  await handfast(['keygen', path, '--protocol', 'lwstcp', '--no-passphrase']);
  return path;
}
