/**
 * What the page of the overlay asks of both sides and nothing else, put together by hand on node:tls for this benchmark: the session value, signatures, heads that are read into fields, and the checks of
 * them. No deadline, no limit, no slots, no frames, no errors with codes, no second form of anything: what an implementation cannot leave out.
 */
import { once } from 'node:events';
import tls from 'node:tls';
import { listening, SocketEnd } from './peers/sockets.mjs';
import { loadCore } from './suite.mjs';
import { HOST, SEEDS } from './transport.mjs';
import { head, tlsOptions } from './xrpl-transport.mjs';

/** @param {'native' | 'pure'} coreName @returns {Promise<import('./transport.mjs').Transport | import('./suite.mjs').Missing>} */
export async function byHandTransport(coreName) {
  const core = await loadCore(coreName);
  if (core.missing) return core;
  const listener = identity(core, SEEDS.listener);
  const dialler = identity(core, SEEDS.dialler);
  const { server, secureContext } = tlsOptions();
  return {
    facts: { core: core.name, secp256k1: core.parts.secp256k1, openssl: process.versions.openssl },
    listen: (accepted) =>
      listening(tls.createServer(server), 'secureConnection', async (socket) => {
        socket.on('error', () => {});
        const request = fieldsOf(await head(socket), /^GET \S+ HTTP\/1\.1$/);
        const value = sessionValue(core, socket);
        if (!list(request.get('connect-as')).some((each) => each.toLowerCase() === 'peer')) throw new Error('not a peer');
        const version = SPOKEN.findLast((each) => list(request.get('upgrade')).includes(each));
        if (!version) throw new Error('no common version');
        check(core, request, value, listener);
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${version}\r\nConnect-As: Peer\r\nServer: bench\r\n${common(core, listener, value)}`,
        );
        accepted(new SocketEnd(socket));
      }),
    async dial(port) {
      const socket = tls.connect({ host: HOST, port, secureContext, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      socket.setNoDelay(true);
      const value = sessionValue(core, socket);
      socket.write(
        `GET / HTTP/1.1\r\nUser-Agent: bench\r\nUpgrade: XRPL/2.1, XRPL/2.2\r\nConnection: Upgrade\r\nConnect-As: Peer\r\n${common(core, dialler, value)}`,
      );
      const response = fieldsOf(await head(socket), /^HTTP\/1\.1 101(?: .*)?$/);
      if (!SPOKEN.includes(response.get('upgrade'))) throw new Error('another version');
      check(core, response, value, dialler);
      return new SocketEnd(socket);
    },
  };
}

function identity(core, seed) {
  const { publicKey, secretKey } = core.secp256k1.keyPair(seed);
  return { publicKey, text: nodeText(core, publicKey), secretKey: core.guarded.import(secretKey) };
}

function sessionValue({ hash }, socket) {
  const mixed = hash.sha512(socket.getFinished());
  const other = hash.sha512(socket.getPeerFinished());
  for (let i = 0; i < mixed.length; i++) mixed[i] ^= other[i];
  return hash.sha512(mixed).subarray(0, 32);
}

function common(core, { text, secretKey }, value) {
  const signature = Buffer.from(core.secp256k1.sign(value, secretKey)).toString('base64');
  return `Crawl: public\r\nX-Protocol-Ctl: \r\nNetwork-Time: ${networkTime()}\r\nPublic-Key: ${text}\r\nSession-Signature: ${signature}\r\nInstance-Cookie: 12345678901234567890\r\n\r\n`;
}

/** Names in lower case; the first of repeated ones. */
function fieldsOf(text, first) {
  const [line, ...lines] = text.slice(0, -4).split('\r\n');
  if (!first.test(line)) throw new Error(line);
  const fields = new Map();
  for (const each of lines) {
    const colon = each.indexOf(':');
    if (colon < 1) throw new Error(each);
    const name = each.slice(0, colon).toLowerCase();
    if (!fields.has(name)) fields.set(name, each.slice(colon + 1).trim());
  }
  if (fields.get('connection')?.toLowerCase() !== 'upgrade') throw new Error('no upgrade');
  return fields;
}

function check(core, fields, value, own) {
  const time = fields.get('network-time');
  if (time !== undefined && !(/^\+?[0-9]+$/.test(time) && Math.abs(Number(time) - networkTime()) <= 20)) throw new Error('clock');
  const publicKey = nodeKey(core, fields.get('public-key') ?? '');
  const signature = Buffer.from(fields.get('session-signature') ?? '', 'base64');
  if (!core.secp256k1.verify(signature, value, publicKey)) throw new Error('signature');
  if (core.equal(publicKey, own.publicKey)) throw new Error('own key');
}

const list = (text = '') => text.split(',').map((each) => each.trim());
const networkTime = () => Math.floor(Date.now() / 1000) - 946_684_800;

/** The 33 bytes of `n...`. */
function nodeKey({ hash }, text) {
  const bytes = new Uint8Array(38);
  for (let i = 0; i < text.length; i++) {
    let carry = ALPHABET.indexOf(text[i]);
    if (carry < 0) throw new Error('base58');
    for (let k = 37; k >= 0; k--) {
      carry += 58 * bytes[k];
      bytes[k] = carry & 255;
      carry >>= 8;
    }
    if (carry > 0) throw new Error('base58');
  }
  const sum = hash.sha256(hash.sha256(bytes.subarray(0, 34)));
  for (let i = 0; i < 4; i++) if (sum[i] !== bytes[34 + i]) throw new Error('checksum');
  if (bytes[0] !== 28 || (bytes[1] & 0xfe) !== 2) throw new Error('not a node key');
  return bytes.subarray(1, 34);
}

/** Once for each identity. */
function nodeText({ hash }, publicKey) {
  const named = Buffer.concat([Buffer.of(28), publicKey]);
  const bytes = Buffer.concat([named, hash.sha256(hash.sha256(named)).subarray(0, 4)]);
  let text = '';
  for (let value = BigInt(`0x${bytes.toString('hex')}`); value > 0n; value /= 58n) text = ALPHABET[Number(value % 58n)] + text;
  return text;
}

const ALPHABET = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz';
const SPOKEN = ['XRPL/2.1', 'XRPL/2.2'];
