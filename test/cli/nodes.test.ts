/** Running nodes and their commands, all of them separate processes: two terminals with listen, a third one for the rest. */
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { handfast, Listening, newIdentity, temporary } from './run.ts';

type Who = { path: string; id: string };

let alice: Who;
let bob: Who;
let carol: Who;

beforeAll(async () => {
  [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map(newIdentity));
});

interface Running {
  node: Listening;
  address: string;
  control: string;
}

async function running(who: Who, ...args: string[]): Promise<Running> {
  const node = new Listening(['--identity', who.path, '--network', 'demo', ...args]);
  const { event, id, port, control } = await node.event();
  expect({ event, id }).toEqual({ event: 'listening', id: who.id });
  return { node, address: `127.0.0.1:${port}`, control: String(control) };
}

/** The next event of a kind; what comes before it is of no interest. */
async function eventOf(node: Listening, kind: string): Promise<Record<string, unknown>> {
  for (;;) {
    const event = await node.event();
    if (event.event === kind) return event;
  }
}

const by = ({ control }: Running, ...args: string[]) => handfast([...args, '--control', control]);

describe('nodes', () => {
  it('know each other, ask, tell, ban and readmit', async () => {
    const first = await running(bob, '--handle', 'secret=print', '--subscribe', 'news', '--allow', carol.id);
    const second = await running(carol, '--connect', `${bob.id}@${first.address}`);
    expect(await eventOf(first.node, 'session')).toMatchObject({ peer: carol.id, direction: 'inbound', node: true });
    expect(await eventOf(second.node, 'session')).toMatchObject({ peer: bob.id, direction: 'outbound' });
    expect(JSON.parse((await by(second, 'peers', '--json')).stdout)).toMatchObject({
      node: { id: carol.id, network: 'demo', address: second.address },
      peers: [{ id: bob.id, address: first.address, direction: 'outbound' }],
    });

    expect(await by(second, 'request', bob.id, 'how are you?')).toEqual({ code: 0, stdout: 'how are you?\n', stderr: '' });
    expect((await by(second, 'request', bob.id, 'psst', '--topic', 'secret')).stdout).toBe('\n');
    expect(await eventOf(first.node, 'request')).toEqual({ event: 'request', peer: carol.id, topic: 'secret', bytes: 4, text: 'psst' });
    const nobody = await by(second, 'request', bob.id, 'x', '--topic', 'other');
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('HF_NO_HANDLER') });

    const told = await by(second, 'broadcast', 'news', 'block 7', '--json');
    const { message, peers } = JSON.parse(told.stdout) as { message: string; peers: number };
    expect(peers).toBe(1);
    expect(await eventOf(first.node, 'broadcast')).toMatchObject({ message, origin: carol.id, topic: 'news', text: 'block 7', dropped: 0 });

    expect((await by(first, 'ban', carol.id, '--for', '10m', '--reason', 'test')).code).toBe(0);
    expect(await eventOf(first.node, 'ban')).toEqual({ event: 'ban', subject: carol.id, ms: 600_000, reason: 'test', automatic: false });
    expect(await eventOf(second.node, 'closed')).toMatchObject({ peer: bob.id, code: 'HF_BANNED' });
    expect(await eventOf(second.node, 'dial-failed')).toMatchObject({ address: first.address, code: 'HF_BANNED', saidBy: 'peer' });
    expect(await eventOf(first.node, 'refused')).toMatchObject({ code: 'HF_BANNED', message: expect.stringMatching(/./) });
    const gone = await by(second, 'request', bob.id, 'x', '--deadline', '300');
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('HF_NOT_CONNECTED') });
    expect((await by(first, 'unban', carol.id)).code).toBe(0);
    expect(await eventOf(second.node, 'session')).toMatchObject({ peer: bob.id });
    expect((await by(second, 'request', bob.id, 'again')).stdout).toBe('again\n');

    expect(await Promise.all([first.node.stop(), second.node.stop('SIGTERM')])).toEqual([0, 0]);
  });

  it('take plain sessions too, several of one id, and keep to their pace', async () => {
    const first = await running(bob, '--max-peers', '3');
    const plain = ['connect', first.address, '--network', 'demo', '--identity', alice.path];
    const outcomes = await Promise.all(['one\n', 'two\n'].map((input) => handfast(plain, { input })));
    expect(outcomes.map(({ stdout }) => stdout).sort()).toEqual(['one\n', 'two\n']);
    expect(await eventOf(first.node, 'session')).not.toHaveProperty('node', true);
    const much = `${'x'.repeat(1000)}\n`.repeat(10_000);
    expect((await handfast(plain, { input: much })).stdout === much).toBe(true);
    expect(await first.node.stop()).toBe(0);
  });

  it('keep bans over a restart, in a file', async () => {
    const bans = temporary('bans');
    const first = await running(bob, '--bans', bans);
    await by(first, 'ban', carol.id);
    await by(first, 'ban', '203.0.113.0/24', '--for', '7d');
    await first.node.stop();
    const second = await running(bob, '--bans', bans);
    const { stdout } = await by(second, 'bans', '--json');
    expect(
      JSON.parse(stdout)
        .bans.map(({ subject }: { subject: string }) => subject)
        .sort(),
    ).toEqual([carol.id, '203.0.113.0/24']);
    await second.node.stop();
  });
});

describe('the control socket', () => {
  it('lies beside the identity, for its owner only, is replaced when its node was killed, and gone after a good end', async () => {
    const first = await running(bob);
    expect(first.control).toMatch(/\.handfast\/.*\.sock$/);
    expect(statSync(first.control).mode & 0o777).toBe(0o600);
    expect(statSync(temporary('.handfast')).mode & 0o777).toBe(0o700);
    await first.node.stop('SIGKILL');
    const second = await running(bob);
    expect(second.control).toBe(first.control);
    expect((await by(second, 'peers')).code).toBe(0);
    await second.node.stop();
    expect(readdirSync(temporary('.handfast'))).toEqual([]);
  });

  it('of a living node is not taken over: the second one says so and ends', async () => {
    const first = await running(bob);
    const args = ['listen', '--identity', bob.path, '--network', 'demo', '--port', '0'];
    const second = await handfast(args);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toMatch(
      /^handfast listen: .*a running node listens there already\. Two nodes of one network must not share an identity.*\n$/,
    );
    const elsewhere = await running(bob, '--control', temporary('second.sock'));
    expect(elsewhere.control).toBe(temporary('second.sock'));
    await Promise.all([first.node.stop(), elsewhere.node.stop()]);
  });

  it('is refused where others can write, and left out when that was asked for', async () => {
    const open = temporary('open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const { code, stderr } = await handfast([
      'listen',
      '--identity',
      bob.path,
      '--network',
      'demo',
      '--port',
      '0',
      '--control',
      `${open}/x.sock`,
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^handfast listen: .*others can write to this directory.*\n$/);
    const without = new Listening(['--identity', bob.path, '--network', 'demo', '--no-control']);
    expect(await without.event()).not.toHaveProperty('control');
    await without.stop();
  });

  it('that cannot be had by default is no reason not to run', async () => {
    const file = temporary('not-a-directory');
    await handfast(['keygen', file]);
    const node = new Listening(['--identity', bob.path, '--network', 'demo'], { XDG_RUNTIME_DIR: file });
    expect(await node.event()).not.toHaveProperty('control');
    expect(await node.stop()).toBe(0);
  });
});

describe('a command line that is wrong', () => {
  it.each([
    [['--connect', 'nowhere'], 'expected host:port'],
    [['--connect', 'bob@127.0.0.1:7600'], 'expected the id of a node, 12D3KooW... with 52 characters before the @'],
    [['--handle', 'shout'], '--handle shout: expected echo or print'],
    [['--handle', 'echo', '--handle', 'print'], 'requests without a topic have one already'],
    [['--max-peers', '0'], 'expected an integer from 1'],
  ])('%j', async (args, words) => {
    const { code, stderr } = await handfast(['listen', '--identity', bob.path, '--network', 'demo', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});
