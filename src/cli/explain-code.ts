/** `handfast help HF_CODE`: what a code means, and which page has the rest. */
import { type Blame, CODES, type CodeName, HandfastError } from '../errors.ts';
import { adviceFor } from './advice.ts';
import { print } from './terminal.ts';

/** @param word a code, with or without its `HF_`, in capitals or not. @returns whether there is such a code; if so it was printed. */
export function explainCode(word: string): boolean {
  const name = word.toUpperCase().replace(/^HF_/, '');
  if (!Object.hasOwn(CODES, name)) return false;
  const entry: { blame: Blame; charged?: true; meaning: string } = CODES[name as CodeName];
  const error = new HandfastError(name as CodeName, entry.meaning);
  const advice = adviceFor(error);
  print(`${error.code}: ${entry.meaning}`);
  print();
  print(`  whose doing  ${DOING[entry.blame]}${entry.charged ? '; charged where this side found it' : ''}`);
  if (advice !== undefined) print(`  what to do   ${advice}`);
  print(`  more         docs/errors.md#${error.code.toLowerCase()}`);
  return true;
}

const DOING: Readonly<Record<Blame, string>> = {
  peer: 'the other side',
  caller: 'this program, or how it was set',
  network: 'the path between, or somebody on it',
  handfast: 'handfast itself, or what it needs',
};
