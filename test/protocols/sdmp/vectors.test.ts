import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runVectors } from '../../../src/conformance/run.ts';
import { cores } from '../../support/cores.ts';

const name = 'sdmp.json';
const text = readFileSync(join(import.meta.dirname, '../../vectors', name), 'utf8');

describe.each(cores)('vectors of SDMP on the $name core', (core) => {
  it('all pass', () => {
    const report = runVectors({ name, text }, core);
    expect(report.failed).toEqual([]);
    expect(report.passed).toBe(115);
  });

  it('fail where one octet of what is expected is another', () => {
    const document = JSON.parse(text);
    for (const vector of document.vectors) {
      const flip = (value: unknown): unknown => {
        if (typeof value === 'string') return value === '' ? 'x' : (value[0] === 'a' ? 'b' : 'a') + value.slice(1);
        if (typeof value === 'boolean') return !value;
        if (typeof value === 'number') return value + 1;
        if (Array.isArray(value)) return value.map(flip);
        return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, flip(each)]));
      };
      vector.expect = flip(vector.expect);
    }
    expect(runVectors({ name, text: JSON.stringify(document) }, core).passed).toBe(0);
  });
});
