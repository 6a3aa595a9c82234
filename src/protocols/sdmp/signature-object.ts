/** Signature objects: rules G1 to G8, and how ours are written. */
import type { Bytes } from '../../core/core.ts';
import { asciiOf } from '../../core/legacy/ascii.ts';
import { decodeBase64url, encodeBase64url } from '../../core/legacy/base64url.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import type { Millis, Role } from '../machine.ts';
import { boundText } from './bound.ts';
import { readContainer, readJson, type Shape, texts } from './container.ts';
import { SIGNATURE, writeForm } from './form.ts';
import { LIMITS } from './limits.ts';
import type { SdmpPeer } from './peers.ts';
import { broken, type RuleError } from './rules.ts';
import { type Offer, readOffer, sameOffer } from './session-object.ts';
import type { Settings } from './settings.ts';

/** A signature that has its shape and belongs to this connection; whether it is valid is still to be found. */
export interface Proof {
  /** Absent where the key is not known. */
  readonly peer: SdmpPeer | undefined;
  /** Why it is refused whatever the signature is: it is verified all the same, if against a key that cannot fit, so that it takes the same time. */
  readonly refusal: RuleError | undefined;
  readonly signature: Bytes;
  /** What may be signed, in the order to try. */
  readonly inputs: readonly (() => Bytes)[];
}

/** What a proof is about. */
export interface About {
  /** Of the signer. */
  readonly role: Role;
  /** The signer's offer, as it came in clear. */
  readonly offer: Offer;
  /** The octets that it came in, in base64url. */
  readonly text: string;
  readonly transcript: Bytes;
}

/** Rules C, then G1 to G8. @param root as `readJson` gives it. */
export function readProof(root: JsonObject, settings: Settings, about: About, now: Millis): Proof | RuleError {
  const container = readContainer(root, SHAPE, settings.reading);
  if (!('property' in container)) return container;
  const { property } = container;
  if (!isJsonObject(property) || !texts(property, ['identifier', 'payload']) || !isSignatures(property.signatures)) {
    return broken('G1', 'a member is missing or of the wrong type');
  }
  const { payload } = property;
  const other = checkPayload(payload, settings, about);
  if (other) return other;
  // Base64url by now.
  const octets = asciiOf(payload);
  const fault = checkIdentifier(property.identifier, payload, octets, settings);
  if (fault) return fault;
  if (property.signatures.length !== 1) return broken('G5', 'not exactly one signature');
  const [entry] = property.signatures;
  // Mostly the very text that our writer has for a key that is known: nothing else can be read in it.
  const named = settings.peers.findByHeader(entry.protected);
  const kid = named ? named.id : readKid(entry.protected, settings);
  if (kid === undefined) return broken('G6', 'protected is not {alg, kid} as it should be');
  const peer = named ?? knownPeer(kid, settings);
  const who = checkKid(kid, peer, settings);
  if (who) return who;
  const signature = decodeBase64url(entry.signature);
  if (!signature) return broken('G9', 'signature is not base64url');
  const inputs = inputsOf(kid, payload, octets, entry.protected, settings, about);
  return { peer, refusal: refusalOf(peer, settings, about, now), signature, inputs };
}

/** What this side signs, and the object once that was done. */
export interface Unsigned {
  readonly message: Bytes;
  write(signature: Bytes): Bytes;
}

/** @param session the session object that this side sent, the very same octets. */
export function beginProof(session: Bytes, { core, identity, bound }: Settings, role: Role, transcript: Bytes): Unsigned {
  const payload = encodeBase64url(session);
  const octets = asciiOf(payload);
  return {
    message: bound ? boundText(role, transcript, identity.id, payload) : octets,
    write(signature) {
      const identifier = encodeBase64url(core.hash.sha512(octets));
      return asciiOf(writeForm(SIGNATURE, identifier, payload, identity.header, encodeBase64url(signature)));
    },
  };
}

type Signatures = readonly { readonly protected: string; readonly signature: string }[];

function isSignatures(value: JsonValue | undefined): value is JsonValue & Signatures {
  return Array.isArray(value) && value.every((each) => isJsonObject(each) && texts(each, ['protected', 'signature']));
}

/** G2 and G3. */
function checkPayload(payload: string, { groups, reading }: Settings, { offer, text }: About): RuleError | undefined {
  // Mostly the very octets that came in clear: they were read then.
  if (payload === text) return undefined;
  const octets = decodeBase64url(payload);
  if (!octets) return broken('G2', 'payload is not base64url');
  const root = readJson(octets, LIMITS.sessionObject, LIMITS.handshakeMembers);
  const signed = 'rule' in root && root instanceof Error ? root : readOffer(root as JsonObject, groups, reading);
  if (signed instanceof Error) return broken('G2', `payload is no session object (${signed.message})`);
  return sameOffer(signed, offer) ? undefined : broken('G3', 'what is signed is not what came in clear');
}

/** G4. */
function checkIdentifier(identifier: string, payload: string, octets: Bytes, { core, reading }: Settings): RuleError | undefined {
  if (identifier === encodeBase64url(core.hash.sha512(octets))) return undefined;
  if (reading === 'tolerant' && identifier === encodeBase64url(core.hash.sha512(decodeBase64url(payload)!))) return undefined;
  return broken('G4', 'the identifier is not the hash of the payload');
}

/** G6. */
function readKid(text: string, { reading }: Settings): string | undefined {
  const octets = decodeBase64url(text);
  // Two members in all: with these two there is no room for another.
  const header = octets && readJson(octets, HEADER_BYTES, 2);
  if (!header || header instanceof Error || !texts(header, ['alg', 'kid'])) return undefined;
  // A label and no more: an HMAC is never computed.
  const known = header.alg === 'HS512' || (reading === 'tolerant' && header.alg === 'RS512');
  return known ? header.kid : undefined;
}

function knownPeer(kid: string, { peers, reading }: Settings): SdmpPeer | undefined {
  const peer = peers.find(kid);
  return reading === 'strict' && peer?.id !== kid ? undefined : peer;
}

/** G7. */
function checkKid(kid: string, peer: SdmpPeer | undefined, { identity, pinned }: Settings): RuleError | undefined {
  if (identity.fingerprints.includes(kid)) return broken('G7', 'our own signature came back', 'SELF_CONNECTION');
  if (pinned === undefined || (peer ?? { id: kid }).id === pinned) return undefined;
  return broken('G7', 'another node than the one named');
}

/** G8 and W2. */
function refusalOf(peer: SdmpPeer | undefined, { peers }: Settings, { offer }: About, now: Millis): RuleError | undefined {
  if (!peer) return broken('G8', 'no key is known for kid');
  if (now >= peer.expires) return broken('G8', 'the identity has expired');
  return peers.wasUsed(peer, offer.publicKey) ? broken('W2', 'this offer and its signature were used before') : undefined;
}

function inputsOf(
  kid: string,
  payload: string,
  octets: Bytes,
  header: string,
  { bound, reading }: Settings,
  { role, transcript }: About,
): readonly (() => Bytes)[] {
  if (bound) return [() => boundText(role, transcript, kid, payload)];
  return reading === 'strict' ? [() => octets] : [() => octets, () => utf8(`${header}.${payload}`)];
}

const SHAPE: Shape = {
  property: 'signature',
  schema: 'signature',
  members: ['identifier', 'payload', 'signatures'],
  elements: { of: 'signatures', members: ['protected', 'signature'] },
};
const HEADER_BYTES = 256;
