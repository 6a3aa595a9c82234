/** docs/reached.md names every code, every state of every machine and every limit in force, each with a test that there is. `npm run coverage` writes it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { figuresOf, PROTOCOL_LIMIT_TESTS } from '../../scripts/protocol-limits.mjs';
import { LIMIT_TESTS } from '../../scripts/reached-page.mjs';
import { limitsInForce } from '../../src/cli/limits.ts';
import { CODES } from '../../src/errors.ts';
import * as hivemind from '../../src/protocols/hivemind/limits.ts';
import * as lwstcp from '../../src/protocols/lwstcp/limits.ts';
import * as sdmp from '../../src/protocols/sdmp/limits.ts';
import * as xrpl from '../../src/protocols/xrpl/limits.ts';
import { pure } from '../support/cores.ts';

/** Goes nowhere but to its end: what it waits for says where else to dial. */
const LAST = ['xrpl, initiator await-body'];

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const page = read('docs/reached.md');
const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .slice(1)
    .map((line) => line.slice(2, -2).split(' | '));
const section = (title: string): string => page.split(`\n## ${title}\n`)[1]!.split('\n## ')[0]!;

/** Where the states of each machine stand. */
const MACHINES: Readonly<Record<string, string>> = {
  'handfast, initiator': 'handfast/initiator',
  'handfast, responder': 'handfast/responder',
  'xrpl, initiator': 'xrpl/initiator',
  'xrpl, responder': 'xrpl/responder',
  'hivemind, initiator': 'hivemind/slave',
  'hivemind, responder': 'hivemind/master',
  'lwstcp, initiator': 'lwstcp/initiator',
  'lwstcp, responder': 'lwstcp/responder',
  'sdmp, initiator': 'sdmp/initiator',
  'sdmp, responder': 'sdmp/responder',
};

it('names a test that there is, everywhere', () => {
  for (const [, file] of page.matchAll(/\| `([^`]+\.test\.ts)`/g)) expect(existsSync(join(root, 'test', file!)), file).toBe(true);
});

it('has every code and no other', () => {
  const codes = rowsOf(section('Codes of errors')).map(([code]) => code);
  expect(codes.sort()).toEqual(
    Object.keys(CODES)
      .map((name) => `HF_${name}`)
      .sort(),
  );
});

describe('the transitions of machines', () => {
  const machines = new Map(
    section('Transitions of machines')
      .split('\n### ')
      .slice(1)
      .map((text) => [text.split('\n')[0]!, rowsOf(text)] as const),
  );

  it('are those of the machines there are', () => {
    expect([...machines.keys()].sort()).toEqual(Object.keys(MACHINES).sort());
  });

  it.each(Object.entries(MACHINES))('of %s enter and leave every state, and fail from each', (name, file) => {
    const source = read(`src/protocols/${file}.ts`);
    const union = /type State =\n([\s\S]*?);\n\n/.exec(source)![1]!;
    const states = [...new Set([...union.matchAll(/\bat: '([a-z-]+)'/g)].map(([, state]) => state!))];
    expect(states.length).toBeGreaterThan(3);
    const steps = machines.get(name)!;
    const known = new Set(states);
    for (const [from, to] of steps) for (const state of [from!, to!]) expect(known, `${name}: ${state}`).toContain(state);
    for (const state of states) {
      if (state !== 'start')
        expect(
          steps.some(([, to]) => to === state),
          `nothing enters ${state}`,
        ).toBe(true);
      if (state === 'opened' || state === 'closed') continue;
      if (LAST.includes(`${name} ${state}`)) continue;
      expect(
        steps.some(([from, to]) => from === state && to !== 'closed'),
        `nothing goes on from ${state}`,
      ).toBe(true);
      expect(
        steps.some(([from, to]) => from === state && to === 'closed'),
        `nothing fails in ${state}`,
      ).toBe(true);
    }
  });
});

it('has every limit in force with its value, and a test that goes to it', () => {
  const limits = limitsInForce(pure);
  const rows = rowsOf(section('Limits in force'));
  expect(Object.fromEntries(rows.map(([name, value]) => [name, value]))).toEqual(
    Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, value.toLocaleString('en')])),
  );
  expect(Object.keys(LIMIT_TESTS).sort()).toEqual(Object.keys(limits).sort());
  for (const { file, title } of Object.values(LIMIT_TESTS)) expect(read(file), `${file}: ${title}`).toContain(title);
});

it('has every figure of the other protocols with its value, and a test that goes to it, or why there is none', () => {
  const figures = figuresOf({ xrpl, hivemind, lwstcp, sdmp });
  const rows = rowsOf(section('Figures of the other protocols')).map(([protocol, name, value]) => [protocol, name, value]);
  expect(rows).toEqual(
    Object.entries(figures).flatMap(([protocol, named]) =>
      Object.entries(named).map(([name, value]) => [protocol, name, value.toLocaleString('en')]),
    ),
  );
  for (const [protocol, named] of Object.entries(PROTOCOL_LIMIT_TESTS)) {
    expect(Object.keys(named).sort()).toEqual(Object.keys(figures[protocol]!).sort());
    for (const reached of Object.values(named)) {
      if ('why' in reached) continue;
      expect(read(reached.file), `${reached.file}: ${reached.title}`).toContain(reached.title);
    }
  }
});
