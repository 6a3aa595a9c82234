/** Each example runs as a process, and prints what examples/README.md says it does. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { listen, XrplIdentity } from '../../src/index.ts';
import { comparableLines } from '../support/lines.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'examples/README.md'), 'utf8');
const files = readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.mjs'));
const shown = new Map([...readme.matchAll(/^## (\S+\.mjs)\n[\s\S]*?```text\n([\s\S]*?)```/gm)].map(([, file, text]) => [file, text]));

/** Those that wait for somebody have a story of their own. */
const WAITING = ['chat.mjs', 'live-peers.mjs'];
const CORES = ['pure', 'auto'];

beforeAll(() => expect(existsSync(join(root, 'dist/index.js')), 'no dist/index.js: npm run build first').toBe(true));

const comparable = (text: string): string[] =>
  comparableLines(text, (line) =>
    line
      .replace(/\b12D3KooW\w{44}/g, 'ID')
      .replace(/\.\.\w{6}\b/g, '..ID')
      .replace(/127\.0\.0\.1:\d+/g, 'ADDRESS')
      .replace(/\b0[23][0-9a-f]{10}$/, 'KEY')
      // Which cipher is taken depends on what the processor does well.
      .replace(/AES-GCM$|CHACHA20-POLY1305$/, 'CIPHER'),
  );

describe('examples/README.md', () => {
  it('names each example, and no other', () => {
    const named = [...readme.matchAll(/^\| \[(\S+)\]\(\1\)/gm)].map(([, file]) => file);
    expect(named.sort()).toEqual([...files].sort());
  });

  it('shows what each prints, but for the one that has a page to itself', () => {
    expect(files.filter((file) => !shown.has(file))).toEqual(['observe.mjs']);
  });
});

describe.each(files.filter((file) => shown.has(file) && !WAITING.includes(file)))('%s', (file) => {
  it.each(CORES)('prints on the %s core what is shown, and ends by itself', (core) => {
    const { status, stdout, stderr } = run(file, [], { HANDFAST_CORE: core });
    expect(stderr).toBe('');
    expect(comparable(stdout)).toEqual(comparable(shown.get(file) ?? ''));
    expect(status).toBe(0);
  });
});

describe('examples that take arguments', () => {
  it.each(files.filter((file) => readFileSync(join(root, 'examples', file), 'utf8').includes('parseArgs')))(
    '%s says with --help how to use it',
    (file) => {
      const { status, stdout } = run(file, ['--help']);
      expect(stdout).toMatch(new RegExp(`^usage: node ${file} `));
      expect(status).toBe(0);
    },
  );

  it.each([
    ['validator-feed.mjs', ['127.0.0.1:1'], 'HF_CONNECT_FAILED: '],
    ['hivemind-satellite.mjs', ['--hub', '127.0.0.1:1', '--access-key', 'kitchen'], 'HF_BAD_ARGUMENT: '],
    ['chat.mjs', ['nowhere', 'nobody'], 'HF_BAD_ARGUMENT: '],
  ])('%s with %o ends with the coded error in one line', (file, args, begins) => {
    const { status, stdout, stderr } = run(file, args);
    expect(stderr).toMatch(new RegExp(`^${begins}.+\n$`));
    expect([status, stdout]).toEqual([1, '']);
  });
});

describe('Ctrl-C', () => {
  const password = 'b6uBzTgrsC3lVqQyD1kFjw';
  it.each([
    [
      'validator-feed.mjs',
      () => listen({ protocol: 'xrpl', host: '127.0.0.1', port: 0, identity: XrplIdentity.generate() }),
      (address: string) => [address],
    ],
    [
      'hivemind-satellite.mjs',
      () => listen({ protocol: 'hivemind', host: '127.0.0.1', port: 0, clients: [{ accessKey: 'kitchen', password }] }),
      (address: string) => ['--hub', address, '--access-key', 'kitchen'],
    ],
  ])('ends %s in peace while it waits for somebody who says nothing', async (file, serve, args) => {
    await using server = await serve();
    const { port } = server.address as { port: number };
    const example = start(file, args(`127.0.0.1:${port}`), { HIVEMIND_PASSWORD: password });
    await example.until(/^connected.*\n/m);
    example.child.kill('SIGINT');
    expect(await example.exit).toEqual([0, null]);
  });
});

describe('chat.mjs', () => {
  it('opens a room, says how to join it, and shows lines of others without what would move the cursor', async () => {
    const alice = start('chat.mjs', ['--name', 'alice']);
    const [invitation] = await alice.until(/^others join with: .*\n/m);
    const bob = start('chat.mjs', [...invitation.trim().split('chat.mjs ')[1].split(' '), '--name', 'bob']);
    bob.child.stdin.write('hel\u001b[2Jlo\n');
    await alice.until(/^bob .*\n/m);
    bob.child.stdin.end();
    await alice.until(/has gone\n/m);
    alice.child.kill('SIGINT');
    expect(await Promise.all([alice.exit, bob.exit])).toEqual([
      [0, null],
      [0, null],
    ]);
    expect(comparable(alice.said().replace('hel[2Jlo', 'hello'))).toEqual(comparable(shown.get('chat.mjs') ?? ''));
  });
});

function run(file: string, args: string[], env: Record<string, string> = {}) {
  const options = { cwd: root, env: { ...process.env, ...env }, encoding: 'utf8', timeout: 50_000 } as const;
  return spawnSync(process.execPath, [join('examples', file), ...args], options);
}

/** A process that goes on until it is told to end. */
function start(file: string, args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join('examples', file), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const exit = once(child, 'exit');
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(said);
      if (found) return found;
      await Promise.race([once(child.stdout, 'data'), exit.then(() => Promise.reject(new Error(`it ended, having said: ${said}`)))]);
    }
  };
  return { child, exit, until, said: () => said };
}
