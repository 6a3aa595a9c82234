/** `handfast top`: a running node as it changes, in a terminal. */
import { setTimeout as delay } from 'node:timers/promises';
import { HandfastError } from '../errors.ts';
import type { BanLine, StatusAnswer } from '../node/control/messages.ts';
import { type Call, type Command, describeError, Interrupted } from './command.ts';
import type { ControlClient } from './control-client.ts';
import { CONTROL_OPTION, withNode } from './running-node.ts';
import { SUMMARIES } from './summaries.ts';
import { paintsWhere, print, printJson } from './terminal.ts';
import { type FrameOptions, metricsFrame, nodeFrame } from './top/frame.ts';
import { type NodeSample, rowsOf, SORTS, type Sort } from './top/sample.ts';
import { type MetricsSample, metricsUrl, scrape } from './top/scrape.ts';
import { isScreen, Screen } from './top/screen.ts';

export const top: Command = {
  name: 'top',
  summary: SUMMARIES.top,
  usage: '[options]',
  help: [
    'Shows the node that handfast listen runs on this machine, again and again: who its peers are, how many messages a second go each way, how long a ping takes, who was refused and why, what was charged, who is banned. Keys: q quits, s sorts by another column.',
    'With --metrics it shows a process by its page of metrics instead, one line for each protocol: for other protocols than handfast, other machines, and programs of yours that use handfast/metrics.',
    'Where standard output is no terminal, or cannot move its cursor (TERM=dumb), each frame is printed behind the last one, 80 columns wide. NO_COLOR=1 and --no-color do without colour.',
  ],
  options: {
    once: { type: 'boolean', help: 'Print one frame, with the rates of one interval, and exit.' },
    interval: { type: 'string', value: 'TIME', help: 'How often it looks: 1s, 10s, 1m; 2s unless given.' },
    sort: { type: 'string', value: SORTS.join('|'), help: 'Which peers come first; those with most traffic unless given.' },
    metrics: { type: 'string', value: 'URL', help: 'The page of metrics to read, or just its port: 9100.' },
    'no-color': { type: 'boolean', help: 'No colour.' },
    control: CONTROL_OPTION,
  },
  examples: ['handfast top', 'handfast top --once', 'handfast top --metrics 9100 --interval 10s'],
  positionals: [0, 0],
  interruptible: true,
  async run(call) {
    const intervalMs = call.time('interval') ?? 2_000;
    const sort = call.choice('sort', SORTS) ?? 'traffic';
    const page = call.text('metrics');
    const url = page === undefined ? undefined : metricsUrl(page);
    const source: Source<never> = (url === undefined ? nodeSource(call) : metricsSource(url)) as Source<never>;
    const options = { call, source, intervalMs, sort };
    if (call.flag('once') || call.flag('json') || !isScreen()) await printed(options);
    else await live(options);
    return 0;
  },
};

/** Where samples come from, and how two of them are shown. */
interface Source<Sample> {
  /** Takes samples until `use` is done with it. */
  open(signal: AbortSignal, use: (take: () => Promise<Sample>) => Promise<void>): Promise<void>;
  frame(sample: Sample, earlier: Sample | undefined, options: FrameOptions): string[];
  json(sample: Sample, earlier: Sample | undefined): object;
}

interface Showing {
  readonly call: Call;
  readonly source: Source<never>;
  readonly intervalMs: number;
  readonly sort: Sort;
}

/** Frames one behind the other, for pipes and plain terminals. */
async function printed({ call, source, intervalMs, sort }: Showing): Promise<void> {
  const once = call.flag('once');
  const { columns = 80, rows = Number.POSITIVE_INFINITY } = process.stdout;
  const paint = paintsWhere(process.stdout, call.flag('no-color'));
  await source.open(call.signal, async (take) => {
    let earlier = await take();
    for (let first = true; ; first = false) {
      if (!(await waited(intervalMs, call.signal))) throw new Interrupted();
      const sample = await take();
      if (call.flag('json')) printJson(source.json(sample, earlier));
      else {
        if (!first) print();
        for (const line of source.frame(sample, earlier, { columns, rows: once ? Number.POSITIVE_INFINITY : rows, paint, sort }))
          print(line);
      }
      if (once) return;
      earlier = sample;
    }
  });
}

/** On the screen, until q. A node that goes away is waited for. */
async function live({ call, source, intervalMs, sort: first }: Showing): Promise<void> {
  const paint = paintsWhere(process.stdout, call.flag('no-color'));
  const quit = new AbortController();
  const signal = AbortSignal.any([call.signal, quit.signal]);
  let screen: Screen | undefined;
  let sort = first;
  let earlier: never | undefined;
  let sample: never | undefined;
  let trouble: string | undefined;
  const draw = (): void => {
    if (!screen || sample === undefined) return;
    const keys = `q quits   s sorts (by ${sort})   every ${intervalMs / 1000} s`;
    screen.draw(source.frame(sample, earlier, { columns: screen.columns, rows: screen.rows, paint, sort, keys, trouble }));
  };
  const key = (character: string): void => {
    if (character === 'q' || character === 'Q' || character === CTRL_C) quit.abort();
    else if (character === 's') sort = SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length]!;
    draw();
  };
  try {
    while (!signal.aborted) {
      try {
        await source.open(signal, async (take) => {
          for (;;) {
            const next = await take();
            // The first one may fail, and then says what to do on a terminal that was not touched.
            screen ??= new Screen({ key, resized: draw });
            earlier = sample;
            sample = next;
            trouble = undefined;
            draw();
            if (!(await waited(intervalMs, signal))) return;
          }
        });
      } catch (error) {
        if (signal.aborted) break;
        if (!screen) throw error;
        trouble = `${describeError(error).message}; looking for it again`;
        // Another node's counts begin anew.
        earlier = undefined;
        draw();
        await waited(intervalMs, signal);
      }
    }
  } finally {
    screen?.[Symbol.dispose]();
  }
  if (call.signal.aborted) throw new Interrupted();
}

function nodeSource(call: Call): Source<NodeSample> {
  return {
    open: (_signal, use) => withNode(call, (client) => use(() => nodeSample(client))),
    frame: nodeFrame,
    json: (sample, earlier) => {
      const { node, status, bans } = sample;
      return { node, status, peers: rowsOf(sample, earlier), bans };
    },
  };
}

async function nodeSample(client: ControlClient): Promise<NodeSample> {
  const at = performance.now();
  const [status, peers, bans] = await Promise.all([statusOf(client), client.all('peers', {}), firstBans(client)]);
  const { id, network, address } = client.node;
  return { at, now: Date.now(), node: { id, network, ...(address !== undefined && { address }) }, status, peers, bans };
}

/** @returns undefined from a node of a version that does not know the order. */
async function statusOf(client: ControlClient): Promise<StatusAnswer | undefined> {
  try {
    return await client.ask('status', {});
  } catch (error) {
    if (error instanceof HandfastError && error.code === 'HF_BAD_ARGUMENT') return undefined;
    throw error;
  }
}

/** As many as a frame has room for; there may be thousands. */
async function firstBans(client: ControlClient): Promise<BanLine[]> {
  const enough = new AbortController();
  const bans: BanLine[] = [];
  await client.each(
    'bans',
    {},
    (ban) => {
      if (bans.length < BANS_SHOWN) bans.push(ban);
      if (bans.length === BANS_SHOWN) enough.abort();
    },
    enough.signal,
  );
  return bans;
}

function metricsSource(url: string): Source<MetricsSample> {
  return {
    open: (signal, use) => use(() => scrape(url, signal)),
    frame: metricsFrame,
    json: ({ metrics }) => ({
      url,
      metrics: Object.fromEntries([...metrics].filter(([name]) => name.startsWith('handfast_') && !name.endsWith('_bucket'))),
    }),
  };
}

/** @returns false when it was interrupted. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

const BANS_SHOWN = 16;
const CTRL_C = '\u0003';
