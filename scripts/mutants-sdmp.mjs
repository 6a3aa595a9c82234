// The checks of SDMP and of the JSON under it, as edits that take them out: see mutants.mjs.
const REFUSALS = ['test/protocols/sdmp/refusals.test.ts'];
const TRAFFIC = ['test/protocols/sdmp/traffic.test.ts'];
const KEYS = ['test/protocols/sdmp/keys.test.ts'];
const FORMS = ['test/protocols/sdmp/form.test.ts'];
const SHAKES = ['test/protocols/sdmp/handshake.test.ts'];

const rows = (file, tests, edits) => edits.map(([name, old, now]) => ({ file, tests, name: `sdmp: ${name}`, old, now }));
const sdmp = (file, tests, edits) => rows(`protocols/sdmp/${file}`, tests, edits);

export const SDMP_MUTANTS = [
  ...sdmp('session-object.ts', REFUSALS, [
    ['S1', "if (!isJsonObject(property) || !('g' in property && 'p' in property && 'N' in property))", 'if (!isJsonObject(property))'],
    ['S2', "if (typeof g === 'number') return Number.isInteger(g) ? g : undefined;", "if (typeof g === 'number') return g;"],
    ['S3, empty', "typeof text === 'string' && text !== ''", "typeof text === 'string'"],
    ['S4, compared as a whole', 'same(each.prime, prime)', 'each.prime.length === prime.length'],
    ['S5', 'if (generator !== group.generator)', 'if (false)'],
    ['S6, below', 'return !small && (above', 'return (above'],
    ['S6, above', 'return !small && (above < 0 || octets[above] < most[above]);', 'return !small;'],
    [
      'S6, longer',
      'if (octets.length >= length) return octets.length === length ? octets : undefined;',
      'if (octets.length >= length) return octets.subarray(-length);',
    ],
    ['S7', 'octets.length > length + 1;', 'false;'],
    ['S7, strictly', "reading === 'strict' && p.length !== length", 'false'],
    ['S8', 'if (answer.group !== own.group)', 'if (false)'],
    ['S9', "sameOffer(answer, own) ? broken('S9', 'our own N came back') : undefined", 'undefined'],
  ]),
  ...sdmp('container.ts', REFUSALS, [
    ['C4 at the top', "!hasNoOther(root, ['sdmp', shape.property]) || ", ''],
    ['C4 in sdmp', "!hasNoOther(sdmp, ['version', 'schemas']) || ", ''],
    ['C4 in the property', '  if (!hasNoOther(property, members)) return false;\n', ''],
    ['C4 in elements', '!isJsonObject(element) || hasNoOther(element, elements!.members)', 'true'],
    ['C3, one schema', 'Array.isArray(schemas) && schemas.length === 1', 'Array.isArray(schemas)'],
    ['C2, to its end', '(?:\\.(?:0|[1-9][0-9]*))?$/', '(?:\\.(?:0|[1-9][0-9]*))?/'],
  ]),
  ...sdmp('container.ts', TRAFFIC, [
    ['members of applications', 'Object.keys(root).length > 1 + schemas.length', 'false'],
    ['schemas of applications', 'schemas.length === 0 || ', ''],
  ]),
  ...sdmp('form.ts', FORMS, [
    ['forms have fields of base64url', ' || !looksLikeBase64url(field)', ''],
    ['nothing behind a form', 'at === text.length ? form.read(fields) : undefined', 'form.read(fields)'],
  ]),
  ...sdmp('container.ts', FORMS, [['members where there is a form', ' && members >= LIMITS.handshakeMembers', '']]),
  ...sdmp('encrypted.ts', REFUSALS, [
    ['E1', "!('iv' in property && 'payload' in property)", 'false'],
    ['E2', 'if (iv?.length !== ivLength)', 'if (!iv)'],
    ['E3, blocks', 'payload.length % BLOCK !== 0', 'false'],
    ['E3, empty', 'payload.length === 0 || ', ''],
    ['E4', "if (!noRecipients && (reading === 'strict' || recipients !== undefined))", 'if (false)'],
  ]),
  ...sdmp('encrypted.ts', TRAFFIC, [
    ['E7, received', ' || this.#received.has(ivText)', ''],
    ['E7, sent', 'this.#sent.has(ivText) || ', ''],
  ]),
  ...sdmp('padding.ts', REFUSALS, [
    ['E5, every octet of PKCS #7', '&& hasOnly(tail, 0, length, length)', ''],
    ['E5, every octet behind zeros', '&& hasOnly(tail, border, tail.length, last)', ''],
    ['E5, zeros before', '&& hasOnly(tail, 0, border, 0)', ''],
  ]),
  ...sdmp('signature-object.ts', REFUSALS, [
    ['G6, whose header it is', 'named ? named.id : readKid(entry.protected, settings)', "named ? '' : readKid(entry.protected, settings)"],
    ['G3', "sameOffer(signed, offer) ? undefined : broken('G3', 'what is signed is not what came in clear')", 'undefined'],
    ['G3, the very text', 'if (payload === text)', 'if (payload.length === text.length)'],
    ['G4', "return broken('G4', 'the identifier is not the hash of the payload');", 'return undefined;'],
    ['G5', 'if (property.signatures.length !== 1)', 'if (property.signatures.length === 0)'],
    ['G6, members', 'readJson(octets, HEADER_BYTES, 2)', 'readJson(octets, HEADER_BYTES, 3)'],
    ['G6, alg', 'return known ? header.kid : undefined;', 'return header.kid;'],
    ['G7, reflection', 'if (identity.fingerprints.includes(kid))', 'if (false)'],
    ['G7, the other forms', 'identity.fingerprints.includes(kid)', 'identity.id === kid'],
    ['G7, the one named', 'if (pinned === undefined || ', 'if (true || '],
    ['G8, expired', 'if (now >= peer.expires)', 'if (false)'],
    ['G8, aliases strictly', "reading === 'strict' && peer?.id !== kid ? undefined : peer", 'peer'],
    ['W2', 'peers.wasUsed(peer, offer.publicKey)', 'false'],
  ]),
  ...sdmp('secured.ts', REFUSALS, [
    ['G9', 'if (!answer.valid || !proof.peer)', 'if (!proof.peer)'],
    ['refusals found before', '  if (proof.refusal) return proof.refusal;\n', ''],
    ['unknown keys cost the same', 'proof.peer?.key ?? identity.privateKey.publicKey', 'proof.peer!.key'],
    ['what was used is remembered', '  settings.peers.remember(proof.peer, about.offer.publicKey);\n', ''],
    ['session objects are small', 'line.expect(LIMITS.handshakeObject,', 'line.expect(LIMITS.mostMessage,'],
  ]),
  ...sdmp('line.ts', REFUSALS, [
    ['nothing behind an object', "next || this.inside ? broken('T', 'an object out of turn') : undefined", 'undefined'],
  ]),
  ...sdmp('response.ts', REFUSALS, [
    ['P1, long', 'property.identifier.length > LIMITS.identifier', 'false'],
    ['P3', "if (status === 'ok')", 'if (false)'],
    ['P4', "if ('data' in property)", 'if (false)'],
  ]),
  ...sdmp('responder.ts', REFUSALS, [
    ['one answer under the key', "writeRefusal('not_found')", "writeRefusal('bad_request')"],
    ['no answer to a refusal', 'why.remote !== undefined || ', ''],
  ]),
  ...sdmp('responder.ts', SHAKES, [
    ['whom the trust check refuses', '  if (refusal) return fail(state, new HandfastError(refusal.code, refusal.reason));\n', ''],
  ]),
  ...sdmp('initiator.ts', SHAKES, [
    ['whom the trust check refuses', '  if (refusal) return fail(state, new HandfastError(refusal.code, refusal.reason));\n', ''],
  ]),
  ...sdmp('initiator.ts', KEYS, [
    [
      'what nobody waits for is wiped',
      "    if (input.kind === 'answers') discardAnswers(input.answers);\n    return [state];",
      '    return [state];',
    ],
  ]),
  ...sdmp('bound.ts', TRAFFIC, [
    ['numbers of what is sealed', 'counter(this.#sealed++)', 'counter(0n)'],
    ['a role in what is signed', "Uint8Array.of(role === 'initiator' ? 1 : 2)", 'Uint8Array.of(1)'],
    ['room for a tag', 'if (parts.payload.length < TAG)', 'if (false)'],
  ]),
  ...rows(
    'wire/json.ts',
    ['test/wire/json.test.ts'],
    [
      ['a name twice', "if (name in object) return this.#refuse('duplicate-name');", ''],
      ['members of objects', "if (this.#members-- <= 0) return this.#refuse('too-many-members');\n      this.#at++;", 'this.#at++;'],
      ['no prototype', 'Object.create(null)', '{}'],
      ['byte order mark', ' || text.charCodeAt(0) === BYTE_ORDER_MARK', ''],
      ['nothing behind', 'return Number.isNaN(this.#next()) ? value : undefined;', 'return value;'],
    ],
  ),
  ...rows(
    'wire/json-stream.ts',
    ['test/wire/json-stream.test.ts'],
    [
      ['escapes', 'inString = stop === end || odd;', 'inString = stop === end;'],
      ['depth', 'if (++depth > deepest) return TOO_DEEP;', '++depth;'],
      ['gap', 'if (++this.#gap > this.#limits.gap)', 'if (false)'],
    ],
  ),
  ...rows(
    'wire/base64url.ts',
    ['test/wire/base64url.test.ts'],
    [
      ['bits left over', '(left === 2 ? b & 15 : c & 3) !== 0', 'false'],
      ['other characters', 'return wrong > 63 ? undefined : bytes;', 'return bytes;'],
    ],
  ),
  ...rows(
    'core/legacy/ffdh.ts',
    ['test/core/legacy/ffdh.test.ts'],
    [['a key pair is used once', '    this.#key = undefined;\n    let shared', '    let shared']],
  ),
];
