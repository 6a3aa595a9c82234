/** Text that fits: into columns that give way to each other, and lines that are never longer than the terminal is wide. All of it plain ASCII, so that a character is a column. */

export interface Column {
  readonly head: string;
  readonly cells: readonly string[];
  readonly right?: boolean | undefined;
  /** The least one is left out first where there is no room; below 1, even before the columns move together. */
  readonly weight: number;
  /** Characters that it is cut to at most. */
  readonly most?: number | undefined;
}

/** Head and rows, each at most `width` characters: two blanks between columns where there is room, else one, and fewer columns where that is not enough. */
export function fitted(columns: readonly Column[], width: number): string[] {
  let chosen = columns;
  const widthOf = ({ head, cells, most = Number.POSITIVE_INFINITY }: Column): number =>
    Math.min(most, Math.max(head.length, ...cells.map((cell) => cell.length)));
  const total = (gap: number): number => chosen.reduce((sum, column) => sum + widthOf(column) + gap, -gap);
  if (total(2) > width) chosen = chosen.filter(({ weight }) => weight >= 1);
  const gap = total(2) <= width ? 2 : 1;
  while (chosen.length > 1 && total(gap) > width) {
    const least = chosen.reduce((lightest, column) => (column.weight < lightest.weight ? column : lightest));
    chosen = chosen.filter((column) => column !== least);
  }
  const line = (textOf: (column: Column) => string): string =>
    chosen
      .map((column) => {
        const text = clipped(textOf(column), widthOf(column));
        return column.right ? text.padStart(widthOf(column)) : text.padEnd(widthOf(column));
      })
      .join(' '.repeat(gap))
      .slice(0, width)
      .trimEnd();
  return [line(({ head }) => head), ...(columns[0]?.cells ?? []).map((_, i) => line(({ cells }) => cells[i] ?? ''))];
}

/** Facts beside each other, as many in a line as fit. */
export function flowed(facts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const fact of facts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + BETWEEN.length + fact.length <= width) lines[lines.length - 1] = last + BETWEEN + fact;
    else lines.push(clipped(fact, width));
  }
  return lines;
}

/** Cut with two dots where it is longer. */
export function clipped(text: string, width: number): string {
  return text.length <= width ? text : width > 4 ? `${text.slice(0, width - 2)}..` : text.slice(0, width);
}

/** Text of somebody else: what is not a plain character, or two columns wide, becomes a question mark. */
export function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, '?');
}

/** `0`, `3`, `7.3`, `812`, `12.3k`, `4.5M`: at most five characters. */
export function brief(value: number): string {
  if (value < 0.05) return '0';
  if (value < 10 && !Number.isInteger(value)) return value.toFixed(1);
  if (value < 1000) return String(Math.round(value));
  for (const [unit, name] of UNITS) {
    if (value >= 0.9995 * unit) return `${(value / unit).toFixed(value < 99.95 * unit ? 1 : 0)}${name}`;
  }
  return String(Math.round(value));
}

const UNITS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;
const BETWEEN = '   ';
