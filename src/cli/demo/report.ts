/** What the demo has shown: lines for people as it goes, or all steps as JSON at the end. */
import { colour, print, wrap } from '../terminal.ts';

export interface Step {
  protocol: string;
  step: string;
  ok: boolean;
  /** What was not as promised. */
  why?: string;
  [figure: string]: unknown;
}

export class Report {
  readonly steps: Step[] = [];
  readonly #quiet: boolean;
  readonly #signal: AbortSignal;
  #headings = 0;
  #protocol = 'handfast';

  /** @param quiet prints nothing. @param signal once it is aborted nothing more is played or shown. */
  constructor(quiet: boolean, signal: AbortSignal) {
    this.#quiet = quiet;
    this.#signal = signal;
  }

  get failed(): readonly Step[] {
    return this.steps.filter(({ ok }) => !ok);
  }

  heading(text: string): void {
    this.say();
    this.say(colour.bold(`${++this.#headings}  ${text}`));
  }

  /** Steps that `play` adds are of this protocol. */
  async within(protocol: string, play: () => Promise<void>): Promise<void> {
    const before = this.#protocol;
    this.#protocol = protocol;
    try {
      await play();
    } finally {
      this.#protocol = before;
    }
  }

  say(line = ''): void {
    if (!this.#quiet && !this.#signal.aborted) print(line);
  }

  /** Records a step; a failed one is always shown with its reason. */
  add(step: string, ok: boolean, figures: Readonly<Record<string, unknown>> = {}, why?: string): void {
    this.steps.push({ protocol: this.#protocol, step, ok, ...(ok || why === undefined ? {} : { why }), ...figures });
    if (ok) return;
    for (const line of wrap(`not as promised: ${step}${why ? `: ${why}` : ''}`, 74)) this.say(`   ${colour.red(line)}`);
  }

  /** Runs one scene; what it throws is a step that failed, and the next scene goes on. */
  async scene(step: string, play: () => Promise<void>): Promise<void> {
    if (this.#signal.aborted) return;
    try {
      await play();
    } catch (error) {
      this.add(step, false, {}, (error as Error).message);
    }
  }
}

/** `ok` in green, or `FAILED` in red. */
export function mark(ok: boolean): string {
  return ok ? colour.green('ok') : colour.red('FAILED');
}
