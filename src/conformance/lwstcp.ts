/** Vectors of LightweightSecureTCP, by `protocol`: the cipher, each packet both ways, and what the library's clients answered. Recorded connections are in lwstcp-sessions.ts. */
import type { Bytes, Core } from '../core/core.ts';
import { nextPacket } from '../protocols/lwstcp/checks.ts';
import { lwstcp, SessionKeyMemory } from '../protocols/lwstcp/index.ts';
import { initiator } from '../protocols/lwstcp/initiator.ts';
import { handshakeKeyOfWords } from '../protocols/lwstcp/key.ts';
import {
  answerOf,
  type Challenge,
  type ChallengeAnswer,
  Packet,
  readRequest,
  readResponse,
  readSuccess,
  type Sealing,
  SIZES,
  writeRequest,
  writeResponse,
  writeSuccess,
} from '../protocols/lwstcp/packets.ts';
import { settingsOf } from '../protocols/lwstcp/settings.ts';
import { LwstcpTraffic } from '../protocols/lwstcp/traffic.ts';
import type { Received } from '../protocols/machine.ts';
import { join } from '../wire/writer.ts';
import { codeOf, type Document, fail, hex, type Outcome, pass, toHex, type VectorKind } from './kinds.ts';
import { scripted } from './lwstcp-replayed.ts';
import { runSession } from './lwstcp-sessions.ts';

export const lwstcpKind: VectorKind = {
  name: 'LightweightSecureTCP',
  matches: ({ protocol, vectors }) => (protocol === lwstcp.name || lwstcp.aliases.includes(String(protocol))) && Array.isArray(vectors),
  *run(document, core) {
    for (const vector of document.vectors as Document[]) yield outcomeOf(vector, core);
  },
};

const RUNNERS: Readonly<Record<string, (vector: Document, core: Core) => void>> = {
  block: runBlock,
  buffer: runBuffer,
  encode: runEncode,
  'encode-overlong': runOverlong,
  decode: runDecode,
  challenge: runChallenge,
  session: runSession,
};

function outcomeOf(vector: Document, core: Core): Outcome {
  const id = String(vector.id);
  const run = RUNNERS[String(vector.kind)];
  if (!run) return fail(id, `unknown kind ${vector.kind}`);
  try {
    run(vector, core);
    return pass(id);
  } catch (error) {
    return fail(id, (error as Error).message);
  }
}

function same(what: string, found: unknown, expected: unknown): void {
  const shown = found instanceof Uint8Array ? toHex(found) : String(found);
  if (shown !== String(expected)) throw new Error(`${what}: expected ${expected}, not ${shown}`);
}

function runBlock({ key, rounds, plaintext, ciphertext }: Document, { xtea256 }: Core): void {
  const k = handshakeKeyOfWords(String(key));
  const r = Number(rounds);
  if (r < 1 || r > 128) {
    // The library enciphers nothing then; this one must refuse.
    same(
      'refusal',
      codeOf(() => xtea256.encrypt(k, hex(plaintext), r)),
      'HF_BAD_ARGUMENT',
    );
    return;
  }
  same('ciphertext', xtea256.encrypt(k, hex(plaintext), r), ciphertext);
  same('plaintext', xtea256.decrypt(k, hex(ciphertext), r), plaintext);
}

function runBuffer({ key, rounds, input, padding, ciphertext }: Document, { xtea256 }: Core): void {
  const k = handshakeKeyOfWords(String(key));
  same('ciphertext', xtea256.encrypt(k, join([hex(input), hex(padding)]), Number(rounds)), ciphertext);
  same('plaintext', xtea256.decrypt(k, hex(ciphertext), Number(rounds)), `${input}${padding}`);
}

function runEncode(vector: Document, core: Core): void {
  const empty = vector.type === 'RegularMessage' && (vector.fields as Document).message === '';
  // The library sends empty messages that every receiver drops; this one must not.
  if (empty)
    same(
      'refusal',
      codeOf(() => encoded(vector, core)),
      'HF_BAD_ARGUMENT',
    );
  else same('wire', encoded(vector, core), vector.wire);
}

function encoded(vector: Document, core: Core): Bytes {
  const fields = vector.fields as Document;
  const padding = hex(vector.padding ?? '');
  switch (vector.type) {
    case 'KeepAlive':
      return Uint8Array.of(Packet.keepAlive);
    case 'Disconnect':
      return Uint8Array.of(Packet.disconnect);
    case 'HandshakeRequest':
      return writeRequest(sealingOf(vector, core), challengeOf(fields), padding);
    case 'HandshakeResponse':
      return writeResponse(sealingOf(vector, core), answerFields(fields), padding);
    case 'HandshakeSuccess':
      return writeSuccess(sealingOf(vector, core), handshakeKeyOfWords(String(fields.sessionKey)));
    case 'RegularMessage':
      return sealed(vector, core, hex(fields.message), padding);
  }
  throw new Error(`unknown packet ${vector.type}`);
}

function runOverlong(vector: Document, core: Core): void {
  const message = new Uint8Array(Number((vector.fields as Document).messageLength));
  same(
    'refusal',
    codeOf(() => sealed(vector, core, message, new Uint8Array(7))),
    'HF_TOO_LARGE',
  );
}

function runDecode(vector: Document, core: Core): void {
  const fields = decoded(vector, core);
  same('accepted', fields !== undefined, vector.accepted);
  for (const [name, value] of Object.entries((vector.fields ?? {}) as Document)) same(name, fields?.[name], value);
}

/** The fields of one packet that is all there is, as the vectors write them; undefined where it is refused. */
function decoded(vector: Document, core: Core): Record<string, unknown> | undefined {
  const wire = hex(vector.wire);
  const whole = (type: number, size: number): Bytes | undefined => {
    const next = nextPacket(new Uint8Array(0), wire, type, size);
    return 'packet' in next && next.rest.length === 0 ? next.packet : undefined;
  };
  switch (vector.type) {
    case 'KeepAlive':
      return whole(Packet.keepAlive, 1) && {};
    case 'Disconnect':
      return whole(Packet.disconnect, 1) && {};
    case 'HandshakeRequest': {
      const packet = whole(Packet.request, SIZES.request);
      const found = packet && readRequest(sealingOf(vector, core), packet);
      return found && { nonce: digits(found.nonce, 8), num1: digits(found.num1, 16), num2: digits(found.num2, 16) };
    }
    case 'HandshakeResponse': {
      const packet = whole(Packet.response, SIZES.response);
      const found = packet && readResponse(sealingOf(vector, core), packet);
      return found && { nonce: digits(found.nonce, 8), sum: digits(found.sum, 16), xor: digits(found.xor, 16) };
    }
    case 'HandshakeSuccess': {
      const packet = whole(Packet.success, SIZES.success);
      return packet && { sessionKey: wordsOf(readSuccess(sealingOf(vector, core), packet)) };
    }
    case 'RegularMessage': {
      const message = openedAlone(vector, core, wire);
      return message && { length: message.length, message: toHex(message) };
    }
  }
  throw new Error(`unknown packet ${vector.type}`);
}

function runChallenge(vector: Document, core: Core): void {
  const { wire, ...request } = vector.request as Document;
  const response = vector.response as Document;
  const sealing = sealingOf(vector, core);
  const challenge = readRequest(sealing, hex(wire));
  if (!challenge) throw new Error('the request is refused');
  same('nonce of the request', digits(challenge.nonce, 8), request.nonce);
  const answer = answerOf(challenge);
  same('nonce', digits(answer.nonce, 8), response.nonce);
  same('sum', digits(answer.sum, 16), response.sum);
  same('xor', digits(answer.xor, 16), response.xor);
  same('wire', writeResponse(sealing, answer, hex(response.padding)), response.wire);
  const { machine, step } = started(vector, scripted(core, [hex(response.padding)]));
  const [, ...outputs] = machine.step(step, { kind: 'bytes', now: 0, data: hex(wire) });
  same(
    'what the machine sends',
    outputs.flatMap((output) => (output.kind === 'send' ? [toHex(output.data)] : [])),
    response.wire,
  );
}

function started(vector: Document, core: Core) {
  const machine = initiator(settingsOf({ ...sealingOf(vector, core), allowInsecure: true, sessionKeys: new SessionKeyMemory() }));
  return { machine, step: machine.step(machine.initial, { kind: 'start', now: 0 })[0] };
}

function sealed(vector: Document, core: Core, message: Bytes, padding: Bytes): Bytes {
  return withTraffic(vector, scripted(core, [padding]), (traffic) => {
    const slab = core.slab(message.length + 16);
    try {
      slab.bytes.set(message, traffic.before);
      traffic.seal(slab, Uint32Array.of(traffic.before, message.length), 1, 0);
      return slab.bytes.slice(0, traffic.before + message.length + padding.length);
    } finally {
      slab.release();
    }
  });
}

/** The message, where the bytes are one and nothing else. */
function openedAlone(vector: Document, core: Core, wire: Bytes): Bytes | undefined {
  return withTraffic(vector, core, (traffic) => {
    const slab = core.slab(Math.max(1, wire.length));
    try {
      slab.bytes.set(wire);
      const { count, places, next, outputs }: Received = traffic.open(slab, 0, wire.length, 0);
      const [at, length] = places;
      const alone = count === 1 && next === wire.length && outputs.length === 0 && at === 3 && wire.length - 3 - length < 8;
      return alone ? slab.bytes.slice(at, at + length) : undefined;
    } finally {
      slab.release();
    }
  });
}

function withTraffic<T>(vector: Document, core: Core, use: (traffic: LwstcpTraffic) => T): T {
  const sealing = sealingOf(vector, core);
  const settings = settingsOf({ ...sealing, allowInsecure: true });
  const traffic = new LwstcpTraffic(settings, 'responder', core.guarded.import(sealing.handshakeKey), 0);
  try {
    return use(traffic);
  } finally {
    traffic.wipe();
  }
}

function sealingOf({ key, rounds }: Document, core: Core): Sealing & { handshakeKey: Bytes } {
  return { core, handshakeKey: handshakeKeyOfWords(String(key)), rounds: Number(rounds) };
}

const number = (digits: unknown): bigint => BigInt(`0x${digits}`);

function challengeOf({ nonce, num1, num2 }: Document): Challenge {
  return { nonce: Number(number(nonce)), num1: number(num1), num2: number(num2) };
}

function answerFields({ nonce, sum, xor }: Document): ChallengeAnswer {
  return { nonce: Number(number(nonce)), sum: number(sum), xor: number(xor) };
}

const digits = (value: number | bigint, length: number): string => value.toString(16).padStart(length, '0');

/** A key as the vectors write it: eight words, each an ordinary number. */
function wordsOf(key: Bytes): string {
  const view = new DataView(key.buffer, key.byteOffset);
  return Array.from({ length: 8 }, (_, i) => digits(view.getUint32(4 * i, true), 8)).join('');
}
