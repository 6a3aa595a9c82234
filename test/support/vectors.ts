/** What test/vectors/handfast.json holds, computed by the second implementation alone. `scripts/record-vectors.mjs` writes it. */
import {
  type Bytes,
  cat,
  Direction,
  type Extensions,
  envelope,
  firstFrame,
  framed,
  hash,
  labelled,
  ReferenceDialler,
  ReferenceListener,
  rekeyed,
  tagOf,
  text,
  u16,
} from './reference.ts';

const hex = (bytes: Bytes) => Buffer.from(bytes).toString('hex');
const filled = (value: number) => new Uint8Array(32).fill(value);
/** 32 bytes without pattern, the same on every run. */
const derived = (name: string) => hash(text(`handfast vectors ${name}`)).slice(0, 32);
const tale = cat(...Array.from({ length: 16 }, (_, i) => hash(text(`tale ${i}`)))).slice(0, 1000);
const SUITE_NAMES = ['', 'chacha20-poly1305', 'aes-256-gcm'];

interface PartyPlan {
  seed: Bytes;
  ephemeral: Bytes;
  timestamp: bigint;
  suites: number[];
  agent?: string;
  maxMessage?: number;
}

interface Plan {
  id: string;
  network: string;
  suite: number;
  dialler: PartyPlan;
  listener: PartyPlan;
}

const checkA = { seed: filled(1), ephemeral: filled(3), timestamp: 1_700_000_000_050n };
const checkB = { seed: filled(2), ephemeral: filled(4), timestamp: 1_700_000_000_000n };
const party = (name: string, timestamp: bigint) => ({ seed: derived(`${name} seed`), ephemeral: derived(`${name} ephemeral`), timestamp });

const PLANS: readonly Plan[] = [
  { id: 'check values, suite 01', network: 'demo', suite: 1, dialler: { ...checkA, suites: [1] }, listener: { ...checkB, suites: [1] } },
  { id: 'check values, suite 02', network: 'demo', suite: 2, dialler: { ...checkA, suites: [2] }, listener: { ...checkB, suites: [2] } },
  {
    id: 'both suites offered, the listener prefers AES',
    network: 'demo',
    suite: 2,
    dialler: { ...party('a', 1_700_000_000_000n), suites: [1, 2] },
    listener: { ...party('b', 1_700_000_029_999n), suites: [2, 1] },
  },
  {
    id: 'both suites offered, the listener prefers ChaCha20',
    network: 'demo',
    suite: 1,
    dialler: { ...party('c', 1_700_000_030_000n), suites: [1, 2] },
    listener: { ...party('d', 1_700_000_000_000n), suites: [1, 2] },
  },
  {
    id: 'agents and a larger and a smaller limit',
    network: 'réseau principal',
    suite: 1,
    dialler: { ...party('e', 4_102_444_800_000n), suites: [1], agent: 'dialler/1.0', maxMessage: 16_777_216 },
    listener: { ...party('f', 4_102_444_800_001n), suites: [1], agent: 'lauscher/2.0 é', maxMessage: 64_512 },
  },
  {
    id: 'the longest network name and agent',
    network: 'n'.repeat(64),
    suite: 2,
    dialler: { ...party('g', 1n), suites: [1, 2], agent: 'a'.repeat(64) },
    listener: { ...party('h', 0n), suites: [2] },
  },
];

export function vectorDocument(): Record<string, unknown> {
  return {
    protocol: 'handfast',
    version: 1,
    source:
      'scripts/record-vectors.mjs: a second implementation, on BLAKE2b of @noble/hashes and node:crypto, from the formulas of the specification',
    vectors: [
      ...PLANS.map(handshakeVector),
      ...[1, 2].map(rekeyVector),
      ...[1, 2].map(sealedRefusalVector),
      ...[1, 2].map(closeVector),
      clearRefusalVector(),
      broadcastVector('check value', filled(1), 'demo', 1n, 1_700_000_000_000n, 'news', text('hello')),
      broadcastVector(
        'highest sequence, longest topic, no payload',
        derived('origin'),
        'other',
        2n ** 64n - 1n,
        0n,
        't'.repeat(255),
        new Uint8Array(0),
      ),
      broadcastVector(
        'a topic beyond ASCII, a payload of 1,000 bytes',
        derived('broadcaster'),
        'réseau',
        0n,
        4_102_444_800_000n,
        'météo',
        tale,
      ),
      ...gossipShapeVectors(),
    ],
  };
}

function extensionsOf({ agent }: PartyPlan): Extensions {
  return agent === undefined ? [] : [[1, text(agent)]];
}

function meet({ network, suite, dialler, listener }: Plan) {
  const a = new ReferenceDialler({ ...dialler, network, suites: [...dialler.suites].sort() });
  const b = new ReferenceListener({ ...listener, network });
  const hello = a.hello();
  b.takeHello(hello);
  const reply = b.reply({ suite });
  a.takeReply(reply);
  return { a, b, hello, reply };
}

function partyJson(plan: PartyPlan, id: Bytes) {
  const { seed, ephemeral, timestamp, suites, agent, maxMessage } = plan;
  return {
    seed: hex(seed),
    id: hex(id),
    ephemeral: hex(ephemeral),
    timestamp: Number(timestamp),
    suites: suites.map((suite) => SUITE_NAMES[suite]),
    ...(agent !== undefined && { agent }),
    ...(maxMessage !== undefined && { maxMessage }),
  };
}

function heading(kind: string, plan: Plan, a: ReferenceDialler, b: ReferenceListener) {
  return {
    id: plan.id,
    kind,
    network: plan.network,
    suite: SUITE_NAMES[plan.suite],
    dialler: partyJson(plan.dialler, a.id),
    listener: partyJson(plan.listener, b.id),
  };
}

function handshakeVector(plan: Plan) {
  const { a, b, hello, reply } = meet(plan);
  const finish = a.finish(b.id);
  b.takeFinish(finish);
  const values = {
    tag: hex(tagOf(plan.network)),
    h0: hex(hash(labelled('transcript'))),
    h1: hex(a.h1),
    h2: hex(a.h2),
    h3: hex(a.h3),
    h4: hex(a.h4),
    dh: hex(a.dh),
    prk: hex(a.prk),
    kB: hex(a.kB),
    kA: hex(a.kA),
    kR: hex(a.kR),
    prk2: hex(a.prk2),
    dialToListener: hex(a.toListener.key),
    listenerToDialler: hex(a.toDialler.key),
    dialToListenerAfterOneRekey: hex(rekeyed(plan.suite, a.toListener.key)),
    listenerToDiallerAfterOneRekey: hex(rekeyed(plan.suite, a.toDialler.key)),
    binding: hex(a.binding),
  };
  const limit = (of: PartyPlan) => (of.maxMessage ?? 1_048_576) + 1024;
  const openOfDialler = a.open(limit(plan.dialler), extensionsOf(plan.dialler));
  const openOfListener = b.open(limit(plan.listener), extensionsOf(plan.listener));
  const say = (from: 'dialler' | 'listener', kind: 'data' | 'close', payload: Bytes) => {
    const direction = from === 'dialler' ? a.toListener : b.toDialler;
    return { from, kind, payload: hex(payload), record: hex(direction.record(kind === 'data' ? 0x0a : 0x07, payload)) };
  };
  const records = [
    say('dialler', 'data', text('from the dialler')),
    say('listener', 'data', text('from the listener')),
    say('dialler', 'data', new Uint8Array(0)),
    say('listener', 'data', cat(...Array.from({ length: 16 }, (_, i) => hash(text(`${i}`))))),
    say('dialler', 'close', cat(u16(0))),
    say('listener', 'close', cat(u16(0))),
  ];
  const frames = {
    hello: hex(hello),
    reply: hex(reply),
    finish: hex(finish),
    openOfDialler: hex(openOfDialler),
    openOfListener: hex(openOfListener),
  };
  return { ...heading('handshake', plan, a, b), values, frames, records };
}

/** The records on both sides of the first and of the second change of key. */
function rekeyVector(suite: number) {
  const key = derived(`rekey ${suite}`);
  const around = (start: bigint, from: Bytes) => {
    const direction = new Direction(suite, from);
    direction.counter = start;
    const records = Array.from({ length: 3 }, (_, i) => {
      const plaintext = text(`record ${start + BigInt(i)}`);
      return { counter: String(start + BigInt(i)), plaintext: hex(plaintext), record: hex(direction.sealed(plaintext)) };
    });
    return { key: hex(from), next: hex(direction.key), records };
  };
  const first = around(65_535n, key);
  return {
    id: `change of key, suite ${SUITE_NAMES[suite]}`,
    kind: 'rekey',
    suite: SUITE_NAMES[suite],
    changes: [first, around(131_071n, rekeyed(suite, key))],
  };
}

function refusalPlan(suite: number): Plan {
  return {
    id: '',
    network: 'demo',
    suite,
    dialler: { ...party('i', 1_700_000_000_000n), suites: [suite] },
    listener: { ...party('j', 1_700_000_000_000n), suites: [suite] },
  };
}

function sealedRefusalVector(suite: number) {
  const plan = { ...refusalPlan(suite), id: `sealed refusal of the dialler, suite ${SUITE_NAMES[suite]}` };
  const { a, b, hello, reply } = meet(plan);
  const refusal = a.refusal(0x020a, text('banned until tomorrow'));
  return {
    ...heading('sealed-refusal', plan, a, b),
    code: 'BANNED',
    reason: 'banned until tomorrow',
    frames: { hello: hex(hello), reply: hex(reply), refusal: hex(refusal) },
  };
}

function closeVector(suite: number) {
  const plan = { ...refusalPlan(suite), id: `CLOSE of the listener, suite ${SUITE_NAMES[suite]}` };
  const { a, b, hello, reply } = meet(plan);
  const finish = a.finish(b.id);
  b.takeFinish(finish);
  const openOfDialler = a.open();
  const close = b.toDialler.record(0x07, cat(u16(0x020b), text('not on the list')));
  return {
    ...heading('close', plan, a, b),
    code: 'UNKNOWN_NODE',
    reason: 'not on the list',
    frames: { hello: hex(hello), reply: hex(reply), finish: hex(finish), openOfDialler: hex(openOfDialler), close: hex(close) },
  };
}

function clearRefusalVector() {
  const plan = { ...refusalPlan(1), id: 'refusal in clear, before the hello' };
  const { a, b, hello } = meet(plan);
  const refusal = framed(cat([0x7f], u16(0x0302), text('slow down')));
  if (firstFrame(refusal)[0] !== 0x7f) throw new Error('unreachable');
  return {
    ...heading('clear-refusal', plan, a, b),
    code: 'RATE_LIMITED',
    reason: 'slow down',
    frames: { hello: hex(hello), refusal: hex(refusal) },
  };
}

function broadcastVector(id: string, seed: Bytes, network: string, sequence: bigint, timestamp: bigint, topic: string, payload: Bytes) {
  const { body, message, id: messageId, signature } = envelope(seed, network, sequence, timestamp, topic, payload);
  return {
    id: `broadcast, ${id}`,
    kind: 'broadcast',
    network,
    seed: hex(seed),
    sequence: String(sequence),
    timestamp: Number(timestamp),
    topic,
    payload: hex(payload),
    signed: hex(message),
    messageId: hex(messageId),
    signature: hex(signature),
    envelope: hex(cat(body, signature)),
  };
}

/** Bodies with and without their shape: one fault each, nothing else wrong. */
function gossipShapeVectors() {
  const { body, signature } = envelope(derived('shape'), 'demo', 7n, 1_700_000_000_000n, 'topic', text('payload'));
  const whole = cat([16], body, signature);
  const changed = (at: number, ...bytes: number[]) => {
    const copy = whole.slice();
    copy.set(bytes, at);
    return copy;
  };
  const topicAt = 50;
  const lengthAt = topicAt + 5;
  const ids = (count: number) => cat(...Array.from({ length: count }, (_, i) => hash(text(`id ${i}`)).slice(0, 32)));
  const rows: [string, 'BROADCAST' | 'IHAVE', boolean, Bytes][] = [
    ['whole', 'BROADCAST', true, whole],
    ['with more hops than there are', 'BROADCAST', true, changed(0, 255)],
    ['one byte short', 'BROADCAST', false, whole.slice(0, -1)],
    ['one byte long', 'BROADCAST', false, cat(whole, [0])],
    ['without hops', 'BROADCAST', false, whole.slice(1)],
    ['of nothing', 'BROADCAST', false, new Uint8Array(0)],
    ['with an empty topic', 'BROADCAST', false, cat(whole.slice(0, topicAt - 1), [0], whole.slice(lengthAt))],
    ['with a topic longer than all of it', 'BROADCAST', false, changed(topicAt - 1, 255)],
    ['with a topic that is not UTF-8', 'BROADCAST', false, changed(topicAt, 0xc3)],
    ['with a payload declared too short', 'BROADCAST', false, changed(lengthAt + 3, 6)],
    ['with a payload declared too long', 'BROADCAST', false, changed(lengthAt + 3, 8)],
    ['with a payload of 4 GiB declared', 'BROADCAST', false, changed(lengthAt, 0xff, 0xff, 0xff, 0xff)],
    ['of one id', 'IHAVE', true, ids(1)],
    ['of three ids', 'IHAVE', true, ids(3)],
    ['of no id', 'IHAVE', false, new Uint8Array(0)],
    ['of a cut id', 'IHAVE', false, ids(2).slice(0, -1)],
  ];
  return rows.map(([what, record, wellFormed, bytes]) => ({
    id: `${record} ${what}`,
    kind: 'gossip-shape',
    record,
    wellFormed: String(wellFormed),
    body: hex(bytes),
  }));
}
