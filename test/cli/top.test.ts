/** `handfast top` as a process of its own, against a node that is none, a real one, and a page of metrics; and in a terminal, by `script`. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import { ControlServer } from '../../src/node/control/control.ts';
import { FakeNode } from '../support/controlled.ts';
import { handfast, Listening, newIdentity, Reading, temporary } from './run.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PEER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';

let control: string;
let node: FakeNode;
let server: ControlServer | undefined;
let number = 0;

beforeEach(async () => {
  const folder = temporary(`top-${++number}`);
  mkdirSync(folder, { mode: 0o700 });
  control = `${folder}/node.sock`;
  node = new FakeNode(PEER);
  server = await ControlServer.open(control, node);
  // Each time it is looked at, 1,000 messages more have come.
  let looked = 0;
  node.peers = () => {
    const received = { messages: 1_000 * ++looked, bytes: 100_000 * looked };
    return [
      {
        id: PEER,
        address: '127.0.0.1:5',
        direction: 'inbound',
        since: 1,
        latencyMs: 1.5,
        info: { suite: 'aes-256-gcm' },
        received,
        sent: { messages: 0, bytes: 0 },
      },
    ];
  };
});
afterEach(() => server?.close());

describe('once', () => {
  it('prints one frame with rates, and is done', async () => {
    const { code, stdout, stderr } = await handfast(['top', '--once', '--interval', '1s', '--control', control]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^handfast\/1 node 12D3KooWK9\.\.KPH5 {3}network demo {3}at 127\.0\.0\.1:7600 {3}up \d+ d\n/);
    expect(stdout).toMatch(/\npeers 1 \(1 in, 0 out\) {3}messages\/s \S+ in, 0 out {3}bytes\/s \d+(?:\.\d)?k in, 0 out\n/);
    expect(stdout).toMatch(/refused 3 \(UNKNOWN_NODE 3\).*charged 1 \(BAD_TAG 1\), 3,000 points\n/s);
    expect(stdout).toMatch(/\n12D3KooWK9\.\.KPH5 +in +127\.0\.0\.1:5 +1,500 us +\S+ +0 +\S+ +\d+ d +aes\n/);
    expect(stdout).not.toContain('\u001b');
  });

  it('says all in JSON', async () => {
    const { stdout } = await handfast(['top', '--once', '--json', '--interval', '1s', '--control', control]);
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({
      node: { id: PEER, network: 'demo' },
      status: node.seen,
      bans: [],
      peers: [{ id: PEER, received: { messages: 2_000 } }],
    });
    expect(told.peers[0].rates.received.messages).toBeGreaterThan(0);
  });

  it('shows some of many bans, and asks for no more', async () => {
    node.banned = Array.from({ length: 5_000 }, (_, i) => ({
      subject: `10.0.${i >> 8}.${i & 255}`,
      since: 1,
      until: undefined,
      reason: '',
      automatic: false,
    }));
    node.seen = { ...node.seen, bans: 5_000 };
    const { stdout } = await handfast(['top', '--once', '--interval', '1s', '--control', control]);
    expect(stdout).toContain('\nBANNED 5,000, 4,996 more than these\n10.0.0.0');
  });

  it('does without what an older node does not know', async () => {
    node.status = () => {
      throw new HandfastError('BAD_ARGUMENT', 'there is no order "status"');
    };
    const { code, stdout } = await handfast(['top', '--once', '--interval', '1s', '--control', control]);
    expect(code).toBe(0);
    expect(stdout).toContain('\npeers 1 (1 in, 0 out)');
    expect(stdout).not.toMatch(/refused|up \d/);
  });

  it('says what to do where no node runs, and what a wrong option should be', async () => {
    const nobody = await handfast(['top', '--control', `${control}.not`]);
    expect(nobody).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^handfast top: no node runs at .*\. handfast listen starts one/),
    });
    expect(await handfast(['top', '--sort', 'size', '--control', control])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected traffic, ping, age, id'),
    });
    const page = await handfast(['top', '--once', '--metrics', '1']);
    expect(page).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^handfast top: no metrics at http:\/\/127\.0\.0\.1:1\/metrics: .*handfast listen --metrics 9100/),
    });
  });
});

it('a real node and its page of metrics are shown', async () => {
  const bob = await newIdentity(`bob-${number}`);
  const real = new Listening(['--identity', bob.path, '--network', 'demo', '--metrics', '0', '--control', `${control}.real`]);
  const { url } = await real.event();
  await real.event();
  const [byControl, byMetrics] = await Promise.all([
    handfast(['top', '--once', '--interval', '1s', '--control', `${control}.real`]),
    handfast(['top', '--once', '--interval', '1s', '--metrics', String(url)]),
  ]);
  expect(byControl.stdout).toContain('\nno peers: handfast listen --connect names whom to dial\n');
  expect(byMetrics.stdout).toMatch(/^handfast at http:\S+\npeers 0 {3}bans 0 {3}core (?:native|pure) /);
  expect(byMetrics.stdout).toContain('\nno handshake so far\n');
  expect(await real.stop()).toBe(0);
});

it('where there is no terminal, frames follow each other, until Ctrl-C', async () => {
  const watching = new Reading(['top', '--json', '--interval', '1s', '--control', control]);
  expect((await watching.event()).node).toMatchObject({ id: PEER });
  expect((await watching.event()).node).toMatchObject({ id: PEER });
  expect(await watching.stop()).toBe(130);
});

const script = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');

describe.skipIf(!script)('in a terminal (by script of util-linux)', () => {
  type Act = (drawn: string, type: (text: string) => void) => void;

  /** Runs it with 80 columns and 24 rows. @param act called with all that was drawn so far, each time there is more. @returns what was drawn, and the exit code. */
  async function drawn(args: string[], act: Act, env = {}): Promise<{ text: string; code: number | null }> {
    const command = `stty cols 80 rows 24; exec ${process.execPath} ${MAIN} top --interval 1s --control ${control} ${args.join(' ')}`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { env: { PATH: process.env.PATH, TERM: 'xterm', ...env } });
    let text = '';
    child.stdin.on('error', () => {});
    child.stdout.on('data', (chunk) => {
      text += chunk;
      act(text, (typed) => void child.stdin.write(typed));
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { text, code };
  }

  /** Types once, when the first frame is there. */
  function typing(key: string): Act {
    let typed = false;
    return (drawn, type) => {
      if (typed || !drawn.includes('q quits')) return;
      typed = true;
      type(key);
    };
  }

  /** Its frames as lines of what is seen. */
  const framesOf = (text: string): string[][] =>
    text
      .slice(text.indexOf(ENTER) + ENTER.length, text.lastIndexOf(LEAVE))
      .split('\u001b[H')
      .slice(1)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal obeys begins with one.
      .map((frame) => frame.replace(/\u001b\[[\d;?]*[A-Za-z]/g, '').split(/\r+\n/));

  it('it fills the screen and no more, sorts by s, ends by q, and leaves the terminal as it was', async () => {
    let typed = 0;
    const { text, code } = await drawn([], (drawn, type) => {
      if (typed === 0 && drawn.includes('q quits')) type('s'.repeat(++typed));
      else if (typed === 1 && drawn.includes('by ping')) type('q'.repeat(++typed - 1));
    });
    expect(code).toBe(0);
    expect([text.indexOf(ENTER), text.split(ENTER).length, text.split(LEAVE).length]).toEqual([0, 2, 2]);
    expect(text.endsWith(LEAVE)).toBe(true);
    expect(text).toContain('\u001b[1mhandfast/1 node');
    for (const frame of framesOf(text)) {
      expect(frame).toHaveLength(24);
      for (const line of frame) expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  it.each([
    ['--no-color', ['--no-color'], {}],
    ['NO_COLOR', [], { NO_COLOR: '1' }],
  ])('without colour by %s', async (_, args, env) => {
    const { text } = await drawn(args, typing('q'), env);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one.
    expect(text).not.toMatch(/\u001b\[\d+m/);
    expect(text).toContain('handfast/1 node');
  });

  it('Ctrl-C ends it too', async () => {
    const { text, code } = await drawn([], typing('\u0003'));
    expect([code, text.endsWith(LEAVE)]).toEqual([0, true]);
  });

  it('a node that goes away is said to be gone and looked for again, and is shown again once it is back', async () => {
    let step = 0;
    const { text, code } = await drawn([], (drawn, type) => {
      if (step === 0 && drawn.includes('q quits')) {
        step = 1;
        void server?.close();
      } else if (step === 1 && drawn.includes('looking for it again')) {
        step = 2;
        void ControlServer.open(control, node).then((again) => (server = again));
      } else if (step === 2 && drawn.lastIndexOf('handfast/1 node') > drawn.lastIndexOf('looking for it again') + 2_000) {
        step = 3;
        type('q');
      }
    });
    expect([code, step, text.endsWith(LEAVE)]).toEqual([0, 3, true]);
  });

  it('a terminal that cannot move its cursor gets frames one behind the other', async () => {
    const { text, code } = await drawn(['--once'], () => {}, { TERM: 'dumb' });
    expect(code).toBe(0);
    expect(text).not.toContain('\u001b');
    expect(text).toContain('handfast/1 node');
  });
});
