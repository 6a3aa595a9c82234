/** The dialling side: what it says, and what it makes of every kind of answer. */
import { describe, expect, it } from 'vitest';
import { base64Of } from '../../../src/protocols/xrpl/base64.ts';
import { latin1Bytes } from '../../../src/protocols/xrpl/http-head.ts';
import { Cluster, Slots, XrplIdentity } from '../../../src/protocols/xrpl/index.ts';
import { LIMITS } from '../../../src/protocols/xrpl/limits.ts';
import { cores, pure } from '../../support/cores.ts';
import { converse } from '../../support/machines.ts';
import {
  ALICE_SECRET,
  BOB_SECRET,
  frameOf,
  hear,
  identityOf,
  NETWORK_NOW,
  NOW,
  responseOf,
  type SideGiven,
  said,
  sessionValueOf,
  side,
} from '../../support/xrpl.ts';

const BOB = identityOf(BOB_SECRET).id;
const dialler = (options: SideGiven = {}) => {
  const made = side('initiator', options);
  made.take();
  return made;
};
const answered = (text: string, options: SideGiven = {}) => hear(dialler(options), text);

it('its request is the one of the reference, field by field', () => {
  const text = said(side('initiator', { agent: 'rippled-2.4.0', features: ['vprr', 'compr'], instanceCookie: 77n, crawl: 'private' }));
  const signature = base64Of(pure.secp256k1.sign(sessionValueOf(), ALICE_SECRET));
  expect(text).toBe(
    [
      'GET / HTTP/1.1',
      'User-Agent: rippled-2.4.0',
      'Upgrade: XRPL/2.1, XRPL/2.2',
      'Connection: Upgrade',
      'Connect-As: Peer',
      'Crawl: private',
      'X-Protocol-Ctl: compr=lz4;vprr=1;',
      `Network-Time: ${NETWORK_NOW}`,
      `Public-Key: ${identityOf(ALICE_SECRET).id}`,
      `Session-Signature: ${signature}`,
      'Instance-Cookie: 77',
      '',
      '',
    ].join('\r\n'),
  );
});

it('stays far below what the reference takes, with every field at its longest', () => {
  const ledgers = { closed: new Uint8Array(32).fill(0xff), previous: new Uint8Array(32).fill(0xff) };
  const serverDomain = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`.slice(0, 128);
  const text = said(
    side('initiator', {
      ledgers,
      serverDomain,
      agent: 'x'.repeat(128),
      networkId: 0xffffffff,
      publicAddress: '1.2.3.4',
      ends: { addresses: ['8.8.4.4', '8.8.4.4'] },
    }),
  );
  expect(text).toContain('Remote-IP: 8.8.4.4\r\nLocal-IP: 1.2.3.4\r\nClosed-Ledger: ');
  expect(text.length).toBeLessThan(4096);
});

describe.each(cores.map((core) => [core.name, core] as const))('on the %s core', (_name, core) => {
  it.each([[[]], [['compr', 'txrr']]] as const)('both machines agree, with features %j', (features) => {
    const a = side('initiator', { core, features: [...features] });
    const b = side('responder', { core, features: ['compr', 'vprr'] });
    converse(a, b);
    expect(a.failed ?? b.failed).toBeUndefined();
    expect(a.opened!.peer.id).toBe(BOB);
    expect(b.opened!.peer.id).toBe(identityOf(ALICE_SECRET).id);
    expect(a.opened!.binding).toEqual(b.opened!.binding);
    const agreed = features.length > 0 ? 'compr' : '';
    expect([a.opened!.info.features, b.opened!.info.features]).toEqual([agreed, agreed]);
    expect(a.traces).toEqual([
      'own address checked done',
      'session value computed done',
      'request sent',
      '101 received',
      'version agreed done',
      'session value confirmed done',
      'checks passed done',
      'not in the cluster done',
      'slot taken done',
      'peer activated done',
      'ledgers read done',
      'protocol started done',
    ]);
    for (const each of [a, b]) each.dispose();
  });
});

it('bytes behind the 101 are the first of the frames', () => {
  const ping = frameOf(3, Uint8Array.of(8, 0, 16, 77));
  const opened = answered(responseOf() + Buffer.from(ping).toString('latin1')).opened!;
  expect(opened.rest).toEqual(ping);
});

describe('an answer that is no 101', () => {
  const rows: [answer: string, code: string, message: string][] = [
    [
      responseOf({ 'Content-Length': '0' }, { line: 'HTTP/1.1 400 Bad Request (Peer clock is too far off)' }),
      'HF_EXPIRED_TIMESTAMP',
      'no upgrade: HTTP/1.1 400 Bad Request (Peer clock is too far off)',
    ],
    [
      responseOf({}, { line: 'HTTP/1.1 400 Bad Request (Self connection)' }),
      'HF_SELF_CONNECTION',
      'no upgrade: HTTP/1.1 400 Bad Request (Self connection)',
    ],
    [
      responseOf({}, { line: 'HTTP/1.1 400 Bad Request (Incorrect Remote-IP: 1.2.3.4 instead of 5.6.7.8)' }),
      'HF_ADDRESS_MISMATCH',
      'Incorrect Remote-IP',
    ],
    [
      responseOf({}, { line: 'HTTP/1.1 400 Bad Request (something new "\xe9\x80)' }),
      'HF_REFUSED',
      'no upgrade: HTTP/1.1 400 Bad Request (something new \\u{22}',
    ],
    [responseOf({}, { line: 'HTTP/1.1 400' }), 'HF_REFUSED', 'no upgrade: HTTP/1.1 400 '],
    [responseOf({}, { line: 'HTTP/1.1 403 Forbidden' }), 'HF_REFUSED', 'no upgrade: HTTP/1.1 403 Forbidden'],
    [responseOf({}, { line: 'HTTP/1.1 200 OK' }), 'HF_REFUSED', 'no upgrade: HTTP/1.1 200 OK'],
    [responseOf({}, { line: 'HTTP/1.0 101 Switching Protocols' }), 'HF_REFUSED', 'no upgrade: HTTP/1.0 101'],
    [responseOf({ Connection: 'close' }), 'HF_REFUSED', 'no upgrade: HTTP/1.1 101'],
  ];
  it.each(rows)('%j', (answer, code, message) => {
    const { failed } = answered(answer);
    expect(failed).toMatchObject({ code, remote: 'claimed', blame: 'network', charged: false });
    expect(failed!.message).toContain(message);
    expect(failed!.redirects).toBeUndefined();
  });

  it.each([
    ['two versions', { Upgrade: 'XRPL/2.1, XRPL/2.2' }],
    ['one that is not spoken', { Upgrade: 'XRPL/2.3' }],
    ['none', { Upgrade: undefined }],
  ])('a 101 with %s ends the attempt', (_name, fields) => {
    expect(answered(responseOf(fields)).failed).toMatchObject({
      code: 'HF_PROTOCOL_MISMATCH',
      message: 'Unable to negotiate protocol version',
    });
  });

  it.each([
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'HF_MALFORMED'],
    ['a head without end', `HTTP/1.1 101 x\r\nX: ${'y'.repeat(9000)}`, 'HF_TOO_LARGE'],
    ['a folded line', responseOf({ Server: 'a\r\n b' }), 'HF_MALFORMED'],
    ['ledgers that are none', responseOf({ 'Closed-Ledger': 'zz' }), 'HF_MALFORMED'],
  ])('%s', (_name, answer, code) => {
    expect(answered(answer).failed?.code).toBe(code);
  });
});

describe('a 503', () => {
  const list = '{"peer-ips":["198.51.100.4:51235","[2001:DB8::7]:2459","nonsense",7,"1.2.3.4","1.2.3.4:0","1.2.3.4:99999"]}';
  const addresses = ['198.51.100.4:51235', '[2001:db8::7]:2459'];
  const head = (...fields: string[]): string => ['HTTP/1.1 503 Service Unavailable', 'Server: x', ...fields, '', ''].join('\r\n');
  const chunked = (...chunks: string[]): string =>
    head('Transfer-Encoding: chunked') + [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');

  it.each([
    ['in one chunk', chunked(list)],
    ['in many chunks', chunked(...list.match(/.{1,7}/g)!)],
    ['with Content-Length', head(`Content-Length: ${list.length}`) + list],
    ['with Content-Length, and more behind', `${head(`Content-Length: ${list.length}`)}${list}junk`],
    ['with an extension of a chunk', `${head('transfer-encoding: Chunked')}${list.length.toString(16)};x=1\r\n${list}\r\n0\r\n\r\n`],
  ])('%s gives its addresses, in any cut', (_name, answer) => {
    for (const size of [1, 3, 64, answer.length]) {
      const made = dialler();
      for (let at = 0; at < answer.length && !made.over; at += size) made.bytes(latin1Bytes(answer.slice(at, at + size)));
      expect(made.failed).toMatchObject({ code: 'HF_TOO_MANY_CONNECTIONS', remote: 'claimed', redirects: addresses });
    }
  });

  it('without a length gives them once the stream ends', () => {
    const made = answered(head() + list);
    expect(made.failed).toBeUndefined();
    made.feed({ kind: 'end', now: NOW });
    expect(made.failed?.redirects).toEqual(addresses);
  });

  it.each([
    ['no JSON', `${head('Content-Length: 3')}[[[`],
    ['JSON without a list', `${head('Content-Length: 4')}null`],
    ['a list that is none', `${head('Content-Length: 14')}{"peer-ips":1}`],
    ['nesting without end', head('Content-Length: 8000') + '['.repeat(8000)],
    ['no length that is one', head('Content-Length: -1') + list],
    ['a chunk without its end', `${head('Transfer-Encoding: chunked')}${list.length.toString(16)}\r\n${list}XX`],
    ['a chunk of no size', `${head('Transfer-Encoding: chunked')}xyz\r\n`],
    ['a size line without end', `${head('Transfer-Encoding: chunked')}${'1'.repeat(300)}`],
  ])('with %s gives none, and is a 503 all the same', (_name, answer) => {
    expect(answered(answer).failed).toMatchObject({ code: 'HF_TOO_MANY_CONNECTIONS', redirects: [] });
  });

  it('gives at most 30, and of more than 8 KiB nothing is kept', () => {
    const many = JSON.stringify({ 'peer-ips': Array.from({ length: 40 }, (_, i) => `10.0.0.${i}:1`) });
    expect(answered(chunked(many)).failed?.redirects).toHaveLength(30);
    const flood = answered(head());
    for (let i = 0; i < 100 && !flood.over; i++) flood.bytes(new Uint8Array(1000).fill(0x20));
    expect(flood.failed?.code).toBe('HF_TOO_MANY_CONNECTIONS');
    expect((flood.state as { at: string }).at).toBe('closed');
    const held = answered(head());
    for (let i = 0; i < 8; i++) held.bytes(new Uint8Array(1000));
    expect((held.state as { body: Uint8Array }).body.length).toBeLessThanOrEqual(LIMITS.body);
  });

  it('whose body does not come is a 503 at the deadline', () => {
    const made = answered(head('Content-Length: 100'));
    made.feed({ kind: 'tick', now: NOW + 15_000 });
    expect(made.failed?.code).toBe('HF_TOO_MANY_CONNECTIONS');
  });
});

it('another key than the one named is not the one wanted', () => {
  expect(answered(responseOf(), { peer: BOB }).opened).toBeDefined();
  const wrong = answered(responseOf(), { peer: identityOf(ALICE_SECRET).id });
  expect(wrong.failed?.code).toBe('HF_UNEXPECTED_PEER');
  expect(said(wrong)).toBe('');
});

describe('slots', () => {
  it('the same endpoint twice, an address of our own, and a key that is there already are refused before or after the request', () => {
    const slots = new Slots();
    const first = answered(responseOf(), { slots });
    expect(first.opened).toBeDefined();
    const same = side('initiator', { slots });
    expect(same.failed?.code).toBe('HF_DUPLICATE_CONNECTION');
    expect(said(same)).toBe('');
    const elsewhere = answered(responseOf(), { slots, ends: { ports: [40_001, 51_236] } });
    expect(elsewhere.failed?.code).toBe('HF_DUPLICATE_CONNECTION');
    // A connection has come in from port 40,002 of ours: whoever dials with that local port has reached itself.
    const own = { slots, ends: { ports: [40_002, 51_237] } } as const;
    side('responder', own).bytes(latin1Bytes('GET'));
    const inbound = side('responder', own);
    hear(inbound, said(side('initiator', { ends: own.ends, identity: identityOf(new Uint8Array(32).fill(3)) })));
    expect(inbound.opened).toBeDefined();
    expect(side('initiator', own).failed?.code).toBe('HF_SELF_CONNECTION');
    first.dispose();
    expect(slots.active).toEqual({ inbound: 1, outbound: 0 });
  });

  it('are not needed by members of the cluster, but by reserved keys', () => {
    const full = (): Slots => new Slots({ outbound: 0 });
    expect(answered(responseOf(), { slots: full() }).failed).toMatchObject({ code: 'HF_TOO_MANY_CONNECTIONS', blame: 'caller' });
    expect(answered(responseOf(), { slots: full(), reserved: new Set([BOB]) }).failed?.code).toBe('HF_TOO_MANY_CONNECTIONS');
    const member = answered(responseOf(), { slots: full(), cluster: new Cluster([`${BOB} bob`], { core: pure }) });
    expect(member.opened?.info).toMatchObject({ cluster: true });
    expect(member.opened?.info.clusterName).toBeUndefined();
  });

  it('a seat is left when the attempt fails', () => {
    const slots = new Slots();
    for (const answer of [
      responseOf({ Upgrade: 'x' }),
      responseOf({ 'Network-Time': 'x' }),
      responseOf({ 'Closed-Ledger': 'x' }),
      'x\r\n\r\n',
    ]) {
      expect(answered(answer, { slots }).failed?.code).not.toBe('HF_DUPLICATE_CONNECTION');
    }
    expect(answered(responseOf(), { slots }).opened).toBeDefined();
  });
});

it('without Finished messages no request is sent', () => {
  const made = side('initiator', { ends: { finished: [new Uint8Array(11), new Uint8Array(32)] } });
  expect(made.failed?.code).toBe('HF_MALFORMED');
  expect(said(made)).toBe('');
});

it('a key held elsewhere that does not answer ends the attempt', () => {
  const identity = XrplIdentity.from({ publicKey: identityOf(ALICE_SECRET).publicKey, sign: () => new Uint8Array(64) }, { core: pure });
  expect(side('initiator', { identity }).failed?.code).toBe('HF_INTERNAL');
});
