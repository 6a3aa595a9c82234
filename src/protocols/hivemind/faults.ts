/** Errors of HiveMind's machines, and how a WebSocket is closed for each: section 11. */
import { HandfastError, printable } from '../../errors.ts';
import { clipped, shownText } from '../../wire/text.ts';
import type { CloseCode, Refusal } from '../machine.ts';

export function malformed(message: string): HandfastError {
  return new HandfastError('MALFORMED', message);
}

/** The close code that goes with an error, without a word more: what exactly was wrong with a password or a token is nobody's business. */
export function closeFor({ codeName }: Pick<HandfastError, 'codeName'>): CloseCode {
  return { code: CLOSE_CODES[codeName] ?? POLICY, reason: '' };
}

export function closeForRefusal({ code, reason }: Refusal): CloseCode {
  return { code: CLOSE_CODES[code] ?? POLICY, reason: shownText(clipped(reason, MOST_REASON)) };
}

/** What the other side's close says during a handshake or of a session; undefined where it ended in peace. */
export function closedByPeer(close: CloseCode | undefined, where: string): HandfastError | undefined {
  if (close === undefined || close.code === NORMAL || close.code === NO_CODE) return undefined;
  const said = close.reason ? `: "${printable(close.reason)}"` : '';
  const name = SAID[close.code] ?? 'REFUSED';
  return new HandfastError(name, `closed with ${close.code} ${where}${said}`, { remote: 'claimed', blame: 'network' });
}

export const NORMAL = 1000;
const NO_CODE = 1005;
const POLICY = 1008;
const MOST_REASON = 120;

const CLOSE_CODES: Partial<Record<string, number>> = {
  CLOSED: NORMAL,
  ABORTED: NORMAL,
  SHUTTING_DOWN: 1001,
  MALFORMED: 1002,
  TOO_LARGE: 1009,
  INTERNAL: 1011,
  TOO_MANY_CONNECTIONS: 1013,
  RATE_LIMITED: 1013,
  BUSY: 1013,
};

const SAID: Readonly<Record<number, 'SHUTTING_DOWN' | 'MALFORMED' | 'NOT_ALLOWED' | 'TOO_LARGE' | 'INTERNAL' | 'BUSY'>> = {
  1001: 'SHUTTING_DOWN',
  1002: 'MALFORMED',
  1008: 'NOT_ALLOWED',
  1009: 'TOO_LARGE',
  1011: 'INTERNAL',
  1013: 'BUSY',
};
