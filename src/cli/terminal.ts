/** What the commands share on a terminal: colour only where somebody sees it, progress on the error stream, tables, sizes and times for people. */
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { strictText } from '../wire/text.ts';

const colourful = (stream: NodeJS.WriteStream): boolean => stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

type Paint = (text: string) => string;

const paint =
  (on: boolean, open: number, close: number): Paint =>
  (text) =>
    on ? `\u001b[${open}m${text}\u001b[${close}m` : text;

const paints = (on: boolean) => ({
  bold: paint(on, 1, 22),
  dim: paint(on, 2, 22),
  red: paint(on, 31, 39),
  green: paint(on, 32, 39),
  yellow: paint(on, 33, 39),
  cyan: paint(on, 36, 39),
});

export type Paints = ReturnType<typeof paints>;

/** Colour where `stream` shows it, unless it is not wanted. */
export function paintsWhere(stream: NodeJS.WriteStream, unwanted: boolean): Paints {
  return paints(!unwanted && colourful(stream));
}

/** For what goes to standard output. */
export const colour = paints(colourful(process.stdout));
const errorColour = paints(colourful(process.stderr));

export function print(line = ''): void {
  clearProgress();
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** A line for people beside the output: standard error. */
export function note(line: string): void {
  clearProgress();
  process.stderr.write(`${line}\n`);
}

export function printError(who: string, message: string, advice?: string): void {
  // The other side may have had a word in it.
  const oneLine = (text: string): string => harmless(text.replace(/\s*\n\s*/g, ' '));
  note(`${errorColour.red(who)}: ${oneLine(message)}${advice ? `${/[.?!]$/.test(message) ? '' : '.'} ${oneLine(advice)}` : ''}`);
}

let shown = false;

/** Replaces the progress line; nothing where standard error is no terminal. */
export function progress(text: string): void {
  if (!process.stderr.isTTY) return;
  shown = true;
  process.stderr.write(`\r\u001b[2K${errorColour.dim(text.slice(0, (process.stderr.columns || 80) - 1))}`);
}

export function clearProgress(): void {
  if (!shown) return;
  shown = false;
  process.stderr.write('\r\u001b[2K');
}

/** `1,234,567`. */
export function thousands(value: number, digits = 0): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `16 MiB`, `59 B`. */
export function size(bytes: number): string {
  for (const [unit, name] of [
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
  ] as const) {
    if (bytes >= unit) return `${thousands(bytes / unit, bytes % unit === 0 ? 0 : 1)} ${name}`;
  }
  return `${bytes} B`;
}

/** `812 us`, `1.2 ms`, `3.41 s`. */
export function duration(ms: number): string {
  if (ms < 10) return `${thousands(ms * 1000)} us`;
  if (ms < 1000) return `${thousands(ms, 1)} ms`;
  return `${thousands(ms / 1000, 2)} s`;
}

/** `90 s`, `10 min`, `47 h`, `2 d`: how long something lasts, in a unit of which it has two at least. */
export function span(ms: number): string {
  const whole = 1000 * Math.round(ms / 1000);
  for (const [unit, name] of [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ] as const) {
    if (whole >= 2 * unit) return `${Math.round(whole / unit)} ${name}`;
  }
  return `${whole / 1000} s`;
}

/** The first characters of an id and its last ones: enough to tell peers apart on one screen. */
export function shortId(id: string): string {
  return id.length > 16 ? `${id.slice(0, 10)}..${id.slice(-4)}` : id;
}

/** Columns padded by what is seen, not by escape codes; columns named in `right` are aligned to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = [], indent = 2): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, seen(cell));
  }
  const cells = (row: readonly string[]): string[] =>
    row.map((cell, i) => {
      const room = ' '.repeat(widths[i] - seen(cell));
      if (right.includes(i)) return room + cell;
      return i === row.length - 1 ? cell : cell + room;
    });
  return rows.map((row) => `${' '.repeat(indent)}${cells(row).join('  ')}`.trimEnd());
}

/** Text in lines of at most `width` characters, cut at spaces. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && seen(line) + 1 + seen(word) > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
}

/** The word in `known` that `typed` was likely meant to be, if any is near. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(typed.length / 3)) + 1;
  for (const word of known) {
    const apart = typed.length > 1 && word.startsWith(typed) ? 1 : distance(typed, word);
    if (apart < least) {
      least = apart;
      best = word;
    }
  }
  return best;
}

/** Edits between two words: letters put in, taken out, replaced, or two neighbours swapped. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array<number>(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) rows[0][j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      rows[i][j] = Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.length][b.length];
}

function seen(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** Of the package this file belongs to. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Text of somebody else, so that it cannot drive a terminal: what is not to be seen becomes an escape. A tab stays. */
export function harmless(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** A message in JSON: as text where it is UTF-8 without control characters, else as base64. */
export function shownPayload(bytes: Uint8Array): { bytes: number; text: string } | { bytes: number; base64: string } {
  const text = strictText(bytes);
  if (text !== undefined && harmless(text) === text) return { bytes: bytes.length, text };
  return { bytes: bytes.length, base64: Buffer.from(bytes).toString('base64') };
}

const UNSEEN = /(?!\t)[\p{C}\p{Zl}\p{Zp}]/gu;
