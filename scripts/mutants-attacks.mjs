// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are pieces of source.
// Defences against whole kinds of attacks, HiveMind's checks among them, as edits that take them out: `old` stands exactly once in the file under src/. docs/attacks.md names them.
const mutants = (file, tests, edits) =>
  edits.map(([name, old, now]) => ({ file, tests: tests.map((test) => `test/${test}.test.ts`), name: `attacks: ${name}`, old, now }));
const hivemind = (file, tests, edits) =>
  mutants(
    `protocols/hivemind/${file}.ts`,
    tests,
    edits.map(([name, ...edit]) => [`hivemind: ${name}`, ...edit]),
  );

export const ATTACK_MUTANTS = [
  ...mutants(
    'core/pure-frames.ts',
    ['attacks/nonces', 'attacks/record-corruption'],
    [['a number is used once', '    this.#low = (this.#low + 1) >>> 0;\n    if (this.#low === 0) this.#high++;\n', '']],
  ),
  ...mutants(
    'core/pure-frames.ts',
    ['attacks/record-corruption'],
    [
      [
        'a record that fails leaves the number',
        'bytes.subarray(from, from + length - TAG_BYTES))) return false;\n    this.#advance();',
        'bytes.subarray(from, from + length - TAG_BYTES))) {\n      this.#advance();\n      return false;\n    }\n    this.#advance();',
      ],
    ],
  ),
  ...mutants(
    'core/pure-frames.ts',
    ['core/core'],
    [
      ['a declared length is bounded', 'if (declared > maxLength) {', 'if (false) {'],
      ['the last number', 'if (this.#low === 0xffff_ffff && this.#high === 0xffff_ffff) {', 'if (false) {'],
    ],
  ),
  ...mutants('core/pure-ed25519.ts', ['attacks/malleable'], [['s below the order', 'if (s >= ORDER) return false;', '']]),
  ...mutants(
    'core/pure-ed25519.ts',
    ['core/core'],
    [
      ['keys of small order', ' || isSmallOrder(publicKey)) return false;', ') return false;'],
      ['R of small order', 'if (isSmallOrder(signature) || ', 'if ('],
    ],
  ),
  ...mutants(
    'core/pure-x25519.ts',
    ['attacks/small-order'],
    [['a shared secret of zeros', "    return 'weak';", '    return new Uint8Array(32).fill(1);']],
  ),
  ...mutants(
    'protocols/xrpl/signature.ts',
    ['attacks/malleable', 'protocols/xrpl/signature'],
    [['numbers below the order', 'return any !== 0 && compare(bytes, at, ORDER_BYTES) < 0;', 'return any !== 0;']],
  ),
  ...mutants(
    'protocols/xrpl/session-value.ts',
    ['attacks/xrpl-bridge'],
    [
      [
        'both Finished messages are in what is signed',
        'return any === 0 ? undefined : hash.sha512(mixed)',
        'return any === 0 ? undefined : hash.sha512(new Uint8Array(64))',
      ],
    ],
  ),
  ...mutants(
    'transport/inbound.ts',
    ['attacks/length-bomb'],
    [
      [
        'memory for bytes that came',
        'const slab = this.#core.slab(end + more);',
        'const slab = this.#core.slab(Math.max(end + more, 1 << 20));',
      ],
    ],
  ),
  ...mutants(
    'transport/websocket.ts',
    ['transport/websocket'],
    [['the largest message of a WebSocket', 'maxPayload: largestMessage,', '']],
  ),
  ...mutants(
    'transport/limits.ts',
    ['transport/limits'],
    [
      ['half-open handshakes in all', 'else if (this.halfOpen >= this.limits.halfOpen)', 'else if (false)'],
      ['half-open handshakes of one address', ' || entry.halfOpen >= this.limits.halfOpenPerAddress', ''],
      ['new handshakes of one address', "if (entry.tokens < 1) return 'RATE_LIMITED';", ''],
      ['an IPv6 /64 is one address', '    .slice(0, 4)\n', '    .slice(0, 8)\n'],
    ],
  ),
  ...mutants(
    'protocols/handfast/initiator.ts',
    ['attacks/slowloris', 'protocols/handfast/order', 'protocols/handfast/states'],
    [
      [
        'bytes do not move the deadline of a dialler',
        'if (input.now >= state.deadline) {',
        "if (input.kind !== 'bytes' && input.now >= state.deadline + 1000) {",
      ],
    ],
  ),
  ...mutants(
    'protocols/lwstcp/responder.ts',
    ['attacks/slowloris'],
    [['bytes do not move the deadline', 'if (input.now >= state.deadline)', 'if (false)']],
  ),
  ...mutants(
    'protocols/sdmp/responder.ts',
    ['attacks/slowloris'],
    [['bytes do not move the deadline', 'if (input.now >= state.deadline) {', 'if (false) {']],
  ),
  ...mutants(
    'protocols/lwstcp/responder.ts',
    ['attacks/handshake-corruption'],
    [['the whole answer counts', 'response.sum !== sum || response.xor !== xor', 'false']],
  ),
  ...mutants(
    'protocols/sdmp/session-object.ts',
    ['attacks/sdmp-groups'],
    [['generators that are listed', "if (generator !== group.generator) return broken('S5', 'g is not the generator of the group');", '']],
  ),
  ...mutants(
    'protocols/sdmp/peers.ts',
    ['protocols/sdmp/refusals', 'protocols/sdmp/handshake'],
    [['offers that were used', 'return this.#used.has(usedKey(peer, publicKey));', 'return false;']],
  ),
  ...mutants(
    'protocols/lwstcp/session-keys.ts',
    ['attacks/handshake-replay'],
    [['a session key twice', 'return this.#of(fingerprint).add(sealed, at);', 'this.#of(fingerprint).add(sealed, at);\n    return true;']],
  ),
  ...mutants('wire/json.ts', ['attacks/json-bomb', 'wire/json'], [['no prototype', 'Object.create(null)', '{}']]),
  ...hivemind(
    'limits',
    ['attacks/json-bomb'],
    [
      [
        'depth and members before a key',
        'clear: { bytes: 64 * 1024, depth: 16, members: 1024 }',
        'clear: { bytes: 64 * 1024 * 1024, depth: 1e9, members: 1e9 }',
      ],
    ],
  ),
  ...hivemind('password-path', ['attacks/handshake-reflection'], [['our own envelope', 'if (core.equal(iv, ownIv))', 'if (false)']]),
  ...hivemind(
    'password-path',
    ['protocols/hivemind/refusals', 'protocols/hivemind/handshake'],
    [
      ['a wrong envelope', "if (iv === 'wrong') return", "if (false && iv === 'wrong') return"],
      ['the shape of an envelope', "if (iv === 'misshapen') return malformedEnvelope();", "if (iv === 'misshapen') return ownIv;"],
    ],
  ),
  ...hivemind('master', ['attacks/slowloris'], [['the deadline of a master', 'if (input.now >= state.deadline) {', 'if (false) {']]),
  ...hivemind(
    'slave',
    ['protocols/hivemind/refusals', 'protocols/hivemind/handshake'],
    [
      ['the deadline of a slave', 'if (input.now >= state.deadline) {', 'if (false) {'],
      ['an answer to what was not asked', 'if (message.payload.envelope !== undefined)', 'if (false)'],
      ['bytes without borders', "if (input.kind === 'bytes') return fail", "if (input.kind === ('never' as never)) return fail"],
    ],
  ),
  ...hivemind(
    'master',
    ['protocols/hivemind/refusals', 'protocols/hivemind/handshake'],
    [
      [
        'handshakes that are off',
        'if (insecure.noHandshake && client.presharedKey === undefined && !insecure.clearText) {',
        'if (false) {',
      ],
      [
        'HELLO in clear',
        "if (!keyed) return fail(state, new HandfastError('OUT_OF_TURN', 'HELLO in clear'));",
        'if (!keyed) return [state];',
      ],
      ['the session `default`', "if (session_id === 'default' && !admin)", 'if (false)'],
    ],
  ),
  ...hivemind(
    'channel',
    ['protocols/hivemind/traffic', 'attacks/record-corruption'],
    [
      [
        'what does not open',
        '?? doesNotOpen();\n}\n\nexport function sealBinary',
        '?? new Uint8Array(0);\n}\n\nexport function sealBinary',
      ],
    ],
  ),
  ...hivemind(
    'v3-path',
    ['attacks/compromise-others', 'protocols/hivemind/v3'],
    [
      ['the pinned key of a master', 'if (noise.masterKey && !(key && core.equal(key, noise.masterKey))) {', 'if (false) {'],
      ['the pinned key of a client', 'if (pinned && !(key && core.equal(key, pinned))) {', 'if (false) {'],
      [
        'handshakes that were offered',
        "if (!has(offered.patterns, pattern) || !has(offered.suites, suite))\n    return { why: new HandfastError('SUITE_MISMATCH', 'a Noise handshake",
        "if (false)\n    return { why: new HandfastError('SUITE_MISMATCH', 'a Noise handshake",
      ],
    ],
  ),
  ...hivemind(
    'v3-path',
    ['protocols/hivemind/v3'],
    [
      [
        'lists of the greeting are bound',
        "const remoteStatic = pattern === 'KKpsk0' ? noise.masterKey : undefined;\n  const prologue = prologueOf(said.hello, said.request, name);",
        "const remoteStatic = pattern === 'KKpsk0' ? noise.masterKey : undefined;\n  const prologue = prologueOf(said.hello, {}, name);",
      ],
    ],
  ),
  ...mutants(
    'protocols/noise/handshake.ts',
    ['protocols/noise/handshake'],
    [
      [
        'keys of small order in Noise',
        "else if (answer.shared === 'weak') fault ??=",
        "else if (answer.shared === 'weak') fault ||= undefined && ",
      ],
    ],
  ),
  ...mutants(
    'node/private-file.ts',
    ['node/files-cut-short'],
    [
      [
        'files are written beside their place',
        "const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);",
        'const temporary = path;',
      ],
      ['nothing is left beside them', 'await unlink(temporary).catch(() => {});', ''],
    ],
  ),
];
