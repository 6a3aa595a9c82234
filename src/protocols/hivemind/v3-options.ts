/** What a caller may set for version 3, section 12. */
import type { Bytes, Core } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import { bytesOfHex } from './encodings.ts';
import { type PskCache, pskCacheOf } from './v3-psk.ts';

export interface NoiseSetup {
  /** Ours, 32 bytes of X25519; copied. A new one by default, which nobody can pin. */
  secretKey?: Bytes | undefined;
  /** Slave: the master's key, 64 hexadecimal digits, as `session.info.noiseKey` showed it. Every other is refused, and KKpsk0 taken where the master knows us too. */
  masterKey?: string | undefined;
  /** Slave: the key that argon2id makes of the password, 32 bytes, for devices that cannot compute it. */
  psk?: Bytes | undefined;
  /** Whether versions 0 to 2 are spoken with peers that do not offer version 3. Anybody on the way can then make it so. */
  allowOlder?: boolean | undefined;
}

export interface NoiseSettings {
  /** Guarded for as long as a handshake lasts. */
  readonly secretKey: Bytes;
  readonly masterKey: Bytes | undefined;
  readonly psk: Bytes | undefined;
  readonly allowOlder: boolean;
  readonly cache: PskCache;
  /** Stands in for the key of whoever is not known, so that nothing tells the difference. */
  readonly nobody: Bytes;
}

/** @throws HF_BAD_ARGUMENT that names the option. */
export function noiseSettings(core: Core, { secretKey, masterKey, psk, allowOlder }: NoiseSetup): NoiseSettings {
  if (secretKey !== undefined && secretKey.length !== KEY_BYTES) throw bad('noise.secretKey', `${KEY_BYTES} bytes`);
  if (psk !== undefined && psk.length !== KEY_BYTES) throw bad('noise.psk', `${KEY_BYTES} bytes`);
  const pinned = masterKey === undefined ? undefined : noiseKeyOf(masterKey);
  if (masterKey !== undefined && !pinned) throw bad('noise.masterKey', '64 hexadecimal digits');
  return {
    secretKey: secretKey?.slice() ?? core.random(KEY_BYTES),
    masterKey: pinned,
    psk: psk?.slice(),
    allowOlder: allowOlder === true,
    cache: pskCacheOf(core),
    nobody: core.random(KEY_BYTES),
  };
}

/** @returns undefined for what is no key of 32 bytes in hexadecimal. */
export function noiseKeyOf(text: string): Bytes | undefined {
  const bytes = bytesOfHex(text);
  return bytes?.length === KEY_BYTES ? bytes : undefined;
}

function bad(option: string, expected: string): HandfastError {
  return new HandfastError('BAD_ARGUMENT', `${option}: ${expected}`);
}

const KEY_BYTES = 32;
