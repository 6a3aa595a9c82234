// The checks of the Noise machine, as edits that take them out: `old` stands exactly once in the file under src/.
const TEST = 'test/protocols/noise';
const rows = (file, tests, edits) =>
  edits.map(([name, old, now]) => ({
    file: `protocols/noise/${file}.ts`,
    tests: tests.map((test) => `${TEST}/${test}.test.ts`),
    name,
    old,
    now,
  }));

export const NOISE_MUTANTS = [
  ...rows(
    'handshake',
    ['handshake'],
    [
      ['keys of the pattern', 'if (shows !== (staticKey !== undefined)) throw', 'if (false) throw'],
      ['keys known beforehand', 'if (knowsRemote !== (remoteStatic !== undefined))', 'if (false)'],
      ['length of a known key', 'if (remoteStatic && remoteStatic.length !== KEY_BYTES) throw', 'if (false) throw'],
      ['pre-shared keys', 'if (psks.length !== this.#name.psks || psks', 'if (psks'],
      ['prologue', 'this.#symmetric.mixHash(prologue);', ''],
      ['turns', 'if (this.writes !== writing)', 'if (false)'],
      ['work outstanding', "if (this.#running) throw bad('turn'", "if (false) throw bad('turn'"],
      ['long messages read', "if (message.length > MOST_MESSAGE) throw tooLarge(message.length, 'peer');", ''],
      ['long messages written', "if (length > MOST_MESSAGE) throw tooLarge(length, 'caller');", ''],
      ['short messages', 'if (message.length < leastLength(', 'if (false && message.length < leastLength('],
      [
        'small order',
        "else if (answer.shared === 'weak') fault ??=",
        "else if (answer.shared === 'weak') fault = undefined; else if (false) fault ??=",
      ],
      ['work that failed', "if (answer?.op !== 'keygen') throw broken(answer);", "if (answer?.op !== 'keygen') throw bad('x', 'y');"],
      ['shared secrets are wiped', '    shared.wipe();\n    this.#shared.delete(token);', '    this.#shared.delete(token);'],
      ['ephemeral keys are wiped', '    this.#ephemeral?.secretKey.wipe();\n', ''],
      ['pre-shared keys are mixed', '    this.#symmetric.mixKeyAndHash(bytes);\n', ''],
      ['a failure wipes', '    } catch (error) {\n      this.wipe();', '    } catch (error) {'],
    ],
  ),
  ...rows(
    'symmetric',
    ['handshake', 'vectors'],
    [
      ['what was sealed is hashed', '    this.mixHash(sealed);\n    return sealed;', '    return sealed;'],
      ['what was opened is hashed', '    this.mixHash(sealed);\n    return plaintext;', '    return plaintext;'],
      ['the hash is authenticated', 'this.#cipher.open(sealed, this.#digest)', 'this.#cipher.open(sealed)'],
    ],
  ),
  ...rows(
    'cipher',
    ['cipher'],
    [
      ['the last number', 'if (this.#counter >= LAST) throw', 'if (false) throw'],
      ['numbers count when sealing', 'nonce(), message, ad);\n    this.#counter++;', 'nonce(), message, ad);'],
      ['numbers count when opening', 'nonce(), sealed, ad);\n    this.#counter++;', 'nonce(), sealed, ad);'],
      ['long messages', "if (sealed.length > MOST_MESSAGE) throw tooLarge(sealed.length, 'peer');", ''],
      ['short ones', 'if (sealed.length < TAG_BYTES) throw', 'if (false) throw'],
      [
        'another key',
        '    this.#key = this.#core.guarded.importEphemeral(bytes.subarray(0, KEY_BYTES));\n',
        '    this.#key = this.#core.guarded.importEphemeral(new Uint8Array(KEY_BYTES));\n',
      ],
    ],
  ),
  ...rows(
    'patterns',
    ['handshake'],
    [['places of pre-shared keys', 'if (place > messages.length || places.indexOf(place) !== i)', 'if (false)']],
  ),
];
