/** What listeners of all protocols share: where they listen, until when, and how they tell of those that they refused. */
import { CODES, HandfastError } from '../errors.ts';
import type { Call } from './command.ts';
import { colour, harmless } from './terminal.ts';

/** @throws UsageError */
export function listenOn(call: Call, port: number): { host: string; port: number } {
  return { host: call.text('host') ?? '127.0.0.1', port: call.whole('port', 0, 65_535) ?? port };
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
}

/** A handshake that failed, for programs and for people. */
export function refusal(error: HandfastError, address: string | undefined): { event: object; line: string } {
  const { code, blame, remote } = error;
  return {
    event: { event: 'refused', address, code, message: words(error), blame, ...(remote && { saidBy: 'peer' }) },
    line: `${colour.red('refused')} ${address ?? 'somebody'}: ${harmless(words(error))} (${code})`,
  };
}

/** Who refuses by a list or a ban gives no words with it. */
export function words(error: Error): string {
  return error.message || (error instanceof HandfastError ? CODES[error.codeName].meaning : String(error));
}
