/** docs/attacks.md is what scripts/attack-table.mjs makes, and names only tests, and checks that are taken out, which there are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ATTACKS, attackPage, PROTOCOLS } from '../../scripts/attack-table.mjs';
import { MUTANTS } from '../../scripts/mutants.mjs';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('the table of attacks', () => {
  it('is as the script makes it: node scripts/attack-table.mjs', () => {
    expect(read('docs/attacks.md')).toBe(attackPage());
  });

  it.each(ATTACKS)('$attack: has a test for each protocol, or a reason why not', ({ by, removed }) => {
    expect(Object.keys(by).sort()).toEqual([...PROTOCOLS].sort());
    for (const ref of Object.values(by)) {
      if ('why' in ref) expect(ref.why.length).toBeGreaterThan(5);
      else expect(read(ref.file), `${ref.file}: ${ref.title}`).toContain(ref.title);
    }
    const names = new Set(MUTANTS.map(({ name }) => name));
    for (const name of removed) expect(names, name).toContain(name);
  });

  it('every check that is taken out stands once in its file, and every test that has to notice is there', () => {
    for (const { file, name, old, tests } of MUTANTS) {
      expect(read(`src/${file}`).split(old).length - 1, `${file}: ${name}`).toBe(1);
      for (const test of tests) expect(read(test).length).toBeGreaterThan(0);
    }
  });
});
