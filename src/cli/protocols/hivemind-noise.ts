/** Version 3 of HiveMind (Noise) on the command line: its options, its keys in files, and what is read from both. */
import { randomBytes } from 'node:crypto';
import { defaultCore } from '../../core/default.ts';
import { HandfastError } from '../../errors.ts';
import type { HiveMindOptions } from '../../protocols/hivemind/index.ts';
import { type Call, type Options, UsageError } from '../command.ts';
import { type KeyForm, openSecret } from './keys.ts';

const NOISE: Options = {
  noise: {
    type: 'boolean',
    help: 'Version 3, and nothing older: Noise with the password. The key is a new one each time unless --noise-key names one.',
  },
  'noise-key': {
    type: 'string',
    value: 'FILE',
    help: 'Version 3 under this key, which the other side can then pin; handfast keygen --protocol hivemind --noise makes one.',
  },
  'allow-older': {
    type: 'boolean',
    help: 'With --noise: older versions too, where the other side has nothing newer. Anybody on the way can then make it so.',
  },
};

export const NOISE_OPTIONS: { readonly listen: Options; readonly dial: Options } = {
  listen: NOISE,
  dial: {
    ...NOISE,
    'noise-master': {
      type: 'string',
      value: 'KEY',
      help: 'With --noise: the key of the master, 64 hexadecimal digits; every other is refused. handfast id prints it on its side, a probe shows it.',
    },
  },
};

/** Keys that peers can pin. */
export const noiseKeys: KeyForm & { readonly flag: 'noise' } = {
  flag: 'noise',
  type: 'hivemind-noise',
  help: 'with --noise, a key of version 3, whose id is what the other side pins.',
  options: { noise: { type: 'boolean', help: 'A key of version 3 instead.' } },
  examples: ['handfast keygen master.noise --protocol hivemind --noise'],
  async make(call) {
    for (const name of ['bits', 'import'])
      if (call.text(name) !== undefined) throw new UsageError(`--${name} is for RSA keys, not for --noise`);
    return newNoiseKey();
  },
  forms(secret) {
    if (secret.length !== KEY_BYTES) throw new HandfastError('BAD_KEY', `a Noise key has ${KEY_BYTES} bytes, not ${secret.length}`);
    const { publicKey } = defaultCore().x25519.keyPair(secret);
    return { noiseKey: Buffer.from(publicKey).toString('hex') };
  },
};

/** @returns 32 bytes of X25519. */
export function newNoiseKey(): Uint8Array {
  return new Uint8Array(randomBytes(KEY_BYTES));
}

/** @returns undefined where version 3 was not asked for. @throws UsageError, HF_BAD_KEY */
export async function noiseOf(call: Call): Promise<HiveMindOptions['noise']> {
  const path = call.text('noise-key');
  const masterKey = call.text('noise-master');
  if (path === undefined && !call.flag('noise')) {
    for (const name of ['noise-master', 'allow-older'])
      if (call.flag(name) || call.text(name) !== undefined)
        throw new UsageError(`--${name} is for version 3: it needs --noise or --noise-key`);
    return undefined;
  }
  if (masterKey !== undefined && !/^[0-9a-f]{64}$/i.test(masterKey))
    throw new UsageError('--noise-master: 64 hexadecimal digits, as handfast id prints them of the key file of the master');
  return {
    ...(path !== undefined && { secretKey: await openSecret(noiseKeys, path, call) }),
    ...(masterKey !== undefined && { masterKey }),
    ...(call.flag('allow-older') && { allowOlder: true }),
  };
}

const KEY_BYTES = 32;
