/** Gossip of a node: envelopes checked, verified, delivered and handed to two more sessions, 64 a turn; and copies of what was seen, which is what a node gets most. */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { loadCore, optional, sameBytes } from '../lib/suite.mjs';

const TURN = 64;
const ENVELOPES = 16 * TURN;
const ORIGINS = 16;
const PAYLOAD = 200;
const NOW = 1_700_000_000_000;
const BROADCAST = 4;

/** @type {import('../lib/suite.mjs').Suite} */
export const suite = {
  name: 'gossip',
  title: `Gossip of ${PAYLOAD} bytes of payload on one core, ${TURN} envelopes a turn`,
  cases: [
    {
      name: 'gossip-verify',
      operation: 'one new envelope checked, verified, delivered and sent on to two sessions',
      reference: 'sodium-native',
    },
    { name: 'gossip-copy', operation: 'one copy of an envelope that was seen, recognised and dropped', reference: 'sodium-native' },
  ],
  subjects: [
    { name: 'handfast native', prepare: (name) => ours('native', name) },
    { name: 'handfast pure', prepare: (name) => ours('pure', name) },
    { name: 'sodium-native', prepare: byHand },
  ],
};

/** @param {'native' | 'pure'} name @param {string} caseName */
async function ours(name, caseName) {
  const core = await loadCore(name);
  if (core.missing) return core;
  // Inside of the package: a node drives it.
  const { Gossip } = await import(new URL('../../dist/node/gossip/gossip.js', import.meta.url).href);
  const { Identity } = await import('handfast');
  const { tag, bodies, ids } = envelopes();
  const identity = Identity.fromSeed(Buffer.alloc(32, 99), { core });
  const clock = { now: () => NOW, precise: () => 0, at: () => () => {} };
  const state = { delivered: 0, sent: 0, lastId: EMPTY, lastSent: EMPTY, run: () => {} };
  const link = (number) => ({
    peer: { id: `peer ${number}`, publicKey: Buffer.alloc(32, number) },
    bootId: undefined,
    node: true,
    largestBody: 1_049_583,
    send: () => true,
    sendShared(record) {
      state.sent++;
      state.lastSent = record;
      return true;
    },
    fail(error) {
      throw error;
    },
  });
  const links = [link(1), link(2), link(3)];
  const limits = { perSecond: 1_000_000, waiting: 10_000, waitingBytes: 2 ** 30, storeBytes: 2 ** 24, verifiedPerTurn: TURN };
  const begin = () => {
    const gossip = new Gossip({
      clock,
      core,
      identity,
      tag,
      limits,
      allowed: () => true,
      deliver(message) {
        state.delivered++;
        state.lastId = message.id;
      },
      charge(_link, error) {
        throw error;
      },
      defer: (run) => {
        state.run = run;
      },
    });
    for (const one of links) gossip.opened(one);
    return gossip;
  };
  let gossip = begin();
  let next = 0;
  const turn = () => {
    if (next === ENVELOPES) {
      // All have been seen: a node that knows none of them goes on. Once in 16 turns.
      gossip.close();
      gossip = begin();
      next = 0;
    }
    for (let i = 0; i < TURN; i++) gossip.received(links[0], BROADCAST, bodies[next + i]);
    state.run();
    next += TURN;
  };
  const copies = () => {
    for (let i = 0; i < TURN; i++) gossip.received(links[1], BROADCAST, bodies[i]);
  };
  if (caseName === 'gossip-copy') turn();
  return {
    operations: TURN,
    call: caseName === 'gossip-copy' ? copies : turn,
    check() {
      Object.assign(state, { delivered: 0, sent: 0 });
      this.call();
      const times = caseName === 'gossip-copy' ? 0 : 1;
      if (state.delivered !== TURN * times) throw new Error(`${state.delivered} of ${TURN} were delivered`);
      if (state.sent !== 2 * TURN * times) throw new Error(`${state.sent} were sent on`);
      const last = next - 1;
      sameBytes(state.lastId, ids[last], 'message id');
      sameBytes(state.lastSent, Buffer.concat([Buffer.of(BROADCAST, 15), bodies[last].subarray(1)]), 'record sent on');
    },
    close: () => gossip.close(),
    facts: { core: core.name, ed25519: core.parts.ed25519, limits: 'no budget of a session' },
  };
}

/** The same checks in a loop on sodium-native, with a Map of ids: no shares, no store, no queue, nobody to send on to. */
async function byHand(caseName) {
  const sodium = await optional('sodium-native');
  if (sodium.missing) return sodium;
  const { tag, bodies, ids } = envelopes();
  const prefix = Buffer.concat([Buffer.from('handfast/1 broadcast\0'), tag]);
  const text = Buffer.alloc(65_536);
  prefix.copy(text);
  const digest = Buffer.alloc(64);
  const seen = new Map();
  let delivered = 0;
  let next = 0;
  const receive = (body) => {
    const timestamp = Number(body.readBigUInt64BE(41));
    if (Math.abs(NOW - timestamp) > 30_000) return;
    const end = body.length - 64;
    text.set(body.subarray(1, end), prefix.length);
    const message = text.subarray(0, prefix.length + end - 1);
    sodium.crypto_generichash(digest, message);
    const id = digest.latin1Slice(0, 32);
    if (seen.has(id) || !sodium.crypto_sign_verify_detached(body.subarray(end), message, body.subarray(1, 33))) return;
    seen.set(id, timestamp);
    delivered++;
  };
  const turn = () => {
    if (next === ENVELOPES) {
      seen.clear();
      next = 0;
    }
    for (let i = 0; i < TURN; i++) receive(bodies[next + i]);
    next += TURN;
  };
  const copies = () => {
    for (let i = 0; i < TURN; i++) receive(bodies[i]);
  };
  if (caseName === 'gossip-copy') turn();
  return {
    operations: TURN,
    call: caseName === 'gossip-copy' ? copies : turn,
    check() {
      delivered = 0;
      this.call();
      if (delivered !== (caseName === 'gossip-copy' ? 0 : TURN)) throw new Error(`${delivered} of ${TURN} were delivered`);
      if (!seen.has(ids[next - 1].latin1Slice(0, 32))) throw new Error('message id');
    },
    facts: { 'sodium-native': 'verify and generichash, one by one' },
  };
}

/** Bodies of BROADCAST as node:crypto makes them, and their ids; made once. */
function envelopes() {
  made ??= makeEnvelopes();
  return made;
}

function makeEnvelopes() {
  const blake = (...parts) => createHash('blake2b512').update(Buffer.concat(parts)).digest();
  const tag = blake(Buffer.from('handfast/1 network\0bench')).subarray(0, 16);
  const prefix = Buffer.concat([Buffer.from('handfast/1 broadcast\0'), tag]);
  const keys = Array.from({ length: ORIGINS }, (_, i) => {
    // RFC 8410: what stands before the 32 bytes of a seed in its DER form.
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, i + 1)]);
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    return { privateKey, id: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32) };
  });
  const bodies = [];
  const ids = [];
  for (let i = 0; i < ENVELOPES; i++) {
    const { privateKey, id } = keys[i % ORIGINS];
    const numbers = Buffer.alloc(16);
    numbers.writeBigUInt64BE(BigInt(i));
    numbers.writeBigUInt64BE(BigInt(NOW - i), 8);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(PAYLOAD);
    const envelope = Buffer.concat([id, numbers, Buffer.of(4), Buffer.from('news'), length, Buffer.alloc(PAYLOAD, i)]);
    const signed = Buffer.concat([prefix, envelope]);
    bodies.push(Buffer.concat([Buffer.of(16), envelope, sign(null, signed, privateKey)]));
    ids.push(blake(signed).subarray(0, 32));
  }
  return { tag, bodies, ids };
}

/** @type {ReturnType<typeof makeEnvelopes> | undefined} */
let made;
const EMPTY = new Uint8Array(0);
