/** Every refusal of handfast/1: the fault of a scripted side, and the code and the way in which the machine has to refuse it. */
import { expect } from 'vitest';
import { type CodeName, HandfastError } from '../../../src/errors.ts';
import { AHEAD, type Bench, filled, NOW, type SideChanges, scriptedDialler, scriptedListener } from '../../support/handfast.ts';
import type { Side } from '../../support/machines.ts';
import {
  type Bytes,
  cat,
  firstFrame,
  framed,
  type ProofChanges,
  type ReferenceDialler,
  type ReferenceListener,
  text,
  u16,
  u32,
} from '../../support/reference.ts';

export type How = 'clear' | 'sealed' | 'close' | 'none';

/** One fault of the scripted side, and how the machine under test has to refuse it. */
export interface Row {
  name: string;
  code: CodeName;
  how: How;
  changes?: SideChanges;
  /** Whether it is asked if the peer may stay. */
  judged?: true;
  stage: Stage;
  /** Done at that stage. */
  act(world: World): void;
}

/** How far everything goes well before the fault. */
type Stage = 'connected' | 'reply' | 'finish' | 'record';

export interface World {
  side: Side;
  dialler: ReferenceDialler;
  listener: ReferenceListener;
  suite: number;
}

const idA = () => scriptedDialler().id;
const idB = () => scriptedListener().id;
const short = (bytes: Bytes, by = 1) => bytes.slice(0, bytes.length - by);
const flipped = (bytes: Bytes, at: number) => {
  const copy = bytes.slice();
  copy[at < 0 ? copy.length + at : at] ^= 1;
  return copy;
};
const raw = (...entries: (Bytes | number[])[]) => cat(u16(cat(...entries).length), ...entries);
const refused = (code: CodeName, reason = 'as the test says') => ({ judge: () => ({ code, reason }) });
const failing = (op: string): SideChanges => ({
  work: (work) => (work.op === op ? { op: 'failed', why: new HandfastError('INTERNAL', 'the worker is gone') } : undefined),
});

/** Extension lists that no place accepts. */
const BAD_LISTS: [string, Bytes][] = [
  ['extension list longer than the bytes there', Uint8Array.of(0, 5, 0, 9, 0, 0)],
  ['extension entry that does not fill its list', raw([0, 9, 0, 0, 7])],
  ['extension value longer than its list', raw([0, 9, 0, 4, 1, 2])],
  ['extension types equal', raw([0, 9, 0, 0], [0, 9, 0, 0])],
  ['extension types falling', raw([0, 9, 0, 0], [0, 8, 0, 0])],
];
export const CRITICAL: readonly (readonly [number, Bytes])[] = [
  [0x0009, text('ignored')],
  [0x8001, text('not')],
];

/** y of 2^255 - 19 and more, and the points of small order. */
export const BAD_IDS: [string, string][] = [
  ['y = p', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['y = p + 1', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['y = 2^255 - 1', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'],
  ['the neutral element', '0100000000000000000000000000000000000000000000000000000000000000'],
  ['the neutral element with the sign bit', '0100000000000000000000000000000000000000000000000000000000000080'],
  ['order 4', '0000000000000000000000000000000000000000000000000000000000000000'],
  ['order 4, sign', '0000000000000000000000000000000000000000000000000000000000000080'],
  ['order 2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ['order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
  ['order 8, other', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
];

interface ProofFault {
  name: string;
  code: CodeName;
  changes(suite: number): ProofChanges;
}

/** Faults of a proof that both sides look for. `own`: the seed of the side under test. */
function proofFaults(base: number): ProofFault[] {
  return [
    { name: 'a proof without its last byte', code: 'MALFORMED', changes: () => ({ signature: new Uint8Array(63) }) },
    { name: 'a proof with a byte behind', code: 'MALFORMED', changes: () => ({ signature: new Uint8Array(65) }) },
    { name: 'an empty proof', code: 'MALFORMED', changes: () => ({ proof: new Uint8Array(0) }) },
    ...BAD_LISTS.map(([name, extensions]) => ({ name: `proof: ${name}`, code: 'MALFORMED' as const, changes: () => ({ extensions }) })),
    { name: 'proof: extension to be understood', code: 'UNSUPPORTED_EXTENSION', changes: () => ({ extensions: CRITICAL }) },
    { name: 'a timestamp 30,001 ms behind', code: 'EXPIRED_TIMESTAMP', changes: () => ({ timestamp: BigInt(base - 30_001) }) },
    { name: 'a timestamp of 0', code: 'EXPIRED_TIMESTAMP', changes: () => ({ timestamp: 0n }) },
    { name: 'a timestamp 30,001 ms ahead', code: 'FUTURE_TIMESTAMP', changes: () => ({ timestamp: BigInt(base + 30_001) }) },
    { name: 'a timestamp of 2^53 + 1', code: 'FUTURE_TIMESTAMP', changes: () => ({ timestamp: 2n ** 53n + 1n }) },
    { name: 'a timestamp of 2^64 - 1', code: 'FUTURE_TIMESTAMP', changes: () => ({ timestamp: 2n ** 64n - 1n }) },
    // The right time in the lower half: whoever cut to 32 bits, or took it as signed, would let it in.
    { name: 'the right time plus 2^63', code: 'FUTURE_TIMESTAMP', changes: () => ({ timestamp: BigInt(base) + 2n ** 63n }) },
    ...BAD_IDS.map(([name, id]) => ({
      name: `an id that is no key: ${name}`,
      code: 'INVALID_ID' as const,
      changes: () => ({ id: new Uint8Array(Buffer.from(id, 'hex')) }),
    })),
    { name: 'a signature of zeros', code: 'INVALID_SIGNATURE', changes: () => ({ signature: new Uint8Array(64) }) },
    { name: "somebody else's id", code: 'INVALID_SIGNATURE', changes: () => ({ id: scriptedDialler({ seed: filled(9) }).id }) },
    { name: 'a signature over something else', code: 'INVALID_SIGNATURE', changes: () => ({ text: text('handfast/1 something else') }) },
  ];
}

const JUDGED: CodeName[] = ['BANNED', 'UNKNOWN_NODE', 'NOT_ALLOWED', 'TOO_MANY_CONNECTIONS'];

/** Faults of a first record, made by whoever sends it. */
const RECORD_FAULTS: { name: string; code: CodeName; record(direction: { record(kind: number, body?: Bytes): Bytes }): Bytes }[] = [
  { name: 'a first record of length 0', code: 'MALFORMED', record: () => u32(0) },
  { name: 'a first record of 16 bytes', code: 'MALFORMED', record: () => framed(new Uint8Array(16)) },
  { name: 'a first record of 513 bytes, declared', code: 'TOO_LARGE', record: () => u32(513) },
  { name: 'a first record of 2^32 - 1 bytes, declared', code: 'TOO_LARGE', record: () => u32(0xffff_ffff) },
  { name: 'a first record that does not open', code: 'BAD_TAG', record: (d) => flipped(d.record(0, cat(u32(65_536), [0, 0])), -1) },
  { name: 'DATA before OPEN', code: 'OUT_OF_TURN', record: (d) => d.record(0x0a, text('early')) },
  { name: 'PING before OPEN', code: 'OUT_OF_TURN', record: (d) => d.record(0x05, new Uint8Array(8)) },
  { name: 'an unknown kind before OPEN', code: 'MALFORMED', record: (d) => d.record(0x0b) },
  { name: 'OPEN: a limit of 65,535', code: 'MALFORMED', record: (d) => d.record(0, cat(u32(65_535), [0, 0])) },
  { name: 'OPEN: a limit of 16,778,241', code: 'MALFORMED', record: (d) => d.record(0, cat(u32(16_778_241), [0, 0])) },
  { name: 'OPEN cut', code: 'MALFORMED', record: (d) => d.record(0, u32(65_536)) },
  { name: 'OPEN with a byte behind', code: 'MALFORMED', record: (d) => d.record(0, cat(u32(65_536), [0, 0, 0])) },
  ...BAD_LISTS.map(([name, list]) => ({
    name: `OPEN: ${name}`,
    code: 'MALFORMED' as const,
    record: (d: { record(kind: number, body?: Bytes): Bytes }) => d.record(0, cat(u32(65_536), list)),
  })),
  { name: 'OPEN: an empty agent', code: 'MALFORMED', record: (d) => d.record(0, cat(u32(65_536), raw([0, 1, 0, 0]))) },
  {
    name: 'OPEN: an agent of 65 bytes',
    code: 'MALFORMED',
    record: (d) => d.record(0, cat(u32(65_536), raw([0, 1, 0, 65], new Uint8Array(65).fill(65)))),
  },
  {
    name: 'OPEN: an agent that is not UTF-8',
    code: 'MALFORMED',
    record: (d) => d.record(0, cat(u32(65_536), raw([0, 1, 0, 2, 0xc3, 0x28]))),
  },
  { name: 'OPEN: node with a value', code: 'MALFORMED', record: (d) => d.record(0, cat(u32(65_536), raw([0, 2, 0, 1, 7]))) },
  {
    name: 'OPEN: extension to be understood',
    code: 'UNSUPPORTED_EXTENSION',
    record: (d) => d.record(0, cat(u32(65_536), raw([0x80, 1, 0, 0]))),
  },
  { name: 'CLOSE that is misshapen', code: 'MALFORMED', record: (d) => d.record(7, Uint8Array.of(1)) },
  { name: 'CLOSE with a reason of 201 bytes', code: 'MALFORMED', record: (d) => d.record(7, cat(u16(0), new Uint8Array(201))) },
  { name: 'CLOSE with a code that stands in ERROR only', code: 'MALFORMED', record: (d) => d.record(7, u16(0x0401)) },
];

const deadline = (side: Side) => side.feed({ kind: 'tick', now: side.deadline! });
const abort = (side: Side, code: CodeName) => side.feed({ kind: 'abort', now: side.now, why: new HandfastError(code, 'as the test says') });

/** What the listener refuses. */
export const LISTENER: Row[] = [
  ...(['BANNED', 'RATE_LIMITED', 'TOO_MANY_CONNECTIONS', 'SHUTTING_DOWN'] as const).map(
    (code): Row => ({ name: `${code} on connection`, code, how: 'clear', stage: 'connected', act: ({ side }) => abort(side, code) }),
  ),
  { name: 'nothing before the deadline', code: 'HANDSHAKE_TIMEOUT', how: 'clear', stage: 'connected', act: ({ side }) => deadline(side) },
  {
    name: 'a hello at the very deadline',
    code: 'HANDSHAKE_TIMEOUT',
    how: 'clear',
    stage: 'connected',
    act: ({ side, dialler }) => side.feed({ kind: 'bytes', now: side.deadline!, data: dialler.hello() }),
  },
  {
    name: 'the stream ends before a hello',
    code: 'TRUNCATED',
    how: 'none',
    stage: 'connected',
    act: ({ side }) => side.feed({ kind: 'end', now: side.now }),
  },
  ...onHello('a frame of no bytes', 'MALFORMED', () => u32(0)),
  ...onHello('a hello of 2,049 bytes, declared', 'TOO_LARGE', () => u32(2049)),
  ...onHello('a hello of 2^32 - 1 bytes, declared', 'TOO_LARGE', () => u32(0xffff_ffff)),
  ...onHello('a frame of unknown type', 'MALFORMED', () => framed(Uint8Array.of(0x55, 1, 2))),
  ...[2, 3, 4].flatMap((type) => onHello(`a frame of type ${type} first`, 'OUT_OF_TURN', () => framed(cat([type], new Uint8Array(60))))),
  ...onHello('no versions', 'MALFORMED', (a) => a.hello({ versions: [] })),
  ...onHello('17 versions', 'MALFORMED', (a) => a.hello({ versions: Array.from({ length: 17 }, (_, i) => i + 1) })),
  ...onHello('a version twice', 'MALFORMED', (a) => a.hello({ versions: [1, 1] })),
  ...onHello('versions falling', 'MALFORMED', (a) => a.hello({ versions: [2, 1] })),
  ...onHello('no suites', 'MALFORMED', (a) => a.hello({ suites: [] })),
  ...onHello('17 suites', 'MALFORMED', (a) => a.hello({ suites: Array.from({ length: 17 }, (_, i) => i + 1) })),
  ...onHello('a suite twice', 'MALFORMED', (a) => a.hello({ suites: [1, 1, 2] })),
  ...onHello('suites falling', 'MALFORMED', (a) => a.hello({ suites: [2, 1] })),
  ...onHello('a hello without its last byte', 'MALFORMED', (a) => framed(short(firstFrame(a.hello())))),
  ...onHello('a hello with a byte behind', 'MALFORMED', (a) => a.hello({ tail: Uint8Array.of(0) })),
  ...onHello('a short tag', 'MALFORMED', (a) => a.hello({ tag: new Uint8Array(15) })),
  ...BAD_LISTS.flatMap(([name, extensions]) => onHello(`hello: ${name}`, 'MALFORMED', (a) => a.hello({ extensions }))),
  ...onHello('bytes behind the hello', 'OUT_OF_TURN', (a) => cat(a.hello(), [0])),
  ...onHello('another network', 'WRONG_NETWORK', (a) => a.hello({ tag: new Uint8Array(16) })),
  ...onHello('another network, by its last bit', 'WRONG_NETWORK', (a) => flipped(a.hello(), 4 + 20)),
  ...onHello('only later versions', 'PROTOCOL_MISMATCH', (a) => a.hello({ versions: [0, 2, 255] })),
  ...onHello('only unknown suites', 'SUITE_MISMATCH', (a) => a.hello({ suites: [0, 3, 255] })),
  ...onHello('hello: extension to be understood', 'UNSUPPORTED_EXTENSION', (a) => a.hello({ extensions: CRITICAL })),
  // What OPEN may hold counts as unknown elsewhere; with the bit set it is another type altogether.
  ...onHello('hello: type 8002', 'UNSUPPORTED_EXTENSION', (a) => a.hello({ extensions: [[0x8002, text('')]] })),
  ...onHello('hello: an ephemeral of zeros', 'WEAK_KEY', (a) => a.hello({ ephemeral: new Uint8Array(32) })),
  { ...onHello('own key pair fails', 'INTERNAL', (a) => a.hello())[0], changes: failing('keygen') },
  { ...onHello('shared secret fails', 'INTERNAL', (a) => a.hello())[0], changes: failing('dh') },
  { ...onHello('own signature fails', 'INTERNAL', (a) => a.hello())[0], changes: failing('sign') },
  ...onHello('a clear refusal that is misshapen', 'MALFORMED', () => framed(Uint8Array.of(0x7f, 1))),

  ...onFinish('a finish of no bytes', 'MALFORMED', 'none', () => u32(0)),
  ...onFinish('a finish of 1,025 bytes, declared', 'TOO_LARGE', 'none', () => u32(1025)),
  ...onFinish('a frame of unknown type for the finish', 'MALFORMED', 'none', () => framed(cat([0x55], new Uint8Array(122)))),
  ...onFinish('a second hello', 'OUT_OF_TURN', 'none', ({ dialler }) => dialler.hello()),
  ...onFinish('a reply for the finish', 'OUT_OF_TURN', 'none', () => framed(cat([2], new Uint8Array(122)))),
  ...onFinish('a finish without room for a tag', 'MALFORMED', 'none', () => framed(cat([3], new Uint8Array(15)))),
  ...onFinish('a finish that does not open', 'BAD_TAG', 'none', ({ dialler }) => flipped(dialler.finish(idB()), -1)),
  ...onFinish('a finish under the key of refusals', 'BAD_TAG', 'none', ({ dialler }) => {
    dialler.kA = dialler.kR;
    return dialler.finish(idB());
  }),
  { name: 'no finish before the deadline', code: 'HANDSHAKE_TIMEOUT', how: 'none', stage: 'finish', act: ({ side }) => deadline(side) },
  {
    name: 'the stream ends before the finish',
    code: 'TRUNCATED',
    how: 'none',
    stage: 'finish',
    act: ({ side }) => side.feed({ kind: 'end', now: side.now }),
  },
  {
    name: 'the node stops before the finish',
    code: 'SHUTTING_DOWN',
    how: 'none',
    stage: 'finish',
    act: ({ side }) => abort(side, 'SHUTTING_DOWN'),
  },
  ...onFinish('a sealed refusal without room for a tag', 'MALFORMED', 'none', () => framed(cat([4], new Uint8Array(15)))),
  ...onFinish('a sealed refusal that does not open', 'BAD_TAG', 'none', ({ dialler }) => flipped(dialler.refusal(0x020a), -1)),
  ...onFinish('a sealed refusal of one byte', 'MALFORMED', 'none', ({ dialler }) => dialler.refusal(0, undefined, Uint8Array.of(2))),
  ...onFinish('a sealed refusal with a reason of 201 bytes', 'MALFORMED', 'none', ({ dialler }) =>
    dialler.refusal(0x020a, new Uint8Array(201)),
  ),
  ...onFinish('a sealed refusal with a code that stands in ERROR only', 'MALFORMED', 'none', ({ dialler }) => dialler.refusal(0x0403)),

  ...proofFaults(NOW).map(
    ({ name, code, changes }): Row => onFinish(name, code, 'close', ({ dialler, suite }) => dialler.finish(idB(), changes(suite)))[0],
  ),
  {
    name: 'the signature of the listener, sent back',
    code: 'INVALID_SIGNATURE',
    how: 'close',
    stage: 'finish',
    act: ({ side, dialler }) => {
      const proof = dialler.options as { proofOfB?: Bytes };
      side.bytes(dialler.finish(idB(), { proof: proof.proofOfB! }));
    },
  },
  ...onFinish('a finish meant for another listener', 'INVALID_SIGNATURE', 'close', ({ dialler }) => dialler.finish(filled(7))),
  { ...onFinish('own id', 'SELF_CONNECTION', 'close', ({ dialler }) => dialler.finish(idA()))[0], changes: { seed: 1 } },
  { ...onFinish('verification fails', 'INTERNAL', 'close', ({ dialler }) => dialler.finish(idB()))[0], changes: failing('verify') },
  ...JUDGED.map(
    (code): Row => ({
      ...onFinish(`${code} by id`, code, 'close', ({ dialler }) => dialler.finish(idB()))[0],
      changes: refused(code),
      judged: true,
    }),
  ),
  {
    name: 'the deadline during verification',
    code: 'HANDSHAKE_TIMEOUT',
    how: 'close',
    stage: 'finish',
    act: ({ side, dialler }) => {
      side.hold = true;
      side.bytes(dialler.finish(idB()));
      deadline(side);
      side.release();
    },
  },
  {
    name: 'no OPEN before the deadline',
    code: 'HANDSHAKE_TIMEOUT',
    how: 'close',
    judged: true,
    stage: 'finish',
    act: ({ side, dialler }) => {
      side.bytes(dialler.finish(idB()));
      deadline(side);
    },
  },
  {
    name: 'the stream ends before OPEN',
    code: 'TRUNCATED',
    how: 'none',
    judged: true,
    stage: 'finish',
    act: ({ side, dialler }) => {
      side.bytes(dialler.finish(idB()));
      side.feed({ kind: 'end', now: side.now });
    },
  },
  ...RECORD_FAULTS.flatMap(({ name, code, record }): Row[] =>
    onFinish(name, code, 'close', ({ dialler }) => cat(dialler.finish(idB()), record(dialler.toListener))).map((row) => ({
      ...row,
      judged: true,
    })),
  ),
];

function onHello(name: string, code: CodeName, bytes: (dialler: ReferenceDialler) => Bytes): Row[] {
  return [{ name, code, how: 'clear', stage: 'connected', act: ({ side, dialler }) => side.bytes(bytes(dialler)) }];
}

function onFinish(name: string, code: CodeName, how: How, bytes: (world: World) => Bytes): Row[] {
  return [{ name, code, how, stage: 'finish', act: (world) => world.side.bytes(bytes(world)) }];
}

function onReply(name: string, code: CodeName, how: How, bytes: (world: World) => Bytes, changes: SideChanges = {}): Row {
  return { name, code, how, stage: 'reply', changes, act: (world) => world.side.bytes(bytes(world)) };
}

/** What the dialler refuses. */
export const DIALLER: Row[] = [
  { name: 'nothing before the deadline', code: 'HANDSHAKE_TIMEOUT', how: 'clear', stage: 'connected', act: ({ side }) => deadline(side) },
  {
    name: 'the stream ends before the reply',
    code: 'TRUNCATED',
    how: 'none',
    stage: 'connected',
    act: ({ side }) => side.feed({ kind: 'end', now: side.now }),
  },
  {
    name: 'the node stops before the reply',
    code: 'SHUTTING_DOWN',
    how: 'clear',
    stage: 'connected',
    act: ({ side }) => abort(side, 'SHUTTING_DOWN'),
  },
  onReply('a frame of no bytes', 'MALFORMED', 'clear', () => u32(0)),
  onReply('a reply of 2,049 bytes, declared', 'TOO_LARGE', 'clear', () => u32(2049)),
  onReply('a frame of unknown type', 'MALFORMED', 'clear', () => framed(cat([0x80], new Uint8Array(158)))),
  onReply('the own hello', 'OUT_OF_TURN', 'clear', () => scriptedDialler().hello()),
  onReply('a finish for the reply', 'OUT_OF_TURN', 'clear', () => framed(cat([3], new Uint8Array(158)))),
  onReply('a sealed refusal for the reply', 'OUT_OF_TURN', 'clear', () => framed(cat([4], new Uint8Array(158)))),
  onReply('a reply without room for a tag', 'MALFORMED', 'clear', ({ listener }) => framed(firstFrame(listener.reply()).slice(0, 37 + 15))),
  onReply('a reply cut in its head', 'MALFORMED', 'clear', ({ listener }) => framed(firstFrame(listener.reply()).slice(0, 30))),
  ...BAD_LISTS.slice(1).map(([name, list]) =>
    onReply(`reply: ${name}`, 'MALFORMED', 'clear', ({ listener }) => listener.reply({ headExtensions: list })),
  ),
  onReply('reply: extension list longer than the frame', 'MALFORMED', 'clear', ({ listener }) => {
    const frame = firstFrame(listener.reply());
    frame[35] = 1;
    return framed(frame);
  }),
  onReply('bytes behind the reply', 'OUT_OF_TURN', 'clear', ({ listener }) => cat(listener.reply(), [0])),
  onReply('a version not offered', 'PROTOCOL_MISMATCH', 'clear', ({ listener }) => listener.reply({ version: 2 })),
  onReply('version 0', 'PROTOCOL_MISMATCH', 'clear', ({ listener }) => listener.reply({ version: 0 })),
  onReply('a suite not offered', 'SUITE_MISMATCH', 'clear', ({ listener, suite }) => listener.reply({ suite: 3 - suite })),
  onReply('an unknown suite', 'SUITE_MISMATCH', 'clear', ({ listener, suite }) => listener.reply({ suite: 3, sealWith: suite })),
  onReply('reply: extension to be understood', 'UNSUPPORTED_EXTENSION', 'clear', ({ listener }) =>
    listener.reply({ headExtensions: CRITICAL }),
  ),
  onReply('reply: an ephemeral of zeros', 'WEAK_KEY', 'clear', ({ listener }) => listener.reply({ ephemeral: new Uint8Array(32) })),
  onReply('a reply that does not open', 'BAD_TAG', 'clear', ({ listener }) => flipped(listener.reply(), -1)),
  onReply('a reply under another key', 'BAD_TAG', 'clear', ({ listener }) => listener.reply({ key: filled(5) })),
  onReply('shared secret fails', 'INTERNAL', 'clear', ({ listener }) => listener.reply(), failing('dh')),
  onReply('a clear refusal that is misshapen', 'MALFORMED', 'clear', () => framed(Uint8Array.of(0x7f, 1))),
  onReply('a clear refusal with a reason of 201 bytes', 'MALFORMED', 'clear', () => framed(cat([0x7f], u16(0x0302), new Uint8Array(201)))),
  onReply('a clear refusal with a code that stands in ERROR only', 'MALFORMED', 'clear', () => framed(cat([0x7f], u16(0x0403)))),
  {
    name: 'the deadline before the shared secret',
    code: 'HANDSHAKE_TIMEOUT',
    how: 'clear',
    stage: 'reply',
    act: ({ side, listener }) => {
      side.hold = true;
      side.bytes(listener.reply());
      deadline(side);
      side.release();
    },
  },

  ...proofFaults(NOW + AHEAD).map(({ name, code, changes }) =>
    onReply(name, code, 'sealed', ({ listener, suite }) => listener.reply(changes(suite))),
  ),
  onReply('own id', 'SELF_CONNECTION', 'sealed', ({ listener }) => listener.reply(), { seed: 2 }),
  onReply('another id than the one named', 'UNEXPECTED_PEER', 'sealed', ({ listener }) => listener.reply(), {
    peer: '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5',
  }),
  onReply('verification fails', 'INTERNAL', 'sealed', ({ listener }) => listener.reply(), failing('verify')),
  ...JUDGED.map(
    (code): Row => ({ ...onReply(`${code} by id`, code, 'sealed', ({ listener }) => listener.reply(), refused(code)), judged: true }),
  ),
  { ...onReply('own signature fails', 'INTERNAL', 'sealed', ({ listener }) => listener.reply(), failing('sign')), judged: true },
  {
    name: 'the deadline during verification',
    code: 'HANDSHAKE_TIMEOUT',
    how: 'sealed',
    stage: 'reply',
    act: ({ side, listener }) => {
      const done = side.machine.step;
      expect(done).toBeDefined();
      stopAt(side, 'verify', () => side.bytes(listener.reply()));
      deadline(side);
    },
  },
  {
    name: 'the stream ends during verification',
    code: 'TRUNCATED',
    how: 'none',
    stage: 'reply',
    act: ({ side, listener }) => {
      stopAt(side, 'verify', () => side.bytes(listener.reply()));
      side.feed({ kind: 'end', now: side.now });
    },
  },
  {
    name: 'no OPEN before the deadline',
    code: 'HANDSHAKE_TIMEOUT',
    how: 'close',
    judged: true,
    stage: 'record',
    act: ({ side }) => deadline(side),
  },
  {
    name: 'the node stops before OPEN',
    code: 'SHUTTING_DOWN',
    how: 'close',
    judged: true,
    stage: 'record',
    act: ({ side }) => abort(side, 'SHUTTING_DOWN'),
  },
  {
    name: 'the stream ends before OPEN',
    code: 'TRUNCATED',
    how: 'none',
    judged: true,
    stage: 'record',
    act: ({ side }) => side.feed({ kind: 'end', now: side.now }),
  },
  ...RECORD_FAULTS.map(
    ({ name, code, record }): Row => ({
      name,
      code,
      how: 'close',
      judged: true,
      stage: 'record',
      act: ({ side, listener }) => side.bytes(record(listener.toDialler)),
    }),
  ),
];

/** Lets a side do its work until it is in a state, and holds back what it asks for there. */
export function stopAt(side: Side, state: string, run: () => void): void {
  side.hold = true;
  run();
  while (side.pending && (side.state as { at: string }).at !== state) side.release();
  expect((side.state as { at: string }).at).toBe(state);
}

/** Runs one row against the listener or the dialler under test, and gives what it then sent. */
export function play(bench: Bench, role: 'dialler' | 'listener', row: Row, suite: number): World & { sent: Bytes } {
  const suites = [suite === 1 ? ('chacha20-poly1305' as const) : ('aes-256-gcm' as const)];
  const dialler = scriptedDialler({ suites: [suite] });
  const listener = scriptedListener({ suites: [suite] });
  const side = bench[role]({ suites, ...row.changes }).start();
  const world = { side, dialler, listener, suite };
  if (role === 'listener' && row.stage === 'finish') {
    side.bytes(dialler.hello());
    Object.assign(dialler.options, { proofOfB: dialler.takeReply(side.take()) });
  }
  if (role === 'dialler') {
    listener.takeHello(side.take());
    if (row.stage === 'record') {
      side.bytes(listener.reply());
      const sent = side.take();
      listener.takeFinish(sent);
      expect(listener.toListener.read(sent.slice(4 + firstFrame(sent).length)).kind).toBe(0);
    }
  }
  row.act(world);
  return { ...world, sent: side.take() };
}

/** The code and reason of the wire answer. */
export function answerOf({ sent, dialler, listener }: World & { sent: Bytes }, role: 'dialler' | 'listener', how: How): Bytes {
  const frame = firstFrame(sent);
  expect(sent.length).toBe(4 + frame.length);
  if (how === 'clear') {
    expect(frame[0]).toBe(0x7f);
    return frame.slice(1);
  }
  if (how === 'sealed') {
    expect(frame[0]).toBe(4);
    return listener.takeRefusal(sent);
  }
  const { kind, body } = role === 'dialler' ? listener.toListener.read(sent) : dialler.toDialler.read(sent);
  expect(kind).toBe(7);
  return body;
}
