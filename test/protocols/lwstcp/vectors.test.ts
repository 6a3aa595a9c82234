import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lwstcpKind } from '../../../src/conformance/lwstcp.ts';
import { KINDS, runVectors } from '../../../src/conformance/run.ts';
import { cores } from '../../support/cores.ts';

const text = readFileSync(new URL('../../vectors/lightweight-secure-tcp.json', import.meta.url), 'utf8');
const { vectors } = JSON.parse(text) as { vectors: Record<string, unknown>[] };

describe.each(cores)('recorded from the library, on the $name core', (core) => {
  const run = (document: object) => runVectors({ name: 'x', text: JSON.stringify(document) }, core);

  it('every vector is reproduced, and every connection replayed in both roles', () => {
    const before = core.guarded.live;
    const report = runVectors({ name: 'x', text }, core);
    expect(KINDS).toContain(lwstcpKind);
    expect(report.failed).toEqual([]);
    expect(report.passed).toBe(117);
    expect(report.kind).toBe('LightweightSecureTCP');
    expect(core.guarded.live).toBe(before);
    expect(core.slabs.leased).toBe(0);
  });

  it('a wrong digit in what is computed is seen', () => {
    let changed = 0;
    for (const vector of vectors) {
      for (const path of READ[String(vector.kind)] ?? []) {
        const copy = structuredClone(vector);
        if (!changeAt(copy, path.split('.'))) continue;
        expect(run({ protocol: 'lwstcp', vectors: [copy] }).failed.length, `${vector.id}: ${path}`).toBe(1);
        changed++;
      }
    }
    expect(changed).toBeGreaterThan(140);
  });

  it('a vector of an unknown kind fails', () => {
    expect(run({ protocol: 'LightweightSecureTCP', vectors: [{ id: 'x', kind: 'new' }] }).failed).toEqual([
      { id: 'x', why: 'unknown kind new' },
    ]);
  });
});

/** Fields that decide: a change of one digit in them must be a failure. */
const READ: Readonly<Record<string, readonly string[]>> = {
  block: ['ciphertext', 'plaintext'],
  buffer: ['ciphertext', 'input', 'padding'],
  encode: ['wire', 'fields.nonce', 'fields.sum', 'fields.num1', 'fields.sessionKey', 'fields.message', 'padding'],
  decode: ['fields.nonce', 'fields.xor', 'fields.num2', 'fields.sessionKey', 'fields.message'],
  challenge: ['request.nonce', 'response.nonce', 'response.sum', 'response.xor', 'response.padding', 'response.wire'],
  session: ['sessionKey', 'serverReceived.0', 'clientReceived.0', 'events.0.bytes', 'events.1.bytes', 'events.2.bytes'],
};

/** Turns one digit in the middle. @returns false where there is none, or where nothing hangs on it. */
function changeAt(document: Record<string, unknown>, path: string[]): boolean {
  let at = document;
  for (const name of path.slice(0, -1)) at = at?.[name] as Record<string, unknown>;
  const last = path.at(-1)!;
  const value = at?.[last];
  if (typeof value !== 'string' || value.length < 8 || document.rounds === 0 || idle(document)) return false;
  const middle = Math.floor(value.length / 2);
  at[last] = `${value.slice(0, middle)}${value[middle] === '0' ? '1' : '0'}${value.slice(middle + 1)}`;
  return true;
}

/** A side made by hand has a story of its own: it may be refused for another reason already. */
function idle({ kind, sessionKey, client, server }: Record<string, unknown>): boolean {
  return kind === 'session' && (sessionKey === null || client !== 'library' || server !== 'library');
}
