/** What a command sends: text of its arguments, a file, or standard input. */
import { open } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { LINE_BYTES } from '../node/control/messages.ts';
import { type Call, Failure, type Option, UsageError } from './command.ts';
import { size } from './terminal.ts';

export const FILE_OPTION: Option = { type: 'string', value: 'FILE', help: 'Send the bytes of this file.' };

/** @param words of the command line; `-` alone: standard input. Undefined where nothing was named. @throws UsageError for text and file at once, Failure for what is too large. */
export async function payloadOf(call: Call, words: readonly string[]): Promise<Uint8Array | undefined> {
  const file = call.text('file');
  if (file !== undefined && words.length > 0) throw new UsageError(`either text or --file ${file}`);
  if (file !== undefined) return readFile(file, call.signal);
  if (words.length === 0) return undefined;
  if (words.length === 1 && words[0] === '-') return readAll('standard input', process.stdin, call.signal);
  return Buffer.from(words.join(' '));
}

async function readFile(path: string, signal: AbortSignal): Promise<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    return await readAll(path, handle.createReadStream({ autoClose: false }), signal);
  } finally {
    await handle.close();
  }
}

async function readAll(name: string, stream: Readable, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of addAbortSignal(signal, stream) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > LARGEST)
      throw new Failure(`${name} has more than ${size(LARGEST)}`, 'Send it in parts, or over a session: handfast connect --file');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Of a line of the control socket, in base64. What the other node takes may be less. */
const LARGEST = Math.floor(((LINE_BYTES - 4096) / 4) * 3);
