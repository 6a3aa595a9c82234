/** A shell in a folder, as a reader has one in a window: one command after the other, and the last one may stay. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { beginsAsShown, isShown, shownIn } from './matching.mjs';

/** A reader would think by then that it does not work. */
const PATIENCE_MS = 60_000;

export class Terminal {
  #shell;
  #printed = '';
  #ended = false;
  #grew = new EventTarget();
  /** Commands that have ended so far; a line that no program prints says so. */
  #count = 0;
  #mark = `ended-${Math.random().toString(36).slice(2)}`;
  /** Of the command that still runs: what is shown of it, and where its output begins. */
  #stays;
  /** The line up to which later blocks have shown what it printed. */
  #seen = 0;

  /** @param {string} folder @param {NodeJS.ProcessEnv} env */
  constructor(folder, env) {
    this.#shell = spawn('bash', ['--noprofile', '--norc'], { cwd: folder, env, detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#shell.stdout.setEncoding('utf8').on('data', (text) => {
      this.#printed += text;
      this.#grew.dispatchEvent(new Event('grew'));
    });
    this.#shell.once('close', () => {
      this.#ended = true;
      this.#grew.dispatchEvent(new Event('grew'));
    });
    this.#shell.stdin.on('error', () => {}).write('exec 2>&1\n');
  }

  /**
   * @param {string} command @param {string[]} shown under it; nothing is compared where nothing is.
   * @param {{ stays: boolean, exitCode: number }} how whether it goes on once it has printed what is shown, else how it ends.
   * @throws Error that says what was printed instead.
   */
  async run(command, shown, { stays, exitCode }) {
    const start = this.#printed.length;
    const mark = `${this.#mark}-${this.#count++}`;
    this.#shell.stdin.write(`eval ${quoted(command)} </dev/null; echo "${mark} $?"\n`);
    const end = () => new RegExp(`${mark} (\\d+)\n`).exec(this.#printed);
    const printed = () => linesOf(this.#printed.slice(start, end()?.index));
    const there = await this.#wait(() => end() !== null || this.#ended || (stays && beginsAsShown(shown, printed())));
    if (!there) throw new Error(`not what is shown within ${PATIENCE_MS / 1000} s:\n${printed().join('\n')}`);
    if (end() === null && stays) {
      this.#stays = { command, shown, start, end };
      this.#seen = printed().length;
      return;
    }
    this.#judge(command, shown, printed(), end(), exitCode);
  }

  #judge(command, shown, printed, end, exitCode) {
    if (shown.length > 0 && !isShown(shown, printed)) throw new Error(`not what is shown:\n${printed.join('\n')}`);
    const code = Number(end?.[1] ?? -1);
    if (code !== exitCode) throw new Error(`exit code ${code} of ${command}\n${printed.join('\n')}`);
  }

  /** Whether it has printed this since what was shown of it last; waits for it. @param {string[]} shown */
  async printsToo(shown) {
    const at = () => shownIn(shown, this.#lines(), this.#seen);
    const there = this.#stays !== undefined && (await this.#wait(() => at() !== undefined || this.#ended || this.#stays.end() !== null));
    if (!there || at() === undefined) return false;
    this.#seen = at();
    return true;
  }

  get stays() {
    return this.#stays !== undefined;
  }

  /** What it has printed that no block has shown. */
  get unseen() {
    return this.#lines().slice(this.#seen).join('\n');
  }

  #lines() {
    return linesOf(this.#printed.slice(this.#stays?.start, this.#stays?.end()?.index));
  }

  /** Ctrl-C, and the end. @throws Error when a command that stayed has ended by itself otherwise than shown, or does not end. */
  async close() {
    const early = this.#stays?.end();
    if (early) this.#judge(this.#stays.command, this.#stays.shown, this.#lines(), early, 0);
    if (this.#ended) {
      if (this.#stays !== undefined && !early) throw new Error(`the shell is gone with ${this.#stays.command}`);
      return;
    }
    const gone = once(this.#shell, 'close');
    this.#shell.stdin.end();
    if (this.#stays !== undefined && !early) process.kill(-this.#shell.pid, 'SIGINT');
    const patience = setTimeout(() => process.kill(-this.#shell.pid, 'SIGKILL'), 15_000);
    const [, signal] = await gone;
    clearTimeout(patience);
    if (signal === 'SIGKILL') throw new Error(`${this.#stays?.command} does not end`);
  }

  /** @param {() => boolean} condition looked at whenever something is printed. */
  async #wait(condition) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (!condition()) {
      try {
        await once(this.#grew, 'grew', { signal });
      } catch {
        return false;
      }
    }
    return true;
  }
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const linesOf = (text) => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
