/** Where a passphrase comes from: a file, the environment, or the terminal without echo. Never an argument: every user of a machine can read those. */
import { readFile } from 'node:fs/promises';
import type { Identity } from '../core/identity.ts';
import { readIdentityFile } from '../node/identity-file.ts';
import { readKeyFile, type StoredKey } from '../node/key-file.ts';
import { type Call, Failure, Interrupted, type Option } from './command.ts';
import { clearProgress, progress } from './terminal.ts';

export const PASSPHRASE_OPTION: Option = {
  type: 'string',
  value: 'FILE',
  help: 'The first line of FILE opens the key file. Without it the passphrase is HANDFAST_PASSPHRASE where that is set; otherwise you are asked on the terminal.',
};

/** The identity of a file, whatever it takes to open it. */
export function openIdentity(path: string, call: Call): Promise<Identity> {
  return readIdentityFile(path, { passphrase: () => passphraseOf(path, call) }).finally(clearProgress);
}

/** The key of a file, of one of these types or of any; the caller wipes the secret. */
export function openKey(path: string, call: Call, types?: readonly string[]): Promise<StoredKey> {
  return readKeyFile(path, { types, passphrase: () => passphraseOf(path, call) }).finally(clearProgress);
}

async function passphraseOf(path: string, call: Call): Promise<Uint8Array> {
  const given = await givenPassphrase(call);
  const passphrase = given ?? (await askPassphrase(`Passphrase of ${path}: `));
  if (!passphrase)
    throw new Failure(`${path} is sealed with a passphrase`, 'Give it with --passphrase-file FILE or in HANDFAST_PASSPHRASE');
  progress('deriving the key from the passphrase...');
  return passphrase;
}

/** From --passphrase-file or the environment. @throws Failure when what is given is empty. */
export async function givenPassphrase(call: Call): Promise<Uint8Array | undefined> {
  const file = call.text('passphrase-file');
  if (file !== undefined) {
    const bytes = await readFile(file);
    const end = bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d);
    const line = new Uint8Array(end === -1 ? bytes : bytes.subarray(0, end));
    bytes.fill(0);
    if (line.length === 0) throw new Failure(`${file}: its first line is empty`, 'Write the passphrase there');
    return line;
  }
  const text = process.env.HANDFAST_PASSPHRASE;
  return text ? new TextEncoder().encode(text) : undefined;
}

/** A secret in text, from the first line of a file. @throws Failure when that is empty. */
export async function firstLine(file: string): Promise<string> {
  const line = (await readFile(file, 'utf8')).split(/[\r\n]/)[0];
  if (line === '') throw new Failure(`${file}: its first line is empty`, 'Write the password there');
  return line;
}

/** Reads a line from the terminal without showing it; undefined where there is no terminal or the line is empty. */
export async function askPassphrase(question: string): Promise<Uint8Array | undefined> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  const typed: number[] = [];
  // First: what is typed ahead of the question is not to be seen either.
  stdin.setRawMode(true);
  stderr.write(question);
  try {
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      for (const byte of chunk as Buffer) {
        if (byte === CTRL_C) throw new Interrupted();
        if (byte === ENTER || byte === LINE_FEED || byte === CTRL_D) {
          const line = Uint8Array.from(typed);
          return line.length > 0 ? line : undefined;
        }
        if (byte === BACKSPACE || byte === DELETE) dropCharacter(typed);
        else typed.push(byte);
      }
    }
    return undefined;
  } finally {
    typed.fill(0);
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

/** The last character of UTF-8: its following bytes, then its first. */
function dropCharacter(typed: number[]): void {
  while (typed.length > 0 && (typed[typed.length - 1] & 0xc0) === 0x80) typed.pop();
  typed.pop();
}

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0a;
const ENTER = 0x0d;
const DELETE = 0x7f;
