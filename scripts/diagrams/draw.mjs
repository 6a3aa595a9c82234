// @ts-check
/** A recorded handshake as SVG: one column that a telephone can show, the dialling side left, the listening one right, time downwards. */

/** @typedef {import('./record.mjs').Happening} Happening @typedef {import('./record.mjs').Role} Role @typedef {import('./handshakes.mjs').Handshake} Handshake */

/** @param {Handshake} handshake @param {import('./record.mjs').Recorded} recorded @returns {string} */
export function draw(handshake, recorded) {
  const { happenings } = recorded;
  const { title, names, before } = handshake;
  const paper = new Paper();
  paper.text(MARGIN, title, 'title');
  paper.gap(26);
  for (const role of ROLES) paper.put(X[role], paper.y, names[role], 'name', role === 'initiator' ? 'start' : 'end');
  paper.gap(10);
  const top = paper.y;
  if (before)
    paper.across(
      before,
      happenings.find(({ kind }) => kind === 'upgrade'),
    );
  let shownAt = -1;
  /** @type {Map<string, number>} how many there were of each message. */
  const sent = new Map();
  for (const group of groupsOf(happenings)) {
    paper.gap(10);
    if (group.at !== shownAt) paper.put(0, paper.y + LINE, `${group.at} ms`, 'time', 'start');
    shownAt = group.at;
    if (group.flight) paper.arrow(group.side, labelOf(handshake, group.flight, sent));
    else paper.did(group.side, linesOf(handshake, group));
  }
  paper.gap(14);
  const bottom = paper.y;
  paper.gap(6);
  const notes = notesOf(handshake, recorded);
  for (const note of notes) for (const line of wrapped(note, WIDE)) paper.text(MARGIN, line, 'note');
  const lifelines = ROLES.map((role) => `<line class="life" x1="${X[role]}" y1="${top}" x2="${X[role]}" y2="${bottom}"/>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${paper.y + 8}" width="${WIDTH}" height="${paper.y + 8}" class="handshake" role="img" aria-labelledby="title desc">
<title id="title">${escaped(`The handshake of ${title}`)}</title>
<desc id="desc">${escaped([...toldOf(handshake, happenings), ...notes].join(' '))}</desc>
<style>${STYLE}</style>
${[...lifelines, ...paper.drawn].join('\n')}
</svg>
`;
}

/** What one side does at one moment, up to what it sends. @param {readonly Happening[]} happenings */
function groupsOf(happenings) {
  /** @type {{ at: number, side: Role, flight?: Extract<Happening, { kind: 'flight' }>, did: Happening[] }[]} */
  const groups = [];
  for (const each of happenings) {
    const { at, side, kind } = each;
    const last = groups.at(-1);
    if (kind === 'upgrade') continue;
    if (kind === 'flight') groups.push({ at, side, flight: each, did: [] });
    else if (last && !last.flight && last.at === at && last.side === side) last.did.push(each);
    else groups.push({ at, side, did: [each] });
  }
  return groups;
}

/** @param {Handshake} handshake @param {{ side: Role, did: readonly Happening[] }} group */
function linesOf({ judged, steps = {} }, { side, did }) {
  /** @type {{ words: string, style: string }[]} */
  const lines = [];
  for (const each of did) {
    if (each.kind === 'judge') lines.push({ words: judged[side], style: 'knows' });
    else if (each.kind === 'open') lines.push({ words: 'the session is open', style: 'open' });
    else {
      const words = each.kind === 'work' ? each.ops.map(wordOf).join(', ') : 'what' in each ? (steps[each.what] ?? each.what) : '';
      const last = lines.at(-1);
      if (last?.style === 'work') last.words += ` · ${words}`;
      else lines.push({ words, style: 'work' });
    }
  }
  return lines.flatMap(({ words, style }) => wrapped(words, NARROW).map((line) => ({ words: line, style })));
}

/** @param {Handshake} handshake @param {Extract<Happening, { kind: 'flight' }>} flight @param {Map<string, number>} sent */
function labelOf({ messages, inside }, { messages: flying, shown }, sent) {
  const lines = flying.flatMap(({ what, bytes }) => {
    const nth = sent.get(what) ?? 0;
    sent.set(what, nth + 1);
    const words = [messages[what]].flat()[Array.isArray(messages[what]) ? nth : 0];
    if (words === undefined) throw new Error(`no words for the message ${what}, number ${nth + 1}`);
    return [
      { words: `${what}, ${bytes.toLocaleString('en')} bytes`, style: 'message' },
      ...wrapped(words, NARROW).map((line) => ({ words: line, style: 'content' })),
    ];
  });
  if (shown.length > 0 && !inside) lines.push({ words: `shows ${shown.join(', ')} to whoever is on the way`, style: 'shows' });
  return lines;
}

/** What is counted, and not drawn. @param {Handshake} handshake @param {import('./record.mjs').Recorded} recorded */
function notesOf({ names, inside }, { happenings, watched }) {
  const flights = happenings.filter((each) => each.kind === 'flight');
  const shown = new Set(happenings.flatMap((each) => ('shown' in each ? each.shown : [])));
  const opened = (/** @type {Role} */ role) => happenings.find(({ kind, side }) => kind === 'open' && side === role)?.at ?? 0;
  const bytes = (/** @type {Role} */ role) => flights.reduce((sum, each) => sum + (each.side === role ? each.bytes : 0), 0);
  const name = (/** @type {Role} */ role) => names[role].replace(/ (dials|listens)$/, '');
  const works = (/** @type {Role} */ role) => {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const each of happenings) {
      if (each.kind !== 'work' || each.side !== role) continue;
      for (const op of each.ops) counts.set(wordOf(op), (counts.get(wordOf(op)) ?? 0) + 1);
    }
    return [...counts].map(([word, count]) => `${count} ${word}`).join(', ') || 'none';
  };
  const hidden = watched.filter((name) => !shown.has(name));
  const learns = inside
    ? ['learns that it is TLS']
    : [
        ...(shown.size > 0 ? [`learns ${[...shown].join(', ')}`] : []),
        ...(hidden.length > 0 ? [`does not learn ${hidden.join(', ')}`] : []),
      ];
  return [
    `${flights.length} flights; ${ROLES.map((role) => `${name(role)} sends ${bytes(role).toLocaleString('en')} bytes and is open after ${opened(role)} ms`).join(', ')}, with 20 ms each way and work that takes no time.`,
    `Work: ${ROLES.map((role) => `${name(role)} ${works(role)}`).join('; ')}.`,
    `Whoever listens on the way ${learns.join('; ')}; sizes and times in any case.`,
  ];
}

/** The whole in words, for those who hear it. @param {Handshake} handshake @param {readonly Happening[]} happenings */
function toldOf(handshake, happenings) {
  const { names, before } = handshake;
  const told = groupsOf(happenings).map(({ at, side, flight, did }) => {
    const what = flight
      ? `sends ${flight.messages.map(({ what, bytes }) => `${what}, ${bytes} bytes`).join(', and ')}`
      : linesOf(handshake, { side, did })
          .map(({ words }) => words)
          .join(' ');
    return `${at} ms, ${names[side]}: ${what}.`;
  });
  return before ? [before, ...told] : told;
}

class Paper {
  y = 0;
  /** @type {string[]} */
  drawn = [];

  gap(/** @type {number} */ height) {
    this.y += height;
  }

  /** A line of text, which the next one stands under. */
  text(/** @type {number} */ x, /** @type {string} */ words, /** @type {string} */ style, anchor = 'start') {
    this.y += style === 'title' ? LINE + 6 : LINE;
    this.put(x, this.y, words, style, anchor);
  }

  put(
    /** @type {number} */ x,
    /** @type {number} */ y,
    /** @type {string} */ words,
    /** @type {string} */ style,
    /** @type {string} */ anchor,
  ) {
    this.drawn.push(`<text class="${style}" x="${x}" y="${y}" text-anchor="${anchor}">${escaped(words)}</text>`);
  }

  /** What one side does. @param {Role} side @param {readonly { words: string, style: string }[]} lines */
  did(side, lines) {
    this.drawn.push(`<circle class="dot" cx="${X[side]}" cy="${this.y + LINE - 4}" r="3.5"/>`);
    const dialling = side === 'initiator';
    for (const { words, style } of lines) this.text(X[side] + (dialling ? 12 : -12), words, style, dialling ? 'start' : 'end');
  }

  /** What one side sends. @param {Role} side @param {readonly { words: string, style: string }[]} lines */
  arrow(side, lines) {
    for (const { words, style } of lines) this.text(MIDDLE, words, style, 'middle');
    this.gap(9);
    const dialling = side === 'initiator';
    const [from, to] = dialling ? [X.initiator, X.responder] : [X.responder, X.initiator];
    const back = dialling ? -9 : 9;
    this.drawn.push(`<line class="flight" x1="${from}" y1="${this.y}" x2="${to + back / 2}" y2="${this.y}"/>`);
    this.drawn.push(`<path class="head" d="M${to} ${this.y}l${back} -5v10z"/>`);
    this.gap(4);
  }

  /** What the carrier does before. @param {string} words @param {Happening | undefined} upgrade */
  across(words, upgrade) {
    this.gap(6);
    const top = this.y;
    for (const line of wrapped(words, NARROW)) this.text(MIDDLE, line, 'content', 'middle');
    if (upgrade && 'shown' in upgrade && upgrade.shown.length > 0)
      this.text(MIDDLE, `shows ${upgrade.shown.join(', ')} to whoever is on the way, without TLS`, 'shows', 'middle');
    this.gap(8);
    this.drawn.push(
      `<rect class="carrier" x="${X.initiator}" y="${top}" width="${X.responder - X.initiator}" height="${this.y - top}" rx="4"/>`,
    );
  }
}

/** @param {string} op */
function wordOf(op) {
  if (WORDS[op] === undefined) throw new Error(`no word for the work ${op}`);
  return WORDS[op];
}

/** @param {string} words @param {number} letters @returns {string[]} */
export function wrapped(words, letters) {
  const lines = [''];
  for (const word of words.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > letters) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

/** @param {string} text */
export function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** @type {readonly Role[]} */
const ROLES = ['initiator', 'responder'];
const WIDTH = 480;
const MARGIN = 4;
/** @type {Record<Role, number>} */
const X = { initiator: 58, responder: 472 };
const MIDDLE = (X.initiator + X.responder) / 2;
const LINE = 17;
/** Letters that fit between the two sides, and across the whole. */
const NARROW = 56;
const WIDE = 70;

/** @type {Record<string, string>} */
const WORDS = {
  keygen: 'key pair',
  dh: 'X25519',
  sign: 'Ed25519 signature',
  verify: 'Ed25519 verification',
  'secp256k1-sign': 'secp256k1 signature',
  'secp256k1-verify': 'secp256k1 verification',
  'secp256k1-verify-sha512': 'secp256k1 verification',
  'ffdh-keygen': 'key pair of the group',
  'ffdh-derive': 'Diffie-Hellman',
  'rsa-sign': 'RSA signature',
  'rsa-verify': 'RSA verification',
  'pbkdf2-sha256': 'PBKDF2',
  argon2id: 'argon2id',
};

/** Colours of light and of dark pages, as those of the charts. */
export const COLOURS = `.handshake { --accent: #0b7a75; --ink: #1f2933; --muted: #52606d; --line: #9aa5b1; --warn: #a33a00; font-family: ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
@media (prefers-color-scheme: dark) { .handshake { --accent: #2bb3aa; --ink: #e8edf2; --muted: #a3b0bd; --line: #64707d; --warn: #ff9d66; } }`;

const STYLE = `${COLOURS}
text { fill: var(--ink); font-size: 12.5px; }
.title { font-size: 17px; font-weight: 650; }
.name, .message { font-weight: 650; }
.content, .work, .note { fill: var(--muted); }
.time { fill: var(--muted); font-size: 11px; }
.knows, .open { fill: var(--accent); }
.open { font-weight: 650; }
.shows { fill: var(--warn); }
.life { stroke: var(--line); }
.flight { stroke: var(--ink); stroke-width: 1.5px; }
.head, .dot { fill: var(--ink); }
.carrier { fill: none; stroke: var(--line); stroke-dasharray: 4 3; }`;
