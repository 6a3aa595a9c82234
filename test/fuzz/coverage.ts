/** Which blocks of the sources were run for the first time, as V8 tells it. All of them are in one file, the bundle. */
import { type Profiler, Session } from 'node:inspector';

export class Coverage {
  readonly #session = new Session();
  /** Of each function, by where it begins. */
  readonly #seen = new Map<number, Uint8Array>();

  constructor() {
    this.#session.connect();
    this.#call('Profiler.enable');
    this.#call('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
    this.take();
  }

  /** @returns how many characters of the sources were run for the first time since the last call. */
  take(): number {
    let fresh = 0;
    const { result } = this.#call('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType;
    for (const { url, functions } of result) {
      if (url.endsWith(BUNDLE)) for (const { ranges } of functions) fresh += this.#mark(ranges);
    }
    return fresh;
  }

  /** Ranges lie inside of each other, the first is the whole function; what an inner one says is so. */
  #mark(ranges: readonly Profiler.CoverageRange[]): number {
    const { startOffset: start, endOffset: end } = ranges[0]!;
    if (end - start > LARGEST_FUNCTION) return 0;
    let seen = this.#seen.get(start);
    if (!seen) {
      seen = new Uint8Array(end - start);
      this.#seen.set(start, seen);
    }
    const ran = new Uint8Array(end - start);
    for (const { count, startOffset, endOffset } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset - start, endOffset - start);
    let fresh = 0;
    for (let i = 0; i < ran.length; i++) {
      if (ran[i] === 1 && seen[i] === 0) {
        seen[i] = 1;
        fresh++;
      }
    }
    return fresh;
  }

  end(): void {
    this.#session.disconnect();
  }

  #call(method: string, parameters: object = {}): object {
    let answer: object = {};
    let failure: Error | null = null;
    // Without a callback of its own the inspector would make a promise of it; it answers before `post` returns.
    this.#session.post(method, parameters, (error, result) => {
      failure = error;
      answer = result ?? {};
    });
    if (failure) throw failure;
    return answer;
  }
}

const BUNDLE = '/fuzz.mjs';
/** The whole of the bundle is a function too. */
const LARGEST_FUNCTION = 50_000;
