import { describe, expect, it } from 'vitest';
import { CODES, type CodeName, codeOfWire, HandfastError, printable, remoteError, wireCode } from '../src/errors.ts';

describe('codes', () => {
  it('the numbers are those of the specification', () => {
    const numbers = Object.entries(CODES).flatMap(([name, entry]) => ('wire' in entry ? [[name, entry.wire]] : []));
    const table: Record<string, string[]> = {
      '00': ['CLOSED'],
      '01': ['', 'MALFORMED', 'TOO_LARGE', 'OUT_OF_TURN', 'BAD_TAG', 'WEAK_KEY', 'UNSUPPORTED_EXTENSION', 'HANDSHAKE_TIMEOUT'],
      '02': [
        '',
        'WRONG_NETWORK',
        'PROTOCOL_MISMATCH',
        'SUITE_MISMATCH',
        'EXPIRED_TIMESTAMP',
        'FUTURE_TIMESTAMP',
        'INVALID_ID',
        'INVALID_SIGNATURE',
        'SELF_CONNECTION',
        'UNEXPECTED_PEER',
        'BANNED',
        'UNKNOWN_NODE',
        'NOT_ALLOWED',
      ],
      '03': ['', 'TOO_MANY_CONNECTIONS', 'RATE_LIMITED', 'DUPLICATE_CONNECTION', 'SHUTTING_DOWN', 'PING_TIMEOUT', 'INTERNAL'],
      '04': ['', 'NO_HANDLER', 'HANDLER_FAILED', 'BUSY', 'DEADLINE_EXCEEDED', 'ANSWER_TOO_LARGE', 'ANSWER_LOST'],
    };
    const expected = Object.entries(table).flatMap(([high, names]) =>
      names.flatMap((name, low) => (name ? [[name, Number.parseInt(high, 16) * 256 + low]] : [])),
    );
    expect(numbers).toEqual(expected);
  });

  it('those that are charged are the starred ones', () => {
    const charged = Object.entries(CODES).flatMap(([name, entry]) => ('charged' in entry ? [name] : []));
    expect(charged).toEqual([
      'MALFORMED',
      'TOO_LARGE',
      'OUT_OF_TURN',
      'BAD_TAG',
      'WEAK_KEY',
      'INVALID_ID',
      'INVALID_SIGNATURE',
      'RATE_LIMITED',
      'EARLY_DATA',
    ]);
    expect(new HandfastError('MALFORMED', '').charged).toBe(true);
    expect(new HandfastError('BANNED', '').charged).toBe(false);
  });

  it('a number is read as the code that is written with it; others as REFUSED, and codes without one are written as INTERNAL', () => {
    for (const [name, entry] of Object.entries(CODES)) {
      if ('wire' in entry) expect(codeOfWire(wireCode(name as CodeName))).toBe(name);
      else expect(wireCode(name as CodeName)).toBe(0x0306);
    }
    for (const wire of [1, 0x0100, 0x0108, 0x020d, 0x0407, 0xffff]) expect(codeOfWire(wire)).toBe('REFUSED');
  });
});

describe('what the other side says', () => {
  it('in clear it is nobody in particular, proved it has a blame, and neither is charged', () => {
    expect(remoteError(0x0101, '', 'claimed')).toMatchObject({ code: 'HF_MALFORMED', blame: 'network', remote: 'claimed', charged: false });
    expect(remoteError(0x0207, '', 'proved')).toMatchObject({
      code: 'HF_INVALID_SIGNATURE',
      blame: 'caller',
      remote: 'proved',
      charged: false,
    });
    expect(remoteError(0x0301, '', 'proved')).toMatchObject({ blame: 'peer' });
    expect(remoteError(0x0777, 'x', 'proved').message).toContain('0x0777');
    expect(remoteError(0x0777, 'x', 'claimed').message).toContain('unauthenticated');
  });

  it('is shown on one line, without control characters, marks that turn the direction of text, or quotes of its own', () => {
    const nasty =
      'a\u0000\u0007\u001b[31m\r\n\t\u007f\u0085\u009b\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\ufff9\u{e0001}\u{e0041}\ue000\ud800"\\';
    const shown = printable(nasty);
    expect(shown).toMatch(/^[\x20-\x7e]+$/);
    expect(shown).toContain('\\u{1b}[31m');
    expect(shown).toContain('\\u{e0041}');
    expect(shown).toContain('\\u{22}');
    expect(shown).toContain('\\u{5c}');
    // So that what is escaped cannot be told from what was sent as such a text only by its backslash, which is escaped itself.
    expect(printable('\\u{1b}')).toBe('\\u{5c}u{1b}');
    expect(remoteError(0x020a, nasty, 'claimed').message).toMatch(/^[\x20-\x7e]+$/);
  });

  it('other letters stay as they are', () => {
    for (const text of ['', 'plain words', 'Grüße, 世界', 'שלום', '😀', "it's"]) expect(printable(text)).toBe(text);
  });
});
