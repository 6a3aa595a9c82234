/** Everything that an SDMP handshake refuses, by the rule that it breaks: sent to either side, in place of a session object or of a proof. */
import crypto from 'node:crypto';
import { core } from '../../../src/core/pure.ts';
import type { CodeName } from '../../../src/errors.ts';
import type { Role } from '../../../src/protocols/machine.ts';
import { SdmpPeers } from '../../../src/protocols/sdmp/index.ts';
import {
  aliasOf,
  container,
  fingerprint,
  message,
  NAMES,
  other,
  publicPem,
  refusal,
  Scripted,
  type SdmpSide,
  type SideChanges,
} from '../../support/sdmp.ts';

// biome-ignore lint/suspicious/noExplicitAny: objects of JSON, to be spoilt.
type Json = Record<string, any>;

export interface Row {
  readonly name: string;
  /** The rule that is broken; '' where it is the other side's word, or none of the rules. */
  readonly rule: string;
  readonly code: CodeName;
  readonly says: (peer: Scripted, side: SdmpSide) => string | Uint8Array;
  readonly changes?: SideChanges;
  readonly only?: Role;
  /** As octets of the stream, not as an object. */
  readonly raw?: true;
  /** The other side's own word: nothing is answered. */
  readonly remote?: 'claimed' | 'proved';
  /** Verifications of a signature that it may cost; none where it is found before. */
  readonly verifies?: number;
}

const offer = (change: (connection: Json, object: Json) => void) => (peer: Scripted) =>
  peer.offer((object: Json) => change(object.connection, object));
const row = (rule: string, code: CodeName, name: string, says: Row['says'], more: Partial<Row> = {}): Row => ({
  rule,
  code,
  name,
  says,
  ...more,
});
const text = (change: (text: string) => string) => (peer: Scripted) => change(peer.offer());
const prime = (peer: Scripted): Buffer => Buffer.from(String(peer.connection().p), 'base64url');
const plus = (bytes: Buffer, by: bigint): string => {
  const value = BigInt(`0x${bytes.toString('hex')}`) + by;
  return Buffer.from(value.toString(16).padStart(2 * bytes.length, '0'), 'hex').toString('base64url');
};
const deep = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;

/** Whatever comes in clear where a session object should. */
export const SESSION: readonly Row[] = [
  row('F1', 'MALFORMED', 'no object', () => '[]'),
  row(
    'F1',
    'MALFORMED',
    'a byte order mark on a stream',
    text((object) => `\ufeff${object}`),
  ),
  row('F1', 'MALFORMED', 'compressed octets', () => Uint8Array.of(0x78, 0x9c, 1, 2, 3)),
  row('F2', 'TOO_LARGE', 'an object of 8,193 octets', (peer) => peer.offer((object) => Object.assign(object, { x: 'x'.repeat(7_413) }))),
  row('F2', 'TOO_LARGE', 'an object that never ends', () => `{"a":"${'x'.repeat(100_000)}`, { raw: true }),
  row('F3', 'MALFORMED', 'a depth bomb of arrays', () => deep(2_000)),
  row('F3', 'MALFORMED', 'a depth bomb of objects', () => '{"a":'.repeat(1_000), { raw: true }),
  row('F3', 'MALFORMED', 'an object one too deep', () => deep(16)),
  row('F4', 'MALFORMED', 'octets that are not UTF-8', () => Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')])),
  row('F5', 'MALFORMED', 'brackets that do not match', () => '{]'),
  row(
    'F5',
    'MALFORMED',
    'a comma too many',
    text((object) => object.replace('}}', ',}}')),
  ),
  row(
    'F5',
    'MALFORMED',
    'a name twice',
    text((object) => object.replace('"g":2', '"g":2,"g":2')),
  ),
  row(
    'F5',
    'MALFORMED',
    'a name twice, once escaped',
    text((object) => object.replace('"g":2', '"g":2,"\\u0067":2')),
  ),
  row(
    'F5',
    'MALFORMED',
    'a name twice, at the top',
    text((object) => object.replace('{"sdmp"', '{"sdmp":{},"sdmp"')),
  ),
  row('F5', 'MALFORMED', 'more members than there may be', () => `{"a":[${'0,'.repeat(64)}0]}`),
  row('F7', 'MALFORMED', 'more white space than there may be', () => ' '.repeat(65), { raw: true }),
  row('C1', 'MALFORMED', 'an empty object', () => '{}'),
  row(
    'C1',
    'MALFORMED',
    'sdmp as text',
    offer((_, object) => Object.assign(object, { sdmp: '0.12.0' })),
  ),
  row(
    'C4',
    'MALFORMED',
    'another member at the top',
    offer((_, object) => Object.assign(object, { other: 1 })),
  ),
  row(
    'C4',
    'MALFORMED',
    'another member of sdmp',
    offer((_, object) => Object.assign(object.sdmp, { other: 1 })),
  ),
  row(
    'C4',
    'MALFORMED',
    'another member of connection',
    offer((connection) => Object.assign(connection, { other: 1 })),
  ),
  row(
    'C4',
    'MALFORMED',
    'a member __proto__',
    text((object) => object.replace('"g":2', '"g":2,"__proto__":{"N":1}')),
  ),
  row(
    'C4',
    'MALFORMED',
    'members only in a __proto__',
    (peer) => `{"__proto__":${peer.offer()},"sdmp":{"version":"0.12.0","schemas":["connection"]}}`,
  ),
  row(
    'C4',
    'MALFORMED',
    'a member toString',
    text((object) => object.replace('"g":2', '"g":2,"toString":1')),
  ),
  row('C4', 'MALFORMED', 'an encrypted container', (peer) => peer.seal(peer.offer())),
  row(
    'C2',
    'PROTOCOL_MISMATCH',
    'another version',
    offer((_, object) => Object.assign(object.sdmp, { version: '1.0.0' })),
  ),
  row(
    'C2',
    'PROTOCOL_MISMATCH',
    'a version with more behind it',
    offer((_, object) => Object.assign(object.sdmp, { version: '0.12.0-x' })),
  ),
  row(
    'C2',
    'PROTOCOL_MISMATCH',
    'no version',
    offer((_, object) => delete object.sdmp.version),
  ),
  row(
    'C2',
    'PROTOCOL_MISMATCH',
    'an older version, strictly',
    offer((_, object) => Object.assign(object.sdmp, { version: '0.11.0' })),
    { changes: { reading: 'strict' } },
  ),
  row(
    'C3',
    'MALFORMED',
    'two schemas',
    offer((_, object) => object.sdmp.schemas.push('connection')),
  ),
  row(
    'C3',
    'MALFORMED',
    'no schema',
    offer((_, object) => Object.assign(object.sdmp, { schemas: [] })),
  ),
  row(
    'C3',
    'MALFORMED',
    'a schema as text',
    offer((_, object) => Object.assign(object.sdmp, { schemas: 'connection' })),
  ),
  row(
    'C3',
    'MALFORMED',
    'another schema',
    offer((_, object) => Object.assign(object.sdmp, { schemas: ['signature'] })),
  ),
  row(
    'S1',
    'MALFORMED',
    'no g',
    offer((connection) => delete connection.g),
  ),
  row(
    'S1',
    'MALFORMED',
    'no p',
    offer((connection) => delete connection.p),
  ),
  row(
    'S1',
    'MALFORMED',
    'no N',
    offer((connection) => delete connection.N),
  ),
  row(
    'S1',
    'MALFORMED',
    'connection as null',
    offer((_, object) => Object.assign(object, { connection: null })),
  ),
  row(
    'S1',
    'MALFORMED',
    'connection as a list',
    offer((_, object) => Object.assign(object, { connection: [] })),
  ),
  ...[2.5, null, true, [2], {}, '', '2 ', '=', '02'].map((g) =>
    row(
      'S2',
      'MALFORMED',
      `g is ${JSON.stringify(g)}`,
      offer((connection) => Object.assign(connection, { g })),
      g === '02' ? { changes: { reading: 'strict' } } : {},
    ),
  ),
  row(
    'S2',
    'MALFORMED',
    'g beyond all numbers',
    text((object) => object.replace('"g":2', '"g":2e999')),
  ),
  ...[1, 3, 0, -2, '5', 'Aw', 'AgA'].map((g) =>
    row(
      'S5',
      'SUITE_MISMATCH',
      `g is ${JSON.stringify(g)}`,
      offer((connection) => Object.assign(connection, { g })),
    ),
  ),
  ...['p', 'N'].flatMap((name) => [
    row(
      'S3',
      'MALFORMED',
      `${name} padded`,
      offer((connection) => (connection[name] += '==')),
    ),
    row(
      'S3',
      'MALFORMED',
      `${name} in the other alphabet`,
      offer((connection) => (connection[name] = connection[name].replace(/^./, '+'))),
    ),
    row(
      'S3',
      'MALFORMED',
      `${name} with white space`,
      offer((connection) => (connection[name] += '\n')),
    ),
    row(
      'S3',
      'MALFORMED',
      `${name} empty`,
      offer((connection) => (connection[name] = '')),
    ),
    row(
      'S3',
      'MALFORMED',
      `${name} of a length that nothing has`,
      offer((connection) => (connection[name] += 'AAA')),
    ),
    row(
      'S3',
      'MALFORMED',
      `${name} with bits left over`,
      offer((connection) => (connection[name] = `${connection[name].slice(0, -1)}B`)),
    ),
    row(
      'S3',
      'MALFORMED',
      `${name} as a number`,
      offer((connection) => (connection[name] = 2)),
    ),
    row(
      'S3',
      'MALFORMED',
      `${name} as an object`,
      offer((connection) => (connection[name] = { value: connection[name] })),
    ),
  ]),
  row('S4', 'SUITE_MISMATCH', 'p of another number, odd', (peer) =>
    peer.offer((object: Json) => (object.connection.p = plus(prime(peer), 2n).slice(0, 342))),
  ),
  row('S4', 'SUITE_MISMATCH', 'p even', (peer) => peer.offer((object: Json) => (object.connection.p = plus(prime(peer), -1n)))),
  row(
    'S4',
    'SUITE_MISMATCH',
    'p of one octet',
    offer((connection) => (connection.p = 'Fw')),
  ),
  row(
    'S4',
    'SUITE_MISMATCH',
    'p zero',
    offer((connection) => (connection.p = 'AA')),
  ),
  row(
    'S4',
    'SUITE_MISMATCH',
    'p of 1,024 bits',
    offer((connection) => (connection.p = crypto.getDiffieHellman('modp2').getPrime().toString('base64url'))),
  ),
  row(
    'S4',
    'SUITE_MISMATCH',
    'p of 8,192 bits',
    offer((connection) => (connection.p = crypto.getDiffieHellman('modp18').getPrime().toString('base64url'))),
  ),
  row(
    'S4',
    'SUITE_MISMATCH',
    'a group that is not accepted here',
    offer((connection) => (connection.p = crypto.getDiffieHellman('modp14').getPrime().toString('base64url'))),
    {
      changes: { groups: ['ffdhe2048'] },
    },
  ),
  row('S7', 'MALFORMED', 'p with two zeros in front', (peer) =>
    peer.offer((object: Json) => (object.connection.p = Buffer.concat([Buffer.alloc(2), prime(peer)]).toString('base64url'))),
  ),
  row('S7', 'MALFORMED', 'N with a thousand zeros in front', (peer) =>
    peer.offer((object: Json) => (object.connection.N = Buffer.concat([Buffer.alloc(1_000), peer.publicKey]).toString('base64url'))),
  ),
  row(
    'S7',
    'MALFORMED',
    'p with one zero in front, strictly',
    (peer) => peer.offer((object: Json) => (object.connection.p = Buffer.concat([Buffer.alloc(1), prime(peer)]).toString('base64url'))),
    { changes: { reading: 'strict' } },
  ),
  row(
    'S6',
    'WEAK_KEY',
    'N is 0',
    offer((connection) => (connection.N = 'AA')),
  ),
  row(
    'S6',
    'WEAK_KEY',
    'N is 1',
    offer((connection) => (connection.N = 'AQ')),
  ),
  row(
    'S6',
    'WEAK_KEY',
    'N is 1, padded',
    offer((connection) => (connection.N = Buffer.concat([Buffer.alloc(255), Buffer.from([1])]).toString('base64url'))),
  ),
  row('S6', 'WEAK_KEY', 'N is p - 1', (peer) => peer.offer((object: Json) => (object.connection.N = plus(prime(peer), -1n)))),
  row('S6', 'WEAK_KEY', 'N is p', (peer) => peer.offer((object: Json) => (object.connection.N = peer.connection().p))),
  row('S6', 'WEAK_KEY', 'N is longer than p', (peer) =>
    peer.offer((object: Json) => (object.connection.N = Buffer.concat([Buffer.from([1]), peer.publicKey]).toString('base64url'))),
  ),
  row(
    'S8',
    'SUITE_MISMATCH',
    'another group in answer',
    offer((connection) => (connection.p = crypto.getDiffieHellman('modp14').getPrime().toString('base64url'))),
    { only: 'initiator' },
  ),
  row('S9', 'REPLAYED', 'our own object come back', (_peer, side) => Buffer.from((side.state as Json).first), { only: 'initiator' }),
  row('T', 'OUT_OF_TURN', 'two objects at once', (peer) => `${peer.offer()}${peer.offer()}`),
  row('T', 'OUT_OF_TURN', 'the beginning of another object behind it', (peer) => `${peer.offer()}{`, { raw: true }),
  row('F1', 'MALFORMED', 'other octets behind it', (peer) => `${peer.offer()}x`, { raw: true }),
  row('', 'REFUSED', 'a refusal', () => refusal('bad_request'), { remote: 'claimed' }),
  row('', 'REFUSED', 'the refusal of older versions', () => 'nope', { raw: true, remote: 'claimed' }),
  row('P1', 'MALFORMED', 'a response without identifier', () => JSON.stringify(container('response', { status: 'not_found' }))),
  row('P1', 'MALFORMED', 'a response that is null', () => JSON.stringify(container('response', null))),
  row('P1', 'MALFORMED', 'a response without status', () => JSON.stringify(container('response', { identifier: '' }))),
  row('P1', 'MALFORMED', 'a response with a number for its status', () =>
    JSON.stringify(container('response', { status: 404, identifier: '' })),
  ),
  row('P1', 'MALFORMED', 'a response with a long identifier', () =>
    JSON.stringify(container('response', { status: 'not_found', identifier: 'x'.repeat(129) })),
  ),
  row('P2', 'MALFORMED', 'a response of unknown status', () => refusal('teapot')),
  row('P3', 'MALFORMED', 'ok', () => refusal('ok')),
  row('P4', 'MALFORMED', 'a refusal with data', () =>
    JSON.stringify(container('response', { status: 'not_found', identifier: '', data: {} })),
  ),
  row('C4', 'MALFORMED', 'a response with another member', () =>
    JSON.stringify(container('response', { status: 'not_found', identifier: '', other: 1 })),
  ),
];

const proof = (change: (signature: Json, peer: Scripted) => void) => (peer: Scripted) => {
  const object: Json = peer.proof();
  change(object.signature, peer);
  return peer.seal(object);
};
const sealed = (change: (encrypted: Json, object: Json) => void) => (peer: Scripted) => {
  const object: Json = peer.encrypted(peer.proof());
  change(object.encrypted, object);
  return JSON.stringify(object);
};
const plaintext =
  (what: (peer: Scripted) => string | Uint8Array, pad = true) =>
  (peer: Scripted) =>
    JSON.stringify(peer.encrypted(what(peer), { pad }));
/** The text of a proof, filled up to whole blocks by hand. */
const tail = (octets: (missing: number) => number[]) =>
  plaintext((peer) => {
    const proofText = Buffer.from(JSON.stringify(peer.proof()));
    const missing = 16 - (proofText.length % 16);
    return Buffer.concat([proofText, Buffer.from(octets(missing))]);
  }, false);
const changedN = (peer: Scripted) => new Scripted(peer.role).offer();

/** Whatever comes where a proof should. */
export const PROOF: readonly Row[] = [
  row('F1', 'MALFORMED', 'no object', () => 'x'),
  row('F2', 'TOO_LARGE', 'an object that never ends', () => `{"a":"${'x'.repeat(70_000)}`, { raw: true }),
  row('F4', 'MALFORMED', 'octets that are not UTF-8', () =>
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
  ),
  row('F5', 'MALFORMED', 'a name twice', (peer) => peer.seal(peer.proof()).replace('"iv":', '"iv":"","iv":')),
  row('C1', 'MALFORMED', 'an empty object', () => '{}'),
  row(
    'C2',
    'PROTOCOL_MISMATCH',
    'another version',
    sealed((_, object) => (object.sdmp.version = '0.9.0')),
  ),
  row(
    'C3',
    'MALFORMED',
    'another schema',
    sealed((_, object) => (object.sdmp.schemas = ['message'])),
  ),
  row(
    'C4',
    'MALFORMED',
    'another member of encrypted',
    sealed((encrypted) => (encrypted.protected = '')),
  ),
  row('C4', 'MALFORMED', 'a session object again', (peer) => peer.offer()),
  row('C4', 'MALFORMED', 'the proof in clear', (peer) => JSON.stringify(peer.proof())),
  row(
    'E1',
    'MALFORMED',
    'no iv',
    sealed((encrypted) => delete encrypted.iv),
  ),
  row(
    'E1',
    'MALFORMED',
    'no payload',
    sealed((encrypted) => delete encrypted.payload),
  ),
  row(
    'E1',
    'MALFORMED',
    'encrypted as text',
    sealed((_, object) => (object.encrypted = '')),
  ),
  row(
    'E4',
    'MALFORMED',
    'a recipient',
    sealed((encrypted) => encrypted.recipients.push({ key: '' })),
  ),
  row(
    'E4',
    'MALFORMED',
    'recipients as null',
    sealed((encrypted) => (encrypted.recipients = null)),
  ),
  row(
    'E4',
    'MALFORMED',
    'no recipients, strictly',
    sealed((encrypted) => delete encrypted.recipients),
    { changes: { reading: 'strict' } },
  ),
  row(
    'E2',
    'MALFORMED',
    'an iv of 12 octets',
    sealed((encrypted) => (encrypted.iv = Buffer.alloc(12).toString('base64url'))),
  ),
  row(
    'E2',
    'MALFORMED',
    'an iv of 24 octets, as in the profile bound',
    sealed((encrypted) => (encrypted.iv = Buffer.alloc(24).toString('base64url'))),
  ),
  row(
    'E2',
    'MALFORMED',
    'an iv padded',
    sealed((encrypted) => (encrypted.iv += '==')),
  ),
  row(
    'E2',
    'MALFORMED',
    'an iv with bits left over',
    sealed((encrypted) => (encrypted.iv = `${'A'.repeat(21)}B`)),
  ),
  row(
    'E2',
    'MALFORMED',
    'an iv as a number',
    sealed((encrypted) => (encrypted.iv = 1)),
  ),
  row(
    'E3',
    'MALFORMED',
    'a payload of half a block',
    sealed((encrypted) => (encrypted.payload = Buffer.alloc(8).toString('base64url'))),
  ),
  row(
    'E3',
    'MALFORMED',
    'an empty payload',
    sealed((encrypted) => (encrypted.payload = '')),
  ),
  row(
    'E3',
    'MALFORMED',
    'a payload as a list',
    sealed((encrypted) => (encrypted.payload = [])),
  ),
  row(
    'E3',
    'MALFORMED',
    'a payload with white space',
    sealed((encrypted) => (encrypted.payload = ` ${encrypted.payload}`)),
  ),
  row('E5', 'BAD_TAG', 'another key', (peer) => peer.sealedWith(Buffer.alloc(32, 7), peer.proof())),
  row(
    'E5',
    'BAD_TAG',
    'no brace at all',
    plaintext(() => 'hello'),
  ),
  row(
    'E5',
    'BAD_TAG',
    'a tail of spaces',
    tail((missing) => Array(missing).fill(0x20)),
  ),
  row(
    'E5',
    'BAD_TAG',
    'a tail that counts wrongly',
    tail((missing) => Array(missing).fill(missing === 16 ? 1 : missing + 1)),
  ),
  row(
    'E5',
    'BAD_TAG',
    'a tail whose first octet is another',
    tail((missing) => [9, ...Array(missing + 15).fill(missing + 16 > 16 ? 16 : 15)]),
  ),
  row(
    'E5',
    'BAD_TAG',
    'zeros, and a tail of which only the last octet fits',
    tail((missing) => [...Array(missing + 13).fill(0), 9, 9, 3]),
  ),
  row(
    'E5',
    'BAD_TAG',
    'zeros, strictly',
    tail((missing) => Array(missing).fill(0)),
    { changes: { reading: 'strict' } },
  ),
  row(
    'E6',
    'BAD_TAG',
    'a plaintext that is not JSON',
    plaintext(() => '{"a"}'),
  ),
  row(
    'E6',
    'BAD_TAG',
    'a plaintext that is not UTF-8',
    plaintext(() => Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
  ),
  row(
    'E6',
    'BAD_TAG',
    'a plaintext with a name twice',
    plaintext((peer) => JSON.stringify(peer.proof()).replace('"identifier":', '"identifier":"","identifier":')),
  ),
  row(
    'E6',
    'BAD_TAG',
    'a plaintext of two objects',
    plaintext((peer) => JSON.stringify(peer.proof()).repeat(2)),
  ),
  row(
    'E6',
    'BAD_TAG',
    'a depth bomb inside',
    plaintext(() => deep(3_000)),
  ),
  row(
    'C4',
    'MALFORMED',
    'the bare session object, sealed',
    plaintext((peer) => peer.session),
  ),
  row(
    'C4',
    'MALFORMED',
    'a message in place of a proof',
    plaintext(() => message('hello')),
  ),
  row(
    'C4',
    'MALFORMED',
    'another member of signature',
    proof((signature) => (signature.other = 1)),
  ),
  row(
    'C4',
    'MALFORMED',
    'another member of an entry',
    proof((signature) => (signature.signatures[0].header = {})),
  ),
  row(
    'G1',
    'MALFORMED',
    'no identifier',
    proof((signature) => delete signature.identifier),
  ),
  row(
    'G1',
    'MALFORMED',
    'no payload',
    proof((signature) => delete signature.payload),
  ),
  row(
    'G1',
    'MALFORMED',
    'signatures as an object',
    proof((signature) => (signature.signatures = {})),
  ),
  row(
    'G1',
    'MALFORMED',
    'an entry without signature',
    proof((signature) => delete signature.signatures[0].signature),
  ),
  row(
    'G2',
    'MALFORMED',
    'a payload padded',
    proof((signature) => (signature.payload += '=')),
  ),
  row('G2', 'MALFORMED', 'a payload that is not JSON', (peer) => peer.seal(peer.proof({ payload: 'AAAA' }))),
  row('G2', 'MALFORMED', 'a payload that is no session object', (peer) =>
    peer.seal(peer.proof({ payload: Buffer.from(message('x')).toString('base64url') })),
  ),
  row('G2', 'MALFORMED', 'a payload with a weak N', (peer) => {
    const weak = new Scripted(peer.role).offer((object: Json) => (object.connection.N = 'AQ'));
    return peer.seal(peer.proof({ payload: Buffer.from(weak).toString('base64url') }));
  }),
  row('G3', 'INVALID_SIGNATURE', 'another N than the one in clear', (peer) =>
    peer.seal(peer.proof({ payload: Buffer.from(changedN(peer)).toString('base64url') })),
  ),
  row('G3', 'INVALID_SIGNATURE', 'the same N in another group', (peer) => {
    const { connection, ...rest } = JSON.parse(peer.session);
    const p = crypto.getDiffieHellman('modp14').getPrime().toString('base64url');
    return peer.seal(
      peer.proof({ payload: Buffer.from(JSON.stringify({ ...rest, connection: { ...connection, p } })).toString('base64url') }),
    );
  }),
  row('G3', 'INVALID_SIGNATURE', "the reader's own session object", (peer, side) => {
    const own = (side.state as Json).second ?? Buffer.from(changedN(peer));
    return peer.seal(peer.proof({ payload: Buffer.from(own).toString('base64url') }));
  }),
  row(
    'G4',
    'MALFORMED',
    'another identifier',
    proof((signature) => (signature.identifier = signature.identifier.replace(/^./, (letter: string) => (letter === 'A' ? 'B' : 'A')))),
  ),
  row(
    'G5',
    'MALFORMED',
    'no signature',
    proof((signature) => (signature.signatures = [])),
  ),
  row(
    'G5',
    'MALFORMED',
    'two signatures',
    proof((signature) => signature.signatures.push(signature.signatures[0])),
  ),
  row('G6', 'MALFORMED', 'alg none', (peer) => peer.seal(peer.proof({ alg: 'none' }))),
  row('G6', 'MALFORMED', 'alg HS256', (peer) => peer.seal(peer.proof({ alg: 'HS256' }))),
  row('G6', 'MALFORMED', 'alg RS512, strictly', (peer) => peer.seal(peer.proof({ alg: 'RS512' })), { changes: { reading: 'strict' } }),
  row(
    'G6',
    'MALFORMED',
    'another member of protected',
    proof((signature, peer) => {
      signature.signatures[0].protected = Buffer.from(
        JSON.stringify({ alg: 'HS512', kid: fingerprint(publicPem(peer.name)), crit: [] }),
      ).toString('base64url');
    }),
  ),
  row(
    'G6',
    'MALFORMED',
    'a name twice in protected',
    proof((signature, peer) => {
      signature.signatures[0].protected = Buffer.from(`{"alg":"none","alg":"HS512","kid":"${fingerprint(publicPem(peer.name))}"}`).toString(
        'base64url',
      );
    }),
  ),
  row(
    'G6',
    'MALFORMED',
    'a __proto__ in protected',
    proof((signature, peer) => {
      signature.signatures[0].protected = Buffer.from(
        `{"__proto__":{"alg":"HS512"},"kid":"${fingerprint(publicPem(peer.name))}"}`,
      ).toString('base64url');
    }),
  ),
  row(
    'G6',
    'MALFORMED',
    'protected that is not JSON',
    proof((signature) => (signature.signatures[0].protected = 'AAAA')),
  ),
  row('G7', 'SELF_CONNECTION', 'our own name', (peer) => peer.seal(peer.proof({ kid: fingerprint(publicPem(NAMES[other(peer.role)])) }))),
  row('G7', 'SELF_CONNECTION', 'our own name in the older form', (peer) =>
    peer.seal(peer.proof({ kid: aliasOf(publicPem(NAMES[other(peer.role)])) })),
  ),
  row(
    'G7',
    'SELF_CONNECTION',
    'our own name, which is among those we know',
    (peer) => peer.seal(peer.proof({ kid: fingerprint(publicPem(NAMES[other(peer.role)])) })),
    { changes: { peers: new SdmpPeers(Object.values(NAMES).map(publicPem), { core }) } },
  ),
  row('G8', 'UNKNOWN_NODE', 'an unknown name', (peer) => peer.seal(peer.proof({ kid: fingerprint(publicPem('spec-bob')) })), {
    verifies: 2,
  }),
  row('G8', 'UNKNOWN_NODE', 'a name that is no fingerprint', (peer) => peer.seal(peer.proof({ kid: '__proto__' })), { verifies: 2 }),
  row('G8', 'UNKNOWN_NODE', 'a name in the older form, strictly', (peer) => peer.seal(peer.proof({ kid: aliasOf(publicPem(peer.name)) })), {
    changes: { reading: 'strict' },
    verifies: 1,
  }),
  row(
    'G9',
    'INVALID_SIGNATURE',
    'a signature by another key',
    (peer) => {
      const object: Json = new Scripted(peer.role, { name: 'spec-bob' }).proof({
        payload: Buffer.from(peer.session).toString('base64url'),
        kid: fingerprint(publicPem(peer.name)),
      });
      return peer.seal(object);
    },
    { verifies: 2 },
  ),
  row('G9', 'INVALID_SIGNATURE', 'a signature of other octets', (peer) => peer.seal(peer.proof({ input: () => 'something else' })), {
    verifies: 2,
  }),
  row(
    'G9',
    'INVALID_SIGNATURE',
    'the JWS input, strictly',
    (peer) => peer.seal(peer.proof({ input: (payload, header) => `${header}.${payload}` })),
    {
      changes: { reading: 'strict' },
      verifies: 1,
    },
  ),
  row(
    'G9',
    'INVALID_SIGNATURE',
    'an HMAC keyed with the public key',
    proof((signature, peer) => {
      const key = publicPem(peer.name);
      signature.signatures[0].signature = crypto.createHmac('sha512', key).update(signature.payload).digest('base64url');
    }),
    { verifies: 2 },
  ),
  row(
    'G9',
    'INVALID_SIGNATURE',
    'an empty signature',
    proof((signature) => (signature.signatures[0].signature = '')),
    { verifies: 2 },
  ),
  row(
    'G9',
    'INVALID_SIGNATURE',
    'a signature padded',
    proof((signature) => (signature.signatures[0].signature += '=')),
  ),
  row('', 'REFUSED', 'a refusal in clear', () => refusal('not_found'), { remote: 'claimed' }),
  row(
    '',
    'REFUSED',
    'a sealed refusal',
    plaintext(() => refusal('not_found')),
    { remote: 'proved' },
  ),
  row(
    'P3',
    'MALFORMED',
    'a sealed ok',
    plaintext(() => refusal('ok')),
  ),
  row('T', 'OUT_OF_TURN', 'a message right behind the proof', (peer) => `${peer.seal(peer.proof())}${peer.seal(message('early'))}`, {
    only: 'responder',
  }),
];
