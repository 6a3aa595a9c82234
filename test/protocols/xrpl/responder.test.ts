/** The accepting side: what is decided in which order, what is answered, and what happens step by step once it says yes. */
import { describe, expect, it } from 'vitest';
import { HandfastError } from '../../../src/errors.ts';
import { lenientBase64 } from '../../../src/protocols/xrpl/base64.ts';
import { latin1Bytes } from '../../../src/protocols/xrpl/http-head.ts';
import { Cluster, Slots, XrplIdentity } from '../../../src/protocols/xrpl/index.ts';
import { canonicality, withLowS } from '../../../src/protocols/xrpl/signature.ts';
import { cores, pure } from '../../support/cores.ts';
import {
  ALICE_SECRET,
  BOB_SECRET,
  type FieldsGiven,
  factsOf,
  hear,
  identityOf,
  NOW,
  requestOf,
  said,
  sessionValueOf,
  side,
} from '../../support/xrpl.ts';

const ALICE = identityOf(ALICE_SECRET).id;
const FORBIDDEN =
  'HTTP/1.1 403 Forbidden\r\nServer: handfast\r\nRemote-Address: 127.0.0.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
const REDIRECT = (list: string, size: string): string =>
  `HTTP/1.1 503 Service Unavailable\r\nServer: handfast\r\nRemote-Address: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n{"peer-ips":[${list}]}\r\n0\r\n\r\n`;

describe('before the checks', () => {
  const rows: [name: string, request: string, answer: string, code: string][] = [
    ['bytes that are no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', '', 'HF_MALFORMED'],
    ['a head beyond the limit', requestOf({ 'User-Agent': 'y'.repeat(8200) }), '', 'HF_TOO_LARGE'],
    ['a folded line', requestOf({ 'User-Agent': 'one\r\n two' }), '', 'HF_MALFORMED'],
    ['more than 64 fields', requestOf({ 'X-More': new Array(60).fill('1') }), '', 'HF_MALFORMED'],
    ['POST', requestOf({}, { line: 'POST / HTTP/1.1' }), FORBIDDEN, 'HF_PROTOCOL_MISMATCH'],
    ['HTTP/1.0', requestOf({}, { line: 'GET / HTTP/1.0' }), FORBIDDEN, 'HF_PROTOCOL_MISMATCH'],
    ['no upgrade token', requestOf({ Connection: 'keep-alive' }), FORBIDDEN, 'HF_PROTOCOL_MISMATCH'],
    ['no parsable version', requestOf({ Upgrade: 'RTXP/1.2' }), FORBIDDEN, 'HF_PROTOCOL_MISMATCH'],
    ['/crawl', requestOf({}, { line: 'GET /crawl HTTP/1.1' }), FORBIDDEN, 'HF_PROTOCOL_MISMATCH'],
    ['/vl/', requestOf({}, { line: 'GET /vl/ED00 HTTP/1.1' }), FORBIDDEN, 'HF_PROTOCOL_MISMATCH'],
    ['/health', requestOf({}, { line: 'GET /health HTTP/1.1' }), FORBIDDEN, 'HF_PROTOCOL_MISMATCH'],
    ['no Connect-As', requestOf({ 'Connect-As': undefined }), REDIRECT('', 'f'), 'HF_PROTOCOL_MISMATCH'],
    ['another Connect-As, first of two', requestOf({ 'Connect-As': ['Leaf', 'Peer'] }), REDIRECT('', 'f'), 'HF_PROTOCOL_MISMATCH'],
  ];
  it.each(rows)('%s', (_name, request, answer, code) => {
    const listener = hear(side('responder'), request);
    expect(said(listener)).toBe(answer);
    expect(listener.failed?.code).toBe(code);
    expect(listener.lingerMs).toBe(answer === '' ? 0 : 1000);
  });

  it('an upgrade to WebSocket is told that this is another protocol', () => {
    const listener = hear(side('responder'), requestOf({ Upgrade: 'websocket' }));
    const text = said(listener);
    expect(text.startsWith('HTTP/1.1 401 Unauthorized\r\n')).toBe(true);
    expect(text).toContain('\r\nContent-Type: text/html\r\n');
    expect(text.endsWith('\r\n\r\nInvalid protocol.')).toBe(true);
  });

  it('no version in common is a 400', () => {
    const listener = hear(side('responder'), requestOf({ Upgrade: 'XRPL/2.0, XRPL/3.0' }));
    expect(said(listener)).toContain('HTTP/1.1 400 Bad Request (Unable to agree on a protocol version)\r\n');
  });

  it('without a session value nobody gets in', () => {
    const same = new Uint8Array(32).fill(7);
    const listener = hear(side('responder', { ends: { finished: [same, same] } }), requestOf());
    expect(said(listener)).toContain('HTTP/1.1 400 Bad Request (Incorrect security cookie)\r\n');
    expect(listener.failed?.code).toBe('HF_MALFORMED');
  });

  it('bytes behind the request close the link without a word', () => {
    const listener = hear(side('responder'), `${requestOf()}\0`);
    expect(said(listener)).toBe('');
    expect(listener.failed).toMatchObject({ code: 'HF_EARLY_DATA', charged: true });
  });

  it('any other target is taken, as are fields in any case and order, and ones that nobody knows', () => {
    const shuffled = requestOf({}, { line: 'GET /other?x HTTP/1.1' }).split('\r\n').slice(0, -2);
    const [first, ...fields] = shuffled;
    const text = [
      first,
      'Host: example.org',
      ...fields.reverse().map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase())),
      'X-Odd: \xe9',
      '',
      '',
    ].join('\r\n');
    expect(hear(side('responder'), text).opened?.peer.id).toBe(ALICE);
  });
});

describe.each(cores.map((core) => [core.name, core] as const))('an acceptance on the %s core', (_name, core) => {
  it('takes each step in order, and says who is there', () => {
    const cluster = new Cluster([`${ALICE} alice`], { core });
    const hashes = { closed: new Uint8Array(32).fill(1), previous: new Uint8Array(32).fill(2) };
    const fields: FieldsGiven = {
      'X-Protocol-Ctl': 'compr=lz4;vprr=1',
      'Network-ID': '0',
      'Closed-Ledger': 'ab'.repeat(32),
      'Previous-Ledger': '0',
    };
    const listener = side('responder', { core, cluster, features: ['compr', 'txrr'], ledgers: hashes, networkId: 0, agent: 'test-1' });
    hear(listener, requestOf(fields));
    expect(listener.traces).toEqual([
      'request received',
      'version agreed done',
      'session value computed done',
      'checks passed done',
      'slot taken done',
      'ledgers read done',
      'session value confirmed done',
      'cluster member found done',
      'peer activated done',
      '101 sent',
      'protocol started done',
    ]);
    const text = said(listener);
    expect(
      text.startsWith(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: XRPL/2.2\r\nConnect-As: Peer\r\nServer: test-1\r\nCrawl: public\r\nX-Protocol-Ctl: compr=lz4;\r\nNetwork-ID: 0\r\n',
      ),
    ).toBe(true);
    expect(text.endsWith(`\r\nClosed-Ledger: ${'01'.repeat(32)}\r\nPrevious-Ledger: ${'02'.repeat(32)}\r\n\r\n`)).toBe(true);
    const signature = lenientBase64(/Session-Signature: (.*)\r/.exec(text)![1]);
    expect(canonicality(signature)).toBe('fullyCanonical');
    expect(core.secp256k1.verify(signature, sessionValueOf(core), identityOf(BOB_SECRET).publicKey, { lowS: true })).toBe(true);
    expect(listener.opened).toMatchObject({
      peer: { id: ALICE, publicKey: identityOf(ALICE_SECRET).publicKey },
      binding: sessionValueOf(core),
      info: {
        protocolVersion: 'XRPL/2.2',
        direction: 'inbound',
        agent: 'rippled-2.4.0',
        features: 'compr',
        networkId: 0,
        clockOffsetS: 0,
        crawl: true,
        closedLedger: 'ab'.repeat(32),
        previousLedger: '00'.repeat(32),
        cluster: true,
        clusterName: 'alice',
        tlsVersion: 'TLSv1.3',
      },
      rest: new Uint8Array(0),
    });
    listener.dispose();
  });
});

describe('ledger fields are read after the checks, and close the link without a word', () => {
  it.each([
    ['(1)', { 'Closed-Ledger': 'zz' }],
    ['(2)', { 'Closed-Ledger': '0', 'Previous-Ledger': 'zz' }],
    ['(3)', { 'Previous-Ledger': '0' }],
    ['(1)', { 'Closed-Ledger': 'zz', 'Previous-Ledger': 'zz' }],
  ])('Malformed handshake data %s', (which, fields) => {
    const slots = new Slots();
    const listener = hear(side('responder', { slots }), requestOf(fields));
    expect(said(listener)).toBe('');
    expect(listener.failed).toMatchObject({ code: 'HF_MALFORMED', message: `Malformed handshake data ${which}` });
    expect(slots.active.inbound).toBe(0);
  });
});

describe('who is refused after the checks gets 503 and other addresses', () => {
  const redirects = ['198.51.100.4:51235', '[2001:db8::7]:2459'];
  it('by the judge', () => {
    const listener = hear(side('responder', { redirects, judge: () => ({ code: 'BANNED', reason: '' }) }), requestOf());
    expect(said(listener)).toBe(REDIRECT('"198.51.100.4:51235","[2001:db8::7]:2459"', '38'));
    expect(listener.failed?.code).toBe('HF_BANNED');
  });

  it('as a key that is connected already', () => {
    const slots = new Slots();
    const first = hear(side('responder', { slots }), requestOf());
    const again = { slots, redirects: () => redirects, ends: { ports: [40_001, 51_235] } } as const;
    const second = hear(side('responder', again), requestOf());
    expect(said(second)).toContain('HTTP/1.1 503 ');
    expect(second.failed?.code).toBe('HF_DUPLICATE_CONNECTION');
    first.dispose();
    expect(hear(side('responder', again), requestOf()).opened).toBeDefined();
  });

  it('when no slot is free, unless it is a member of the cluster or reserved', () => {
    const full = (): Slots => new Slots({ inbound: 0 });
    const refused = hear(side('responder', { slots: full() }), requestOf());
    expect(refused.failed?.code).toBe('HF_TOO_MANY_CONNECTIONS');
    expect(hear(side('responder', { slots: full(), cluster: new Cluster([ALICE], { core: pure }) }), requestOf()).opened).toBeDefined();
    expect(hear(side('responder', { slots: full(), reserved: new Set([ALICE]) }), requestOf()).opened).toBeDefined();
  });

  it('never with more than 10 addresses', () => {
    const many = Array.from({ length: 12 }, (_, i) => `10.0.0.${i}:1`);
    const listener = hear(side('responder', { redirects: many, judge: () => ({ code: 'BANNED', reason: '' }) }), requestOf());
    expect(said(listener).match(/10\.0\.0\./g)).toHaveLength(10);
  });
});

it('the same endpoint twice, and the third from one public address, are a 403', () => {
  const slots = new Slots();
  const ends = (port: number) => ({ slots, ends: { addresses: ['8.8.4.4', '8.8.4.4'], ports: [port, 51_235] } }) as const;
  const first = side('responder', ends(1));
  hear(first, requestOf());
  const second = side('responder', ends(1));
  expect(said(hear(second, requestOf()))).toContain('HTTP/1.1 403 Forbidden');
  const other = new Uint8Array(32).fill(5);
  expect(hear(side('responder', ends(2)), requestOf({}, { secret: other })).opened).toBeDefined();
  const third = side('responder', ends(3));
  expect(said(hear(third, requestOf({}, { secret: new Uint8Array(32).fill(6) })))).toContain('HTTP/1.1 403 Forbidden');
  expect(third.failed?.code).toBe('HF_TOO_MANY_CONNECTIONS');
});

it('whatever becomes of a connection, its seat is left', () => {
  const slots = new Slots();
  const enough = { slots, ends: { addresses: ['8.8.4.4', '8.8.4.4'] } } as const;
  const endings: ((listener: ReturnType<typeof side>) => void)[] = [
    (listener) => hear(listener, requestOf({ 'Network-Time': 'x' })),
    (listener) => hear(listener, requestOf({ 'Connect-As': 'x' })),
    (listener) => hear(listener, requestOf({ Upgrade: 'XRPL/9.9' })),
    (listener) => hear(listener, requestOf({ 'Closed-Ledger': 'x' })),
    (listener) => {
      listener.hold = true;
      hear(listener, requestOf());
      listener.feed({ kind: 'end', now: NOW });
    },
    (listener) => {
      listener.hold = true;
      hear(listener, requestOf());
      listener.feed({ kind: 'abort', now: NOW, why: new HandfastError('ABORTED', 'test') });
    },
    (listener) => {
      listener.hold = true;
      hear(listener, requestOf());
      listener.feed({ kind: 'tick', now: NOW + 15_000 });
    },
    (listener) => {
      hear(listener, requestOf());
      listener.opened!.traffic.wipe();
      listener.opened!.traffic.wipe();
    },
  ];
  for (const end of endings) {
    for (let i = 0; i < 3; i++) end(side('responder', enough));
    expect(slots.active).toEqual({ inbound: 0, outbound: 0 });
  }
  expect(hear(side('responder', enough), requestOf()).opened).toBeDefined();
  expect(slots.active).toEqual({ inbound: 1, outbound: 0 });
});

it('a seat is left also when a function of ours throws', () => {
  const slots = new Slots();
  const broken = (): never => {
    throw new Error('broken');
  };
  const given = [{ redirects: broken }, { sessionValue: broken }, { ledgers: broken }, { reserved: { has: broken } }];
  for (const options of given) {
    const listener = side('responder', { slots, ...options });
    const request = 'redirects' in options ? requestOf({ 'Connect-As': 'x' }) : requestOf();
    expect(() => hear(listener, request)).toThrow('broken');
    // What the driver does then.
    listener.feed({ kind: 'abort', now: NOW, why: new HandfastError('INTERNAL', 'test') });
  }
  const dialler = { slots, sessionValue: broken };
  expect(() => side('initiator', dialler)).toThrow('broken');
  expect(slots.active).toEqual({ inbound: 0, outbound: 0 });
  expect(hear(side('responder', { slots }), requestOf()).opened).toBeDefined();
});

describe('after its end a side', () => {
  it('does nothing more, whatever comes: opened or failed', () => {
    for (const judge of [() => undefined, () => ({ code: 'BANNED', reason: 'you' }) as const]) {
      const responder = hear(side('responder', { judge }), requestOf());
      expect(responder.over).toBe(true);
      const { state } = responder;
      for (const input of [
        { kind: 'bytes', now: responder.now, data: new Uint8Array(3) },
        { kind: 'tick', now: responder.now + 1e9 },
        { kind: 'end', now: responder.now },
        { kind: 'abort', now: responder.now, why: new HandfastError('ABORTED', 'x') },
      ] as const)
        expect(responder.machine.step(state, input)).toEqual([state]);
    }
  });
});

describe('the deadline of 15 s', () => {
  it('holds from the connection on, however slowly bytes come', () => {
    const listener = side('responder');
    expect(listener.deadline).toBe(NOW + 15_000);
    const request = latin1Bytes(requestOf());
    for (let i = 0; !listener.over; i++) {
      listener.now = NOW + i * 1000;
      listener.bytes(request.subarray(i, i + 1));
    }
    expect(listener.now).toBe(NOW + 15_000);
    expect(listener.failed?.code).toBe('HF_HANDSHAKE_TIMEOUT');
    expect(said(listener)).toBe('');
  });

  it('holds before TLS stands', () => {
    const listener = side('responder', { deadlineMs: 500 });
    const fresh = listener.machine.step(listener.machine.initial, { kind: 'start', now: NOW });
    const [, failed] = listener.machine.step(fresh[0], { kind: 'tick', now: NOW + 500 });
    expect(failed).toMatchObject({ kind: 'failed', why: { code: 'HF_HANDSHAKE_TIMEOUT' } });
  });
});

it('bytes without TLS under them are refused', () => {
  const { machine } = side('responder');
  const [started] = machine.step(machine.initial, { kind: 'start', now: NOW });
  const [, failed] = machine.step(started, { kind: 'bytes', now: NOW, data: latin1Bytes('GET') });
  expect(failed).toMatchObject({ kind: 'failed', why: { code: 'HF_UNSUPPORTED' } });
});

it('a key held elsewhere signs the digest; high S of its own is brought down, and what is no signature fails on this side', () => {
  const { publicKey } = identityOf(BOB_SECRET);
  const heard: Uint8Array[] = [];
  const elsewhere = (answer: (digest: Uint8Array) => Uint8Array): XrplIdentity => {
    const sign = (digest: Uint8Array): Uint8Array => {
      heard.push(digest);
      return answer(digest);
    };
    return XrplIdentity.from({ publicKey, sign }, { core: pure });
  };
  const listener = hear(side('responder', { identity: elsewhere((digest) => pure.secp256k1.sign(digest, BOB_SECRET)) }), requestOf());
  expect(heard).toEqual([sessionValueOf()]);
  expect(listener.opened).toBeDefined();
  const broken = hear(side('responder', { identity: elsewhere(() => new Uint8Array(70)) }), requestOf());
  expect(broken.failed?.code).toBe('HF_INTERNAL');
  expect(said(broken)).toBe('');
  // R = 1, S = order - 1: as high as it gets.
  const high = Buffer.from('3026020101022100fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140', 'hex');
  expect(withLowS(high)).toEqual(Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1));
});

it('facts without a remote address leave out Remote-Address, and count nobody', () => {
  const { machine } = side('responder');
  let [state] = machine.step(machine.initial, { kind: 'start', now: NOW });
  [state] = machine.step(state, { kind: 'ready', now: NOW, facts: { tls: factsOf()[1].tls } });
  const [, , sent] = machine.step(state, { kind: 'bytes', now: NOW, data: latin1Bytes(requestOf({ Upgrade: 'XRPL/2.0' })) });
  expect(sent).toMatchObject({ kind: 'send' });
  expect(Buffer.from((sent as { data: Uint8Array }).data).toString()).not.toContain('Remote-Address');
});
