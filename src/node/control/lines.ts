/** Lines of text out of a stream of bytes, with a limit. */
import { HandfastError } from '../../errors.ts';
import { strictText } from '../../wire/text.ts';

/**
 * Yields each line without its newline. What comes after the last newline was cut and is dropped. Nothing is read while a line is being looked at.
 * @param most bytes of a line. Memory is used for bytes that came: at most this and one chunk. @throws HF_TOO_LARGE, HF_MALFORMED (not UTF-8), and what the stream throws.
 */
export async function* lines(chunks: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<string, void, void> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      if (held + end > most) throw tooLong(most);
      parts.push(rest.subarray(0, end));
      const text = strictText(parts.length === 1 ? parts[0] : Buffer.concat(parts));
      if (text === undefined) throw new HandfastError('MALFORMED', 'a line that is not UTF-8');
      parts = [];
      held = 0;
      rest = rest.subarray(end + 1);
      yield text;
    }
    held += rest.length;
    if (held > most) throw tooLong(most);
    if (rest.length > 0) parts.push(rest);
  }
}

const tooLong = (most: number): HandfastError => new HandfastError('TOO_LARGE', `a line of more than ${most} bytes`);

const NEWLINE = 0x0a;
