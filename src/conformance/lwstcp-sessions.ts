/**
 * Recorded connections of LightweightSecureTCP, replayed in both roles: this side is fed what the other one sent, in its time and with the recorded randomness, and must send the
 * recorded handshake and messages byte for byte and read the recorded plaintexts. Where the library takes what must be refused, this side must refuse it.
 */
import type { Bytes, Core } from '../core/core.ts';
import { handshakeKeyOfWords } from '../protocols/lwstcp/key.ts';
import { answerOf, Packet, paddedLength, readRequest, readResponse, type Sealing, SIZES } from '../protocols/lwstcp/packets.ts';
import type { Role } from '../protocols/machine.ts';
import { join } from '../wire/writer.ts';
import { type Document, hex, toHex } from './kinds.ts';
import { Replayed } from './lwstcp-replayed.ts';

/** @throws Error that says where this implementation and the recording part. */
export function runSession(vector: Document, core: Core): void {
  const recording = new Recording(vector, core);
  // A side made by hand may have done what ours never does; but a server that led to a session did what servers do.
  if (vector.server === 'library' || recording.sessionKey) replay(recording, 'responder');
  if (vector.client === 'library') replay(recording, 'initiator');
}

interface Event {
  readonly from: Role;
  readonly at: number;
  /** Absent: that side ended its direction. */
  readonly bytes: Bytes | undefined;
}

export class Recording {
  readonly core: Core;
  readonly vector: Document;
  readonly events: readonly Event[];
  readonly rounds: number;
  /** 32 bytes as on the wire; undefined where it did not come that far. */
  readonly sessionKey: Bytes | undefined;

  constructor(vector: Document, core: Core) {
    this.core = core;
    this.vector = vector;
    this.rounds = Number(vector.rounds);
    this.sessionKey = typeof vector.sessionKey === 'string' ? handshakeKeyOfWords(vector.sessionKey) : undefined;
    this.events = (vector.events as Document[]).map((event) => ({
      from: event.from === 'server' ? 'responder' : 'initiator',
      at: Number(event.t),
      bytes: event.fin ? undefined : typeof event.bytes === 'string' ? hex(event.bytes) : this.#rebuilt(event),
    }));
  }

  /** Handshake key and rounds of one side. */
  sealing(role: Role): Sealing {
    const handshakeKey = handshakeKeyOfWords(String(this.#setting(role, 'key')));
    return { core: this.core, handshakeKey, rounds: Number(this.#setting(role, 'rounds')) };
  }

  /** Milliseconds, of one side. */
  timer(role: Role, name: 'keepAliveMs' | 'inactivityMs'): number {
    return Number(this.#setting(role, name));
  }

  streamOf(role: Role): Bytes {
    return join(this.events.flatMap(({ from, bytes }) => (from === role && bytes ? [bytes] : [])));
  }

  /** What that side's application was given, as hexadecimal digits or a hash; undefined where nobody looked. */
  receivedBy(role: Role): readonly (string | Document)[] | undefined {
    return this.vector[role === 'responder' ? 'serverReceived' : 'clientReceived'] as readonly (string | Document)[] | undefined;
  }

  decrypt(body: Bytes): Bytes {
    if (!this.sessionKey) throw new Error('bytes of a session without a key');
    return this.core.xtea256.decrypt(this.sessionKey, body, this.rounds);
  }

  /** Clients may be set otherwise than servers. */
  #setting(role: Role, name: string): unknown {
    const ofClient = `client${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    return (role === 'initiator' ? this.vector[ofClient] : undefined) ?? this.vector[name];
  }

  /** Long chunks are given by length and hash: zeros, with or without the head of a message, or the pattern as one message. */
  #rebuilt({ length, sha256 }: Document): Bytes {
    const size = Number(length);
    const head = Uint8Array.of(Packet.message, (size - 3) >> 8, size - 3);
    const zeros = new Uint8Array(size - 3);
    const candidates = [new Uint8Array(size), join([head, zeros])];
    if (this.sessionKey && (size - 3) % 8 === 0) {
      candidates.push(
        join([
          head,
          this.core.xtea256.encrypt(
            this.sessionKey,
            zeros.map((_, i) => 7 * i + 3),
            this.rounds,
          ),
        ]),
      );
    }
    const found = candidates.find((candidate) => toHex(this.core.hash.sha256(candidate)) === sha256);
    if (!found) throw new Error(`a chunk of ${size} bytes can not be rebuilt`);
    return found;
  }
}

function replay(recording: Recording, role: Role): void {
  const side = new Replayed(recording, role);
  try {
    for (const { from, at, bytes } of recording.events) {
      side.pass(at);
      if (from !== role) side.hear(bytes);
      else if (bytes) side.repeat(bytes);
    }
    side.pass((recording.events.at(-1)?.at ?? 0) + LONG_MS);
    checkHandshake(recording, role, side);
    if (side.opened) checkSession(recording, role, side);
  } catch (error) {
    throw new Error(`as ${role === 'initiator' ? 'client' : 'server'}: ${(error as Error).message}`);
  } finally {
    side.end();
  }
}

function checkHandshake(recording: Recording, role: Role, { opened, failed, handshake }: Replayed): void {
  const library = recording.vector[role === 'responder' ? 'server' : 'client'] === 'library';
  const sent = join(handshake);
  if (library || opened) same('the handshake sent', toHex(sent), toHex(recording.streamOf(role).subarray(0, sent.length)));
  if (opened && !recording.sessionKey) throw new Error('what the library refused is accepted');
  if (opened) return;
  if (!failed) throw new Error('the handshake has not ended');
  if (recording.sessionKey && !(role === 'responder' && failed.code === 'HF_WRONG_KEY' && hasWrongXor(recording))) throw failed;
}

/** The one slip of the library's server: it takes an answer whose xor is wrong. */
function hasWrongXor(recording: Recording): boolean {
  const sealing = recording.sealing('responder');
  const challenge = readRequest(sealing, recording.streamOf('responder').slice(0, SIZES.request));
  const response = readResponse(sealing, recording.streamOf('initiator').slice(0, SIZES.response));
  if (!challenge || !response) return false;
  const expected = answerOf(challenge);
  return response.nonce === expected.nonce && response.sum === expected.sum && response.xor !== expected.xor;
}

function checkSession(recording: Recording, role: Role, { ended, received, waited }: Replayed): void {
  const { messages, end } = readStrictly(recording, role === 'responder' ? 'initiator' : 'responder');
  same('messages', received.join(), messages.join());
  const code = ended?.why?.code;
  const refused = code === 'HF_MALFORMED' || code === 'HF_OUT_OF_TURN';
  same('refusal in the session', refused, end === 'fault');
  if (end === 'disconnect' && ended?.why) throw ended.why;
  const recorded = recording.receivedBy(role);
  if (!recorded) return;
  const shown = received.map((message, i) => (typeof recorded[i] === 'object' ? hashed(recording, message) : message));
  const expected = recorded.map((each) => (typeof each === 'string' ? each : `${each.length} bytes, ${each.sha256}`));
  // The library drops the first half of a message whose second half comes late; this implementation waits for it.
  const agrees = refused
    ? shown.every((message, i) => message === expected[i])
    : waited
      ? contains(shown, expected)
      : `${shown}` === `${expected}`;
  if (!agrees) throw new Error(`messages: the library read ${expected}, not ${shown}`);
}

/** The stream of one side by the letter: what may come, and nothing else. */
function readStrictly(recording: Recording, from: Role): { messages: string[]; end: 'fault' | 'disconnect' | undefined } {
  const bytes = recording.streamOf(from);
  const messages: string[] = [];
  for (let at = from === 'initiator' ? SIZES.response : SIZES.request + SIZES.success; at < bytes.length; ) {
    const size = sizeOfPacket(bytes, at);
    if (size === 0) return { messages, end: 'fault' };
    if (at + size > bytes.length) break;
    if (bytes[at] === Packet.disconnect) return { messages, end: 'disconnect' };
    const length = (bytes[at + 1] << 8) | bytes[at + 2];
    if (bytes[at] === Packet.message && length > 0)
      messages.push(toHex(recording.decrypt(bytes.slice(at + 3, at + size)).subarray(0, length)));
    at += size;
  }
  return { messages, end: undefined };
}

/** Bytes of the packet there; 0 for one that may not come in a session. */
export function sizeOfPacket(bytes: Bytes, at: number): number {
  if (bytes[at] === Packet.keepAlive || bytes[at] === Packet.disconnect) return 1;
  if (bytes[at] !== Packet.message) return 0;
  const length = at + 3 > bytes.length ? 0 : (bytes[at + 1] << 8) | bytes[at + 2];
  return length > 65_528 ? 0 : 3 + paddedLength(length);
}

export function same(what: string, found: unknown, expected: unknown): void {
  if (String(found) !== String(expected)) throw new Error(`${what}: expected ${expected}, not ${found}`);
}

function hashed({ core }: Recording, message: string): string {
  return `${message.length / 2} bytes, ${toHex(core.hash.sha256(hex(message)))}`;
}

/** Whether `some` are in `all`, in that order. */
function contains(all: readonly string[], some: readonly string[]): boolean {
  let found = 0;
  for (const each of all) if (each === some[found]) found++;
  return found === some.length;
}

const LONG_MS = 120_000;
