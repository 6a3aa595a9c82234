/** What programs print, made comparable with what a page shows of it. */

/** Lines with what differs from run to run replaced; in order of the alphabet, since two sides of one process take turns as they like. */
export function comparableLines(text: string, replace: (line: string) => string): string[] {
  return text.trimEnd().split('\n').map(replace).sort();
}
