import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CODES } from '../../src/errors.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
const sections = page.split('\n### ').slice(1);
const documented = new Map(sections.map((section) => [section.split('\n')[0], section]));

it('describes every code once and no other', () => {
  expect(sections.length).toBe(documented.size);
  expect([...documented.keys()].sort()).toEqual(
    Object.keys(CODES)
      .map((name) => `HF_${name}`)
      .sort(),
  );
});

it.each(Object.entries(CODES as Record<string, { wire?: number; blame: string; charged?: true; meaning: string }>))(
  'says of %s what the table in the source says',
  (name, { wire, blame, charged, meaning }) => {
    const [, , line, , text] = documented.get(`HF_${name}`)!.split('\n');
    const number = wire === undefined ? 'never on the wire' : `\`0x${wire.toString(16).padStart(4, '0')}\``;
    expect(line).toBe(`${number} · ${blame}${charged ? ' · charged' : ''}`);
    expect(text.toLowerCase().startsWith(`**${meaning.toLowerCase()}.**`)).toBe(true);
    expect(documented.get(`HF_${name}`)).toContain('\nWhat to do: ');
  },
);
