/** Vectors of SDMP 0.12, by `protocol`: keys, hashes and single objects through the strict and the tolerant reader, and a recorded handshake through both machines. */
import type { Core } from '../core/core.ts';
import { aes256CbcDecrypt } from '../core/legacy/aes.ts';
import { FfdhKeyPair } from '../core/legacy/ffdh.ts';
import { nodeCrypto } from '../core/legacy/node-crypto.ts';
import { RsaPublicKey } from '../core/legacy/rsa.ts';
import { type Reading, readApplication, readJson } from '../protocols/sdmp/container.ts';
import { DERIVATIONS, type Derivation, sessionKey } from '../protocols/sdmp/derivation.ts';
import { CbcSealer } from '../protocols/sdmp/encrypted.ts';
import { type FingerprintForm, fingerprintOf } from '../protocols/sdmp/fingerprint.ts';
import { DEFAULT_GROUPS, type GroupName, groupOf } from '../protocols/sdmp/groups.ts';
import { SdmpIdentity } from '../protocols/sdmp/identity.ts';
import { unpad } from '../protocols/sdmp/padding.ts';
import { SdmpPeers } from '../protocols/sdmp/peers.ts';
import { readResponse, writeRefusal } from '../protocols/sdmp/response.ts';
import { broken, type Rule, RuleError } from '../protocols/sdmp/rules.ts';
import { checkAnswer, type Offer, readOffer, writeOffer } from '../protocols/sdmp/session-object.ts';
import { settingsOf } from '../protocols/sdmp/settings.ts';
import { readProof } from '../protocols/sdmp/signature-object.ts';
import { decodeBase64url, encodeBase64url } from '../wire/base64url.ts';
import type { JsonObject } from '../wire/json.ts';
import { JsonStream, type JsonStreamFault } from '../wire/json-stream.ts';
import { strictText, utf8 } from '../wire/text.ts';
import { type Document, fail, hex, type Outcome, pass, toHex, type VectorKind } from './kinds.ts';
import { runTranscript } from './sdmp-transcript.ts';

export const sdmpKind: VectorKind = {
  name: 'SDMP 0.12',
  matches: (document) => typeof document.protocol === 'string' && document.protocol === 'sdmp' && Array.isArray(document.vectors),
  *run(document, core) {
    for (const vector of document.vectors as Document[]) yield outcomeOf(vector, { core, document });
  },
};

/** What vectors refer to. */
export interface Place {
  readonly core: Core;
  readonly document: Document;
}

function outcomeOf(vector: Document, place: Place): Outcome {
  const id = String(vector.id);
  const run = RUNNERS[String(vector.kind)];
  if (!run) return fail(id, `unknown kind ${vector.kind}`);
  try {
    run(vector, place);
    return pass(id);
  } catch (error) {
    return fail(id, (error as Error).message);
  }
}

export function same(what: string, found: unknown, expected: unknown): void {
  const shown = found instanceof Uint8Array ? toHex(found) : String(found);
  if (shown !== String(expected)) throw new Error(`${what}: expected ${String(expected).slice(0, 80)}, not ${shown.slice(0, 80)}`);
}

export function keyText({ document }: Place, name: unknown, kind: 'public_pem' | 'private_pem'): string {
  return String((document.keys as Record<string, Document>)[String(name)][kind]);
}

function runFingerprint(vector: Document, place: Place): void {
  const { spki } = new RsaPublicKey(keyText(place, vector.key, 'public_pem'));
  same('fingerprint', fingerprintOf(place.core, spki, vector.form as FingerprintForm), expected(vector).fingerprint);
}

function runIdentifier(vector: Document, { core }: Place): void {
  const payload = String(vector.payload);
  const hashed = vector.form === 'payload-string' ? utf8(payload) : decodeBase64url(payload)!;
  same('identifier', encodeBase64url(core.hash.sha512(hashed)), expected(vector).identifier);
}

function runSignatureVerify(vector: Document, place: Place): void {
  const key = new RsaPublicKey(keyText(place, vector.key, 'public_pem'));
  const signature = decodeBase64url(String(vector.signature))!;
  same('valid', nodeCrypto().verify('sha512', utf8(String(vector.signed_ascii)), key.handle, signature), expected(vector).valid);
}

function runDecrypt(vector: Document): void {
  const { iv, payload } = (vector.container as Document).encrypted as Record<string, string>;
  const plaintext = aes256CbcDecrypt(hex(vector.key_hex), decodeBase64url(iv)!, decodeBase64url(payload)!);
  const text = unpad(plaintext, 'strict')!;
  same('plaintext', strictText(text), expected(vector).plaintext_utf8);
  same('padding', plaintext.subarray(text.length), expected(vector).padding_tail_hex);
}

/** No part of the handshake: padding is checked here, since Node no longer does it for whoever asks. */
function runUnwrap(vector: Document, place: Place): void {
  const { privateDecrypt, constants } = nodeCrypto();
  const key = { key: keyText(place, vector.key, 'private_pem'), padding: constants.RSA_NO_PADDING };
  const block = new Uint8Array(privateDecrypt(key, decodeBase64url(String(vector.ciphertext))!));
  same('block type', block.subarray(0, 2), '0002');
  same('key', block.subarray(block.indexOf(0, 2) + 1), expected(vector).key_hex);
}

function runDh(vector: Document, { core }: Place): void {
  const group = groupOf(vector.group as GroupName);
  const pair = (exponent: unknown) => new FfdhKeyPair(group, hex(even(String(exponent))));
  const expectation = expected(vector);
  const publicA = pair(vector.a_hex).publicKey;
  const publicB = pair(vector.b_hex).publicKey;
  same('A', publicA, expectation.A_hex);
  same('B', publicB, expectation.B_hex);
  if (expectation.A_b64u !== undefined) same('A in base64url', encodeBase64url(publicA), expectation.A_b64u);
  same('Z of A', pair(vector.a_hex).derive(publicB), expectation.Z_hex);
  const others = (vector.other_derivations ?? {}) as Document;
  const keys: Readonly<Record<Derivation, unknown>> = {
    'sha512-32': expectation.session_key_hex,
    sha256: others['sha256(Z)'],
    left32: others['left 32 octets of Z'],
    right32: others['right 32 octets of Z'],
  };
  for (const derivation of DERIVATIONS) {
    if (keys[derivation] === undefined) continue;
    const key = sessionKey(core, pair(vector.b_hex).derive(publicA) as Uint8Array, derivation);
    same(derivation, key.export(), keys[derivation]);
    key.wipe();
  }
}

function runContainer(vector: Document, { core }: Place): void {
  const input = vector.input as Document;
  const text =
    input.type === 'session'
      ? writeOffer({ group: groupOf(input.group as GroupName), publicKey: hex(input.N_hex) })
      : writeRefusal(input.status as 'bad_request');
  same('text', strictText(text), expected(vector).utf8);
  same('length', text.length, expected(vector).length);
  same('hash', encodeBase64url(core.hash.sha512(text)), expected(vector).sha512);
}

/** Runs both readers. `read` gives what was read, as texts to compare by name; what it throws as a rule is a refusal. */
function eachReading(vector: Document, read: (reading: Reading) => Readonly<Record<string, unknown>>): void {
  for (const reading of ['strict', 'tolerant'] as const) {
    const { accept, rule, ...values } = expected(vector)[reading] as Document;
    let found: Readonly<Record<string, unknown>> = {};
    let refused: Rule | undefined;
    try {
      found = read(reading);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      refused = error.rule;
    }
    same(`${reading} reader: accepts`, refused === undefined, accept);
    same(`${reading} reader: refused by`, refused, rule);
    for (const [name, value] of Object.entries(values)) same(`${reading} reader: ${name}`, found[name], value);
  }
}

/** Throws what is a refusal. */
function taken<T>(result: T): Exclude<T, Error> {
  if (result instanceof Error) throw result;
  return result as Exclude<T, Error>;
}

function rootOf(vector: Document): JsonObject {
  const octets = vector.octets_hex === undefined ? utf8(String(vector.text)) : hex(vector.octets_hex);
  return taken(readJson(octets, 65_536, 64)) as JsonObject;
}

const groups = () => DEFAULT_GROUPS.map(groupOf);

function runSession(vector: Document): void {
  const sent = vector.initiator_sent as Document | undefined;
  const own: Offer | undefined = sent && { group: groupOf(sent.sent_group as GroupName), publicKey: hex(sent.sent_N_hex) };
  eachReading(vector, (reading) => {
    const offer = taken(readOffer(rootOf(vector), groups(), reading));
    const fault = own && checkAnswer(offer, own);
    if (fault) throw fault;
    return { group: offer.group.name, N_hex: toHex(offer.publicKey) };
  });
}

function runResponse(vector: Document): void {
  eachReading(vector, (reading) => ({ status: taken(readResponse(rootOf(vector), reading)) }));
}

function runTraffic(vector: Document, { core }: Place): void {
  eachReading(vector, (reading) => {
    const sealer = new CbcSealer(core.guarded.import(hex(vector.key_hex)), { core, reading, padding: 'pkcs7' });
    try {
      const plaintext = taken(sealer.open(rootOf(vector)));
      taken(readApplication(taken(readJson(plaintext, 65_536, 64)) as JsonObject, reading));
      return { plaintext_utf8: strictText(plaintext) };
    } finally {
      sealer.wipe();
    }
  });
}

function runSignatureObject(vector: Document, place: Place): void {
  const { core } = place;
  eachReading(vector, (reading) => {
    const peers = new SdmpPeers(
      (vector.known_keys as string[]).map((name) => keyText(place, name, 'public_pem')),
      { core },
    );
    const identity = SdmpIdentity.from(keyText(place, vector.own_key, 'private_pem'), { core });
    const settings = settingsOf({ core, identity, peers, reading });
    const received = taken(readJson(utf8(String(vector.received_session_object)), 8192, 64)) as JsonObject;
    const offer = taken(readOffer(received, groups(), 'tolerant'));
    // No text that the payload could equal: it is read whatever it is.
    const proof = taken(readProof(rootOf(vector), settings, { role: 'initiator', offer, text: '', transcript: new Uint8Array(64) }, 0));
    const key = (proof.peer?.key ?? identity.privateKey.publicKey).handle;
    const valid = proof.inputs.some((input) => nodeCrypto().verify('sha512', input(), key, proof.signature));
    if (proof.refusal) throw proof.refusal;
    if (!valid) throw broken('G9', 'the signature does not verify');
    return {};
  });
}

function runFraming(vector: Document): void {
  const { objects, pending_octets: pending, rule } = expected(vector);
  const stream = new JsonStream({ bytes: Number(vector.max_object_octets ?? 8192), depth: 16, gap: 64 });
  const found: string[] = [];
  let refused: string | undefined;
  for (const chunk of (vector.chunks_hex as string[]).map(hex)) {
    for (let from = 0; from < chunk.length && refused === undefined; ) {
      const next = stream.take(chunk, from);
      if ('fault' in next) {
        refused = FRAMING_RULE[next.fault];
        break;
      }
      from = next.next;
      if (!next.object) continue;
      const root = readJson(next.object, 8192, 64);
      if (root instanceof RuleError) refused = root.rule;
      else found.push(strictText(next.object)!);
    }
  }
  same('refused by', refused, rule);
  if (objects === undefined) return;
  same('objects', found.join('\n'), (objects as string[]).join('\n'));
  same('octets pending', stream.heldBytes, pending);
}

function runHashChain(vector: Document, { core }: Place): void {
  const lines = vector.lines as string[];
  const identifiers = lines.slice(0, -1).map((line) => encodeBase64url(core.hash.sha512(utf8(line))));
  same('identifiers', identifiers, expected(vector).identifiers);
  identifiers.forEach((identifier, i) => {
    same('line', lines[i + 1].slice(0, identifier.length), identifier);
  });
}

const expected = (vector: Document): Document => vector.expect as Document;
/** Exponents are written as numbers, without a zero in front. */
const even = (digits: string): string => (digits.length % 2 === 0 ? digits : `0${digits}`);

const FRAMING_RULE: Readonly<Record<JsonStreamFault, Rule>> = { 'not-object': 'F1', 'too-large': 'F2', 'too-deep': 'F3', gap: 'F7' };
const RUNNERS: Readonly<Record<string, (vector: Document, place: Place) => void>> = {
  fingerprint: runFingerprint,
  identifier: runIdentifier,
  'signature-verify': runSignatureVerify,
  'encrypted-decrypt': runDecrypt,
  'rsa-unwrap': runUnwrap,
  dh: runDh,
  'container-string': runContainer,
  'session-object': runSession,
  'signature-object': runSignatureObject,
  'encrypted-traffic': runTraffic,
  'response-object': runResponse,
  'framing-tcp': runFraming,
  'handshake-transcript': runTranscript,
  'hash-chain': runHashChain,
};
