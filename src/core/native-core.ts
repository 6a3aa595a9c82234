/** Puts the native core together from an addon that has loaded. */
import { HandfastError } from '../errors.ts';
import { badArgument, checkBytes, checkInteger } from './check.ts';
import type { Core, Lanes } from './core.ts';
import type { Addon } from './native-addon.ts';
import { makeAead } from './native-aead.ts';
import { AT, Border, pack } from './native-border.ts';
import { makeFrames } from './native-frames.ts';
import { makeGuarded } from './native-guarded.ts';
import { makeHash } from './native-hash.ts';
import { makeJobs } from './native-jobs.ts';
import { makeEd25519, makeSecp256k1, makeX25519 } from './native-keys.ts';
import { makeSequence } from './native-sequence.ts';
import { makeXtea256 } from './native-xtea.ts';
import { core as pure } from './pure.ts';
import { SlabPool } from './slab.ts';

export function makeCore(addon: Addon): Core {
  const lanes = lanesOf(addon, process.env.HANDFAST_LANES);
  const info = addon.info();
  const border = new Border(addon);
  const secp256k1 = info.secp256k1 !== '';
  const aes = info.gcm !== 'none';
  const jobs = makeJobs(border, secp256k1 ? undefined : pure.run);
  const frames = makeFrames(border, aes);
  const slabs = new SlabPool(addon);
  const hash = makeHash(border);
  const aead = makeAead(border, aes);
  const guarded = makeGuarded(border);
  const sodium = `libsodium ${info.sodium}`;
  const ipsecMb = `ipsec-mb ${info.ipsecMb}`;
  const eight = info.kernels === 'avx512-ifma' ? ' (batches eight at a time with avx512-ifma)' : '';
  const verified = info.kernels === 'avx512-ifma' ? ' (verified eight at a time with avx512-ifma)' : '';
  const x25519 = info.kernels === 'avx2' ? ' (shared secrets four at a time with avx2)' : eight;
  return {
    name: 'native',
    lanes,
    parts: {
      ed25519: `handfast${eight}, ${sodium}`,
      x25519: info.x25519 === 'handfast' || x25519 ? `handfast${x25519}, ${sodium}` : sodium,
      secp256k1: secp256k1 ? `libsecp256k1 ${info.secp256k1}${verified}` : pure.parts.secp256k1,
      'chacha20-poly1305': info.chacha === 'ipsec-mb' ? ipsecMb : sodium,
      'aes-256-gcm': info.gcm === 'ipsec-mb' ? ipsecMb : aes ? sodium : pure.parts['aes-256-gcm'],
      hash: sodium,
    },
    fastAes: aes,
    threads: info.threads,

    random(length) {
      checkInteger(length, 'length', 0, MAX_RANDOM_BYTES);
      if (length <= 64) {
        addon.random(pack(AT.out, length));
        return border.takeSecret(AT.out, length);
      }
      const out = new Uint8Array(length);
      addon.random(out);
      return out;
    },
    equal(a, b) {
      checkBytes(a, 'a');
      checkBytes(b, 'b');
      if (a.length !== b.length) return false;
      const same = addon.equal(border.bulk(a), border.more(b));
      border.wipeBulk();
      return same;
    },
    wipe(bytes) {
      checkBytes(bytes, 'bytes');
      bytes.fill(0);
    },
    x25519: makeX25519(border),
    ed25519: makeEd25519(border, jobs),
    secp256k1: makeSecp256k1(border, jobs, secp256k1),
    hash,
    aead,
    guarded,
    xtea256: makeXtea256(border),
    cipher: frames.cipher,
    sequence: makeSequence(border, aes, frames.adopt, { hash, aead, guarded, cipher: frames.cipher }),
    frameTable: frames.frameTable,
    slab: (size) => slabs.lease(size),
    slabs,
    run: jobs.run,
    runAsync: jobs.runAsync,
  };
}

/** What HANDFAST_LANES asks for, which can only be less than there is. @throws HF_BAD_ARGUMENT, HF_UNSUPPORTED */
export function lanesOf(addon: Pick<Addon, 'lanes' | 'setLanes'>, wish: string | undefined): Lanes {
  if (wish === undefined || wish === '' || wish === 'auto') return addon.lanes();
  const level = LANES.indexOf(wish as Lanes);
  if (level < 0) badArgument(`HANDFAST_LANES: expected auto, ${LANES.join(', ')}, not ${JSON.stringify(wish)}`);
  if (!addon.setLanes(level)) throw new HandfastError('UNSUPPORTED', `HANDFAST_LANES asks for ${wish}, which this machine does not have`);
  return addon.lanes();
}

/** By the number that the addon knows them by. */
const LANES: readonly Lanes[] = ['off', 'avx2', 'avx512-ifma'];
const MAX_RANDOM_BYTES = 64 * 1024 * 1024;
