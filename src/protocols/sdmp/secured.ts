/** The second half of a handshake, alike on both sides: keys are there, the other side's proof is read, verified and judged, and the traffic begins. */
import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import type { Input, Opened, Peer, Role, Work, WorkAnswer } from '../machine.ts';
import { BoundSealer } from './bound.ts';
import { readJson } from './container.ts';
import { bindingOf, boundKeys, sessionKey, transcriptHash } from './derivation.ts';
import { CbcSealer, type Sealer } from './encrypted.ts';
import { LIMITS } from './limits.ts';
import type { Line } from './line.ts';
import type { SdmpPeer } from './peers.ts';
import { isResponse, refusedBy } from './response.ts';
import { broken } from './rules.ts';
import type { Settings } from './settings.ts';
import { type About, type Proof, readProof } from './signature-object.ts';
import { SdmpTraffic } from './traffic.ts';

/** A connection with keys. */
export interface Secured {
  readonly line: Line;
  readonly sealer: Sealer;
  /** 32 bytes. */
  readonly binding: Bytes;
  /** The other side's proof must be about this. */
  readonly about: About;
}

/** A proof on its way through the verifier: `tried` of its inputs did not fit. */
export interface Checking {
  readonly proof: Proof;
  readonly tried: number;
  /** Bytes of the object. */
  readonly bytes: number;
  /** What came behind it; in memory of its own. */
  readonly rest: Bytes;
}

/** The other side's session object, as it came. */
export type Offered = Pick<About, 'offer' | 'text'>;

/** Both messages in clear, as octets; `transcript` in short. */
export function transcriptOf({ core }: Settings, first: Bytes, second: Bytes): Bytes {
  return transcriptHash(core, first, second);
}

/** @param role ours. @param shared wiped. */
export function secure(settings: Settings, line: Line, role: Role, shared: Bytes, transcript: Bytes, theirs: Offered): Secured {
  const about: About = { role: role === 'initiator' ? 'responder' : 'initiator', offer: theirs.offer, text: theirs.text, transcript };
  line.expect(LIMITS.handshakeObject, LIMITS.handshakeMembers);
  const { core, derivation } = settings;
  if (!settings.bound) {
    const key = sessionKey(core, shared, derivation);
    return { line, sealer: new CbcSealer(key, settings), binding: bindingOf(core, key, transcript), about };
  }
  const { initiator, responder } = boundKeys(core, shared, transcript);
  const binding = bindingOf(core, initiator, transcript);
  const [sealing, opening] = role === 'initiator' ? [initiator, responder] : [responder, initiator];
  return { line, sealer: new BoundSealer(settings, sealing, opening), binding, about };
}

/** Reads message 3 or 4. @returns undefined when more octets are needed. */
export function hearProof(
  settings: Settings,
  { line, sealer, about }: Secured,
  input: Extract<Input, { kind: 'bytes' | 'message' }>,
): Checking | HandfastError | undefined {
  const heard = line.hear(input);
  if (!heard || heard instanceof Error) return heard;
  if (isResponse(heard.root)) return refusedBy(heard.root, settings.reading, 'claimed');
  const plaintext = sealer.open(heard.root);
  if (plaintext instanceof Error) return plaintext;
  const root = readJson(plaintext, LIMITS.handshakeObject, LIMITS.handshakeMembers);
  if (root instanceof Error) return broken('E6', `the plaintext is no container (${root.message})`);
  if (isResponse(root)) return refusedBy(root, settings.reading, 'proved');
  const proof = readProof(root, settings, about, input.now);
  return proof instanceof Error ? proof : { proof, tried: 0, bytes: heard.octets.length, rest: heard.rest.slice() };
}

export function verifyWork({ identity }: Settings, { proof, tried }: Checking): Work {
  const key = proof.peer?.key ?? identity.privateKey.publicKey;
  return { op: 'rsa-verify', key, hash: 'sha512', message: proof.inputs[tried](), signature: proof.signature };
}

/** @returns who proved it, why not, or what is to be tried next. */
export function verified(
  settings: Settings,
  { about }: Secured,
  checking: Checking,
  answer: WorkAnswer | undefined,
): SdmpPeer | HandfastError | Checking {
  const { proof, tried } = checking;
  if (answer?.op !== 'rsa-verify') return unanswered(answer);
  if (!answer.valid && tried + 1 < proof.inputs.length) return { ...checking, tried: tried + 1 };
  if (proof.refusal) return proof.refusal;
  if (!answer.valid || !proof.peer) return broken('G9', 'the signature does not verify');
  settings.peers.remember(proof.peer, about.offer.publicKey);
  return proof.peer;
}

export function peerOf({ id, key }: SdmpPeer): Peer {
  return { id, publicKey: key.spki };
}

/** @param rest what came behind the handshake. */
export function open(settings: Settings, { line, sealer, binding, about }: Secured, peer: SdmpPeer, rest: Bytes): Opened {
  return {
    peer: { id: peer.id, publicKey: peer.key.spki.slice() },
    binding,
    info: { version: '0.12', group: about.offer.group.name, profile: settings.bound ? 'bound' : 'plain' },
    traffic: new SdmpTraffic(settings, sealer, line),
    rest: rest.slice(),
  };
}

export function wipe({ sealer, line }: Secured): void {
  sealer.wipe();
  line.wipe();
}

/** Work that failed, or was answered with something else. */
export function unanswered(answer: WorkAnswer | undefined): HandfastError {
  return answer?.op === 'failed' ? answer.why : new HandfastError('INTERNAL', 'work was not answered');
}

export function late(waitingFor: string): HandfastError {
  return new HandfastError('HANDSHAKE_TIMEOUT', `no ${waitingFor} before the deadline`);
}

/** F6, or an end where an object should come. */
export function cut(waitingFor: string): HandfastError {
  return broken('F6', `the stream ended where ${waitingFor} should come`);
}
