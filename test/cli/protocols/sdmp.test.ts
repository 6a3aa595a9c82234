/** SDMP on the command line: keys, and listen, connect and probe as separate processes. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { handfast, Listening, temporary } from '../run.ts';

interface Node {
  key: string;
  pem: string;
  id: string;
}

let alice: Node;
let bob: Node;
let mallory: Node;

async function newNode(name: string): Promise<Node> {
  const [key, pem] = [temporary(`${name}.key`), temporary(`${name}.pem`)];
  const { stdout } = await handfast(['keygen', key, '--protocol', 'sdmp', '--json']);
  const { id, publicKey } = JSON.parse(stdout) as { id: string; publicKey: string };
  writeFileSync(pem, publicKey);
  return { key, pem, id };
}

beforeAll(async () => {
  [alice, bob, mallory] = await Promise.all(['alice', 'bob', 'mallory'].map(newNode));
}, 30_000);

const as = (who: Node, knows: Node, ...more: string[]): string[] => [
  '--protocol',
  'sdmp',
  '--identity',
  who.key,
  '--peer-key',
  knows.pem,
  ...more,
];

describe('keys', () => {
  it('id prints the fingerprint, and the public key as OpenSSL reads it', async () => {
    expect(alice.id).toMatch(/^[\w-]{86}$/);
    expect((await handfast(['id', alice.key])).stdout.trim()).toBe(alice.id);
    const { stdout } = await handfast(['id', alice.key, '--form', 'publicKey']);
    expect(createPublicKey(stdout).asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
    expect(stdout.trim()).toBe(readFileSync(alice.pem, 'utf8'));
  });

  it('takes a key that OpenSSL made', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const file = temporary('openssl.pem');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const path = temporary('imported.key');
    expect((await handfast(['keygen', path, '--protocol', 'sdmp', '--import', file])).code).toBe(0);
    const { stdout } = await handfast(['id', path, '--form', 'publicKey']);
    expect(stdout.trim()).toBe(String(publicKey.export({ type: 'spki', format: 'pem' })).trim());
  });
});

describe('sessions', () => {
  it.each(['tcp', 'websocket'])('lines go out in containers and come back, over %s', async (carrier) => {
    const listener = new Listening(as(bob, alice, '--carrier', carrier));
    const { protocol, port } = await listener.event();
    expect(protocol).toBe('sdmp');
    const { code, stdout } = await handfast(['connect', `127.0.0.1:${port}`, ...as(alice, bob, '--carrier', carrier, '--peer', bob.id)], {
      input: 'hello\n',
    });
    expect({ code, container: JSON.parse(stdout) }).toEqual({
      code: 0,
      container: { sdmp: { version: '0.12.0', schemas: ['message'] }, message: 'hello' },
    });
    expect(await listener.event()).toMatchObject({ event: 'session', peer: alice.id, group: 'ffdhe3072' });
    expect(await listener.event()).toMatchObject({ event: 'closed', peer: alice.id, messages: 1 });
    expect(await listener.stop()).toBe(0);
  });

  it('whom nobody knows is refused, and a probe says what that means', async () => {
    const listener = new Listening(as(bob, alice));
    const { port } = await listener.event();
    const { code, stdout } = await handfast(['probe', `127.0.0.1:${port}`, ...as(mallory, bob, '--json')]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      protocol: 'sdmp',
      error: { code: 'HF_REFUSED', foundBy: 'the other side', advice: expect.stringContaining('does not know our key') },
    });
    expect(await listener.event()).toMatchObject({ event: 'refused', code: 'HF_UNKNOWN_NODE' });
    const good = await handfast(['probe', `127.0.0.1:${port}`, ...as(alice, bob)]);
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toContain(`${bob.id} (proved)`);
    await listener.stop();
  });

  it('keys have to be known beforehand', async () => {
    const { code, stderr } = await handfast(['connect', '127.0.0.1:1', '--protocol', 'sdmp', '--identity', alice.key]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('--peer-key is needed, as in --peer-key bob.pem') });
    const wrong = await handfast(['connect', '127.0.0.1:1', '--protocol', 'sdmp', '--identity', alice.key, '--peer-key', alice.key]);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('It should be the PEM that handfast id FILE --form publicKey prints on the other side');
  });
});
