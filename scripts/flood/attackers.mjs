/** The process of those who mean harm: bad attempts of eight kinds, so many a second, from a few addresses. Says what each kind was told. */
import { connect as dial } from 'node:net';
import { connect, Identity } from '../../dist/index.js';
import { identityOf, NETWORK, obey } from './cast.mjs';

const LATEST_MS = 3_000;
const open = new Set();
let target;
let honest;
let recorded;

obey({
  /** Where to, whose ids are stolen; and one hello each of this network and another is written down. */
  async begin({ address, stolen }) {
    const [host, port] = address.split(':');
    target = { host, port: Number(port) };
    honest = stolen.map((name) => {
      const identity = identityOf(name);
      const { publicKey } = identity;
      identity.wipe();
      return publicKey;
    });
    recorded = { ours: await helloOf(NETWORK), other: await helloOf('another network') };
  },
  /** @returns how many of each kind came to what: what they were told, or how it ended. One that hears nothing leaves after 3 s. */
  async flood({ addresses, perSecond, count, mostOpen }) {
    const kinds = Object.keys(KINDS);
    const told = {};
    const running = new Set();
    const began = performance.now();
    let launched = 0;
    await new Promise((resolve) => {
      const timer = setInterval(() => {
        const due = Math.min(count, Math.ceil(((performance.now() - began) * perSecond) / 1000));
        for (; launched < due && open.size < mostOpen; launched++) {
          const kind = kinds[Math.floor(launched / addresses.length) % kinds.length];
          const attempt = attack(addresses[launched % addresses.length], kind).then((outcome) => {
            const name = `${kind}: ${outcome}`;
            told[name] = (told[name] ?? 0) + 1;
            running.delete(attempt);
          });
          running.add(attempt);
        }
        if (launched < count) return;
        clearInterval(timer);
        resolve();
      }, 5);
    });
    const tookMs = performance.now() - began;
    await Promise.all(running);
    return { launched, tookMs, told };
  },
});

/** Each gets a connected socket, and does its worst; what it resolves to, if anything, is what it was told. */
const KINDS = {
  'nothing sent': () => {},
  garbage: (socket) => void socket.write(Uint8Array.from({ length: 64 }, () => 1 + Math.floor(255 * Math.random()))),
  'declared too large': (socket) => void socket.write(Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 1, 1)),
  'wrong network': (socket) => void socket.write(recorded.other),
  'hello replayed': (socket) => void socket.write(recorded.ours),
  'finish that does not open': (socket) => {
    socket.write(recorded.ours);
    socket.once('data', () => socket.write(framed(0x03, 126)));
  },
  'bad signature with the id of an honest peer': (socket) => {
    const publicKey = honest[Math.floor(honest.length * Math.random())];
    return shakeHands(socket, Identity.from({ publicKey, sign: () => new Uint8Array(64).fill(9) }), () => {});
  },
  'misshapen record in an open session': (socket) => {
    const identity = Identity.generate();
    return shakeHands(socket, identity, (session) => void session.send(Uint8Array.of(0x55, 1, 2, 3)).catch(() => {}));
  },
};

/** @returns what it came to: a code, or how the connection ended. */
function attack(localAddress, kind) {
  return new Promise((resolve) => {
    const socket = dial({ ...target, localAddress, noDelay: true });
    open.add(socket);
    let heard;
    let failure;
    const timer = setTimeout(() => {
      heard ??= socket.connecting ? 'not taken by the system' : 'not a word within 3 s';
      socket.destroy();
    }, LATEST_MS);
    const shaken = new Promise((done) => {
      socket.once('connect', () => {
        const outcome = KINDS[kind](socket);
        if (!outcome) socket.on('data', (bytes) => (heard ??= toldBy(bytes)));
        done(outcome);
      });
      socket.once('close', () => done());
    });
    socket.on('error', (error) => (failure = error));
    socket.once('close', async () => {
      clearTimeout(timer);
      open.delete(socket);
      const code = await shaken;
      resolve(code ?? heard ?? (failure?.code === 'ECONNRESET' || !failure ? 'closed without a word' : failure.code));
    });
  });
}

async function shakeHands(socket, identity, then) {
  try {
    const session = await connect({
      protocol: 'handfast',
      stream: socket,
      identity,
      network: NETWORK,
      node: true,
      bootId: new Uint8Array(16),
    });
    then(session);
    await session.closed;
    return session.error?.code ?? 'ended well';
  } catch (error) {
    return error.code ?? String(error);
  } finally {
    identity.wipe();
    socket.destroy();
  }
}

/** The code of a refusal in clear, or the kind of frame. */
function toldBy(bytes) {
  if (bytes.length < 7 || bytes[4] !== 0x7f) return `a frame of type 0x${bytes[4]?.toString(16)}`;
  const code = bytes[5] * 256 + bytes[6];
  return NAMES[code] ?? `0x${code.toString(16)}`;
}

const NAMES = {
  257: 'HF_MALFORMED',
  258: 'HF_TOO_LARGE',
  259: 'HF_OUT_OF_TURN',
  513: 'HF_WRONG_NETWORK',
  522: 'HF_BANNED',
  769: 'HF_TOO_MANY_CONNECTIONS',
  770: 'HF_RATE_LIMITED',
};

function framed(type, length) {
  const frame = new Uint8Array(4 + 1 + length).fill(0xa5);
  new DataView(frame.buffer).setUint32(0, 1 + length);
  frame[4] = type;
  return frame;
}

/** The first bytes of an honest handshake, as somebody on the path would write them down. */
async function helloOf(network) {
  const { memoryPair } = await import('../../dist/index.js');
  const [ours, theirs] = memoryPair().ends;
  const identity = Identity.generate();
  try {
    return await new Promise((resolve) => {
      theirs.attach({ data: (bytes) => resolve(bytes.slice()), end() {}, drained() {}, closed() {} });
      theirs.resume();
      connect({ protocol: 'handfast', stream: ours, identity, network }).catch(() => {});
    });
  } finally {
    ours.destroy();
    identity.wipe();
  }
}
