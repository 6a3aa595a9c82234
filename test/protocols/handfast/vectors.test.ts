import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { handfastKind } from '../../../src/conformance/handfast.ts';
import { KINDS, runVectors } from '../../../src/conformance/run.ts';
import { cores } from '../../support/cores.ts';
import { vectorDocument } from '../../support/vectors.ts';

const file = new URL('../../vectors/handfast.json', import.meta.url);
if (process.env.HANDFAST_RECORD_VECTORS) writeFileSync(file, `${JSON.stringify(vectorDocument(), null, 2)}\n`);
const text = readFileSync(file, 'utf8');

interface Vector {
  id: string;
  kind: string;
  [name: string]: unknown;
}

describe('the recorded transcripts', () => {
  const { vectors } = JSON.parse(text) as { vectors: Vector[] };
  const of = (id: string) =>
    vectors.find((vector) => vector.id === id) as never as {
      values: Record<string, string>;
      frames: Record<string, string>;
      dialler: { id: string };
      messageId: string;
      signature: string;
    };

  it('are what the second implementation computes', () => {
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(vectorDocument())));
  });

  it('hold the check values of the specification', () => {
    const one = of('check values, suite 01');
    const two = of('check values, suite 02');
    expect(one.values.tag).toBe('46326561fab42c8735e52971e483ad96');
    expect(two.values.tag).toBe(one.values.tag);
    expect(one.dialler.id.startsWith('8a88e3dd7409f195')).toBe(true);
    const rows: [string, string, string][] = [
      ['h2', '943dd7a352b25a09092d0dcbdfa8276f', '238414d2068deac9ae76c112101ae827'],
      ['kB', '71446da59346b0eb3f7faec7dfb51ca0', '5240f79ad526536b01bcbf85415bef70'],
      ['h4', '41873c4c89176f4303bf10750157ef1b', '10dbcb84b9de1f44c1460ac3fffd1f95'],
      ['dialToListener', 'ca7a1027345155dc8c9bca3487e81525', 'f50dfab2a43189beb2fc16385ffb2a3a'],
      ['dialToListenerAfterOneRekey', '9f72e2f6d1382c04734dd78f19b9e8dd', 'ff149fbf626286e866b9c300cbad9b3b'],
      ['binding', 'f60830e3555e802899657f42b2cdbc70', 'c775f9344e818d0a4ff55811acddb3ea'],
    ];
    for (const [name, first, second] of rows) {
      expect(one.values[name].slice(0, 32), name).toBe(first);
      expect(two.values[name].slice(0, 32), name).toBe(second);
    }
    expect(one.frames.openOfDialler).toBe('000000173a43c37db502a6d5b7fc545367104a8e7c00c85e9d852c');
    expect(two.frames.openOfDialler).toBe('00000017b3ccac0fedae4333d577a73a1ee2ce10c4ad2530a4607a');
    for (const { frames } of [one, two])
      expect([frames.hello, frames.reply, frames.finish].map((f) => f.length / 2)).toEqual([59, 163, 127]);
    const broadcast = of('broadcast, check value');
    expect(broadcast.messageId.slice(0, 32)).toBe('9c64319a1b6aa7cc7bbedb7f8b80112c');
    expect(broadcast.signature.slice(0, 32)).toBe('08be85ce827df506074a12a14cc662fa');
  });

  for (const core of cores) {
    it(`are reproduced by the machines on the ${core.name} core`, () => {
      const before = core.guarded.live;
      const report = runVectors({ name: 'handfast.json', text }, core);
      expect(report.failed).toEqual([]);
      expect(report.passed).toBe(32);
      expect(report.kind).toBe('handfast/1 transcripts');
      expect(core.guarded.live).toBe(before);
      expect(core.slabs.leased).toBe(0);
    });

    it(`a wrong digit anywhere is seen on the ${core.name} core`, () => {
      expect(KINDS).toContain(handfastKind);
      // In each string of hexadecimal digits, that is not shared by two places, one digit is changed: the vector must fail.
      let changed = 0;
      for (const vector of vectors) {
        for (const path of digits(vector)) {
          const copy = structuredClone(vector);
          changeAt(copy, path);
          const report = runVectors({ name: 'x', text: JSON.stringify({ protocol: 'handfast', version: 1, vectors: [copy] }) }, core);
          if (!unread(vector.kind, path)) expect(report.failed.length, `${vector.id}: ${path.join('.')}`).toBe(1);
          changed++;
        }
      }
      expect(changed).toBeGreaterThan(200);
    });

    it(`a vector of an unknown kind fails on the ${core.name} core`, () => {
      const odd = JSON.stringify({ protocol: 'handfast', version: 1, vectors: [{ id: 'x', kind: 'new' }] });
      expect(runVectors({ name: 'x', text: odd }, core).failed).toEqual([{ id: 'x', why: 'unknown kind new' }]);
      const later = JSON.stringify({ protocol: 'handfast', version: 2, vectors: [] });
      expect(runVectors({ name: 'x', text: later }, core).failed.length).toBe(1);
    });
  }
});

/** Values that only inform: prk2 never leaves the machine, who refuses at once makes no ephemeral, and of a shape no digit within a field counts. */
function unread(kind: string, path: (string | number)[]): boolean {
  const name = path.join('.');
  return name === 'values.prk2' || kind === 'gossip-shape' || (kind === 'clear-refusal' && name === 'listener.ephemeral');
}

function digits(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value === 'string') return /^([0-9a-f]{2}){8,}$/.test(value) ? [path] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => digits(inner, [...path, name]));
}

function changeAt(document: object, path: (string | number)[]): void {
  let at = document as Record<string | number, unknown>;
  for (const name of path.slice(0, -1)) at = at[name] as Record<string | number, unknown>;
  const last = path.at(-1)!;
  const value = at[last] as string;
  const middle = Math.floor(value.length / 2);
  at[last] = `${value.slice(0, middle)}${value[middle] === '0' ? '1' : '0'}${value.slice(middle + 1)}`;
}
