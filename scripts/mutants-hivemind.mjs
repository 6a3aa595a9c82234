// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are pieces of source.
// The checks of HiveMind, its hub and its INTERCOM, as edits that take them out: `old` stands exactly once in the file under src/.
const TEST = 'test/protocols/hivemind';
const rows = (file, tests, edits) =>
  edits.map(([name, old, now]) => ({
    file: `protocols/hivemind/${file}.ts`,
    tests: tests.map((test) => `${TEST}/${test}.test.ts`),
    name,
    old,
    now,
  }));
const nodeRows = (name, edits) =>
  edits.map(([what, old, now]) => ({ file: `node/${name}.ts`, tests: [`test/node/${name}.test.ts`], name: what, old, now }));

export const HIVEMIND_MUTANTS = [
  ...rows(
    'hsub',
    ['refusals', 'parts'],
    [
      ['shape of an envelope', 'if (hsub.length < LEAST_DIGITS || hsub.length > MOST_DIGITS || ', 'if ('],
      ['digits of an envelope', '|| !/^[0-9a-fA-F]+$/.test(hsub)', ''],
      ['the envelope is verified', "? iv : 'wrong';", '? iv : iv;'],
    ],
  ),
  ...rows(
    'password-path',
    ['refusals', 'handshake'],
    [
      ['a wrong password', "if (iv === 'wrong') return", 'if (false) return'],
      ['our own envelope', 'if (core.equal(iv, ownIv)) return', 'if (false) return'],
      [
        'a request that is repeated',
        "if (input.kind !== 'shake' || input.payload.envelope === undefined) return",
        "if (input.kind !== 'shake') return",
      ],
      [
        'binary frames on both sides',
        'const binarize = settings.binarize && shake.binarize === true;',
        'const binarize = shake.binarize === true;',
      ],
      ['what the answer takes was offered', 'if (suite instanceof HandfastError) return { why: suite };\n    const work', 'const work'],
    ],
  ),
  ...rows(
    'offer',
    ['refusals'],
    [
      ['encodings offered', '!isEncoding(encoding) || !encodings.includes(encoding)', '!isEncoding(encoding)'],
      ['ciphers offered', '!isCipherName(cipher) || !ciphers.includes(cipher)', '!isCipherName(cipher)'],
      ['lists of names', "if (!Array.isArray(names) || !names.every((each) => typeof each === 'string')) return 'misshapen';", ''],
    ],
  ),
  ...rows(
    'paths',
    ['refusals'],
    [
      [
        'versions that are a range',
        '!Number.isSafeInteger(least) || !Number.isSafeInteger(most) || (least as number) > (most as number)',
        'false',
      ],
      ['bounds', 'from <= most && to >= least', 'true'],
      [
        'handshakes that are off',
        "if (settings.insecure.noHandshake) return { why: new HandfastError('NOT_ALLOWED', 'handshakes are off') };",
        '',
      ],
      [
        'clear text where it is named',
        'request.crypto_required === false && settings.insecure.clearText && allows(0)',
        'request.crypto_required === false && allows(0)',
      ],
    ],
  ),
  ...rows(
    'paths',
    ['v3'],
    [
      [
        'nothing older at the slave',
        "if (settings.noise && !settings.noise.allowOlder) {\n    return { why: new HandfastError('PROTOCOL_MISMATCH', 'the master",
        "if (false) {\n    return { why: new HandfastError('PROTOCOL_MISMATCH', 'the master",
      ],
      [
        'nothing older at the master',
        "if (settings.noise && !settings.noise.allowOlder) {\n    return { why: new HandfastError('PROTOCOL_MISMATCH', 'a handshake",
        "if (false) {\n    return { why: new HandfastError('PROTOCOL_MISMATCH', 'a handshake",
      ],
    ],
  ),
  ...rows(
    'rsa-path',
    ['refusals', 'handshake'],
    [
      [
        'off unless asked for',
        "if (rsaKey === undefined) return { why: new HandfastError('NOT_ALLOWED', 'the RSA handshake is off') };",
        '',
      ],
      [
        'the pinned key of the master',
        '!settings.trustFirstUse : !samePem(settings.masterKey, masterKey)',
        '!settings.trustFirstUse : false',
      ],
      ['never past a password', 'client.password !== undefined || !trustFirstUse', '!trustFirstUse'],
      ['the pinned key of the client', ': !samePem(client.publicKey, pubkey)', ': false'],
      ['forged signatures', "if (plaintext === 'forged')", 'if (false)'],
    ],
  ),
  ...rows(
    'master',
    ['refusals', 'handshake'],
    [
      ['a token', 'if (!credentials) return fail', 'if (false) return fail'],
      [
        'unknown keys look like wrong passwords',
        'const client = known ?? standIn(settings, credentials.accessKey);',
        "const client = known ?? { accessKey: '' };",
      ],
      ['and are told apart by the operator', 'return unknown && (why.code', 'return false && (why.code'],
      ['the session of the master', "if (session_id === 'default' && !admin) return", 'if (false) return'],
      [
        'HELLO under a key',
        "return opened.form === 'clear' ? new HandfastError('OUT_OF_TURN', 'HELLO in clear, though there is a key') : message;",
        'return message;',
      ],
      [
        'HELLO in clear',
        "if (!keyed) return fail(state, new HandfastError('OUT_OF_TURN', 'HELLO in clear'));",
        'if (!keyed) return [state];',
      ],
      [
        'binary frames before HELLO',
        "if (opened.form === 'frame') return new HandfastError('OUT_OF_TURN', 'a binary frame before HELLO');",
        "if (opened.form === 'frame') return malformed('x');",
      ],
      ['one deadline', 'if (input.now >= state.deadline) {', 'if (false) {'],
      ['who is not wanted', 'if (refusal) return fail(state, new', 'if (false) return fail(state, new'],
    ],
  ),
  ...rows(
    'slave',
    ['refusals', 'handshake'],
    [
      ['answers that nobody asked for', 'if (message.payload.envelope !== undefined)', 'if (false)'],
      [
        'it begins by itself',
        "return input.kind === 'tick' && input.now >= state.beginAt ? beginAlone(settings, state) : [state];",
        'return [state];',
      ],
      ['one deadline', 'if (input.now >= state.deadline) {', 'if (false) {'],
    ],
  ),
  ...rows(
    'clear',
    ['refusals'],
    [
      [
        'text alone before there is a key',
        "if (!text) return new HandfastError('OUT_OF_TURN'",
        "if (false) return new HandfastError('OUT_OF_TURN'",
      ],
      ['HELLO and shakes alone', "message.msg_type === 'hello' || message.msg_type === 'shake') return message;", 'true) return message;'],
    ],
  ),
  ...rows(
    'traffic',
    ['hostile', 'traffic', 'rekeying'],
    [
      ['long messages', 'if (data.length > this.#source.settings.maxMessage) {', 'if (false) {'],
      ['long messages written', 'if (length > this.#source.settings.maxMessage) {', 'if (false) {'],
      [
        'clear text under a key',
        "return late ? EMPTY : this.#refuse(new HandfastError('OUT_OF_TURN', `${msg_type} in clear",
        "return true ? EMPTY : this.#refuse(new HandfastError('OUT_OF_TURN', `${msg_type} in clear",
      ],
      ['greetings that come late', 'now < this.#openedAt + 2 * TIMES.patienceMs', 'true'],
      ['binary handshakes', "if (kind === 'hello' || kind === 'shake') return this.#refuse", 'if (false) return this.#refuse'],
      ['directories', '{ ...meta, file_name: fileNameOf(meta.file_name) }', 'meta'],
      [
        'permissions',
        "const refused = source.role === 'master' ? notAllowed(message, source.client) : illegalFromMaster(message);",
        'const refused = undefined as string | undefined;',
      ],
      ['addresses', 'if (!isFor(message, { siteId: source.siteId, publicKey: source.settings.publicKey }))', 'if (false)'],
      ['the session of the master', "if ((session === undefined || session === 'default') && !source.client.admin) {", 'if (false) {'],
      ['who says it', '{ source: source.peer, peer: source.peer }', '{}'],
      ['handshakes one after the other', 'if (now < this.#askedAt + TIMES.rekeyGapMs) return this.#fail', 'if (false) return this.#fail'],
      [
        'answers to no handshake',
        "if (payload.envelope !== undefined)\n        return this.#fail(new HandfastError('OUT_OF_TURN'",
        "if (payload.envelope !== undefined)\n        return NOTHING; else if (false) return this.#fail(new HandfastError('OUT_OF_TURN'",
      ],
      ['the key before', 'this.#previous = { channel: this.#channel, until: now + TIMES.oldKeyMs };', ''],
      ['and its end', "if (opened !== 'more' && opened.form !== 'clear') this.#forget();", ''],
      ['nothing after the end', "if (this.#ended) throw new HandfastError('CLOSED'", "if (false) throw new HandfastError('CLOSED'"],
    ],
  ),
  ...rows(
    'traffic',
    ['v3'],
    [['no handshake in version 3', 'if (this.#channel.info.version === 3) return this.#fail', 'if (false) return this.#fail']],
  ),
  ...rows(
    'message',
    ['hostile', 'parts'],
    [
      [
        'members',
        "for (const name in object) if (!MEMBERS.has(name)) return malformed('a message with a member that there is none of');",
        '',
      ],
      ['types', "if (!isMessageKind(kind)) return malformed('a message of unknown type');", ''],
      ['the message inside', 'if (inner instanceof HandfastError) return inner;', ''],
    ],
  ),
  ...rows(
    'frames',
    ['hostile', 'parts', 'traffic'],
    [
      ['sizes once inflated', 'if (!payload) return malformed(', 'if (false) return malformed('],
      ['unassigned types', 'if (kind === undefined) return malformed', 'if (false) return malformed'],
      ['versions', 'if (version > VERSION) return malformed', 'if (false) return malformed'],
      ['long metadata', 'if (metaBytes.length > MOST_META) {', 'if (false) {'],
    ],
  ),
  ...rows(
    'channel',
    ['hostile'],
    [
      ['short tags', "if (tag !== '' && tagBytes.length !== TAG_BYTES) return doesNotOpen();", ''],
      [
        'a ciphertext, not its letters',
        "if (!Object.hasOwn(object, 'ciphertext')) return { form: 'clear', object };",
        "if (!JSON.stringify(object).includes('ciphertext')) return { form: 'clear', object };",
      ],
    ],
  ),
  ...rows(
    'v3-path',
    ['v3'],
    [
      ['the pinned key of the master', 'if (noise.masterKey && !(key && core.equal(key, noise.masterKey))) {', 'if (false) {'],
      ['the pinned key of the client', 'if (pinned && !(key && core.equal(key, pinned))) {', 'if (false) {'],
      ['handshakes that were offered', 'if (!has(offered.patterns, pattern) || !has(offered.suites, suite))\n', 'if (false)\n'],
      ['a key for nobody', 'said.unknown ? noise.nobody : ', ''],
      ['encodings at the slave', 'if (!isEncoding(chosen.encoding) || !encodings.includes(chosen.encoding))', 'if (false)'],
      ['encodings at the master', 'if (encoding === undefined) return', 'if (false) return'],
      ['the node id', "if (typeof hello.node_id !== 'string') return", 'if (false) return'],
      ['repeated requests', ' || hasLists(input.payload.noise)', ''],
      ['secrets are wiped', '    staticKey.secretKey.wipe();\n  }\n}\n\nfunction* masterSteps', '  }\n}\n\nfunction* masterSteps'],
    ],
  ),
  ...rows(
    'v3-prologue',
    ['v3', 'parts'],
    [
      ['the greeting is bound', 'canonicalJson(hello) + canonicalJson(request) + name', 'canonicalJson(hello) + name'],
      ['HELLO is bound', 'utf8(canonicalJson(hello) + ', 'utf8('],
      ['sorted names', 'Object.keys(object).sort(byCodePoint)', 'Object.keys(object)'],
    ],
  ),
  ...rows(
    'v3-channel',
    ['v3', 'v3-channel'],
    [
      [
        'text',
        "if (text) return new HandfastError('OUT_OF_TURN', 'text, though",
        "if (false) return new HandfastError('OUT_OF_TURN', 'text, though",
      ],
      ['whole ones between pieces', 'return this.#open ? outOfTurn() : { form', 'return false ? outOfTurn() : { form'],
      ['a first piece in a message', 'if (this.#open) return outOfTurn();', ''],
      ['a later piece of none', 'if (!open) return outOfTurn();', "if (!open) return 'more';"],
      ['empty pieces', "if (body.length === 0) return malformed('a piece of a message with nothing in it');", ''],
      ['size of all pieces', 'if (length > this.#limit) return new HandfastError', 'if (false) return new HandfastError'],
      ['markers', "return malformed('a transport message without a marker that there is');", "return 'more';"],
    ],
  ),
  ...rows(
    'v3-psk',
    ['parts'],
    [
      ['as many keys as there may be', 'if (this.#keys.size <= MOST_KEYS) return;', 'return;'],
      ['keys are copies', '?.slice();', ';'],
    ],
  ),
  ...rows(
    'greetings',
    ['greetings'],
    [
      ['one after the other', 'Math.max(earliest, last + TIMES.greetingGapMs)', 'earliest'],
      ['no longer than so', 'Math.min(this.#last, earliest + TIMES.greetingsMs - TIMES.greetingGapMs)', 'this.#last'],
    ],
  ),
  ...rows(
    'sessions',
    ['handshake'],
    [
      ['for its own access key', 'return `${accessKey}\\n${sessionId}`;', 'return sessionId;'],
      ['forgotten in time', 'return held && now - held.lastSeen < this.#keptMs ? held : undefined;', 'return held;'],
      ['bounded', 'this.#held.size <= this.#most && ', ''],
    ],
  ),
  ...rows(
    'options',
    ['options'],
    [
      ['passwords that can be guessed', "if (!common.insecure.weakPasswords) checkPassword(password, 'password');", ''],
      ['trust that was named', 'rsa && rsa.masterKey === undefined && rsa.trustFirstUse !== true', 'false'],
      ['no session of the master', "if (sessionId === 'default') throw", 'if (false) throw'],
      ['no Z85P', " && each !== 'JSON-Z85P'", ''],
    ],
  ),
  ...rows(
    'intercom',
    ['intercom'],
    [
      ['a signature', '|| !by || by.length === 0 || by.length > MOST_MODULUS', '|| !by'],
      ['short forms', "return body.length > MOST_MODULUS ? malformed('an intercom longer than any key') : {", 'return {'],
      ['nonces and tags', '(once?.length !== 12 && once?.length !== NONCE_BYTES) || check?.length !== TAG_BYTES', '!once || !check'],
      ['for whom it was sealed', 'if (target_pubkey !== null && target_pubkey.trimEnd() !== publicKey.trimEnd())', 'if (false)'],
      [
        'no handshakes in it',
        "if (message.msg_type === 'hello' || message.msg_type === 'shake') return malformed",
        'if (false) return malformed',
      ],
      ['whether it says for whom', 'bound: !sealed || target_pubkey !== null', 'bound: true'],
      ['the key is wiped', '  key.fill(0);\n', ''],
    ],
  ),
  ...nodeRows('hivemind-intercom', [
    ['addresses', "if (typeof target_pubkey === 'string' && target_pubkey.trim() !== this.publicKey)", 'if (false)'],
    ['twice', "if (this.#opened.has(mark)) throw new HandfastError('REPLAYED'", "if (false) throw new HandfastError('REPLAYED'"],
    ['twice at once', '      this.#refuseAgain(mark);\n      this.#remember(mark);', '      this.#remember(mark);'],
    [
      'only what was verified is remembered',
      '    this.#refuseAgain(mark);\n    for (const from',
      '    this.#refuseAgain(mark);\n    this.#remember(mark);\n    for (const from',
    ],
    [
      'forged signatures',
      "if (plaintext === 'forged') continue;",
      "if (plaintext === 'forged') throw new HandfastError('WRONG_KEY', 'x');",
    ],
    ['trust ends', 'this.#trusted.delete(publicKey.trim());', ''],
    ['the recipient inside', 'innerText({ ...parts, target_pubkey: recipient })', 'innerText(parts)'],
    [
      'keys that are none',
      "if (typeof publicKey === 'string' && modulusBytes(publicKey) !== undefined) return publicKey.trim();",
      'if (true) return publicKey.trim();',
    ],
  ]),
  ...rows(
    'relay',
    ['relay'],
    [
      ['clients that are in the list', "if (!client) return refused('the client is in the list no more');", 'if (!client) return {};'],
      ['permissions', 'if (denied) return refused(denied);', ''],
      ['permissions inside', 'if (deniedInner) return refused(deniedInner);', ''],
      ['what goes on', 'if (!GOES_ON.has(message.kind)) return', 'if (false) return'],
      ['loops', 'return again ? refused(', 'return false ? refused('],
      ['hops', 'if (hops.length >= MOST_HOPS) return', 'if (false) return'],
      ['not back to whom it came from', '.filter((member) => member !== from)', ''],
      ['who says it', '{ source: from.peer, peer: from.peer }', '{}'],
      ['an escalate stays', "kind === 'escalate' ? [] : ", ''],
      ['an INTERCOM needs the permission', "if (!client.canPropagate) return 'here' in here", "if (false) return 'here' in here"],
      ['its holder alone', ' || named.length > 0) return named;', ') return others;'],
      ['the hub is a holder too', 'return isFor(address, hub) ? [] : others;', 'return others;'],
    ],
  ),
  ...nodeRows('hivemind-hub', [
    [
      'the record as it is now',
      'const client = this.#clients.find(session.peer.id);\n    const relay',
      "const client = { accessKey: 'x', admin: true, canPropagate: true, canEscalate: true, allowedTypes: ['say'] };\n    const relay",
    ],
    ['keys of the record', 'known ?? textOf(publicKey)', 'textOf(publicKey)'],
    ['who does not read', 'session.heldBytes > this.#mostHeldBytes || ', ''],
    ['who leaves is forgotten', '      this.#members.delete(member);\n', ''],
    [
      'sessions of masters',
      "if (session.protocol !== 'hivemind' || typeof peer !== 'string' || session.info.admin === undefined)",
      "if (typeof peer !== 'string')",
    ],
    ['a name is one peer', ' && (named === undefined || member.peer === named)', ''],
    ['listeners that fail', 'if (!session.error && session.writable) session.destroy', 'if (false) session.destroy'],
  ]),
];
