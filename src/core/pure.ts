/** The pure core: @noble in TypeScript, for browsers and for machines without the addon. The same names and types as `native.ts`. */
import type { Core } from './core.ts';
import { aead } from './pure-aead.ts';
import { ed25519 } from './pure-ed25519.ts';
import { cipher, frameTable } from './pure-frames.ts';
import { guarded } from './pure-guarded.ts';
import { hash } from './pure-hash.ts';
import { run, runAsync } from './pure-jobs.ts';
import { equal, random, wipe } from './pure-random.ts';
import { secp256k1 } from './pure-secp256k1.ts';
import { x25519 } from './pure-x25519.ts';
import { xtea256 } from './pure-xtea.ts';
import { planOf, SequenceBySteps } from './sequence.ts';
import { SlabPool } from './slab.ts';

export { type Blame, type CodeName, type ErrorCode, HandfastError } from '../errors.ts';
export * from './core.ts';
export type { Slab, SlabUse } from './slab.ts';

/** Which core this is, and why. */
export interface Choice {
  readonly core: 'native' | 'pure';
  /** One sentence for people. */
  readonly why: string;
}

let lastBlock = 0;

const slabs = new SlabPool({
  // Nothing to register with. The numbers lie where the native core never gives any, so that a slab in the wrong hands is refused.
  register: () => FIRST_BLOCK + (lastBlock++ % FIRST_BLOCK),
  unregister: () => {},
});

const curves = '@noble/curves 2.4.0';
const ciphers = '@noble/ciphers 2.4.0';
const FIRST_BLOCK = 0x8000_0000;

export const core: Core = {
  name: 'pure',
  lanes: 'off',
  parts: {
    ed25519: curves,
    x25519: curves,
    secp256k1: curves,
    'chacha20-poly1305': ciphers,
    'aes-256-gcm': ciphers,
    hash: '@noble/hashes 2.4.0',
  },
  fastAes: false,
  threads: 0,
  random,
  equal,
  wipe,
  x25519,
  ed25519,
  secp256k1,
  hash,
  aead,
  guarded,
  xtea256,
  cipher,
  sequence: (options) => new SequenceBySteps({ hash, aead, guarded, cipher }, planOf(options)),
  frameTable,
  slab: (size) => slabs.lease(size),
  slabs,
  run,
  runAsync,
};

export const choice: Choice = { core: 'pure', why: 'the pure core was imported by name' };
