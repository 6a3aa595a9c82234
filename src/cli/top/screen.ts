/** A terminal that is drawn on, and always left as it was found: by the end, by Ctrl-C, by a fault, and while it is suspended. */

export interface ScreenEvents {
  /** A character that was typed. */
  key(character: string): void;
  /** It has another size. */
  resized(): void;
}

export class Screen implements Disposable {
  readonly #events: ScreenEvents;
  #entered = false;
  readonly #leave = (): void => this.#exit();
  readonly #resized = (): void => this.#events.resized();
  readonly #typed = (text: string): void => {
    for (const character of text) {
      if (character === SUSPEND) this.#suspend();
      else this.#events.key(character);
    }
  };
  readonly #continued = (): void => {
    this.#enter();
    this.#events.resized();
  };

  /** Takes the terminal over; standard input and output are one. */
  constructor(events: ScreenEvents) {
    this.#events = events;
    // Also where something throws.
    process.on('exit', this.#leave);
    process.on('SIGCONT', this.#continued);
    process.stdout.on('resize', this.#resized);
    process.stdin.setEncoding('utf8').on('data', this.#typed);
    this.#enter();
  }

  get columns(): number {
    return process.stdout.columns || 80;
  }

  get rows(): number {
    return process.stdout.rows || 24;
  }

  /** All lines at once, over what was there: nothing flickers. */
  draw(lines: readonly string[]): void {
    if (this.#entered) process.stdout.write(`${HOME}${lines.map((line) => line + END_OF_LINE).join('\r\n')}${BELOW}`);
  }

  [Symbol.dispose](): void {
    this.#exit();
    process.off('exit', this.#leave);
    process.off('SIGCONT', this.#continued);
    process.stdout.off('resize', this.#resized);
    process.stdin.off('data', this.#typed).pause();
  }

  #enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    process.stdin.setRawMode?.(true);
    process.stdout.write(ENTER);
  }

  #exit(): void {
    if (!this.#entered) return;
    this.#entered = false;
    process.stdin.setRawMode?.(false);
    process.stdout.write(LEAVE);
  }

  #suspend(): void {
    this.#exit();
    process.kill(process.pid, 'SIGSTOP');
  }
}

/** Whether there is such a terminal: seen by somebody who can press keys, and able to move its cursor. */
export function isScreen(): boolean {
  return process.stdout.isTTY === true && process.stdin.isTTY === true && process.env.TERM !== 'dumb';
}

// Another screen and no cursor; and back.
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const END_OF_LINE = '\u001b[K';
const BELOW = '\u001b[J';
const SUSPEND = '\u001a';
