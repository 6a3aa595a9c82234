import { parseArgs } from 'node:util';
import { connect, listen, verifyMany, XrplIdentity } from 'handfast';
import { core } from 'handfast/core';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { help: { type: 'boolean' }, peer: { type: 'string' } } });
if (values.help) {
  console.log(`usage: node validator-feed.mjs [HOST:PORT] [--peer NODE_KEY]

Connects to a server of the XRP Ledger and prints the validations that it passes on, each checked against the key that signed it, until Ctrl-C.
Without HOST:PORT it makes a server of its own, whose validators sign four ledgers, and one of whose validations is forged.`);
  process.exit(0);
}

// Bytes of each type of field: numbers, hashes, amounts. The others say their length themselves.
const FIXED_LENGTHS = { 1: 2, 2: 4, 3: 8, 4: 16, 5: 32, 6: 8, 16: 1, 17: 20 };

const stopped = new AbortController();
process.once('SIGINT', () => stopped.abort());

const own = positionals.length === 0 ? await serveSomeLedgers() : undefined;
const [host, port] = own ? ['127.0.0.1', own.server.address.port] : splitAddress(positionals[0]);
try {
  const identity = XrplIdentity.generate();
  // Servers may send ledger data of more than 1 MiB, which ends a link that does not take it.
  const maxMessage = 64 * 2 ** 20;
  const peer = own?.id ?? values.peer;
  const session = await connect({ protocol: 'xrpl', host, port, identity, peer, maxMessage, signal: stopped.signal });
  stopped.signal.addEventListener('abort', () => session.close());
  console.log(own ? `the server is the one we asked for: ${session.peer.id === own.id}` : `connected to ${session.peer.id}`);
  await follow(session);
} catch (error) {
  if (error.code !== 'HF_ABORTED') {
    console.error(`${error.code ?? error.name}: ${error.message}`);
    process.exitCode = 1;
  }
} finally {
  await own?.server.close();
}

/** Gathers validations while those before them are being checked, on other threads. */
async function follow(session) {
  let waiting = [];
  let checking = Promise.resolve();
  const count = { valid: 0, forged: 0 };
  for await (const message of session) {
    if (message.kind !== 'validation') continue;
    const validation = readValidation(message.copy());
    if (!validation) continue;
    waiting.push(validation);
    if (waiting.length === 1) checking = checking.then(check);
    // Not reading is what slows the other side down.
    if (waiting.length >= 1000) await checking;
  }
  await checking;
  console.log(`${count.valid} validations, ${count.forged} forged`);

  async function check() {
    const these = waiting;
    waiting = [];
    const verdicts = await verifyMany(these);
    for (const [i, { ledger, publicKey }] of these.entries()) {
      count[verdicts[i] ? 'valid' : 'forged']++;
      console.log(
        `ledger ${ledger} ${verdicts[i] ? 'validated by' : 'FORGED in the name of'} ${Buffer.from(publicKey).toString('hex').slice(0, 12)}`,
      );
    }
  }
}

/** @returns undefined for what is no validation: it comes from somebody else, and nothing in it is believed before its signature has verified. */
function readValidation(payload) {
  try {
    const object = Buffer.from(payload);
    if (object[0] !== 0x0a) return undefined;
    const { value: inner } = readBlob(object, readVarint(object, 1));
    const found = { algorithm: 'secp256k1' };
    for (let at = 0; at < inner.length; ) {
      // The type of a field and its number are half a byte each, or a byte of their own behind it where they do not fit.
      const begin = at;
      let [type, field] = [inner[at] >> 4, inner[at++] & 15];
      if (type === 0) type = inner[at++];
      if (field === 0) field = inner[at++];
      const length = FIXED_LENGTHS[type];
      const { value, next } = length
        ? { value: inner.subarray(at, at + length), next: at + length }
        : readBlob(inner, readLength(inner, at));
      if (!(next <= inner.length)) return undefined;
      if (type === 2 && field === 6) found.ledger = value.readUInt32BE();
      if (type === 7 && field === 3) found.publicKey = value;
      if (type === 7 && field === 6) {
        found.signature = value;
        // What is signed is all but the signature, behind a prefix of its own.
        found.message = Buffer.concat([Buffer.from('VAL\0'), inner.subarray(0, begin), inner.subarray(next)]);
      }
      at = next;
    }
    return found.publicKey && found.signature && found.ledger !== undefined ? found : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readBlob(bytes, { size, next }) {
  return { value: bytes.subarray(next, next + size), next: next + size };
}

/** A length as protobuf writes it. */
function readVarint(bytes, at) {
  let size = 0;
  for (let i = 0; i < 4; i++) {
    size += (bytes[at + i] & 127) << (7 * i);
    if (bytes[at + i] < 128) return { size, next: at + i + 1 };
  }
  throw new RangeError('a length that is too long');
}

/** A length as the ledger writes it. */
function readLength(bytes, at) {
  const first = bytes[at];
  if (first <= 192) return { size: first, next: at + 1 };
  return { size: 193 + (first - 193) * 256 + bytes[at + 1], next: at + 2 };
}

/** A server with three validators, for those who have none at hand. It ends the link when all is said. */
async function serveSomeLedgers() {
  const identity = XrplIdentity.generate();
  const server = await listen({ protocol: 'xrpl', host: '127.0.0.1', port: 0, identity });
  const validators = [1, 2, 3].map(() => core.secp256k1.keyPair());
  server.on('session', async (session) => {
    try {
      for (const ledger of [90_000_001, 90_000_002, 90_000_003, 90_000_004]) {
        for (const validator of validators) await session.send(validationOf(ledger, validator), { kind: 'validation' });
      }
      // Signed by one validator, in the name of another.
      const forged = { publicKey: validators[0].publicKey, secretKey: validators[1].secretKey };
      await session.send(validationOf(90_000_004, forged), { kind: 'validation' });
      await session.close();
    } catch (error) {
      console.error(`the link ended early: ${error.code}`);
    }
  });
  return { server, id: identity.id };
}

function validationOf(ledger, { publicKey, secretKey }) {
  // A sequence, a ledger's hash, the key, the signature: each behind the byte that says which field it is.
  const number = Buffer.alloc(5, 0x26);
  number.writeUInt32BE(ledger, 1);
  const hash = Buffer.concat([Buffer.of(0x51), core.hash.sha256(number)]);
  const key = Buffer.concat([Buffer.of(0x73, publicKey.length), publicKey]);
  const message = Buffer.concat([Buffer.from('VAL\0'), number, hash, key]);
  const signature = core.secp256k1.sign(core.hash.sha512(message).subarray(0, 32), secretKey);
  const inner = Buffer.concat([number, hash, key, Buffer.of(0x76, signature.length), signature]);
  return Buffer.concat([Buffer.of(0x0a, (inner.length & 127) | 128, inner.length >> 7), inner]);
}

function splitAddress(address) {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon).replace(/^\[|\]$/g, ''), Number(address.slice(colon + 1))];
}
