// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are pieces of source.
// The checks of LightweightSecureTCP, as edits that take them out: `old` stands exactly once in the file under src/.
const TEST = 'test/protocols/lwstcp';
const rows = (file, tests, edits) =>
  edits.map(([name, old, now]) => ({
    file: `protocols/lwstcp/${file}.ts`,
    tests: tests.map((test) => `${TEST}/${test}.test.ts`),
    name,
    old,
    now,
  }));

export const LWSTCP_MUTANTS = [
  ...rows(
    'checks',
    ['handshake'],
    [
      ['one type at a time', 'if (bytes[0] !== type)', 'if (false)'],
      ['whole packets', 'if (bytes.length < size)', 'if (false)'],
      ['known types told from unknown ones', 'type <= Packet.disconnect;', 'type <= 255;'],
    ],
  ),
  ...rows(
    'initiator',
    ['handshake'],
    [
      ['nothing behind the request', 'if (rest.length > 0)', 'if (false)'],
      ['numbers of the request are set', 'if (!challenge) return fail', 'if (false) return fail'],
      ['no session key of zeros', 'if (isZero(sessionKey))', 'if (false)'],
      ['no session key twice', 'if (sessionKeys.admit(fingerprint, success, 1))', 'if (true)'],
      ['one deadline', 'if (input.now >= state.deadline)', 'if (false)'],
      ['the end of the stream', "if (input.kind === 'end') return fail", "if (input.kind === 'never') return fail"],
      ['who is not wanted', 'if (refusal) return fail', 'if (false) return fail'],
      ['a session that is none is ended', "{ kind: 'send', data: goodbyeOf(settings) }, failed", 'failed'],
      ['what is held during the delay is bounded', ' && came.held.length <= LIMITS.heldDuringDelay', ''],
      ['the delay', 'input.now < state.deadline && input', 'false && input'],
    ],
  ),
  ...rows(
    'responder',
    ['handshake'],
    [
      ['nothing behind the response', 'if (rest.length > 0)', 'if (false)'],
      ['numbers of the response are set', 'if (!response) return', 'if (false) return'],
      ['nonce', 'response.nonce !== nonce || ', ''],
      ['sum', 'response.sum !== sum || ', ''],
      ['xor', ' || response.xor !== xor', ''],
      ['one deadline', 'if (input.now >= state.deadline)', 'if (false)'],
      ['the end of the stream', "if (input.kind === 'end')", 'if (false)'],
      ['who is not wanted', 'if (refusal) return fail', 'if (false) return fail'],
      ['no session key of zeros', 'if (!isZero(key)) return key;', 'return key;'],
    ],
  ),
  ...rows(
    'packets',
    ['handshake'],
    [
      [
        'numbers drawn again',
        'if (!fields) continue;',
        'if (!fields) return { nonce: ONES, num1: ALL_ONES, num2: ALL_ONES, padding: drawn.slice(-PADDING) };',
      ],
      [
        'numbers of which the answer is set',
        'if (answer.nonce !== ONES && answer.sum !== ALL_ONES && answer.xor !== ALL_ONES) return',
        'return',
      ],
      ['numbers read are set', '!isAllOnes(5) && !isAllOnes(13);', 'true;'],
      ['all of 32 bits', 'const set = nonce !== ONES && ', 'const set = '],
    ],
  ),
  ...rows(
    'traffic',
    ['traffic'],
    [
      ['length', 'if (length > LIMITS.message) {', 'if (false) {'],
      ['no empty message', 'if (length < this.smallestPayload) throw', 'if (false) throw'],
      ['no long message', 'if (length > LIMITS.message) throw', 'if (false) throw'],
      ['nothing after the end', "if (this.#ended) throw new HandfastError('CLOSED'", "if (false) throw new HandfastError('CLOSED'"],
      [
        'unknown types',
        'if (type !== Packet.message) {',
        'if (type !== Packet.message && type !== this.#goodbye[0]) {\n        at++;\n        continue;\n      }\n      if (type !== Packet.message) {',
      ],
      ['whole messages', 'if (end - at - HEAD < padded) {', 'if (false) {'],
      ['empty ones are not delivered', 'if (length > 0) {', 'if (true) {'],
      ['places are bounded', 'if (received.count === MESSAGES_AT_ONCE) {', 'if (false) {'],
      ['a deadline for whole messages', 'if (now >= this.#overdueAt)', 'if (false)'],
      ['which bytes do not move', 'this.#partialSince ??= now;', 'this.#partialSince = now;'],
      ['and which ends with the message', '      this.#partialSince = undefined;\n', ''],
      ['silence', 'if (now >= this.#silentAt)', 'if (false)'],
      ['half a message is no activity', 'if (at > start) {', 'if (true) {'],
      ['keep-alives', '    this.#lastSent = now;\n    return [{', '    return [{'],
      ['what was sent puts keep-alives off', '    this.#lastSent = now;\n  }\n\n  get deadline', '  }\n\n  get deadline'],
      ['no keep-alive to the older dialect', 'settings.older ? Number.POSITIVE_INFINITY : settings.keepAliveMs', 'settings.keepAliveMs'],
      ['05 of the older dialect', ' && !this.#older', ''],
      ['pauses', '      this.#lastHeard = Math.min(now, this.#lastHeard + paused);\n', ''],
      ['pauses in a message', 'if (this.#partialSince !== undefined) this.#partialSince = Math', 'if (false) this.#partialSince = Math'],
      ['the server answers', "if (this.#role === 'responder') return this.#leave();", ''],
      ['the client leaves in silence', "if (this.#role === 'responder') return this.#fail(why);", 'return this.#fail(why);'],
      ['a cut stream', "why: fault('TRUNCATED', `the stream ended ${where}`), ", ''],
      ['random padding', 'bytes[at + j] = random[drawn++]', 'drawn++'],
    ],
  ),
  ...rows(
    'settings',
    ['settings'],
    [
      ['said to be insecure', 'if (options.allowInsecure !== true) {', 'if (false) {'],
      ['inactivity beyond keep-alives', 'if (ms <= keepAliveMs)', 'if (false)'],
      ['dialects', "if (dialect !== 'current' && dialect !== 'older')", 'if (false)'],
    ],
  ),
  ...rows(
    'key',
    ['settings'],
    [
      ['no key of zeros', 'if (isZero(bytes))', 'if (false)'],
      ['length of the key', 'if (bytes.length !== LIMITS.handshakeKey)', 'if (false)'],
      ['eight words', 'if (numbers?.length !== 8)', 'if (numbers === undefined)'],
      ['a copy of the key', 'key: new Uint8Array(key) }', 'key }'],
      ['another key in the same array', ' || !isSame(known.key as Bytes, key)', ''],
    ],
  ),
  ...rows(
    'session-keys',
    ['settings'],
    [
      ['seen before', 'return this.#of(fingerprint).add(sealed, at);', 'this.#of(fingerprint).add(sealed, at);\n    return true;'],
      ['bounded keys', 'new RecentKeys(this.#sessionKeys)', 'new RecentKeys(1 << 30)'],
      ['bounded handshake keys', 'if (this.#seen.size >= this.#handshakeKeys) {', 'if (false) {'],
      ['used last, forgotten last', '    this.#seen.delete(fingerprint);\n', ''],
    ],
  ),
  ...rows(
    'recent-keys',
    ['recent-keys'],
    [
      ['the whole key', 'return different === 0;', 'return true;'],
      ['room for as many as may be', 'if (this.#size < this.#capacity) {', 'if (true) {'],
      ['in their order', 'this.#oldest = (place + 1) % this.#capacity;', ''],
    ],
  ),
];
