/** The peer protocol of the XRP Ledger on the command line: keys, and listen, connect and probe as separate processes over TLS. */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { handfast, Listening, temporary } from '../run.ts';

let alice: { path: string; id: string };
let erin: { path: string; id: string };

async function newKey(name: string): Promise<{ path: string; id: string }> {
  const path = temporary(name);
  const { stdout } = await handfast(['keygen', path, '--protocol', 'xrpl']);
  return { path, id: stdout.trim() };
}

beforeAll(async () => {
  [alice, erin] = await Promise.all(['alice', 'erin'].map(newKey));
});

async function listening(...args: string[]): Promise<{ listener: Listening; address: string }> {
  const listener = new Listening(['--protocol', 'xrpl', '--identity', erin.path, ...args]);
  const { event, protocol, port } = await listener.event();
  expect({ event, protocol }).toEqual({ event: 'listening', protocol: 'xrpl' });
  return { listener, address: `127.0.0.1:${port}` };
}

const probe = (address: string, ...args: string[]) => handfast(['probe', address, '--protocol', 'xrpl', ...args]);

describe('keys', () => {
  it('of a node_seed and of a node secret, as rippled writes them', async () => {
    const { vectors } = JSON.parse(readFileSync('test/vectors/xrpl-overlay.json', 'utf8')) as {
      vectors: { kind: string; in: Record<string, string>; out: Record<string, string> }[];
    };
    const { in: given, out } = vectors.find(({ kind }) => kind === 'seed-node-key')!;
    const file = temporary('node_seed');
    writeFileSync(file, `${given.seedText}\n`);
    const path = temporary('imported.key');
    const { code, stdout } = await handfast(['keygen', path, '--protocol', 'xrpl', '--import', file, '--json']);
    expect({ code, made: JSON.parse(stdout) }).toMatchObject({ code: 0, made: { id: out.nodePublic, type: 'secp256k1' } });
    const all = await handfast(['id', path, '--all']);
    expect(all.stdout).toMatch(new RegExp(`^id +${out.nodePublic}\npublicKey +0[23][0-9a-f]{64}\n$`));
  });

  it('a private key is shown to nobody', async () => {
    const { code, stderr } = await handfast(['id', alice.path, '--secret']);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--secret is for keys that both sides share') });
  });
});

describe('probe', () => {
  it('says what a node is', async () => {
    const { listener, address } = await listening('--network', 'testnet', '--features', 'compr,vprr', '--domain', 'node.example.org');
    const { code, stdout } = await probe(address, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      protocol: 'xrpl',
      id: erin.id,
      protocolVersion: 'XRPL/2.2',
      tlsVersion: 'TLSv1.3',
      networkId: 1,
      features: 'compr,vprr',
      agent: expect.stringMatching(/^handfast-/),
      serverDomain: 'node.example.org',
    });
    expect(Math.abs((JSON.parse(stdout) as { clockOffsetS: number }).clockOffsetS)).toBeLessThan(3);
    const text = await probe(address, '--identity', alice.path, '--peer', erin.id);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toMatch(/node key +n\w+ \(proved: it signed this TLS session\)/);
    expect(text.stdout).toMatch(/network +1 \(testnet\)/);
    await listener.stop();
  });

  it('says which check failed and what it usually means', async () => {
    const { listener, address } = await listening('--network', 'testnet');
    const { code, stdout, stderr } = await probe(address, '--network', 'main', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'HF_WRONG_NETWORK', foundBy: 'the other side' } });
    expect(stderr).toMatch(/Peer is on a different network.*Leave --network away to be told which network it is on/);
    const other = await probe(address, '--peer', alice.id);
    expect(other.stderr).toMatch(/\(HF_UNEXPECTED_PEER\)\. Somebody else answers at this address/);
    await listener.stop();
  });

  it('names the nodes that a full one sends it to', async () => {
    const { listener, address } = await listening(
      '--max-peers',
      '10',
      '--redirect',
      '198.51.100.7:51235',
      '--redirect',
      '[2001:db8::7]:2459',
    );
    const { code, stdout } = await probe(address, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      redirects: ['198.51.100.7:51235', '[2001:db8::7]:2459'],
      error: { code: 'HF_TOO_MANY_CONNECTIONS', advice: expect.stringContaining('names others') },
    });
    await listener.stop();
  });

  it('says so where no XRPL peer is', async () => {
    const key = temporary('device.key');
    await handfast(['keygen', key, '--protocol', 'lwstcp']);
    const device = new Listening(['--protocol', 'lwstcp', '--handshake-key', key, '--allow-insecure']);
    const { port } = await device.event();
    const { code, stderr } = await probe(`127.0.0.1:${port}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/51235/);
    await device.stop();
  });
});

describe('connect and listen', () => {
  it('lines are kinds and hexadecimal digits, both ways', async () => {
    const { listener, address } = await listening('--mode', 'echo', '--allow', alice.id);
    const args = ['connect', address, '--protocol', 'xrpl', '--identity', alice.path, '--peer', erin.id];
    const { code, stdout } = await handfast(args, { input: 'validation 0a02beef\n63 00\n' });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'validation 0a02beef\nhave-transactions 00\n' });
    expect(await listener.event()).toMatchObject({ event: 'session', peer: alice.id });
    expect(await listener.event()).toMatchObject({ event: 'closed', peer: alice.id, messages: 2, bytes: 5 });
    const stranger = await handfast(['connect', address, '--protocol', 'xrpl']);
    expect(stranger.code).toBe(1);
    expect(await listener.event()).toMatchObject({ event: 'refused', code: 'HF_UNKNOWN_NODE' });
    await listener.stop();
  });

  it('prints what comes, with its kind', async () => {
    const { listener, address } = await listening();
    const file = temporary('transaction.bin');
    writeFileSync(file, Buffer.from('0a0412000022', 'hex'));
    const { code } = await handfast(['connect', address, '--protocol', 'xrpl', '--kind', 'transaction', '--file', file]);
    expect(code).toBe(0);
    await listener.event();
    expect(await listener.event()).toMatchObject({ event: 'message', kind: 'transaction', bytes: 6 });
    await listener.stop();
  });

  it.each([
    [['--kind', 'gossip'], '--kind gossip: expected a name as validation'],
    [['--network', 'mars'], '--network mars: expected main, testnet, devnet, or a number'],
    [['--features', 'turbo'], '--features turbo: expected compr, ledgerreplay, txrr, vprr, or all'],
  ])('%j is a mistake in the command line', async (args, words) => {
    const { listener, address } = await listening('--allow', alice.id, '--mode', 'echo');
    const { code, stderr } = await handfast(['connect', address, '--protocol', 'xrpl', '--identity', alice.path, ...args], {
      input: '00\n',
    });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
    await listener.stop();
  });
});
