/** docs/reached.md: every code, every transition of every machine, every limit in force, each with a test that reaches it. Written by `npm run coverage`. */

import { figuresOf, PROTOCOL_LIMIT_TESTS } from './protocol-limits.mjs';

/** Limits are reached by tests that go to them and one beyond. @param title a part of the test's title, as it stands in its file. */
const at = (file, title) => ({ file: `test/${file}.test.ts`, title });
export const LIMIT_TESTS = {
  handshakeDeadlineMs: at('transport/handfast', 'a side that goes silent is late after 30 s'),
  clockWindowMs: at('protocols/handfast/order', 'both ends of the window belong to it'),
  helloBytes: at('attacks/chunks', '1,000 sides in each state, less than 8 KiB each'),
  handshakeFrameBytes: at('attacks/chunks', '1,000 sides in each state, less than 8 KiB each'),
  messageBytes: at('transport/session', 'that are too large, or no bytes, are refused to the caller'),
  unreadMessages: at('transport/session', 'inward: 1,024 unread messages pause the carrier'),
  unreadBytes: at('transport/session', 'inward: bytes count too'),
  halfOpen: at('transport/limits', 'all handshakes together are 256 at once'),
  halfOpenPerAddress: at('transport/limits', 'are 16 at once'),
  handshakesPerSecond: at('transport/limits', 'come 20 at once, then 5 a second'),
  handshakeBurst: at('transport/limits', 'come 20 at once, then 5 a second'),
  sessions: at('transport/listen', 'room comes last, and is given back'),
  pingMs: at('transport/handfast', 'silent sessions ping, and end when nothing comes back'),
  silenceMs: at('transport/handfast', 'silent sessions ping, and end when nothing comes back'),
  rekeyEveryRecords: at('protocols/handfast/traffic', 'key changes at record'),
  peers: at('node/peers', 'is counted for all, and for each direction'),
  dialsAtOnce: at('node/dialer', 'so many at once and no more; the others in their turn'),
  outgoingPerPeerBytes: at('node/link', 'says false when its queue is full'),
  requestsInFlight: at('node/requests/requests', 'HF_BUSY of the caller, until one has ended'),
  requestsInFlightPerPeer: at('node/requests/requests', 'HF_BUSY of the caller, until one has ended'),
  handlersRunning: at('node/requests/handlers', 'requests in progress, of one peer and of all: BUSY'),
  handlersRunningPerPeer: at('node/requests/handlers', 'requests in progress, of one peer and of all: BUSY'),
  answersHeldBytes: at('node/requests/handlers', 'bytes of answers of one peer: the oldest go'),
  broadcastsReadPerSecond: at('node/gossip/budgets', 'of a flood is hashed, verified, remembered and asked for within bounds'),
  broadcastsSentPerSecond: at('node/gossip/publisher', 'wait once half a second of them has gone out at once'),
  broadcastIds: at('node/gossip/seen', 'never holds more than it may, whoever fills it'),
  broadcastsKeptBytes: at('node/gossip/store', 'lets the oldest blocks go when there are too many bytes'),
  chargesBeforeWarning: at('node/bans/charges', 'warns once as it passes 5,000, and bans from 15,000'),
  chargesBeforeBan: at('node/bans/charges', 'warns once as it passes 5,000, and bans from 15,000'),
  banForChargesMs: at('node/bans/charges', 'is let in again after 300 s'),
  controlClients: at('node/control/control', 'so many programs at a time'),
  controlLineBytes: at('node/control/lines', 'may have so many bytes and not one more'),
};

/** @param notes `code NAME` and `transition protocol role from to input`, each with the test that reached it. */
export async function reachedPage(notes) {
  const { limitsInForce } = await import('../dist/cli/limits.js');
  const { core } = await import('../dist/core/pure.js');
  const limits = limitsInForce(core);
  const lines = [
    '# What tests reach',
    '',
    'Written by `npm run coverage`, which runs all tests and notes what each reaches. A test compares the codes with the table in `src/errors.ts`, the states with those in the machines, and the limits with those in force.',
    '',
    '## Codes of errors',
    '',
    '| code | reached by |',
    '| --- | --- |',
  ];
  const sorted = [...notes].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [what, by] of sorted) if (what.startsWith('code ')) lines.push(`| HF_${what.slice(5)} | ${shown(by)} |`);
  const machines = new Map();
  for (const [what, by] of sorted) {
    if (!what.startsWith('transition ')) continue;
    const [, protocol, role, from, to, input] = what.split(' ');
    const machine = machines.get(`${protocol}, ${role}`) ?? new Map();
    machines.set(`${protocol}, ${role}`, machine);
    const step = machine.get(`${from} | ${to}`) ?? { inputs: new Set(), by };
    machine.set(`${from} | ${to}`, step);
    step.inputs.add(input);
    if (by < step.by) step.by = by;
  }
  lines.push('', '## Transitions of machines', '');
  for (const [name, machine] of machines) {
    lines.push(`### ${name}`, '', '| from | to | on | reached by |', '| --- | --- | --- | --- |');
    for (const [step, { inputs, by }] of machine) lines.push(`| ${step} | ${[...inputs].sort().join(', ')} | ${shown(by)} |`);
    lines.push('');
  }
  lines.push('## Limits in force', '', 'As `handfast doctor` shows them.', '', '| limit | value | reached by |', '| --- | --- | --- |');
  for (const [name, value] of Object.entries(limits)) {
    const { file, title } = LIMIT_TESTS[name];
    lines.push(`| ${name} | ${value.toLocaleString('en')} | ${shown(`${file} > ${title}`)} |`);
  }
  lines.push(...(await protocolLines()));
  return `${lines.join('\n')}\n`;
}

/** The last section of the page, which wants no run of the tests. */
export async function protocolLines() {
  const limits = {};
  for (const protocol of Object.keys(PROTOCOL_LIMIT_TESTS)) limits[protocol] = await import(`../dist/protocols/${protocol}/limits.js`);
  const lines = [
    '',
    '## Figures of the other protocols',
    '',
    'As `limits.ts` of each has them: bytes, or milliseconds where the name ends in Ms.',
    '',
    '| protocol | figure | value | reached by |',
    '| --- | --- | --- | --- |',
  ];
  for (const [protocol, figures] of Object.entries(figuresOf(limits))) {
    for (const [name, value] of Object.entries(figures)) {
      const { why, file, title } = PROTOCOL_LIMIT_TESTS[protocol][name];
      lines.push(`| ${protocol} | ${name} | ${value.toLocaleString('en')} | ${why ? `no test: ${why}` : shown(`${file} > ${title}`)} |`);
    }
  }
  return lines;
}

function shown(by) {
  const at = by.indexOf(' > ');
  const file = by.slice(0, at);
  const title = by.slice(at + 3);
  const short = title.length > 140 ? `${title.slice(0, 139)}…` : title;
  // What would be read as a table, a link or an emphasis.
  return `\`${file.replace(/^test\//, '')}\`${short ? `: ${short.replace(/([|*_[\]<>`\\])/g, '\\$1').replace(/\s+/g, ' ')}` : ''}`;
}
