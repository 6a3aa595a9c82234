// @ts-check
/** The house in one picture: its rooms from top to bottom, and who uses whom, read from the import and include lines. Rooms have words here; one without is an error. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { COLOURS, escaped, wrapped } from './draw.mjs';

/** From top to bottom, and what each is for. @type {Readonly<Record<string, string>>} */
const ROOMS = {
  cli: 'the command: handfast listen, connect, probe, bench, demo...',
  conformance: 'runs files of test vectors through both cores',
  adapters: "our core in other people's sockets",
  observe: 'metrics of what the channels tell',
  node: 'who is connected: dialling, bans, requests, gossip, shared state',
  transport: 'sockets, clocks and the one driver of all protocols; sessions',
  protocols: 'handshakes and traffic as pure functions',
  core: 'cryptography behind one interface, twice; slabs',
  wire: 'bounded readers and writers',
  errors: 'codes, and whose doing it was',
  'native/addon': 'checks arguments, translates errors; the only files that know Node',
  'native/core': 'bytes in, bytes out: one item, or many one by one',
  'native/lanes': 'the same for eight or sixteen at once, in vectors',
};

/** @param {string} root of the repository. @returns {string} SVG. */
export function house(root) {
  const uses = usesOf(root);
  const names = Object.keys(ROOMS);
  for (const name of uses.keys()) if (!(name in ROOMS)) throw new Error(`no words for the room ${name}`);
  let y = 58;
  const rooms = names.map((name) => {
    const lines = wrapped(ROOMS[name], 44);
    const packages = [...(uses.get(name)?.packages ?? [])].sort();
    if (packages.length > 0) lines.push(...wrapped(`from elsewhere: ${packages.join(', ')}`, 44));
    if (name === 'native/addon') y += 12;
    const room = { name, lines, top: y, height: 24 + 15 * lines.length };
    y += room.height + 6;
    return room;
  });
  const middle = (/** @type {string} */ name) => {
    const room = rooms.find((each) => each.name === name);
    return room ? room.top + room.height / 2 : 0;
  };
  const drawn = rooms.flatMap(({ name, lines, top, height }) => [
    `<rect class="room" x="4" y="${top}" width="${WALL - 4}" height="${height}" rx="4"/>`,
    `<text class="name" x="14" y="${top + 18}">${name}</text>`,
    ...lines.map((words, i) => `<text class="note" x="14" y="${top + 33 + 15 * i}">${escaped(words)}</text>`),
  ]);
  const told = [];
  for (const [i, name] of names.entries()) {
    const used = names.filter((other) => uses.get(name)?.rooms.has(other));
    told.push(`${name} uses ${used.join(', ') || 'no other room'}.`);
    if (used.length === 0) continue;
    const x = WALL + 14 + 12 * i;
    const ends = [name, ...used].map(middle);
    drawn.push(`<line class="life" x1="${x}" y1="${Math.min(...ends)}" x2="${x}" y2="${Math.max(...ends)}"/>`);
    drawn.push(`<line class="life" x1="${WALL}" y1="${middle(name)}" x2="${x}" y2="${middle(name)}"/>`);
    drawn.push(`<rect class="user" x="${x - 3.5}" y="${middle(name) - 3.5}" width="7" height="7"/>`);
    for (const other of used) drawn.push(`<circle class="used" cx="${x}" cy="${middle(other)}" r="3.5"/>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 ${y + 4}" width="480" height="${y + 4}" class="handshake" role="img" aria-labelledby="title desc">
<title id="title">The house</title>
<desc id="desc">${escaped(`Rooms from top to bottom. ${told.join(' ')}`)}</desc>
<style>${STYLE}</style>
<text class="title" x="4" y="20">The house</text>
<text class="note" x="4" y="42">A square uses the rooms that have a dot on its line.</text>
${drawn.join('\n')}
</svg>
`;
}

/** Which rooms and packages each room names. @param {string} root @returns {Map<string, { rooms: Set<string>, packages: Set<string> }>} */
export function usesOf(root) {
  /** @type {Map<string, { rooms: Set<string>, packages: Set<string> }>} */
  const uses = new Map();
  const of = (/** @type {string} */ room) => {
    const known = uses.get(room) ?? { rooms: new Set(), packages: new Set() };
    uses.set(room, known);
    return known;
  };
  const src = join(root, 'src');
  for (const path of filesIn(src, /\.ts$/)) {
    const room = roomOf(relative(src, path));
    // Entry points stand above all rooms: they only hand on.
    if (room === 'index' || room === 'browser') continue;
    for (const found of readFileSync(path, 'utf8').matchAll(IMPORTED)) {
      const specifier = found[1] ?? found[2];
      if (specifier.startsWith('node:')) continue;
      if (!specifier.startsWith('.'))
        of(room).packages.add(
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        );
      else {
        const to = roomOf(relative(src, resolve(dirname(path), specifier)));
        if (to !== room && to !== '..') of(room).rooms.add(to);
      }
    }
  }
  // The addon is loaded by its path, in core/native-addon.ts, not imported.
  of('core').rooms.add('native/addon');
  const native = join(root, 'native');
  for (const path of filesIn(native, /\.(?:cpp|h|inc)$/)) {
    const room = `native/${relative(native, path).split(sep)[0]}`;
    for (const [, to] of readFileSync(path, 'utf8').matchAll(/^#include "(\w+)\//gm))
      if (`native/${to}` !== room) of(room).rooms.add(`native/${to}`);
  }
  return uses;
}

function roomOf(/** @type {string} */ path) {
  return path.split(sep)[0].replace(/\.ts$/, '');
}

function filesIn(/** @type {string} */ folder, /** @type {RegExp} */ ending) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => ending.test(path))
    .map((path) => join(folder, path));
}

/** Static imports and re-exports, types too, and those by a call. */
const IMPORTED = /^(?:import '|.*\bfrom ')([^'\n]+)';$|\bimport\('([^'\n]+)'\)/gm;

/** Where boxes end and lines begin. */
const WALL = 306;

const STYLE = `${COLOURS}
text { fill: var(--ink); font-size: 12.5px; }
.title { font-size: 17px; font-weight: 650; }
.name { font-weight: 650; }
.note { fill: var(--muted); font-size: 12px; }
.room { fill: none; stroke: var(--line); }
.life { stroke: var(--line); }
.user { fill: var(--ink); }
.used { fill: var(--accent); }`;
