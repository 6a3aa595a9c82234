/** What either side checks of the other's head, in the order of section 8, each with its own text: one function for both roles. */
import type { Bytes, Core } from '../../core/core.ts';
import type { CodeName, HandfastError } from '../../errors.ts';
import { fault } from '../faults.ts';
import type { Millis, Peer } from '../machine.ts';
import { addressText, isPublic, readAddress, sameAddress } from './address.ts';
import { lenientBase64 } from './base64.ts';
import { isServerDomain, readUint32 } from './grammar.ts';
import type { Fields } from './http-head.ts';
import { NETWORK_EPOCH_S } from './limits.ts';
import { canonicality } from './signature.ts';
import { readNodePublic } from './text-form.ts';

export interface CheckContext {
  readonly core: Core;
  readonly now: Millis;
  readonly clockWindowMs: number;
  /** Ours, if there is one. */
  readonly networkId: number | undefined;
  readonly ownKey: Bytes;
  readonly sessionValue: Bytes;
  /** The other end of the socket. */
  readonly socketAddress: Bytes | undefined;
  /** Ours, as the world sees it. */
  readonly publicAddress: Bytes | undefined;
}

/** `text` is what the reference says, word for word. */
export interface CheckFailed {
  readonly text: string;
  readonly why: HandfastError;
}

/** What is to be verified before the rest is checked. */
export interface Claim {
  readonly peer: Peer;
  readonly signature: Bytes;
  /** Rows 9 to 14. @param valid whether the signature is that of the key over the session value. */
  proved(valid: boolean): CheckFailed | undefined;
}

/** Rows 1 to 8, the cheap ones; the claim that they lead to takes the others. */
export function checkHead(fields: Fields, context: CheckContext): { failed: CheckFailed } | { claim: Claim } {
  const { core } = context;
  const no = (text: keyof typeof CODE_OF_TEXT, detail = ''): { failed: CheckFailed } => ({
    failed: failure(text, CODE_OF_TEXT[text], detail),
  });

  const domain = fields.get('server-domain');
  if (domain !== undefined && !isServerDomain(domain)) return no('Invalid server domain');

  const network = fields.get('network-id');
  if (network !== undefined) {
    const id = readUint32(network);
    if (id === undefined) return no('Invalid peer network identifier');
    if (context.networkId !== undefined && id !== context.networkId)
      return no('Peer is on a different network', `: ${id}, ours is ${context.networkId}`);
  }

  const clock = fields.get('network-time');
  if (clock !== undefined) {
    const theirs = readUint32(clock);
    if (theirs === undefined) return no('Invalid peer clock timestamp');
    const ahead = theirs - networkTime(context.now);
    if (Math.abs(ahead) * 1000 > context.clockWindowMs) {
      const detail = `: ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} ours`;
      return { failed: failure(CLOCK_TEXT, ahead > 0 ? 'FUTURE_TIMESTAMP' : 'EXPIRED_TIMESTAMP', detail) };
    }
  }

  const key = readNodePublic(fields.get('public-key') ?? '', core.hash);
  if (!key) return no('Bad node public key');
  if (key.type !== 'secp256k1') return no('Unsupported public key type');

  const signatureText = fields.get('session-signature');
  if (signatureText === undefined) return no('No session signature specified');
  const signature = lenientBase64(signatureText);
  // What is no signature at all is not worth the work.
  if (canonicality(signature) === undefined) return no('Failed to verify session');

  const peer = { id: fields.get('public-key')!, publicKey: key.publicKey };
  return {
    claim: { peer, signature, proved: (valid) => (valid ? checkProved(fields, context, peer) : no('Failed to verify session').failed) },
  };
}

/** The network's clock: seconds since 2000. */
export function networkTime(now: Millis): number {
  return Math.floor(now / 1000) - NETWORK_EPOCH_S;
}

/** The code that a text of the other side's stands for. */
export function codeOfText(text: string): CodeName {
  if (Object.hasOwn(CODE_OF_TEXT, text)) return CODE_OF_TEXT[text as keyof typeof CODE_OF_TEXT];
  return /^Incorrect (?:Local|Remote)-IP: /.test(text) ? 'ADDRESS_MISMATCH' : 'REFUSED';
}

/** Rows 10 to 14. */
function checkProved(fields: Fields, { core, ownKey, socketAddress, publicAddress }: CheckContext, peer: Peer): CheckFailed | undefined {
  if (core.equal(peer.publicKey, ownKey))
    return failure('Self connection', 'SELF_CONNECTION', ': the other side has our own key and signature');

  const isPublicPeer = socketAddress !== undefined && isPublic(socketAddress);
  const local = fields.get('local-ip');
  if (local !== undefined) {
    const claimed = readAddress(local);
    if (!claimed) return failure('Invalid Local-IP', 'MALFORMED');
    if (isPublicPeer && !sameAddress(claimed, socketAddress)) return mismatch('Local-IP', socketAddress, claimed);
  }

  const remote = fields.get('remote-ip');
  if (remote !== undefined) {
    const claimed = readAddress(remote);
    if (!claimed) return failure('Invalid Remote-IP', 'MALFORMED');
    if (isPublicPeer && publicAddress && !sameAddress(claimed, publicAddress)) return mismatch('Remote-IP', publicAddress, claimed);
  }
  return undefined;
}

function mismatch(field: string, ours: Bytes, claimed: Bytes): CheckFailed {
  return failure(`Incorrect ${field}: ${addressText(ours)} instead of ${addressText(claimed)}`, 'ADDRESS_MISMATCH');
}

function failure(text: string, code: CodeName, detail = ''): CheckFailed {
  return { text, why: fault(code, text + detail) };
}

const CLOCK_TEXT = 'Peer clock is too far off';

/** Also those that are told before any check (section 7). */
const CODE_OF_TEXT = {
  'Invalid server domain': 'MALFORMED',
  'Invalid peer network identifier': 'MALFORMED',
  'Peer is on a different network': 'WRONG_NETWORK',
  'Invalid peer clock timestamp': 'MALFORMED',
  [CLOCK_TEXT]: 'EXPIRED_TIMESTAMP',
  'Bad node public key': 'INVALID_ID',
  'Unsupported public key type': 'INVALID_ID',
  'No session signature specified': 'INVALID_SIGNATURE',
  'Failed to verify session': 'INVALID_SIGNATURE',
  'Self connection': 'SELF_CONNECTION',
  'Invalid Local-IP': 'MALFORMED',
  'Invalid Remote-IP': 'MALFORMED',
  'Unable to agree on a protocol version': 'PROTOCOL_MISMATCH',
  'Incorrect security cookie': 'MALFORMED',
} as const satisfies Record<string, CodeName>;
