/** The figures of the protocols other than handfast/1, each with a test that goes to it, or with the reason why none does. `scripts/reached-page.mjs` makes a table of them. */

const at = (protocol) => (file, title) => ({ file: `test/protocols/${protocol}/${file}.test.ts`, title });
const [xrpl, hivemind, lwstcp] = ['xrpl', 'hivemind', 'lwstcp'].map(at);
const sdmp = Object.assign(at('sdmp'), {
  /** Rows of tests are in a file of their own. */
  row: (title) => ({ file: 'test/protocols/sdmp/refusal-rows.ts', title }),
});

/** By the names that they have in limits.ts of each protocol. */
export const PROTOCOL_LIMIT_TESTS = {
  xrpl: {
    head: xrpl('http-head', 'may come with the 8,208th byte and not later'),
    fields: xrpl('http-head', '65 lines'),
    body: xrpl('initiator', 'gives at most 30, and of more than 8 KiB nothing is kept'),
    redirectsSent: xrpl('responder', 'never with more than 10 addresses'),
    redirectsTaken: xrpl('initiator', 'gives at most 30, and of more than 8 KiB nothing is kept'),
    deadlineMs: xrpl('responder', 'holds from the connection on, however slowly bytes come'),
    clockWindowMs: xrpl('checks', '20 s ahead'),
    lingerMs: xrpl('responder', 'before the checks'),
    pingMs: xrpl('traffic', 'pings each minute, tells the latency, and its average'),
    leastFinished: xrpl('initiator', 'without Finished messages no request is sent'),
    wirePayload: xrpl('traffic', 'refuses a meta, more than a frame takes, and anything once the link has ended'),
    inflated: xrpl('traffic', 'more than 64 MiB announced'),
    message: xrpl('traffic', 'at the limits all is well'),
    uncompressed: xrpl('traffic', 'compresses where that was agreed, the type is one of those, and it is worth it'),
    pings: xrpl('traffic', 'answers 60 pings at once, and 60 more each 32 s, and no faster'),
    pingsPerMs: xrpl('traffic', 'answers 60 pings at once, and 60 more each 32 s, and no faster'),
    ping: xrpl('traffic', 'a ping of a kilobyte'),
  },
  hivemind: {
    message: hivemind('hostile', 'more than a message may be'),
    'json.bytes': hivemind('hostile', 'a zip bomb'),
    'json.depth': hivemind('hostile', 'JSON too deep'),
    'json.members': hivemind('hostile', 'too many members'),
    'clear.bytes': hivemind('refusals', 'a long message'),
    'clear.depth': hivemind('refusals', 'deep JSON'),
    'clear.members': hivemind('refusals', 'many members'),
    'sealedText.bytes': hivemind('hostile', 'more than a message may be'),
    'sealedText.depth': { why: 'a frame with members besides its own is refused by the same code' },
    'sealedText.members': { why: 'a frame with members besides its own is refused by the same code' },
    name: hivemind('refusals', 'a session id or a site beyond 256 characters, and a public key beyond 8,192'),
    pem: hivemind('refusals', 'a session id or a site beyond 256 characters, and a public key beyond 8,192'),
    deadlineMs: hivemind('refusals', 'a handshake that takes longer than 15 s, however often something came'),
    greetingMs: hivemind('handshake', 'HELLO comes 200 ms after the upgrade'),
    greetingGapMs: hivemind('greetings', 'of many that came at once are each in a millisecond of their own'),
    greetingsMs: hivemind('greetings', 'wait for others half a second at most, however many come'),
    patienceMs: hivemind('handshake', 'with the request every 5 s until there is an answer'),
    keyMs: hivemind('rekeying', 'the slave takes one after 24 hours'),
    oldKeyMs: hivemind('rekeying', 'what was sealed under the key before opens for 30 s, and not for longer'),
    rekeyGapMs: hivemind('rekeying', 'handshakes one after the other, end the session'),
    lingerMs: hivemind('refusals', 'an unknown access key, which nothing tells from a wrong password'),
    KEY_FRAMES: { why: 'to seal 16,777,216 messages takes minutes' },
  },
  lwstcp: {
    handshakeKey: lwstcp('settings', 'have a key, or HF_BAD_KEY before any socket opens'),
    message: lwstcp('traffic', 'of every length up to 40 bytes and the largest'),
    block: lwstcp('traffic', 'of every length up to 40 bytes and the largest'),
    deadlineMs: lwstcp('handshake', 'has one deadline, which no byte moves'),
    longestDeadlineMs: lwstcp('settings', 'refuse a wrong %s by its name'),
    wholeMessageMs: lwstcp('traffic', 'ends the session after 5 s, which no dripped byte moves'),
    keepAliveMs: lwstcp('traffic', 'leave when nothing was sent for the interval, and not before'),
    inactivityMs: lwstcp('traffic', 'is not held against the other side while this one does not read'),
    firstMessageDelayMs: lwstcp('settings', 'refuse a wrong %s by its name'),
    heldDuringDelay: lwstcp('handshake', 'opens at once when the server ends, or says more than is held'),
    rounds: lwstcp('settings', 'warns once of fewer than 32 rounds'),
    leastRounds: lwstcp('settings', 'refuse a wrong %s by its name'),
    mostRounds: lwstcp('settings', 'take every %s there is'),
    lingerMs: lwstcp('traffic', 'a Disconnect ends it well; the server answers, the client does not'),
  },
  sdmp: {
    sessionObject: sdmp.row('an object of 8,193 octets'),
    handshakeObject: sdmp.row('an object that never ends'),
    message: sdmp('traffic', 'a plaintext beyond the limit'),
    mostMessage: sdmp('keys', "['maxMessage', 16_777_217]"),
    aroundPayload: sdmp('traffic', 'an object beyond the limit'),
    depth: sdmp.row('an object one too deep'),
    handshakeMembers: sdmp.row('more members than there may be'),
    sessionMembers: sdmp('traffic', 'takes a message of 65,536 members and elements, and ends at one more'),
    gap: sdmp.row('more white space than there may be'),
    padTo: sdmp('keys', 'is taken off a text of %i bytes'),
    recent: { file: 'test/protocols/recent.test.ts', title: 'holds no more than it may, however many come' },
    identifier: sdmp.row("identifier: 'x'.repeat(129)"),
    deadlineMs: sdmp('refusals', 'late.side.now + 10_000'),
    lingerMs: sdmp('traffic', 'lingerMs: 1000'),
  },
};

/** @param limits modules by protocol, with all that limits.ts exports. @returns the figures as they stand in the code, by protocol and name. */
export function figuresOf(limits) {
  const figures = {};
  for (const [protocol, { NETWORK_EPOCH_S: _epoch, ...exported }] of Object.entries(limits)) {
    figures[protocol] = {};
    for (const [name, value] of Object.entries(exported).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const named = typeof value === 'number' ? { [name]: value } : value;
      for (const [key, one] of Object.entries(named)) {
        if (typeof one === 'number') figures[protocol][key] = one;
        else for (const [part, number] of Object.entries(one)) figures[protocol][`${key}.${part}`] = number;
      }
    }
  }
  return figures;
}
