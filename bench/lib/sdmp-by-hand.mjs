/**
 * What the page of SDMP asks of both sides and nothing else, put together by hand on node:crypto for this benchmark: the four messages, the same calls in the same forms, and the checks of what comes.
 * It reads only what is written as ours is. No deadline, no limit, no other forms, no answer to who is refused, no messages afterwards, no errors with codes: what can be reached at all in one process
 * of Node.
 */
import {
  createCipheriv,
  createDecipheriv,
  createDiffieHellman,
  createHash,
  createHmac,
  randomBytes,
  sign as signBack,
  verify as verifyBack,
} from 'node:crypto';
import { promisify } from 'node:util';

const sign = promisify(signBack);
const verify = promisify(verifyBack);

/**
 * One side's settings.
 * @param {object} of
 * @param {Buffer} of.prime of 2,048 bits; the generator is 2.
 * @param {import('node:crypto').KeyObject} of.privateKey of RSA.
 * @param {import('node:crypto').KeyObject} of.publicKey its own.
 * @param {import('node:crypto').KeyObject} of.peer the other side's.
 */
export function sdmpByHand({ prime, privateKey, publicKey, peer }) {
  const p = prime.toString('base64url');
  const least = prime.length;
  const largest = Buffer.from(prime);
  largest[largest.length - 1] -= 1;
  const header = headerOf(publicKey);
  const expected = headerOf(peer);

  const offer = () => {
    const dh = createDiffieHellman(prime, 2);
    const N = dh.generateKeys();
    const padded = N.length === least ? N : Buffer.concat([Buffer.alloc(least - N.length), N]);
    return { dh, text: written(SESSION, p, padded.toString('base64url')) };
  };

  /** @param {readonly string[]} fields of its session object. @returns {Buffer} the other side's public key. */
  const publicKeyIn = ([theirs, N]) => {
    const key = bytesOf(N);
    if (theirs !== p) throw new Error('another group');
    if (key.length !== least || Buffer.compare(key, largest) >= 0 || !key.some((byte, i) => byte > (i === least - 1 ? 1 : 0))) {
      throw new Error('N is out of range');
    }
    return key;
  };

  /** @param {Buffer} key @param {string} payload @param {Buffer} signature */
  const proof = (key, payload, signature) => {
    const iv = randomBytes(16);
    const text = written(SIGNATURE, sha512(payload).toString('base64url'), payload, header, signature.toString('base64url'));
    const cipher = createCipheriv('aes-256-cbc', key, iv);
    const sealed = cipher.update(text, 'utf8', 'base64url') + cipher.final('base64url');
    return `${written(ENCRYPTED, iv.toString('base64url'), sealed)}\n`;
  };

  /** @param {Buffer} key @param {readonly string[]} fields of what is encrypted. @param {string} heard the session object that the other side sent. */
  const check = async (key, [iv, sealed], heard) => {
    const decipher = createDecipheriv('aes-256-cbc', key, bytesOf(iv));
    const plaintext = decipher.update(bytesOf(sealed), undefined, 'utf8') + decipher.final('utf8');
    const [identifier, payload, about, signature] = fieldsOf(SIGNATURE, plaintext);
    if (payload !== Buffer.from(heard).toString('base64url')) throw new Error('about something else');
    if (identifier !== sha512(payload).toString('base64url')) throw new Error('identifier');
    if (about !== expected) throw new Error('not who should prove it');
    if (!(await verify('sha512', Buffer.from(payload), peer, bytesOf(signature)))) throw new Error('the signature does not verify');
  };

  return {
    /** @param {import('node:stream').Duplex} stream @returns {Promise<Buffer>} the binding. */
    async initiate(stream) {
      const next = lines(stream);
      const { dh, text } = offer();
      const answered = next();
      stream.write(`${text}\n`);
      const answer = await answered;
      const theirs = publicKeyIn(fieldsOf(SESSION, answer));
      const payload = Buffer.from(text).toString('base64url');
      const signed = sign('sha512', Buffer.from(payload), privateKey);
      const { key, binding } = derived(dh.computeSecret(theirs), text, answer);
      const proved = next();
      stream.write(proof(key, payload, await signed));
      await check(key, fieldsOf(ENCRYPTED, await proved), answer);
      key.fill(0);
      return binding;
    },
    /** @param {import('node:stream').Duplex} stream @returns {Promise<Buffer>} the binding. */
    async respond(stream) {
      const next = lines(stream);
      const first = await next();
      const theirs = publicKeyIn(fieldsOf(SESSION, first));
      const { dh, text } = offer();
      const proved = next();
      stream.write(`${text}\n`);
      const { key, binding } = derived(dh.computeSecret(theirs), first, text);
      await check(key, fieldsOf(ENCRYPTED, await proved), first);
      const payload = Buffer.from(text).toString('base64url');
      stream.write(proof(key, payload, await sign('sha512', Buffer.from(payload), privateKey)));
      key.fill(0);
      return binding;
    },
  };
}

/** @param {Buffer} secret @param {string} first @param {string} second */
function derived(secret, first, second) {
  const hashed = sha512(secret.length === 256 ? secret : Buffer.concat([Buffer.alloc(256 - secret.length), secret]));
  const key = hashed.subarray(0, 32);
  const lengths = [first, second].map((text) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return length;
  });
  const transcript = createHash('sha512').update(lengths[0]).update(first).update(lengths[1]).update(second).digest();
  secret.fill(0);
  return { key, binding: createHmac('sha512', key).update('handfast sdmp binding\0').update(transcript).digest().subarray(0, 32) };
}

/** Whole objects, one at a time, each of them a line. @param {import('node:stream').Duplex} stream @returns {() => Promise<string>} */
function lines(stream) {
  let text = '';
  /** @type {((text: string) => void) | undefined} */
  let wanted;
  const give = () => {
    // Nothing comes behind an object before it was answered.
    if (!wanted || !text.endsWith('\n')) return;
    const [whole, tell] = [text.slice(0, -1), wanted];
    [text, wanted] = ['', undefined];
    tell(whole);
  };
  stream.on('data', (chunk) => {
    text += chunk.latin1Slice();
    give();
  });
  return () =>
    new Promise((resolve) => {
      wanted = resolve;
      give();
    });
}

/** @param {readonly string[]} form what is between the fields. @param {...string} fields */
function written(form, ...fields) {
  return form[0] + fields.map((field, i) => field + form[i + 1]).join('');
}

/** Written as ours is, so nothing is in it twice and nothing that is not asked for. @param {readonly string[]} form @param {string} text @returns {string[]} */
function fieldsOf(form, text) {
  let at = form[0].length;
  const fields = form.slice(1).map((piece) => {
    const end = text.indexOf('"', at);
    const field = text.slice(at, end);
    if (!text.startsWith(piece, end)) throw new Error('not as it is written');
    at = end + piece.length;
    return field;
  });
  if (at !== text.length || !text.startsWith(form[0])) throw new Error('not as it is written');
  return fields;
}

/** @param {string} text base64url, and nothing but. */
function bytesOf(text) {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw new Error('not base64url');
  return bytes;
}

/** With SHA-512 of its PEM, line feeds escaped. @param {import('node:crypto').KeyObject} key @returns {string} */
function headerOf(key) {
  const pem = String(key.export({ type: 'spki', format: 'pem' }))
    .trimEnd()
    .replaceAll('\n', '\\n');
  return Buffer.from(JSON.stringify({ alg: 'HS512', kid: sha512(pem).toString('base64url') })).toString('base64url');
}

const sha512 = (bytes) => createHash('sha512').update(bytes).digest();

const SESSION = ['{"sdmp":{"version":"0.12.0","schemas":["connection"]},"connection":{"g":2,"p":"', '","N":"', '"}}'];
const SIGNATURE = [
  '{"sdmp":{"version":"0.12.0","schemas":["signature"]},"signature":{"identifier":"',
  '","payload":"',
  '","signatures":[{"protected":"',
  '","signature":"',
  '"}]}}',
];
const ENCRYPTED = ['{"sdmp":{"version":"0.12.0","schemas":["encrypted"]},"encrypted":{"iv":"', '","payload":"', '","recipients":[]}}'];
