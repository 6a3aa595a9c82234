import { expect, it } from 'vitest';
import { type Head, readLetter, writeLetter } from '../../../src/node/store/letters.ts';
import { Random, seedOfRun } from '../../support/random.ts';

const ask: Head = { kind: 'ask', number: 1, from: 'a'.repeat(32), peer: 'P', topic: 'é', deadlineMs: 5, idempotent: true };
const HEADS: Head[] = [
  ask,
  { kind: 'answered', number: 2 },
  { kind: 'answered', number: 2, error: { code: 'HF_BUSY', blame: 'peer', message: 'x' } },
  { kind: 'moved', number: 3 },
  { kind: 'gossip' },
  { kind: 'bans' },
  { kind: 'wanted', peer: 'P', peerLife: 'L', id: '18446744073709551615' },
];

it.each(HEADS.map((head) => [JSON.stringify(head), head] as const))('%s arrives as it was written', (_text, head) => {
  const letter = readLetter(writeLetter(head, Uint8Array.of(0, 255)))!;
  expect(letter.head).toEqual(head);
  expect([...letter.body]).toEqual([0, 255]);
});

it.each([
  {},
  { kind: 'other' },
  { ...ask, number: 'x' },
  { ...ask, from: 'short' },
  { ...ask, topic: 1 },
  { ...ask, deadlineMs: null },
  { kind: 'answered', number: 1, error: 'text' },
  { kind: 'moved' },
  { kind: 'wanted', peer: 'P', peerLife: 'L', id: '1e9' },
  null,
  'text',
])('%j is none', (head) => {
  expect(readLetter(writeLetter(head as never))).toBeUndefined();
});

it('whatever comes is read or dropped, and never thrown over', () => {
  const seed = seedOfRun();
  console.log(`HANDFAST_TEST_SEED=${seed}`);
  const random = new Random(seed);
  for (let i = 0; i < 2_000; i++) {
    const letter = random.chance(0.8) ? random.mutated(writeLetter(random.pick(HEADS), random.bytes(20))) : random.bytes(random.below(40));
    expect(() => readLetter(letter)).not.toThrow();
  }
});
