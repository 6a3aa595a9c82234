/** Whether a password can be guessed: a floor under what is let into a handshake whose hash is cheap to test guesses against. An estimate from below, not a measure. */
import { HandfastError } from '../../errors.ts';

/** @throws HF_BAD_KEY under {@link LEAST_BITS} bits. */
export function checkPassword(password: string, whose: string): string {
  if (guessBits(password) < LEAST_BITS) {
    throw new HandfastError(
      'BAD_KEY',
      `${whose}: too easy to guess (under ${LEAST_BITS} bits): take a random one, or say insecure: { weakPasswords: true } and let nobody near the network`,
    );
  }
  return password;
}

/** Bits of a guess at `password`: characters that repeat or continue a row count one bit, common words one character, the others as their classes say. */
export function guessBits(password: string): number {
  let text = password.normalize('NFC');
  let bits = 0;
  for (const word of COMMON) {
    for (let at = text.toLowerCase().indexOf(word); at >= 0; at = text.toLowerCase().indexOf(word)) {
      text = text.slice(0, at) + text.slice(at + word.length);
      bits += WORD_BITS;
    }
  }
  const each = Math.log2(CLASSES.reduce((size, [pattern, letters]) => size + (pattern.test(text) ? letters : 0), 1));
  let before = Number.NaN;
  let step = Number.NaN;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    const now = point - before;
    bits += now === 0 || (now === step && Math.abs(now) === 1) ? 1 : each;
    step = now;
    before = point;
  }
  return bits;
}

export const LEAST_BITS = 40;
const WORD_BITS = 6;
const CLASSES: readonly (readonly [RegExp, number])[] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[0-9]/, 10],
  [/[ -/:-@[-`{-~]/, 33],
  [/[^ -~]/, 64],
];
// Longer ones first: `password` before `pass`.
const COMMON: readonly string[] = [
  'handfast',
  'hivemind',
  'password',
  'passwort',
  'satellite',
  'changeme',
  'football',
  'iloveyou',
  'sunshine',
  'princess',
  'trustno1',
]
  .concat([
    'welcome',
    'default',
    'secret',
    'letmein',
    'dragon',
    'master',
    'monkey',
    'qwerty',
    'mycroft',
    'azerty',
    'qwertz',
    'shadow',
    'access',
    'client',
  ])
  .concat(['admin', 'login', 'guest', 'hello', 'pass', 'test', 'user', 'root', 'ovos', 'asdf', 'hive', '1234', '2024', '2025', '2026']);
