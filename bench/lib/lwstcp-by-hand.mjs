/**
 * What the page of LightweightSecureTCP asks of both sides and nothing else, put together by hand on node:net for this benchmark: the three packets, the same calls to the core, and the checks of what
 * comes. No deadline, no limit, no memory of session keys, no messages afterwards, no errors with codes: what can be reached at all in one process of Node.
 */
import { once } from 'node:events';
import net from 'node:net';
import { listening, SocketEnd } from './peers/sockets.mjs';
import { loadCore } from './suite.mjs';
import { HOST } from './transport.mjs';

/** @param {'native' | 'pure'} coreName @returns {Promise<import('./transport.mjs').Transport | import('./suite.mjs').Missing>} */
export async function byHandTransport(coreName) {
  const core = await loadCore(coreName);
  if (core.missing) return core;
  const handshakeKey = core.guarded.import(new Uint8Array(32).fill(7));
  return {
    facts: { core: core.name, lanes: core.lanes },
    async listen(accepted) {
      const server = net.createServer({ noDelay: true });
      return listening(server, 'connection', (socket) => greet(core, handshakeKey, socket, accepted));
    },
    async dial(port) {
      const socket = net.connect({ host: HOST, port, noDelay: true });
      const requested = packet(socket, REQUEST, 25);
      await once(socket, 'connect');
      const request = await requested;
      const numbers = read(core, handshakeKey, request);
      const response = written(core, handshakeKey, RESPONSE, answerOf(numbers), core.random(4));
      socket.write(response);
      const success = await packet(socket, SUCCESS, 33);
      const sessionKey = core.xtea256.decrypt(handshakeKey, success.subarray(1), ROUNDS);
      if (isZero(sessionKey)) throw new Error('no session key');
      return new KeyedEnd(core, socket, [request, response, success], sessionKey);
    },
  };
}

function greet(core, handshakeKey, socket, accepted) {
  const drawn = core.random(24);
  const numbers = fieldsOf(drawn);
  const expected = answerOf(numbers);
  const request = written(core, handshakeKey, REQUEST, numbers, drawn.subarray(20));
  socket.write(request);
  packet(socket, RESPONSE, 25).then((response) => {
    const { nonce, a, b } = read(core, handshakeKey, response);
    if (nonce !== expected.nonce || a !== expected.a || b !== expected.b) throw new Error('wrong key');
    const sessionKey = core.random(32);
    const success = new Uint8Array(33);
    success[0] = SUCCESS;
    success.set(core.xtea256.encrypt(handshakeKey, sessionKey, ROUNDS), 1);
    socket.write(success);
    accepted(new KeyedEnd(core, socket, [request, response, success], sessionKey));
  });
}

/** An end with the key of its session, which it wipes; messages are not enciphered. */
class KeyedEnd extends SocketEnd {
  #binding;
  #key;

  constructor(core, socket, transcript, sessionKey) {
    super(socket);
    this.#binding = core.hash.blake2b(transcript, { length: 32, key: sessionKey, personal: PERSONAL });
    this.#key = core.guarded.importEphemeral(sessionKey);
    sessionKey.fill(0);
  }

  get binding() {
    return this.#binding;
  }

  destroy() {
    this.#key.wipe();
    return super.destroy();
  }
}

/** @param {net.Socket} socket @param {number} type @param {number} size @returns {Promise<Uint8Array>} */
function packet(socket, type, size) {
  return new Promise((resolve) => {
    let held = NONE;
    socket.on('data', function take(data) {
      held = held.length === 0 ? data : Buffer.concat([held, data]);
      if (held[0] !== type || held.length > size) throw new Error('another packet');
      if (held.length < size) return;
      socket.removeListener('data', take);
      resolve(held);
    });
  });
}

function read(core, handshakeKey, sealed) {
  return fieldsOf(core.xtea256.decrypt(handshakeKey, sealed.subarray(1), ROUNDS));
}

function fieldsOf(body) {
  const view = new DataView(body.buffer, body.byteOffset);
  const numbers = { nonce: view.getUint32(0, true), a: view.getBigUint64(4, true), b: view.getBigUint64(12, true) };
  if (numbers.nonce === 0xffff_ffff || numbers.a === ONES || numbers.b === ONES) throw new Error('a number that is not set');
  return numbers;
}

function answerOf({ nonce, a, b }) {
  const sum = BigInt.asUintN(64, a + b);
  const xor = a ^ b;
  return { nonce: (nonce ^ Number(sum & 0xffff_ffffn) ^ Number(xor & 0xffff_ffffn)) >>> 0, a: sum, b: xor };
}

function written(core, handshakeKey, type, { nonce, a, b }, padding) {
  const body = new Uint8Array(24);
  const view = new DataView(body.buffer);
  view.setUint32(0, nonce, true);
  view.setBigUint64(4, a, true);
  view.setBigUint64(12, b, true);
  body.set(padding, 20);
  const packet = new Uint8Array(25);
  packet[0] = type;
  packet.set(core.xtea256.encrypt(handshakeKey, body, ROUNDS), 1);
  return packet;
}

const isZero = (bytes) => bytes.every((byte) => byte === 0);

const [REQUEST, RESPONSE, SUCCESS] = [2, 3, 4];
const ROUNDS = 32;
const ONES = 2n ** 64n - 1n;
const NONE = new Uint8Array(0);
const PERSONAL = Buffer.from('lwstcp binding\0\0');
