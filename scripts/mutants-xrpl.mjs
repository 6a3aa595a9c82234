// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are pieces of source.
// The checks of the XRPL machines, as edits that take them out: `old` stands exactly once in the file under src/.
const rows = (file, tests, edits) =>
  edits.map(([name, old, now]) => ({
    file: `protocols/xrpl/${file}.ts`,
    tests: tests.map((test) => `test/protocols/xrpl/${test}.test.ts`),
    name,
    old,
    now,
  }));

export const XRPL_MUTANTS = [
  ...rows(
    'checks',
    ['checks'],
    [
      ['row 1', 'if (domain !== undefined && !isServerDomain(domain))', 'if (false)'],
      ['row 2', 'if (id === undefined) return', 'if (false) return'],
      ['row 3', 'if (context.networkId !== undefined && id !== context.networkId)', 'if (false)'],
      ['row 4', 'if (theirs === undefined) return', 'if (false) return'],
      ['row 5', 'if (Math.abs(ahead) * 1000 > context.clockWindowMs)', 'if (ahead * 1000 > context.clockWindowMs)'],
      ['row 5, 20 s still pass', '* 1000 > context.clockWindowMs', '* 1000 >= context.clockWindowMs'],
      ['row 7', "if (key.type !== 'secp256k1')", 'if (false)'],
      ['row 9', '(valid ? checkProved', '(true ? checkProved'],
      ['row 9, no work for what is no signature', 'if (canonicality(signature) === undefined)', 'if (false)'],
      ['row 10', 'if (core.equal(peer.publicKey, ownKey))', 'if (false)'],
      ['row 11', "if (!claimed) return failure('Invalid Local-IP', 'MALFORMED');", ''],
      ['row 12', 'if (isPublicPeer && !sameAddress(claimed, socketAddress))', 'if (false)'],
      [
        'row 12, only of public peers',
        'if (isPublicPeer && !sameAddress(claimed, socketAddress))',
        'if (socketAddress && !sameAddress(claimed, socketAddress))',
      ],
      ['row 13', "if (!claimed) return failure('Invalid Remote-IP', 'MALFORMED');", ''],
      ['row 14', 'if (isPublicPeer && publicAddress && !sameAddress(claimed, publicAddress))', 'if (false)'],
    ],
  ),
  ...rows(
    'responder',
    ['responder'],
    [
      ['HTTP/1.1', 'request.version >= 11 && ', ''],
      ['GET', "request.method === 'GET' && ", ''],
      ['other targets', 'OTHER_TARGET.test(request.target) || ', ''],
      ['some version', ' || offered.length === 0', ''],
      ['early data', 'if (rest.length > 0) return silently', 'if (false) return silently'],
      ['Connect-As', "=> element.toLowerCase() === 'peer')", '=> element !== undefined)'],
      ['duplicates', "if (refusal === 'duplicate')", 'if (false)'],
      ['slots', "if (refusal === 'full')", 'if (false)'],
      ['the judge', 'if (refusal) return redirect', 'if (false) return redirect'],
      ['ledger fields', "if ('fault' in ledgers) return", 'if (false) return'],
      ['a seat is left before a list is asked for', 'may throw.\n  state.connection.seat?.leave();\n', 'may throw.\n'],
      ['the deadline', 'if (input.now >= state.deadline) return', 'if (false) return'],
      ['a seat is left after an answer', '  state.connection.seat?.leave();\n  const data', '  const data'],
      ['a seat is left in silence', "if ('connection' in state) state.connection.seat?.leave();", ''],
    ],
  ),
  ...rows(
    'initiator',
    ['initiator'],
    [
      ['101', 'response.status !== 101 || ', ''],
      ['HTTP/1.1', 'response.version < 11 || ', ''],
      ['upgrade token', " || !hasToken(fields.get('connection'), 'upgrade')", ''],
      ['named peer', 'if (settings.peer !== undefined && id !== settings.peer)', 'if (false)'],
      ['duplicates', "if (refusal === 'duplicate')", 'if (false)'],
      ['slots', "if (refusal === 'full')", 'if (false)'],
      ['a seat is left', "if ('connection' in state) state.connection.seat?.leave();", ''],
      ['a list that was cut', "state.at === 'await-body' ? redirected(state, state.body) : ", ''],
    ],
  ),
  ...rows(
    'http-head',
    ['http-head'],
    [
      ['bytes of a head', 'if (bytes.length >= LIMITS.head)', 'if (false)'],
      ['lines of a head', 'if (lines > LIMITS.fields) return undefined;', ''],
      ['first field counts', 'if (!fields.has(name)) ', ''],
    ],
  ),
  ...rows(
    'session-value',
    ['responder', 'initiator'],
    [
      ['equal Finished messages', 'return any === 0 ? undefined : ', 'return '],
      ['short Finished messages', 'own.length < LIMITS.leastFinished || ', ''],
    ],
  ),
  ...rows(
    'traffic',
    ['traffic'],
    [
      ['compression as agreed', 'if (compressed && !this.#link.compr)', 'if (false)'],
      ['limit of a message', 'if (size > maxMessage)', 'if (false)'],
      ['limit on the wire', 'for (const size of [payloadBytes, inflatedBytes])', 'for (const size of [inflatedBytes])'],
      ['limit after decompression', 'for (const size of [payloadBytes, inflatedBytes])', 'for (const size of [payloadBytes])'],
      ['no more than LZ4 can give', ' || inflatedBytes > 255 * payloadBytes', ''],
      ['pong of the last ping', '!this.#outstanding || seq !== this.#outstanding.seq', '!this.#outstanding'],
      ['ping timeout', 'if (this.#outstanding) return this.#fail', 'if (false) return this.#fail'],
      ['pauses do not count', 'if (this.#outstanding) this.#timerAt +=', 'if (false) this.#timerAt +='],
      ['pace of pings', 'if (!ping.pong && !this.#allows(now))', 'if (false)'],
      ['bound of a ping', 'payload.length <= LIMITS.ping ? readPing(payload) : undefined', 'readPing(payload)'],
      ['a cut frame', 'if (this.#inFrame) return', 'if (false) return'],
      ['seats are left', '    this.#link.seat?.leave();\n', ''],
      ['one frame a write', 'singly: true', 'singly: false'],
    ],
  ),
  ...rows(
    'slots',
    ['slots'],
    [
      ['per address', '(this.#perAddress.get(counted) ?? 0) >= this.perAddress', 'false'],
      ['endpoints', "if (this.#endpoints.has(endpoint)) return 'same-endpoint';", ''],
      ['own address', "return 'own-address';", ';'],
      ['keys', "if (this.#keys.has(id)) return 'duplicate';", ''],
      ['free slots', "if (!fixed && !reserved && !free) return 'full';", ''],
      ['left once', 'if (this.#left) return;', ''],
      ['keys are forgotten', 'if (id !== undefined) this.#keys.delete(id);', ''],
    ],
  ),
  ...rows(
    'text-form',
    ['identity'],
    [
      ['checksum', 'if (expected[i] !== bytes[length + 1 + i]) return undefined;', 'void expected;'],
      ['prefix', ' || bytes[0] !== prefix', ''],
    ],
  ),
];
