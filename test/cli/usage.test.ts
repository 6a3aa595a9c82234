import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { handfast, temporary } from './run.ts';

const COMMANDS = [
  ...['keygen', 'id', 'listen', 'connect', 'probe', 'request', 'broadcast', 'subscribe', 'peers', 'ban', 'unban', 'bans', 'top'],
  ...['hivemind', 'bench', 'doctor', 'conformance', 'demo'],
];

describe('help', () => {
  it.each(COMMANDS)('%s explains itself, its options and an example in 80 columns', async (command) => {
    const { code, stdout, stderr } = await handfast([command, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^handfast ${command}: `));
    expect(stdout).toContain(`usage: handfast ${command}`);
    expect(stdout).toContain('--json');
    expect(stdout).toMatch(/\nexamples?:\n/);
    const [text] = stdout.split(/\nexamples?:\n/);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('tells with --protocol of that one alone', async () => {
    const { code, stdout } = await handfast(['listen', '--protocol', 'LightweightSecureTCP', '--help']);
    expect(code).toBe(0);
    expect(stdout.match(/^with --protocol \S+,/gm)).toEqual(['with --protocol lwstcp,']);
    expect(stdout.split(/\nexamples?:\n/)[1]).toMatch(/^ {2}handfast listen --protocol lwstcp .*\n$/);
  });

  it('of bench names each suite there is', async () => {
    const { SUITES } = await import('../../bench/suites/index.mjs');
    const { stdout } = await handfast(['bench', '--help']);
    const [, named] = /all of them run otherwise:([^.]*)\./.exec(stdout) ?? [];
    expect(named?.trim().split(/,\s+/)).toEqual(Object.keys(SUITES));
  });

  it('lists every command', async () => {
    const { code, stdout } = await handfast(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    expect((await handfast(['help'])).stdout).toBe(stdout);
  });

  it('is asked for by a word too, of a command and of a part of one', async () => {
    expect((await handfast(['help', 'id'])).stdout).toBe((await handfast(['id', '--help'])).stdout);
    const part = await handfast(['help', 'hivemind', 'add-client']);
    expect(part).toMatchObject({ code: 0, stdout: expect.stringMatching(/^handfast hivemind add-client: /) });
  });

  it.each([
    ['HF_BAD_TAG', ['HF_BAD_TAG: sealed bytes that do not open', 'the other side; charged', 'try from another network', '#hf_bad_tag']],
    ['store_late', ['HF_STORE_LATE: the shared store did not answer in time', 'handfast itself', '#hf_store_late']],
  ])('of the code %s says what it means, whose doing it is, and where there is more', async (word, parts) => {
    const { code, stdout } = await handfast(['help', word]);
    expect(code).toBe(0);
    for (const part of parts) expect(stdout).toContain(part);
  });
});

it('an error for which there is no advice says how to read more of its code', async () => {
  const path = temporary('not-a-key');
  await writeFile(path, 'something else', { mode: 0o600 });
  const { code, stderr } = await handfast(['id', path]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/\(HF_BAD_KEY\)\. handfast help HF_BAD_KEY says what it means\n$/);
});

describe('what is wrong with a command line is said in one line, exit code 2', () => {
  it.each([
    [['keygne', 'x'], 'unknown command keygne; did you mean keygen?'],
    [['frobnicate'], 'unknown command frobnicate. handfast --help'],
    [['help', 'keygne'], 'unknown command keygne; did you mean keygen?'],
    [['help', 'HF_BAD_TG'], 'unknown code HF_BAD_TG; did you mean HF_BAD_TAG?'],
    [['id', '--jso', 'x'], 'unknown option --jso; did you mean --json?'],
    [['id'], 'too few arguments'],
    [['id', 'a', 'b'], 'what is "b" for?'],
    [['probe', 'nowhere', '--network', 'demo'], 'expected host:port'],
    [['probe', 'localhost:70000', '--network', 'demo'], 'expected host:port'],
    [['probe', '127.0.0.1:1'], '--network is needed, as in --network demo'],
    [['probe', '127.0.0.1:1', '--network'], '--network needs a value'],
    [['probe', '127.0.0.1:1', '--network', 'demo', '--protocol', 'handfats'], 'did you mean handfast?'],
    [['listen', '--network', 'demo', '--port', '99999'], 'expected an integer from 0 to 65535'],
    [['listen', '--network', 'demo', '--allow', 'bob'], '--allow bob: expected the id of a node'],
    [['conformance', '--core', 'turbo', 'x'], 'expected both, native, pure'],
    [['doctor', '--json=yes'], '--json takes no value'],
  ])('%j', async (args, words) => {
    const { code, stdout, stderr } = await handfast(args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(words);
    expect(stderr).toMatch(/^handfast.*\n$/);
  });
});

describe('what did not work out is said in one line, exit code 1', () => {
  it('a file that is not there', async () => {
    const { code, stderr } = await handfast(['id', temporary('missing')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^handfast id: .*no such file.*Check the path\n$/);
  });

  it('a new file in a directory that is not there', async () => {
    const { code, stderr } = await handfast(['keygen', `${temporary('missing')}/new.key`]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^handfast keygen: .*new\.key: the directory .*missing.* is not there: make it first \(HF_BAD_ARGUMENT\)\n$/);
  });

  it('an address of another machine: what helps is another address, not another port', async () => {
    const file = temporary('away');
    await handfast(['keygen', file]);
    const { code, stderr } = await handfast(['listen', '--identity', file, '--network', 'demo', '--host', '192.0.2.1', '--port', '0']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/not an address of this machine \(HF_LISTEN_FAILED\)\. Give --host an address of this machine/);
  });

  it('a file to send that is not there, before anything is dialled', async () => {
    const file = temporary('sender');
    await handfast(['keygen', file]);
    const { code, stderr } = await handfast([
      'connect',
      '127.0.0.1:1',
      '--identity',
      file,
      '--network',
      'demo',
      '--file',
      temporary('missing'),
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^handfast connect: .*no such file.*Check the path\n$/);
  });

  it('a core that is not there by that name', async () => {
    const { code, stderr } = await handfast(['keygen', temporary('never')], { env: { HANDFAST_CORE: 'quantum' } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^handfast keygen: HANDFAST_CORE: expected native, pure or auto, not "quantum" \(HF_BAD_ARGUMENT\)\n$/);
  });

  it('a suite of benchmarks that is not there', async () => {
    const { code, stderr } = await handfast(['bench', 'knitting', '--quick']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^handfast bench: no suite is called knitting.*\n$/);
  });

  it('the error is also in the JSON', async () => {
    const { code, stdout } = await handfast(['id', temporary('missing'), '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'ENOENT', advice: 'Check the path' } });
  });
});
