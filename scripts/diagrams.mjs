#!/usr/bin/env node
// @ts-check
/** Shakes hands by each protocol, in memory, and draws what happened, and the house, into docs/diagrams/, where a test compares it with another run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { draw } from './diagrams/draw.mjs';
import { HANDSHAKES } from './diagrams/handshakes.mjs';
import { house } from './diagrams/house.mjs';
import { record } from './diagrams/record.mjs';

/** Each file of docs/diagrams/ by its name. @param {import('../src/core/core.ts').Core} core @returns {Promise<Map<string, string>>} */
export async function diagrams(core) {
  /** @type {Map<string, string>} */
  const files = new Map();
  for (const handshake of HANDSHAKES) {
    files.set(`${handshake.name}.svg`, draw(handshake, await record({ core, ...(await handshake.cast(core)) })));
  }
  files.set('house.svg', house(join(import.meta.dirname, '..')));
  return files;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { core } = await import(new URL('../dist/core/choose.js', import.meta.url).href);
  const folder = join(import.meta.dirname, '../docs/diagrams');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of await diagrams(core)) {
    writeFileSync(join(folder, name), text);
    console.log(`docs/diagrams/${name}`);
  }
}
