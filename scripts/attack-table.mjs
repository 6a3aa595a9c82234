/**
 * docs/attacks.md: every attack, by protocol, with the test that shows what becomes of it and the defence whose removal a test notices. `node scripts/attack-table.mjs` writes it;
 * test/docs/attacks.test.ts compares it, and looks for each test and each removed check.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const PROTOCOLS = ['handfast', 'xrpl', 'hivemind 2', 'hivemind 3', 'lwstcp', 'sdmp'];
const OTHERS = ['hivemind 2', 'hivemind 3', 'lwstcp', 'sdmp'];

/** @param title a part of the test's title as it stands in its file. */
const test = (file, title) => ({ file: `test/${file}.test.ts`, title });
const none = (why) => ({ why });
const all = (protocols, ref) => Object.fromEntries(protocols.map((protocol) => [protocol, ref]));

/** `removed`: names of edits in scripts/mutants*.mjs. */
export const ATTACKS = [
  {
    attack: 'Replay of a handshake message',
    defence:
      'both sides draw something new, and it is signed or mixed into the keys; what may come once is remembered where the protocol draws too little',
    by: {
      handfast: test('attacks/replay', 'handshakes, in every state, four ways: 0 accepted'),
      xrpl: test('attacks/xrpl-replay', 'a request that was accepted once is refused on'),
      ...all(OTHERS, test('attacks/handshake-replay', 'their messages in every state of new ones')),
    },
    removed: [
      'session keys depend on the finish',
      'no session key twice',
      'attacks: a session key twice',
      'sdmp: W2',
      'attacks: offers that were used',
    ],
  },
  {
    attack: 'Replay of a message',
    defence: 'counters inside the cipher',
    by: {
      handfast: test('core/core', 'handfast/pure'),
      xrpl: none('TLS has them'),
      'hivemind 2': test('protocols/hivemind/weaknesses', 'a message sent twice is taken twice'),
      'hivemind 3': test('protocols/hivemind/v3', 'ends the session with 1008'),
      lwstcp: none('not promised: docs/protocols/lwstcp.md'),
      sdmp: test('protocols/sdmp/traffic', 'nothing is dropped, repeated, reordered or sent back'),
    },
    removed: ['attacks: a number is used once', 'sdmp: E7, received', 'sdmp: numbers of what is sealed'],
  },
  {
    attack: 'Reflection',
    defence: 'a label for each role in what is signed or keyed; own keys and envelopes refused',
    by: {
      handfast: test('attacks/reflection', 'a node that reaches itself through a relay refuses on both sides'),
      xrpl: test('attacks/xrpl-replay', 'handed back to it are refused'),
      ...all(OTHERS, test('attacks/handshake-reflection', 'in every state, alone and all of them: 0 sessions')),
    },
    removed: ['own id', 'row 10', 'sdmp: G7, reflection', 'attacks: hivemind: our own envelope', 'directions'],
  },
  {
    attack: 'Unknown key share',
    defence: 'both identities in what is signed',
    by: {
      handfast: test('attacks/key-share', 'passing everything on makes the session of Alice and Bob'),
      xrpl: test('attacks/xrpl-bridge', 'refused, by both'),
      'hivemind 2': none('who knows the password is all there is to be'),
      'hivemind 3': test('protocols/hivemind/v3', 'the slave refuses %s'),
      lwstcp: none('who knows the key is all there is to be'),
      sdmp: test('protocols/sdmp/traffic', 'takes no proof that is signed as the plain protocol signs'),
    },
    removed: ['the finish names the listener', 'sdmp: a role in what is signed'],
  },
  {
    attack: 'Stolen keys',
    defence: 'the tables of SECURITY.md say what each is good for',
    by: {
      handfast: test('attacks/compromise', 'not for playing B to A'),
      xrpl: test('attacks/compromise-others', 'not for playing B to A'),
      'hivemind 2': test('attacks/compromise-others', 'for reading whatever was recorded'),
      'hivemind 3': test('attacks/compromise-others', 'the password: not where one is'),
      lwstcp: test('attacks/compromise-others', 'for playing either side, and for reading whatever was recorded'),
      sdmp: test('attacks/compromise-others', 'not for reading what was recorded'),
    },
    removed: [
      'signature',
      'row 9',
      'attacks: hivemind: the pinned key of a master',
      'attacks: hivemind: the pinned key of a client',
      'sdmp: G9',
    ],
  },
  {
    attack: 'Man in the middle of TLS',
    defence: 'the signature covers both Finished messages',
    by: {
      xrpl: test('attacks/xrpl-bridge', 'nor when the relay says the 101 itself'),
      ...all(['handfast', ...OTHERS], none('there is no TLS that anything rests on')),
    },
    removed: ['attacks: both Finished messages are in what is signed', 'equal Finished messages'],
  },
  {
    attack: 'Downgrade',
    defence: 'what was offered is in the transcript; no fallback after a failure',
    by: {
      handfast: test('attacks/downgrade', 'every changed list of the hello'),
      xrpl: none('offers are inside TLS: whoever changes them is the man in the middle'),
      'hivemind 2': test('protocols/hivemind/weaknesses', 'lists and bounds can be changed on the way, and nobody notices'),
      'hivemind 3': test('protocols/hivemind/v3', 'an altered list of the greeting makes the handshake fail'),
      lwstcp: none('nothing is offered'),
      sdmp: test('protocols/sdmp/traffic', 'does not open towards a peer without it, on either side, and never falls back'),
    },
    removed: [
      'reply: suite offered',
      'reply: version offered',
      'attacks: hivemind: lists of the greeting are bound',
      'attacks: hivemind: handshakes that were offered',
    ],
  },
  {
    attack: 'Handshakes spoilt: every bit, every length, bytes added, many changes',
    defence: 'bounded readers, exact layouts; a machine never throws',
    by: {
      handfast: test('attacks/corruption', 'many changes at once'),
      xrpl: test('attacks/xrpl-corruption', 'in memory: nobody is let in who should not be'),
      ...all(OTHERS, test('attacks/handshake-corruption', 'inputs, 0 accepted')),
    },
    removed: ['hello exact', 'proof exact', 'sdmp: C4 in the property', 'numbers read are set'],
  },
  {
    attack: 'Messages spoilt, beside an honest pair',
    defence: 'what does not open ends its session alone, and moves no counter',
    by: all(PROTOCOLS, test('attacks/record-corruption', 'of them, beside an honest pair of')),
    removed: ['attacks: a record that fails leaves the number', 'attacks: hivemind: what does not open', 'sdmp: room for a tag'],
  },
  {
    attack: 'Declared lengths',
    defence: 'memory for bytes that came',
    by: {
      handfast: test('attacks/length-bomb', 'connections hold less than 32 KiB each'),
      ...all(['xrpl', ...OTHERS], test('attacks/length-bomb', 'connections hold less than 32 KiB each')),
    },
    removed: [
      'frame too large',
      'attacks: memory for bytes that came',
      'attacks: a declared length is bounded',
      'attacks: the largest message of a WebSocket',
    ],
  },
  {
    attack: 'Very many small pieces',
    defence: 'nothing is kept of a piece but its bytes',
    by: {
      ...all(
        ['handfast', 'xrpl', 'lwstcp', 'sdmp'],
        test('attacks/fragments', 'opens, for less than ten times the work of whole messages'),
      ),
      ...all(['hivemind 2', 'hivemind 3'], test('attacks/fragments', 'ends, and nothing is held of them')),
    },
    removed: ['frames are copies', 'sdmp: gap'],
  },
  {
    attack: 'JSON that is dear',
    defence: 'bytes, depth and members bounded before anything is made; names twice refused; no prototypes',
    by: {
      ...all(['hivemind 2', 'hivemind 3', 'sdmp'], test('attacks/json-bomb', 'each is refused in every state')),
      ...all(['handfast', 'xrpl', 'lwstcp'], none('reads no JSON of peers before they are let in')),
    },
    removed: [
      'attacks: hivemind: depth and members before a key',
      'attacks: no prototype',
      'sdmp: a name twice',
      'sdmp: depth',
      'sdmp: members of objects',
    ],
  },
  {
    attack: 'Heads without end',
    defence: '8 KiB and 64 fields; of a WebSocket what node:http takes',
    by: {
      xrpl: test('attacks/xrpl-slow', 'a request of endless fields is cut at 8,208 bytes'),
      ...all(['hivemind 2', 'hivemind 3', 'sdmp'], test('transport/websocket', 'headers without end')),
      ...all(['handfast', 'lwstcp'], none('no heads')),
    },
    removed: ['bytes of a head', 'lines of a head', 'first field counts'],
  },
  {
    attack: 'Slow handshakes',
    defence: 'one deadline, which no byte moves',
    by: {
      xrpl: test('attacks/xrpl-slow', 'a request that comes byte by byte is cut at the deadline, not later'),
      ...all(['handfast', ...OTHERS], test('attacks/slowloris', 'cut at the deadline, not before and not later')),
    },
    removed: [
      'deadline',
      'attacks: bytes do not move the deadline',
      'attacks: hivemind: the deadline of a master',
      'attacks: hivemind: the deadline of a slave',
      'the deadline',
    ],
  },
  {
    attack: 'Floods of handshakes',
    defence: 'half-open handshakes and new ones bounded, in all and by address; cheap checks first',
    by: {
      handfast: test('node/flood', 'honest peers out; who floods is banned'),
      ...all(['xrpl', ...OTHERS], test('transport/limits', 'handshakes of one address')),
    },
    removed: [
      'attacks: half-open handshakes in all',
      'attacks: half-open handshakes of one address',
      'attacks: new handshakes of one address',
      'attacks: an IPv6 /64 is one address',
    ],
  },
  {
    attack: 'Ban evasion, and bans for others',
    defence: 'charges by address block and by id, which fade; only what the peer did is charged',
    by: {
      handfast: test('node/bans/charges', 'is charged to the id when there is one'),
      ...all(['xrpl', ...OTHERS], none('no node keeps accounts of them; `bans` of a listener are the caller’s')),
    },
    removed: ['only the peer', 'a network keeps its account', 'only charged codes'],
  },
  {
    attack: 'Gossip: floods, loops, forgeries',
    defence: 'a bounded seen-set, hops, budgets, signatures of origins',
    by: {
      handfast: test('node/gossip/network', 'delivers at most once, and only what was published'),
      ...all(['xrpl', ...OTHERS], none('no gossip of ours')),
    },
    removed: ['id not seen', 'no hops left', 'budget of a session'],
  },
  {
    attack: 'A number used twice under one key',
    defence: 'counters are private, rise, and refuse at their end; random nonces wear a key out',
    by: {
      handfast: test('attacks/nonces', 'records by two senders at once, 0 keystreams twice'),
      xrpl: none('TLS numbers its records'),
      ...all(['hivemind 2', 'hivemind 3', 'sdmp'], test('attacks/nonces', 'messages of the same text, both ways, no two alike')),
      lwstcp: none('no numbers and no nonces: equal messages are equal, docs/protocols/lwstcp.md'),
    },
    removed: ['attacks: a number is used once', 'attacks: the last number', 'sdmp: E7, sent'],
  },
  {
    attack: 'Points and numbers of small order',
    defence: 'a shared secret of zeros is refused; keys of small order are no ids; 1 < N < p - 1',
    by: {
      handfast: test('attacks/small-order', 'are refused by the listener and by the dialler, all of them'),
      xrpl: none('node keys only sign'),
      'hivemind 2': none('no such keys'),
      'hivemind 3': test('attacks/small-order', 'open nothing on either side'),
      lwstcp: none('no such keys'),
      sdmp: test('attacks/sdmp-groups', 'refuses each, and computes nothing'),
    },
    removed: [
      'hello: weak key',
      'attacks: a shared secret of zeros',
      'attacks: keys of small order in Noise',
      'sdmp: S6, below',
      'sdmp: S6, above',
    ],
  },
  {
    attack: 'Signatures encoded otherwise',
    defence: 's below the order, exact lengths, strict DER; ids are never made of signatures',
    by: {
      handfast: test('attacks/malleable', 'handfast: s with the order added'),
      xrpl: test('attacks/malleable', 'xrpl: a high S is taken'),
      'hivemind 2': none('no signatures but of RSA envelopes: test/core/legacy/rsa.test.ts'),
      'hivemind 3': none('no signatures'),
      lwstcp: none('no signatures'),
      sdmp: test('attacks/malleable', 'sdmp: a number of the modulus or more'),
    },
    removed: ['attacks: s below the order', 'attacks: R of small order', 'row 9, no work for what is no signature'],
  },
  {
    attack: 'Groups of the attacker’s',
    defence: 'listed groups, compared as numbers; nothing is computed of another',
    by: {
      sdmp: test('attacks/sdmp-groups', 'refuses each, and computes nothing'),
      ...all(['handfast', 'xrpl', 'hivemind 2', 'hivemind 3', 'lwstcp'], none('no group is a peer’s word')),
    },
    removed: ['sdmp: S4, compared as a whole', 'sdmp: S5'],
  },
  {
    attack: 'Guessing a password from what was recorded',
    defence: 'none in version 2: said; a password that can be guessed is refused; version 3',
    by: {
      'hivemind 2': test('protocols/hivemind/weaknesses', 'the password can be guessed at from one envelope'),
      'hivemind 3': test('protocols/hivemind/v3', 'XXpsk2 by a password: both know each other'),
      ...all(['handfast', 'xrpl', 'lwstcp', 'sdmp'], none('no passwords')),
    },
    removed: ['attacks: hivemind: a wrong envelope'],
  },
  {
    attack: 'Timing',
    defence: 'tags, keys and ids are compared in constant time; machine code is looked at by `npm run test:ct`',
    by: all(PROTOCOLS, test('core/core', 'handfast/pure')),
    removed: [],
  },
  {
    attack: 'Keys left in memory',
    defence: 'wiped after use; slabs are zeroed on their return',
    by: all(PROTOCOLS, test('core/wipe', 'a slab holds no byte of its messages after its last holder')),
    removed: ['wipes the sealer', 'wipes the opener', 'sdmp: what nobody waits for is wiped'],
  },
  {
    attack: 'Wrong arguments across the native border',
    defence: 'types and sizes checked before the first byte is touched',
    by: all(PROTOCOLS, test('core/border', 'every export refuses 1,000 wrong argument lists')),
    removed: [],
  },
  {
    attack: 'Processes killed, clocks set, disks full',
    defence: 'books of requests and broadcasts; files written beside their place and moved',
    by: {
      handfast: test('node/faults', 'lose, repeat and invent nothing while they are killed'),
      xrpl: none('no node of ours behind it'),
      ...all(['hivemind 2', 'hivemind 3'], test('node/files-cut-short', 'is old or new, and whole, wherever its writer is killed')),
      ...all(['lwstcp', 'sdmp'], none('no node of ours behind it')),
    },
    removed: ['attacks: files are written beside their place', 'attacks: nothing is left beside them', 'ids are marked'],
  },
];

const cell = (ref) =>
  'why' in ref ? `— ${ref.why}` : `[${ref.file.replace(/^test\//, '').replace(/\.test\.ts$/, '')}](../${ref.file}): *${ref.title}*`;

/** The page. */
export function attackPage() {
  const lines = [
    '# Attacks',
    '',
    'What is tried on each protocol, on both cores, and the test that shows what becomes of it. `npm run test:attacks` runs the full amounts and prints what was tried and what was accepted; `npm test` a seeded part of them.',
    'Under each attack stand the checks that `npm run test:mutants` takes out one at a time, after which a test has to fail. Made by `node scripts/attack-table.mjs`; a test looks for every test and check that is named here.',
    '',
  ];
  for (const { attack, defence, by, removed } of ATTACKS) {
    lines.push(`## ${attack}`, '', `Defence: ${defence}.`, '', '| protocol | test |', '| --- | --- |');
    for (const protocol of PROTOCOLS) lines.push(`| ${protocol} | ${cell(by[protocol])} |`);
    if (removed.length > 0) lines.push('', `Taken out: ${removed.map((name) => `*${name}*`).join(', ')}.`);
    lines.push('');
  }
  return lines.join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(new URL('../docs/attacks.md', import.meta.url), attackPage());
