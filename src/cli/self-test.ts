/**
 * A short check of a core where it is installed: one known answer for each function, one refusal for each kind of forgery, and a whole handshake whose binding the
 * specification states. Inputs are the bytes 00, 01, 02...; the expected values are OpenSSL's and libsodium's. The full vectors run by `handfast conformance`.
 */
import { hex, toHex } from '../conformance/kinds.ts';
import { type Core, type Job, Stop, type Suite } from '../core/core.ts';
import { Identity } from '../core/identity.ts';
import { handfast } from '../protocols/handfast/index.ts';
import { utf8 } from '../wire/text.ts';
import { converse, Side } from './back-to-back.ts';
import { describeError } from './describe-error.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was wrong. */
  readonly why?: string;
}

/** Cost: some 10 ms native, 150 ms pure. */
export function selfTest(core: Core): Check[] {
  return Object.entries(CHECKS).map(([name, check]) => {
    try {
      const wrong = check(core);
      return wrong === undefined ? { name, ok: true } : { name, ok: false, why: wrong };
    } catch (error) {
      const { code, message } = describeError(error);
      return { name, ok: false, why: `threw ${code}: ${message}` };
    }
  });
}

/** Undefined, or what was wrong. */
const CHECKS: Readonly<Record<string, (core: Core) => string | undefined>> = {
  'x25519 shared': ({ x25519 }) => differs(x25519.shared(run(32), hex(EXPECTED.xPublic)), EXPECTED.shared),
  'x25519 refuses small order': ({ x25519 }) => notRefused('HF_WEAK_KEY', () => x25519.shared(run(32), new Uint8Array(32))),
  'ed25519 sign': ({ ed25519 }) => {
    const { publicKey, secretKey } = ed25519.keyPair(run(32));
    return differs(publicKey, EXPECTED.edPublic) ?? differs(ed25519.sign(TEXT, secretKey), EXPECTED.edSignature);
  },
  'ed25519 verify': ({ ed25519 }) =>
    ed25519.verify(hex(EXPECTED.edSignature), TEXT, hex(EXPECTED.edPublic)) ? undefined : 'refuses a good signature',
  'ed25519 refuses forgeries': ({ ed25519 }) => {
    const signature = hex(EXPECTED.edSignature);
    const publicKey = hex(EXPECTED.edPublic);
    if (ed25519.verify(flipped(signature), TEXT, publicKey)) return 'takes a changed signature';
    if (ed25519.verify(signature, flipped(TEXT), publicKey)) return 'takes a changed message';
    // s above the group order, and a key of small order.
    if (ed25519.verify(new Uint8Array([...signature.subarray(0, 32), ...new Uint8Array(32).fill(0xff)]), TEXT, publicKey))
      return 'takes s over the order';
    return ed25519.usablePublicKey(Uint8Array.of(1, ...new Uint8Array(31))) ? 'takes a key of small order' : undefined;
  },
  'secp256k1 sign and verify': ({ secp256k1, hash }) => {
    const digest = hash.sha256(utf8('Satoshi Nakamoto'));
    const { publicKey, secretKey } = secp256k1.keyPair(Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 1 : 0)));
    const signature = secp256k1.sign(digest, secretKey);
    if (!secp256k1.verify(signature, digest, publicKey)) return 'refuses its own signature';
    if (secp256k1.verify(signature, flipped(digest), publicKey)) return 'takes a changed digest';
    return differs(signature, EXPECTED.secp256k1);
  },
  'batches of public-key work': batches,
  'chacha20-poly1305': (core) => aead(core, 'chacha20-poly1305', 12, EXPECTED.chacha),
  'xchacha20-poly1305': (core) => aead(core, 'xchacha20-poly1305', 24, EXPECTED.xchacha),
  'aes-256-gcm': (core) => aead(core, 'aes-256-gcm', 12, EXPECTED.gcm),
  blake2b: ({ hash }) => differs(hash.blake2b(TEXT), EXPECTED.blake2b),
  'sha-256': ({ hash }) => differs(hash.sha256(TEXT), EXPECTED.sha256),
  'sha-512': ({ hash }) => differs(hash.sha512(TEXT), EXPECTED.sha512),
  'hmac-sha-256': ({ hash }) => differs(hash.hmacSha256(run(32), TEXT), EXPECTED.hmac),
  'hkdf-sha-256': ({ hash }) => differs(hash.hkdfSha256(run(32), utf8('salt'), utf8('info'), 42), EXPECTED.hkdf),
  kdf: ({ guarded }) => {
    const key = guarded.import(run(32));
    const derived = guarded.kdf(key, 1, utf8('handfst1'));
    const wrong = differs(derived.export(), EXPECTED.kdf);
    key.wipe();
    derived.wipe();
    return wrong;
  },
  'frames chacha20-poly1305': (core) => frames(core, 'chacha20-poly1305'),
  'frames aes-256-gcm': (core) => frames(core, 'aes-256-gcm'),
  'handfast/1 with chacha20-poly1305': (core) => handshake(core, 'chacha20-poly1305', EXPECTED.bindingChacha),
  'handfast/1 with aes-256-gcm': (core) => handshake(core, 'aes-256-gcm', EXPECTED.bindingGcm),
};

/** Nine of each operation, so that vector kernels do eight and leave one, with a wrong one in the middle. */
function batches(core: Core): string | undefined {
  const secretKey = core.guarded.import(run(32));
  const signing = core.ed25519.keyPair(run(32));
  const nine = (job: Job, fifth: Job): Job[] => Array.from({ length: 9 }, (_, i) => (i === 4 ? fifth : job));
  const good = { op: 'verify', signature: hex(EXPECTED.edSignature), message: TEXT, publicKey: signing.publicKey } as const;
  const answers = core.run([
    ...nine({ op: 'dh', secretKey, publicKey: hex(EXPECTED.xPublic) }, { op: 'dh', secretKey, publicKey: new Uint8Array(32) }),
    ...nine(good, { ...good, message: flipped(TEXT) }),
    ...Array.from({ length: 9 }, () => ({ op: 'sign', secretKey: signing.secretKey, message: TEXT }) as const),
    ...Array.from({ length: 9 }, () => ({ op: 'keygen' }) as const),
  ]);
  secretKey.wipe();
  let wrong: string | undefined;
  answers.forEach((answer, i) => {
    const fifth = i % 9 === 4;
    if (answer.op === 'dh') {
      if ((answer.shared === 'weak') !== fifth) wrong ??= `shared secret ${i % 9} is ${fifth ? 'not ' : ''}weak`;
      if (answer.shared === 'weak') return;
      wrong ??= differs(answer.shared.export(), EXPECTED.shared);
      answer.shared.wipe();
    } else if (answer.op === 'keygen') {
      const { publicKey, secretKey: own } = answer.keyPair;
      wrong ??= differs(core.x25519.publicKey(own), toHex(publicKey));
      own.wipe();
    } else if (answer.op === 'sign') {
      wrong ??= differs(answer.signature, EXPECTED.edSignature);
    } else if (answer.op === 'verify' && answer.valid === fifth) {
      wrong ??= `${fifth ? 'takes a changed message' : 'refuses a good signature'} in a batch`;
    }
  });
  return wrong;
}

function aead(core: Core, name: Suite | 'xchacha20-poly1305', nonceLength: number, expected: string): string | undefined {
  const ad = utf8('ad');
  const sealed = core.aead.seal(name, run(32), run(nonceLength), TEXT, ad);
  return (
    differs(sealed, expected) ??
    differs(core.aead.open(name, run(32), run(nonceLength), sealed, ad), toHex(TEXT)) ??
    notRefused('HF_BAD_TAG', () => core.aead.open(name, run(32), run(nonceLength), flipped(sealed), ad))
  );
}

/** Two frames sealed and opened in a slab across a change of key, then one with a flipped bit. */
function frames(core: Core, suite: Suite): string | undefined {
  const framing = { lengthBytes: 4, ad: 'length', rekeyEvery: 2 } as const;
  const sealer = core.cipher({ suite, key: run(32), framing });
  const opener = core.cipher({ suite, key: run(32), framing });
  const table = core.frameTable(4);
  const slab = core.slab(4096);
  try {
    const lengths = [5, 100, 17];
    let at = 0;
    lengths.forEach((length, i) => {
      slab.bytes.fill(i + 1, at + 4, at + 4 + length);
      table.entries.set([at + 4, length], 2 * i);
      at += 4 + length + 16;
    });
    sealer.sealMany(slab, table, lengths.length);
    slab.bytes[at - 1] ^= 1;
    const opened = opener.openMany(slab, 0, at, table, 1024);
    if (opened !== 2 || table.outcome[0] !== Stop.badTag)
      return `opens ${opened} of 2 good frames and stops with ${table.outcome[0]} at the bad one`;
    for (let i = 0; i < 2; i++) {
      const message = slab.bytes.subarray(table.entries[2 * i], table.entries[2 * i] + table.entries[2 * i + 1]);
      if (message.length !== lengths[i] || message.some((byte) => byte !== i + 1)) return `frame ${i} opens to other bytes`;
    }
    return undefined;
  } finally {
    sealer.wipe();
    opener.wipe();
    slab.release();
  }
}

/** The check values of specs/handfast-1, section 6: both machines back to back with fixed keys and clocks. */
function handshake(core: Core, suite: Suite, binding: string): string | undefined {
  const identities = [1, 2].map((fill) => Identity.fromSeed(new Uint8Array(32).fill(fill), { core }));
  const options = (i: number) => ({ identity: identities[i], network: 'demo', core, suites: [suite] });
  const a = new Side(core, handfast.initiator(options(0)), 1_700_000_000_050, 3);
  const b = new Side(core, handfast.responder(options(1)), 1_700_000_000_000, 4);
  try {
    converse(a, b);
    if (!a.opened || !b.opened) return `does not open: ${a.why ?? b.why ?? 'no reason given'}`;
    if (a.opened.peer.id !== identities[1].id || b.opened.peer.id !== identities[0].id) return 'the sides name other peers';
    return differs(a.opened.binding.subarray(0, 16), binding) ?? differs(b.opened.binding.subarray(0, 16), binding);
  } finally {
    for (const side of [a, b]) side.opened?.traffic.wipe();
    for (const identity of identities) identity.wipe();
  }
}

function differs(bytes: Uint8Array, expected: string): string | undefined {
  const found = toHex(bytes);
  return found === expected ? undefined : `expected ${expected}, not ${found}`;
}

function notRefused(code: string, work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    const found = describeError(error).code;
    return found === code ? undefined : `expected ${code}, not ${found}`;
  }
  return `expected ${code}, but it was taken`;
}

/** The bytes 00, 01, 02... */
function run(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i);
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[0] ^= 1;
  return copy;
}

const TEXT = utf8('handfast');

const EXPECTED = {
  xPublic: '358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254',
  shared: '9663aa1da97e848a914a436d04163dfbb89178f107f1b5b77ed3854203382854',
  edPublic: '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8',
  edSignature:
    '5a0b74d7914be839dbcb38ed329abc1edb856fc38c46c7a914df6a64563780504aaf61ea95d550cb3ae104d62644d780bc232a2ca88973d38e4a87c165c0cf02',
  // Key 1 and SHA-256 of "Satoshi Nakamoto": the pair by which RFC 6979 nonces on this curve are commonly checked.
  secp256k1:
    '3045022100934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d802202442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
  chacha: 'e19a66644f76d6340bfc94916c3865812c75bbb49228ee30',
  xchacha: 'f6a3611bf6b3feda7b5d774c3428d988c1d6ca096b76101c',
  gcm: '2f63b87fa384b16f2b1fdeafeb6d5a193a30ca8ebc8edbb6',
  blake2b:
    '3f47f83c0768622eafd7b89412da8eb304785d54065c4851ddfb83a729ad6abc925d3c0132bf01a73afe518916b0b70ceebfdb22c72e66308a8af19c6e3c0b32',
  sha256: 'a553e969b55b8b7a06f2634a9d93a884d2a8e767dc646ed58df01b5b0aa59048',
  sha512:
    '0f25e9f717d4853950e9e2ec08c4af91efe213b1badccc5675b803ddc3261f9cef333c29ddbb5c850d7fd27608d7922fd1d6c25fc7469025051f3a8fe7afc9fa',
  hmac: '73b688ae1fbc3f033246f475be57355352ffd0436f7f877b0f252d274dc84231',
  hkdf: '64cc2a23b7a1da4310420350405fdf5d632cb9bda3700d753e96cbcfeb81d4496259e7075d6da9d2c325',
  kdf: 'c42eec7a8b3fbe275b80542d0240a6c1eb7122c9d6bade191097faa264ba669e',
  bindingChacha: 'f60830e3555e802899657f42b2cdbc70',
  bindingGcm: 'c775f9344e818d0a4ff55811acddb3ea',
} as const;
