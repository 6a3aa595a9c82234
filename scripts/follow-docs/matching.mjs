/** Compares what a page shows with what was printed. In a line `…` stands for anything; on a line of its own, for any number of lines. */

/** @param {string[]} shown @param {string[]} printed @returns {boolean} whether all that was printed is what is shown. */
export const isShown = (shown, printed) => ends(shown, printed, 0).has(printed.length);

/** @param {string[]} shown @param {string[]} printed @returns {boolean} whether it begins with what is shown. */
export const beginsAsShown = (shown, printed) => ends(shown, printed, 0).size > 0;

/**
 * @param {string[]} shown @param {string[]} printed
 * @param {number} from
 * @returns {number | undefined} the line after the first place at or after `from` where what is shown was printed.
 */
export function shownIn(shown, printed, from) {
  for (let start = from; start < printed.length; start += 1) {
    const [end] = ends(shown, printed, start);
    if (end !== undefined) return end;
  }
}

/** The lines before which what is shown can have ended, where it begins at `start`. */
function ends(shown, printed, start) {
  let at = new Set([start]);
  for (const line of shown) {
    const next = new Set();
    for (const position of at) {
      if (line.trim() === '…') for (let end = position; end <= printed.length; end += 1) next.add(end);
      else if (position < printed.length && isLine(line, printed[position])) next.add(position + 1);
    }
    at = next;
  }
  return at;
}

/** @param {string} shown @param {string} printed */
function isLine(shown, printed) {
  const parts = shown.trimEnd().split('…');
  const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*?');
  return new RegExp(`^${pattern}$`, 'u').test(printed.trimEnd());
}
