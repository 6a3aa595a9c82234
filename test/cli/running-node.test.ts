/** The commands for a running node, as separate processes, against the control socket of a node that is none. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import { ControlServer } from '../../src/node/control/control.ts';
import { FakeNode, NO_MESSAGES } from '../support/controlled.ts';
import { handfast, Reading, temporary } from './run.ts';

const PEER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const servers: ControlServer[] = [];
let runtime: string;
let node: FakeNode;
let number = 0;

beforeEach(async () => {
  runtime = temporary(`runtime-${++number}`);
  mkdirSync(`${runtime}/handfast`, { recursive: true, mode: 0o700 });
  node = await running('only.sock');
});
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function running(name: string): Promise<FakeNode> {
  const fake = new FakeNode(PEER);
  servers.push(await ControlServer.open(`${runtime}/handfast/${name}`, fake));
  return fake;
}

const run = (args: string[], input = '') => handfast(args, { input, env: { XDG_RUNTIME_DIR: runtime } });

describe('request', () => {
  it('sends text, a file or standard input, and prints the answer', async () => {
    const file = temporary('question');
    writeFileSync(file, 'from a file');
    expect(await run(['request', PEER, 'how are you?'])).toEqual({ code: 0, stdout: 'how are you?\n', stderr: '' });
    expect((await run(['request', PEER, '--file', file])).stdout).toBe('from a file\n');
    expect((await run(['request', PEER, '-'], 'piped\u001b[2J')).stdout).toBe('piped\\u{1b}[2J\n');
    expect((await run(['request', PEER])).stdout).toBe('\n');
  });

  it('passes on topic, deadline and idempotent, and says all in JSON', async () => {
    const asked: unknown[] = [];
    node.answer = (bytes, { peer, topic, deadlineMs, idempotent }) => {
      asked.push({ peer, topic, deadlineMs, idempotent });
      return bytes;
    };
    const { stdout } = await run(['request', PEER, 'hi', '--topic', 't', '--deadline', '500', '--idempotent', '--json']);
    expect(asked).toEqual([{ peer: PEER, topic: 't', deadlineMs: 500, idempotent: true }]);
    expect(JSON.parse(stdout)).toEqual({ peer: PEER, topic: 't', ms: expect.any(Number), bytes: 2, text: 'hi' });
  });

  it('writes the bytes of the answer to a new file, and over none', async () => {
    const out = temporary(`answer-${number}`);
    node.answer = () => Uint8Array.of(0, 255, 10);
    expect((await run(['request', PEER, '--out', out])).code).toBe(0);
    expect([...readFileSync(out)]).toEqual([0, 255, 10]);
    const again = await run(['request', PEER, '--out', out]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/already exists/) });
  });

  it.each([
    ['NO_HANDLER', 'Check --topic'],
    ['NOT_CONNECTED', 'handfast peers lists'],
    ['DEADLINE_EXCEEDED', '--deadline gives it more time'],
    ['BUSY', 'try again later'],
  ] as const)('%s comes through with what to do, exit code 1', async (name, advice) => {
    node.answer = () => {
      throw new HandfastError(name, 'it is so');
    };
    const { code, stdout, stderr } = await run(['request', PEER, 'x', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: `HF_${name}`, advice: expect.stringContaining(advice) } });
    expect(stderr).toMatch(new RegExp(`^handfast request: it is so \\(HF_${name}\\)\\. .*\\n$`));
  });

  it.each([
    [['request', 'bob'], 'bob: expected the id of a node'],
    [['request', PEER, 'a', '--file', 'b'], 'either text or --file b'],
    [['request', PEER, 'a', '--deadline', '600001'], 'expected an integer from 1 to 600000'],
    [['ban', PEER, '--for', '10'], 'expected a time as in 30s, 10m, 2h or 7d'],
  ])('%j is no command line', async (args, words) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});

describe('broadcast and subscribe', () => {
  it('words are one message, lines of standard input one each', async () => {
    const listener = new Reading(['subscribe', 'news', '--count', '3', '--json'], { XDG_RUNTIME_DIR: runtime });
    expect(await listener.event()).toEqual({ event: 'subscribed', node: PEER, topic: 'news', peers: 0 });
    const { code, stdout, stderr } = await run(['broadcast', 'news', 'block', '7']);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `${'07'.repeat(32)}\n`,
      stderr: 'no peer is connected: nobody has heard it yet\n',
    });
    await run(['broadcast', 'news'], 'one\ntwo\n');
    const heard = [await listener.event(), await listener.event(), await listener.event()];
    expect(heard.map(({ event, topic, text }) => [event, topic, text])).toEqual(
      ['block 7', 'one', 'two'].map((text) => ['broadcast', 'news', text]),
    );
    expect(await listener.ended()).toBe(0);
  });

  it('ends well with Ctrl-C, and the subscription with it', async () => {
    const listener = new Reading(['subscribe', 'news', '--json'], { XDG_RUNTIME_DIR: runtime });
    await listener.event();
    expect(await listener.stop()).toBe(0);
    await node.subscriptions[0].givenUp();
  });
});

describe('peers, ban, unban and bans', () => {
  it('peers for people and for programs', async () => {
    expect((await run(['peers'])).stdout).toBe(`${PEER}\nnetwork demo, listens on 127.0.0.1:7600, no peers\n`);
    const info = { agent: 'other\u001b[2J 1.0' };
    node.known = [
      { id: PEER, address: '127.0.0.1:5', direction: 'inbound', since: Date.now() - 600_000, latencyMs: 1.5, info, ...NO_MESSAGES },
    ];
    const { stdout } = await run(['peers']);
    expect(stdout).toMatch(/1 peer\n.*open for.*\n {2}12D3KooWK99.* in +127\.0\.0\.1:5 +10 min +1,500 us +other\\/);
    expect(stdout).not.toContain('\u001b');
    expect(JSON.parse((await run(['peers', '--json'])).stdout)).toEqual({
      node: { id: PEER, network: 'demo', address: '127.0.0.1:7600' },
      peers: JSON.parse(JSON.stringify(node.known)),
    });
  });

  it('a ban, its list, and its end', async () => {
    expect((await run(['bans'])).stdout).toBe('nobody is banned\n');
    expect(JSON.parse((await run(['ban', PEER, '--for', '10m', '--reason', 'floods', '--json'])).stdout)).toEqual({
      subject: PEER,
      since: 1000,
      until: 601_000,
      reason: 'floods',
      automatic: false,
    });
    expect((await run(['ban', '203.0.113.0/24'])).stdout).toBe('banned 203.0.113.0/24 until it is lifted\n');
    expect((await run(['bans'])).stdout).toContain('203.0.113.0/24');
    expect(JSON.parse((await run(['bans', '--json'])).stdout).bans).toHaveLength(2);
    expect((await run(['unban', PEER])).stdout).toBe(`${PEER} is banned no more\n`);
    const again = await run(['unban', PEER]);
    expect(again).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/is not banned\. handfast bans lists those that are\n$/),
    });
  });
});

describe('which node', () => {
  it('none: says so in one line, with what to do', async () => {
    await servers.pop()!.close();
    const { code, stdout, stderr } = await run(['peers']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^handfast peers: no running node was found in .*\. Start one with handfast listen, or give --control.*\n$/);
    const named = await run(['peers', '--control', `${runtime}/nowhere.sock`]);
    expect(named.stderr).toMatch(/^handfast peers: no node runs at .*nowhere\.sock\. handfast listen starts one.*\n$/);
  });

  it('several: lists them, and --control and HANDFAST_CONTROL pick one', async () => {
    const second = await running('second.sock');
    second.known = [{ id: PEER, direction: 'outbound', since: 1, info: {}, ...NO_MESSAGES }];
    const { code, stderr } = await run(['peers']);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^handfast peers: 2 nodes are running\. Say which: --control .*\.sock \(12D3KooWK9\.\.KPH5, network "demo", 127\.0\.0\.1:7600\) or --control .*\n$/,
    );
    const path = `${runtime}/handfast/second.sock`;
    expect(JSON.parse((await run(['peers', '--json', '--control', path])).stdout).peers).toHaveLength(1);
    const { stdout } = await handfast(['peers', '--json'], { env: { XDG_RUNTIME_DIR: dirname(runtime), HANDFAST_CONTROL: path } });
    expect(JSON.parse(stdout).peers).toHaveLength(1);
  });
});
