/** Every row of section 8, reached in both roles: the answer of the accepting side word for word, and the error on either. */
import { describe, expect, it } from 'vitest';
import { base64Of } from '../../../src/protocols/xrpl/base64.ts';
import type { XrplOptions } from '../../../src/protocols/xrpl/index.ts';
import { ORDER } from '../../../src/protocols/xrpl/signature.ts';
import { Prefix, writeKeyText } from '../../../src/protocols/xrpl/text-form.ts';
import { cores, pure } from '../../support/cores.ts';
import {
  ALICE_SECRET,
  BOB_SECRET,
  type Ends,
  type FieldsGiven,
  hear,
  identityOf,
  NETWORK_NOW,
  requestOf,
  responseOf,
  said,
  sessionValueOf,
  side,
} from '../../support/xrpl.ts';

interface Row {
  row: string;
  fields: FieldsGiven;
  options?: Partial<XrplOptions>;
  ends?: Ends;
  text: string;
  code: string;
}

const PUBLIC: Ends = { addresses: ['8.8.4.4', '8.8.4.4'] };
const ed25519 = writeKeyText(Prefix.nodePublic, Uint8Array.from([0xed, ...new Uint8Array(32).fill(7)]), pure.hash);
const account = writeKeyText(Prefix.accountPublic, identityOf(ALICE_SECRET).publicKey, pure.hash);
const otherValue = sessionValueOf(pure, { finished: [new Uint8Array(32).fill(3), new Uint8Array(32).fill(4)] });

/** @param secret of whoever sends the head. */
const rows = (secret: Uint8Array): Row[] => [
  { row: '1', fields: { 'Server-Domain': 'nodots' }, text: 'Invalid server domain', code: 'HF_MALFORMED' },
  { row: '1, empty', fields: { 'Server-Domain': '' }, text: 'Invalid server domain', code: 'HF_MALFORMED' },
  { row: '2', fields: { 'Network-ID': 'main' }, text: 'Invalid peer network identifier', code: 'HF_MALFORMED' },
  { row: '3', fields: { 'Network-ID': '1' }, options: { networkId: 0 }, text: 'Peer is on a different network', code: 'HF_WRONG_NETWORK' },
  { row: '4', fields: { 'Network-Time': 'soon' }, text: 'Invalid peer clock timestamp', code: 'HF_MALFORMED' },
  { row: '4, 33 bits', fields: { 'Network-Time': '4294967296' }, text: 'Invalid peer clock timestamp', code: 'HF_MALFORMED' },
  { row: '5, ahead', fields: { 'Network-Time': String(NETWORK_NOW + 21) }, text: 'Peer clock is too far off', code: 'HF_FUTURE_TIMESTAMP' },
  {
    row: '5, behind',
    fields: { 'Network-Time': String(NETWORK_NOW - 21) },
    text: 'Peer clock is too far off',
    code: 'HF_EXPIRED_TIMESTAMP',
  },
  { row: '6, absent', fields: { 'Public-Key': undefined }, text: 'Bad node public key', code: 'HF_INVALID_ID' },
  { row: '6, an account key', fields: { 'Public-Key': account }, text: 'Bad node public key', code: 'HF_INVALID_ID' },
  { row: '6, thousands of characters', fields: { 'Public-Key': 'n'.repeat(7000) }, text: 'Bad node public key', code: 'HF_INVALID_ID' },
  { row: '7', fields: { 'Public-Key': ed25519 }, text: 'Unsupported public key type', code: 'HF_INVALID_ID' },
  { row: '8', fields: { 'Session-Signature': undefined }, text: 'No session signature specified', code: 'HF_INVALID_SIGNATURE' },
  { row: '9, empty', fields: { 'Session-Signature': '' }, text: 'Failed to verify session', code: 'HF_INVALID_SIGNATURE' },
  {
    row: '9, of another session',
    fields: { 'Session-Signature': base64Of(pure.secp256k1.sign(otherValue, secret)) },
    text: 'Failed to verify session',
    code: 'HF_INVALID_SIGNATURE',
  },
  {
    row: '9, by another key',
    fields: { 'Session-Signature': base64Of(pure.secp256k1.sign(sessionValueOf(), new Uint8Array(32).fill(9))) },
    text: 'Failed to verify session',
    code: 'HF_INVALID_SIGNATURE',
  },
  { row: '11', fields: { 'Local-IP': 'here' }, text: 'Invalid Local-IP', code: 'HF_MALFORMED' },
  {
    row: '12',
    fields: { 'Local-IP': '8.8.8.8' },
    ends: PUBLIC,
    text: 'Incorrect Local-IP: 8.8.4.4 instead of 8.8.8.8',
    code: 'HF_ADDRESS_MISMATCH',
  },
  {
    row: '12, in IPv6',
    fields: { 'Local-IP': '2001:0DB8::0:1' },
    ends: { addresses: ['::ffff:8.8.4.4', '::ffff:8.8.4.4'] },
    text: 'Incorrect Local-IP: 8.8.4.4 instead of 2001:db8::1',
    code: 'HF_ADDRESS_MISMATCH',
  },
  { row: '13', fields: { 'Remote-IP': '1.2.3.256' }, text: 'Invalid Remote-IP', code: 'HF_MALFORMED' },
  {
    row: '14',
    fields: { 'Remote-IP': '9.9.9.9' },
    ends: PUBLIC,
    options: { publicAddress: '1.2.3.4' },
    text: 'Incorrect Remote-IP: 1.2.3.4 instead of 9.9.9.9',
    code: 'HF_ADDRESS_MISMATCH',
  },
];

const passing: { name: string; fields: FieldsGiven; options?: Partial<XrplOptions>; ends?: Ends }[] = [
  { name: 'without Network-ID though we have one', fields: {}, options: { networkId: 0 } },
  { name: 'of our network', fields: { 'Network-ID': '007' }, options: { networkId: 7 } },
  { name: 'of any network where we have none', fields: { 'Network-ID': '5' } },
  { name: 'without Network-Time', fields: { 'Network-Time': undefined } },
  { name: '20 s ahead', fields: { 'Network-Time': `+${NETWORK_NOW + 20}` } },
  { name: '20 s behind', fields: { 'Network-Time': String(NETWORK_NOW - 20) } },
  { name: 'with Local-IP that is right', fields: { 'Local-IP': '8.8.4.4' }, ends: PUBLIC },
  { name: 'with another Local-IP over a private address', fields: { 'Local-IP': '8.8.8.8' } },
  { name: 'with another Remote-IP where we do not know ours', fields: { 'Remote-IP': '9.9.9.9' }, ends: PUBLIC },
  { name: 'with Remote-IP that is ours', fields: { 'Remote-IP': '1.2.3.4' }, ends: PUBLIC, options: { publicAddress: '1.2.3.4' } },
  { name: 'with a domain', fields: { 'Server-Domain': 'node.example.org' } },
  { name: 'with a second key and signature behind the first', fields: {}, options: {} },
];

describe.each(cores.map((core) => [core.name, core] as const))('on the %s core', (_name, core) => {
  it.each(rows(ALICE_SECRET).map((row) => [row.row, row] as const))(
    'row %s of a request is refused by a 400 with its text',
    (_row, { fields, options, ends, text, code }) => {
      const listener = hear(side('responder', { core, ...options, ends }), requestOf(fields));
      const remote = ends ? '8.8.4.4' : '127.0.0.1';
      expect(said(listener)).toBe(
        `HTTP/1.1 400 Bad Request (${text})\r\nServer: handfast\r\nRemote-Address: ${remote}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      expect(listener.failed?.code).toBe(code);
      expect(listener.failed?.message.startsWith(text)).toBe(true);
      expect(listener.opened).toBeUndefined();
      expect(listener.lingerMs).toBe(1000);
    },
  );

  it.each(rows(BOB_SECRET).map((row) => [row.row, row] as const))(
    'row %s of a response ends the attempt, and the server is told nothing',
    (_row, { fields, options, ends, text, code }) => {
      const dialler = side('initiator', { core, ...options, ends });
      dialler.take();
      hear(dialler, responseOf(fields));
      expect(dialler.failed?.code).toBe(code);
      expect(dialler.failed?.message.startsWith(text)).toBe(true);
      expect(said(dialler)).toBe('');
      expect(dialler.opened).toBeUndefined();
    },
  );

  it('row 10: our own key with our own signature handed back is refused, by both', () => {
    const listener = hear(side('responder', { core }), requestOf({}, { secret: BOB_SECRET }));
    expect(said(listener)).toContain(' 400 Bad Request (Self connection)\r\n');
    expect(listener.failed?.code).toBe('HF_SELF_CONNECTION');
    const dialler = side('initiator', { core });
    const own = said(dialler);
    const field = (name: string): string => new RegExp(`^${name}: (.*)\r$`, 'm').exec(own)![1];
    hear(dialler, responseOf({ 'Public-Key': field('Public-Key'), 'Session-Signature': field('Session-Signature') }));
    expect(dialler.failed?.code).toBe('HF_SELF_CONNECTION');
  });

  it.each(passing.map((each) => [each.name, each] as const))('a head %s passes in both roles', (_name, { fields, options, ends }) => {
    const listener = hear(side('responder', { core, ...options, ends }), requestOf(fields));
    expect(listener.failed).toBeUndefined();
    expect(listener.opened?.peer.id).toBe(identityOf(ALICE_SECRET).id);
    const dialler = hear(side('initiator', { core, ...options, ends }), responseOf(fields));
    expect(dialler.failed).toBeUndefined();
    expect(dialler.opened?.peer.id).toBe(identityOf(BOB_SECRET).id);
    for (const each of [listener, dialler]) each.dispose();
  });

  it('a signature with high S passes, in both roles', () => {
    const high = (secret: Uint8Array): string => base64Of(withHighS(pure.secp256k1.sign(sessionValueOf(), secret)));
    expect(hear(side('responder', { core }), requestOf({ 'Session-Signature': high(ALICE_SECRET) })).opened).toBeDefined();
    expect(hear(side('initiator', { core }), responseOf({ 'Session-Signature': high(BOB_SECRET) })).opened).toBeDefined();
  });
});

it('checks come in order: of a head that is wrong everywhere, each fault is told once those before it are mended', () => {
  const wrong: [name: string, wrong: string | undefined, text: string][] = [
    ['Server-Domain', 'x', 'Invalid server domain'],
    ['Network-ID', 'x', 'Invalid peer network identifier'],
    ['Network-Time', 'x', 'Invalid peer clock timestamp'],
    ['Public-Key', 'x', 'Bad node public key'],
    ['Session-Signature', undefined, 'No session signature specified'],
    ['Local-IP', 'x', 'Invalid Local-IP'],
    ['Remote-IP', 'x', 'Invalid Remote-IP'],
  ];
  for (let from = 0; from < wrong.length; from++) {
    const listener = hear(side('responder'), requestOf(Object.fromEntries(wrong.slice(from))));
    expect(said(listener)).toContain(`(${wrong[from][2]})`);
  }
});

it('nothing is verified for what is no signature, and once for what is one', () => {
  const works: string[] = [];
  const count = (fields: FieldsGiven): number => {
    works.length = 0;
    const listener = side('responder');
    const { step } = listener.machine;
    listener.machine.step = (state, input) => {
      const [next, ...outputs] = step(state, input);
      for (const output of outputs) if (output.kind === 'work') works.push(...output.items.map(({ op }) => op));
      return [next, ...outputs];
    };
    hear(listener, requestOf(fields));
    return works.filter((op) => op === 'secp256k1-verify').length;
  };
  expect(count({ 'Session-Signature': 'AAAA' })).toBe(0);
  expect(count({ 'Server-Domain': 'x' })).toBe(0);
  expect(count({ 'Session-Signature': base64Of(pure.secp256k1.sign(otherValue, ALICE_SECRET)) })).toBe(1);
  expect(works).not.toContain('secp256k1-sign');
  expect(count({})).toBe(1);
});

function withHighS(der: Uint8Array): Uint8Array {
  const rLength = der[3];
  const r = der.subarray(2, 4 + rLength);
  const s = BigInt(`0x${Buffer.from(der.subarray(6 + rLength)).toString('hex')}`);
  const high = Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex');
  expect(high[0] & 0x80).toBe(0x80);
  return Uint8Array.from([0x30, r.length + 35, ...r, 2, 33, 0, ...high]);
}
