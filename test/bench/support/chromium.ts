/** A real Chromium without a window, driven over its debugging pipe: no port, no driver of somebody else. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** Undefined where it is not installed (Debian: apt-get install chromium). */
export const chromiumPath = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => spawnSync(name, ['--version']).status === 0);

// biome-ignore lint/suspicious/noExplicitAny: what the debugging protocol sends is shaped by its method; each use names what it takes.
type Loose = any;

interface Seen {
  /** Whatever it wrote to its console, errors and warnings of its own too. */
  logged: string[];
  requested: string[];
  measured: { scrollWidth: number; background: string; overlaps: string[] };
}

export class Chromium implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #answers = new Map<number, (answer: { result?: Loose; error?: { message: string } }) => void>();
  readonly #listeners = new Set<(method: string, params: Loose, session?: string) => void>();
  #held = '';
  #id = 0;

  private constructor(child: ChildProcess, profile: string) {
    this.#child = child;
    this.#profile = profile;
    (child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => this.#take(text));
  }

  static async start(): Promise<Chromium> {
    const profile = mkdtempSync(join(tmpdir(), 'handfast-chromium-'));
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--remote-debugging-pipe',
      `--user-data-dir=${profile}`,
    ];
    const child = spawn(chromiumPath ?? 'chromium', flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    await once(child, 'spawn');
    return new Chromium(child, profile);
  }

  /** Opens a page and says what came of it. */
  async show(url: string, { width, height, scheme }: { width: number; height: number; scheme: 'light' | 'dark' }): Promise<Seen> {
    const { targetId } = await this.#ask('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.#ask('Target.attachToTarget', { targetId, flatten: true });
    const ask = (method: string, params: object = {}) => this.#ask(method, params, sessionId);
    const seen: Seen = { logged: [], requested: [], measured: { scrollWidth: 0, background: '', overlaps: [] } };
    const loaded = new Promise<void>((resolve) => {
      this.#listeners.add((method, params) => {
        if (method === 'Page.loadEventFired') resolve();
        if (method === 'Log.entryAdded') seen.logged.push(params.entry.text);
        if (method === 'Runtime.exceptionThrown') seen.logged.push(params.exceptionDetails.text);
        if (method === 'Runtime.consoleAPICalled') seen.logged.push(JSON.stringify(params.args));
        if (method === 'Network.requestWillBeSent') seen.requested.push(params.request.url);
      });
    });
    for (const domain of ['Page', 'Log', 'Runtime', 'Network']) await ask(`${domain}.enable`);
    await ask('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
    await ask('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    await ask('Page.navigate', { url });
    await loaded;
    const { result } = await ask('Runtime.evaluate', { expression: `(${measure})()`, returnByValue: true });
    seen.measured = result.value;
    return seen;
  }

  /** Opens a page, waits until it has loaded, and evaluates an expression in it. @returns its value, awaited where it is a promise. @throws what it throws. */
  async evaluate(url: string, expression: string): Promise<Loose> {
    const { targetId } = await this.#ask('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.#ask('Target.attachToTarget', { targetId, flatten: true });
    const loaded = new Promise<void>((resolve) => {
      this.#listeners.add((method, _params, session) => {
        if (method === 'Page.loadEventFired' && session === sessionId) resolve();
      });
    });
    await this.#ask('Page.enable', {}, sessionId);
    await this.#ask('Page.navigate', { url }, sessionId);
    await loaded;
    const asked = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#ask('Runtime.evaluate', asked, sessionId);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    if (this.#child.exitCode === null) {
      this.#ask('Browser.close').catch(() => {});
      await exited;
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #ask(method: string, params: object = {}, sessionId?: string): Promise<Loose> {
    const id = ++this.#id;
    const answered = new Promise<{ result?: Loose; error?: { message: string } }>((resolve) => this.#answers.set(id, resolve));
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`);
    const { result, error } = await answered;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** Messages end with a zero byte. */
  #take(text: string): void {
    const parts = (this.#held + text).split('\0');
    this.#held = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part);
      if (message.id !== undefined) this.#answers.get(message.id)?.(message);
      else for (const listener of this.#listeners) listener(message.method, message.params, message.sessionId);
    }
  }
}

/** Runs in the page. Words that lie on words, in charts. */
const measure = `() => {
  const overlaps = [];
  for (const svg of document.querySelectorAll('svg')) {
    const boxes = [...svg.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
    for (const [i, [a, one]] of boxes.entries())
      for (const [b, other] of boxes.slice(i + 1))
        if (one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 4 && other.top < one.bottom - 4) overlaps.push(a + ' | ' + b);
  }
  return { scrollWidth: document.documentElement.scrollWidth, background: getComputedStyle(document.body).backgroundColor, overlaps };
}`;
