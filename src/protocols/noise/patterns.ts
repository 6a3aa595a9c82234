/** Names of Noise handshakes and the messages of each pattern: revision 34, sections 7, 8 and 9. */
import { HandfastError } from '../../errors.ts';

/** What a message does, in order: sends a key, mixes a Diffie-Hellman result or a pre-shared key. */
export type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';

export type NoiseCipherName = 'ChaChaPoly' | 'AESGCM';
export type NoiseHashName = 'SHA256' | 'SHA512' | 'BLAKE2b';

export interface NoiseName {
  /** The whole name, as both sides hash it. */
  readonly name: string;
  readonly cipher: NoiseCipherName;
  readonly hash: NoiseHashName;
  /** Whose static key the other side has to know beforehand. */
  readonly known: { readonly initiator: boolean; readonly responder: boolean };
  /** The first by the initiator, then in turns. */
  readonly messages: readonly (readonly Token[])[];
  /** Pre-shared keys that are needed. */
  readonly psks: number;
}

/**
 * @param name as in `Noise_XXpsk2_25519_ChaChaPoly_SHA256`; patterns NN, KK, XX, IK with any `psk0` to `pskN`, joined by `+`.
 * @throws HF_UNSUPPORTED
 */
export function parseNoiseName(name: string): NoiseName {
  const parts = NAME.exec(name);
  const pattern = parts && Object.hasOwn(PATTERNS, parts[1]!) ? PATTERNS[parts[1]!] : undefined;
  if (!parts || !pattern) throw new HandfastError('UNSUPPORTED', 'a Noise name that is not known here');
  const messages = pattern.messages.map((each) => [...each]);
  const places = parts[2] ? parts[2].split('+').map((each) => Number(each.slice(3))) : [];
  for (const [i, place] of places.entries()) {
    if (place > messages.length || places.indexOf(place) !== i)
      throw new HandfastError('UNSUPPORTED', `psk${place} has no place in ${parts[1]}`);
    if (place === 0) messages[0]!.unshift('psk');
    else messages[place - 1]!.push('psk');
  }
  return {
    name,
    cipher: parts[3] as NoiseCipherName,
    hash: parts[4] as NoiseHashName,
    known: { initiator: pattern.initiator === true, responder: pattern.responder === true },
    messages,
    psks: places.length,
  };
}

interface Pattern {
  readonly initiator?: true;
  readonly responder?: true;
  readonly messages: readonly (readonly Token[])[];
}

const PATTERNS: Readonly<Record<string, Pattern>> = {
  NN: { messages: [['e'], ['e', 'ee']] },
  KK: {
    initiator: true,
    responder: true,
    messages: [
      ['e', 'es', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
  XX: { messages: [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']] },
  IK: {
    responder: true,
    messages: [
      ['e', 'es', 's', 'ss'],
      ['e', 'ee', 'se'],
    ],
  },
};

const NAME = /^Noise_([A-Z]{2})(psk\d(?:\+psk\d)*)?_25519_(ChaChaPoly|AESGCM)_(SHA256|SHA512|BLAKE2b)$/;
