/** Project Wycheproof's files (C2SP/wycheproof, testvectors_v1), by `algorithm`. */
import type { AeadName, Core } from '../core/core.ts';
import { codeOf, type Document, fail, hex, type Outcome, pass, toHex, type VectorKind } from './kinds.ts';

/** A test and the fields of its group. */
interface Vector {
  id: string;
  /** `valid`, `invalid` or `acceptable`. */
  result: string;
  test: Document;
  group: Document;
}

type Runner = (vector: Vector, core: Core) => Outcome;

export const wycheproofKinds: readonly VectorKind[] = [
  kind('XDH', x25519),
  kind('EDDSA', ed25519),
  kind('CHACHA20-POLY1305', aead('chacha20-poly1305', 96)),
  kind('XCHACHA20-POLY1305', aead('xchacha20-poly1305', 192)),
  kind('AES-GCM', aead('aes-256-gcm', 96)),
  kind('ECDSA', ecdsa),
  kind('HKDF-SHA-256', hkdf),
];

function kind(algorithm: string, run: Runner): VectorKind {
  return {
    name: `Wycheproof ${algorithm}`,
    matches: (document) => document.algorithm === algorithm && Array.isArray(document.testGroups),
    *run(document, core) {
      let count = 0;
      for (const vector of vectorsOf(document)) {
        count++;
        let outcome: Outcome;
        try {
          outcome = run(vector, core);
        } catch (error) {
          outcome = fail(vector.id, `threw ${(error as Error).message}`);
        }
        yield outcome;
      }
      const declared = document.numberOfTests;
      if (count !== declared) yield fail('file', `declares ${declared} tests and holds ${count}`);
    },
  };
}

function* vectorsOf(document: Document): Iterable<Vector> {
  for (const group of document.testGroups as Document[]) {
    for (const test of group.tests as Document[]) {
      yield { id: `tcId ${test.tcId}`, result: String(test.result), test, group };
    }
  }
}

/** "Acceptable" ones (points of the twist, non-canonical keys) are taken, as RFC 7748 says; only an all-zero result is refused. */
function x25519({ id, test, group }: Vector, core: Core): Outcome {
  if (group.curve !== 'curve25519') return fail(id, `unknown curve ${group.curve}`);
  const expected = String(test.shared);
  let shared = '';
  const code = codeOf(() => {
    shared = toHex(core.x25519.shared(hex(test.private), hex(test.public)));
  });
  if (/^0*$/.test(expected))
    return code === 'HF_WEAK_KEY' ? pass(id, 'small order') : fail(id, `expected HF_WEAK_KEY, not ${code ?? shared}`);
  return shared === expected ? pass(id) : fail(id, `expected ${expected}, not ${code ?? shared}`);
}

function ed25519({ id, result, test, group }: Vector, core: Core): Outcome {
  const { curve, pk } = group.publicKey as Document;
  if (curve !== 'edwards25519') return fail(id, `unknown curve ${curve}`);
  const item = { signature: hex(test.sig), message: hex(test.msg), publicKey: hex(pk) };
  const valid = core.ed25519.verify(item.signature, item.message, item.publicKey);
  const many = core.ed25519.verifyMany([item])[0] === 1;
  if (valid !== many) return fail(id, `verify says ${valid}, verifyMany ${many}`);
  return valid === (result === 'valid') ? pass(id) : fail(id, `expected ${result}, verify says ${valid}`);
}

/** Signatures over SHA-256 of the message. Under `lowS` those valid ones are refused whose s is in the upper half. */
function ecdsa({ id, result, test, group }: Vector, core: Core): Outcome {
  const { curve, uncompressed } = group.publicKey as Document;
  if (curve !== 'secp256k1' || group.sha !== 'SHA-256') return fail(id, `unknown curve or hash: ${curve}, ${group.sha}`);
  const item = { signature: hex(test.sig), message: core.hash.sha256(hex(test.msg)), publicKey: hex(uncompressed) };
  const valid = core.secp256k1.verify(item.signature, item.message, item.publicKey);
  if (valid !== (result === 'valid')) return fail(id, `expected ${result}, verify says ${valid}`);
  const many = core.secp256k1.verifyMany([item])[0] === 1;
  if (valid !== many) return fail(id, `verify says ${valid}, verifyMany ${many}`);
  const low = core.secp256k1.verify(item.signature, item.message, item.publicKey, { lowS: true });
  const high = valid && sOfDer(item.signature) > SECP256K1_ORDER / 2n;
  if (low !== (valid && !high)) return fail(id, `with lowS, verify says ${low}`);
  return high ? pass(id, 'high s') : pass(id);
}

/** Seal and open both; a key, nonce or tag of a length the core does not take must be refused by both. */
function aead(name: AeadName, ivBits: number): Runner {
  return ({ id, result, test, group }, core) => {
    const key = hex(test.key);
    const iv = hex(test.iv);
    const ad = hex(test.aad);
    const message = hex(test.msg);
    const sealed = hex(`${test.ct}${test.tag}`);
    if (group.tagSize !== 128) return fail(id, `unknown tag size ${group.tagSize}`);
    if (key.length !== 32 || iv.length * 8 !== ivBits) {
      const seal = codeOf(() => core.aead.seal(name, key, iv, message, ad));
      const open = codeOf(() => core.aead.open(name, key, iv, sealed, ad));
      if (seal === 'HF_BAD_ARGUMENT' && open === 'HF_BAD_ARGUMENT') return pass(id, 'unsupported');
      return fail(id, `a length not taken: expected HF_BAD_ARGUMENT, seal says ${seal}, open ${open}`);
    }
    let opened = '';
    const code = codeOf(() => {
      opened = toHex(core.aead.open(name, key, iv, sealed, ad));
    });
    if (result !== 'valid') return code === 'HF_BAD_TAG' ? pass(id) : fail(id, `expected HF_BAD_TAG, open says ${code ?? opened}`);
    if (code !== undefined || opened !== toHex(message)) return fail(id, `open says ${code ?? opened}`);
    const ours = toHex(core.aead.seal(name, key, iv, message, ad));
    return ours === toHex(sealed) ? pass(id) : fail(id, `seal says ${ours}`);
  };
}

function hkdf({ id, result, test }: Vector, core: Core): Outcome {
  const expected = String(test.okm);
  let derived = '';
  const code = codeOf(() => {
    derived = toHex(core.hash.hkdfSha256(hex(test.ikm), hex(test.salt), hex(test.info), test.size as number));
  });
  if (result !== 'valid')
    return code === 'HF_BAD_ARGUMENT' ? pass(id, 'unsupported') : fail(id, `expected HF_BAD_ARGUMENT, not ${code ?? derived}`);
  return derived === expected ? pass(id) : fail(id, `expected ${expected}, not ${code ?? derived}`);
}

/** s of a signature that was found valid, so that its shape is known. */
function sOfDer(der: Uint8Array): bigint {
  return BigInt(`0x${toHex(der.subarray(6 + der[3]!))}`);
}

const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
