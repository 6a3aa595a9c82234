/** Random calls of every function of a core, for two cores to be compared on: results, refusals and codes. */
import type {
  AeadName,
  Cipher,
  Core,
  Framing,
  Job,
  Secret,
  SecretInput,
  Sequence,
  SequenceStep,
  SignedItem,
  Suite,
} from '../../src/core/core.ts';
import { HandfastError } from '../../src/errors.ts';
import { hex, toHex } from './bytes.ts';
import { edgePoint, edgeSignature } from './ed25519-edges.ts';
import { Random } from './random.ts';

/** One call with its arguments fixed. What it returns, or throws, must be the same on both cores. */
export type Call = (core: Core) => unknown;

/** A maker of calls for each function. The core it is given only helps to make inputs, such as signatures that are right. */
export const FUNCTIONS: Readonly<Record<string, (random: Random, helper: Core) => Call>> = {
  'x25519.keyPair': (random) => {
    const seed = near(random, 32);
    return (core) => core.x25519.keyPair(seed);
  },
  'x25519.publicKey': (random) => {
    const key = keyInput(random, near(random, 32));
    return (core) => key(core, (input) => core.x25519.publicKey(input));
  },
  'x25519.shared': (random) => {
    const key = keyInput(random, near(random, 32));
    const point = montgomeryPoint(random);
    return (core) => key(core, (input) => core.x25519.shared(input, point));
  },
  'ed25519.keyPair': (random) => {
    const seed = near(random, 32);
    return (core) => core.ed25519.keyPair(seed);
  },
  'ed25519.sign': (random, helper) => {
    const message = random.bytes(random.below(200));
    // Right, with a public half that does not belong, or of another length.
    const key = keyInput(random, random.chance(0.5) ? helper.ed25519.keyPair(random.bytes(32)).secretKey : near(random, 64));
    return (core) => key(core, (input) => core.ed25519.sign(message, input));
  },
  'ed25519.verify': (random, helper) => {
    const { signature, message, publicKey } = ed25519Item(random, helper);
    return (core) => core.ed25519.verify(signature, message, publicKey);
  },
  'ed25519.verifyMany': (random, helper) => {
    const items = list(random, fewOrMany(random), () => ed25519Item(random, helper));
    return (core) => core.ed25519.verifyMany(items);
  },
  'ed25519.usablePublicKey': (random) => {
    const key = random.chance(0.7) ? edgePoint(random) : near(random, 32);
    return (core) => core.ed25519.usablePublicKey(key);
  },
  'secp256k1.keyPair': (random) => {
    const key = scalar(random);
    return (core) => core.secp256k1.keyPair(key);
  },
  'secp256k1.publicKey': (random) => {
    const key = keyInput(random, scalar(random));
    return (core) => key(core, (input) => core.secp256k1.publicKey(input));
  },
  'secp256k1.sign': (random) => {
    const key = keyInput(random, scalar(random));
    const digest = digestOf(random);
    return (core) => key(core, (input) => core.secp256k1.sign(digest, input));
  },
  'secp256k1.verify': (random, helper) => {
    const { signature, message, publicKey } = secp256k1Item(random, helper);
    const options = random.pick([undefined, {}, { lowS: true }, { lowS: false }]);
    return (core) => core.secp256k1.verify(signature, message, publicKey, options);
  },
  'secp256k1.verifyMany': (random, helper) => {
    const items = list(random, 4, () => secp256k1Item(random, helper));
    return (core) => core.secp256k1.verifyMany(items);
  },
  'hash.blake2b': (random) => {
    const parts = list(random, 5, () => random.bytes(random.below(300)));
    const options = {
      ...(random.chance(0.6) && { length: random.chance(0.9) ? random.between(1, 64) : random.pick([0, 65, 1.5, -1]) }),
      ...(random.chance(0.4) && { key: random.bytes(random.chance(0.9) ? random.between(1, 64) : random.pick([0, 65, 128])) }),
      ...(random.chance(0.3) && { salt: near(random, 16) }),
      ...(random.chance(0.3) && { personal: near(random, 16) }),
    };
    const message = random.chance(0.5) ? parts : random.bytes(random.below(1000));
    return (core) => core.hash.blake2b(message, options);
  },
  'hash.sha256': (random) => {
    const message = random.bytes(random.below(500));
    return (core) => core.hash.sha256(message);
  },
  'hash.sha512': (random) => {
    const message = random.bytes(random.below(500));
    return (core) => core.hash.sha512(message);
  },
  'hash.hmacSha256': (random) => {
    const [key, message] = [random.bytes(random.below(200)), random.bytes(random.below(300))];
    return (core) => core.hash.hmacSha256(key, message);
  },
  'hash.hmacSha512': (random) => {
    const [key, message] = [random.bytes(random.below(300)), random.bytes(random.below(300))];
    return (core) => core.hash.hmacSha512(key, message);
  },
  'hash.hkdfSha256': (random) => {
    const [ikm, salt, info] = [random.bytes(random.below(100)), random.bytes(random.below(100)), random.bytes(random.below(100))];
    const length = random.chance(0.9) ? random.between(1, 300) : random.pick([0, 8160, 8161, -5, 0.5]);
    return (core) => core.hash.hkdfSha256(ikm, salt, info, length);
  },
  'aead.seal': (random) => {
    const [name, nonceLength] = random.pick(AEADS);
    const key = keyInput(random, near(random, 32));
    const [nonce, message, ad] = [near(random, nonceLength), random.bytes(random.below(400)), maybeAd(random)];
    const outLength = random.chance(0.5) ? undefined : message.length + (random.chance(0.9) ? 16 : random.below(40));
    return (core) => {
      const out = outLength === undefined ? undefined : new Uint8Array(outLength);
      return key(core, (input) => [core.aead.seal(name, input, nonce, message, ad, out), out]);
    };
  },
  'aead.open': (random, helper) => {
    const [name, nonceLength] = random.pick(AEADS);
    const [key, nonce, message, ad] = [random.bytes(32), random.bytes(nonceLength), random.bytes(random.below(400)), maybeAd(random)];
    const right = helper.aead.seal(name, key, nonce, message, ad);
    const sealed = random.chance(0.5) ? right : random.mutated(right);
    const out = random.chance(0.5) ? undefined : random.bytes(Math.max(0, sealed.length - (random.chance(0.9) ? 16 : random.below(40))));
    const someKey = keyInput(random, random.chance(0.05) ? near(random, 32) : key);
    const someNonce = random.chance(0.05) ? near(random, nonceLength) : nonce;
    return (core) => withOut(out, (given) => someKey(core, (input) => core.aead.open(name, input, someNonce, sealed, ad, given)));
  },
  'xtea256.crypt': (random) => {
    const key = keyInput(random, near(random, 32));
    const backwards = random.chance(0.5);
    const data = random.bytes(random.chance(0.9) ? 8 * random.below(80) : random.pick([1, 7, 4104, 4113]));
    const rounds = random.chance(0.9) ? random.between(1, 128) : random.pick([0, 129, 0.5, -1]);
    const out = random.chance(0.5) ? undefined : random.bytes(random.chance(0.9) ? data.length : random.below(40));
    return (core) => {
      const crypt = backwards ? core.xtea256.decrypt : core.xtea256.encrypt;
      return withOut(out, (given) => key(core, (input) => crypt(input, data, rounds, given)));
    };
  },
  'xtea256.cryptIn': (random) => {
    const key = keyInput(random, near(random, 32));
    const backwards = random.chance(0.5);
    const data = random.bytes(4096);
    const offset = random.chance(0.9) ? random.below(4096) : random.pick([-1, 4096, 4097, 0.5]);
    const length = random.chance(0.9) ? 8 * random.below(64) : random.pick([-8, 7, 4096, 5000]);
    const rounds = random.chance(0.95) ? random.between(1, 128) : random.pick([0, 129]);
    return (core) => {
      const slab = core.slab(4096);
      slab.bytes.set(data);
      const crypt = backwards ? core.xtea256.decryptIn : core.xtea256.encryptIn;
      try {
        return [outcomeOf(() => key(core, (input) => crypt(slab, offset, length, input, rounds)), core), slab.bytes.slice()];
      } finally {
        slab.release();
      }
    };
  },
  'guarded.x25519KeyPair': (random) => {
    const seed = near(random, 32);
    return (core) => core.guarded.x25519KeyPair(seed);
  },
  'guarded.x25519Shared': (random) => {
    const key = random.bytes(random.chance(0.95) ? 32 : random.between(1, 64));
    const point = montgomeryPoint(random);
    return (core) => lent(core, key, (secret) => core.guarded.x25519Shared(secret, point));
  },
  'guarded.ed25519KeyPair': (random) => {
    const seed = near(random, 32);
    return (core) => core.guarded.ed25519KeyPair(seed);
  },
  'guarded.blake2b': (random) => {
    const key = random.bytes(random.between(1, 64));
    const parts = list(random, 4, () => random.bytes(random.below(300)));
    const length = random.chance(0.95) ? random.between(1, 64) : random.pick([0, 65]);
    return (core) => lent(core, key, (secret) => core.guarded.blake2b([...parts, secret, ...parts], length));
  },
  'guarded.kdf': (random) => {
    const key = random.bytes(random.chance(0.9) ? random.between(32, 64) : random.between(1, 31));
    const id = random.chance(0.9) ? random.below(2 ** 53) : random.pick([0, -1, 0.5, 2 ** 53 - 1, 2 ** 53]);
    const context = near(random, 8);
    return (core) => lent(core, key, (secret) => core.guarded.kdf(secret, id, context));
  },
  cipher: cipherStory,
  sequence: sequenceStory,
  run: (random, helper) => {
    const jobs = list(random, fewOrMany(random), () => job(random, helper));
    return (core) => {
      const made = jobs.map((make) => make(core));
      try {
        return core.run(made);
      } finally {
        for (const { secretKey } of made as { secretKey?: SecretInput }[]) if (secretKey && 'wipe' in secretKey) secretKey.wipe();
      }
    };
  },
};

/** What a call comes to, as text that can be compared: the result, or the code and blame. Secrets are exported and wiped. */
export function outcomeOf(call: Call, core: Core): string {
  try {
    return show(call(core));
  } catch (error) {
    return error instanceof HandfastError ? `${error.code} (${error.blame})` : `threw ${String(error)}`;
  }
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (isSecret(value)) {
    const bytes = value.export();
    value.wipe();
    return `Secret ${toHex(bytes)}`;
  }
  return `{${Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => `${name}: ${show(each)}`)
    .join(', ')}}`;
}

function isSecret(value: object): value is Secret {
  return 'export' in value && typeof value.export === 'function';
}

/** Seals a few messages, spoils the bytes or not, and opens them, in pieces or whole; all that can be seen is compared. */
function cipherStory(random: Random): Call {
  const suite: Suite = random.pick(['chacha20-poly1305', 'aes-256-gcm']);
  const framing: Framing = {
    lengthBytes: random.pick([2, 4]),
    ad: random.pick(['length', 'none']),
    rekeyEvery: random.pick([0, 1, 2, 5, 65_536]),
  };
  const counter = random.pick([0n, 0n, 1n, 3n, 65_534n, 2n ** 32n - 2n, 2n ** 64n - 6n, 2n ** 64n - 2n, 2n ** 64n - 1n]);
  const key = random.bytes(32);
  const messages = list(random, 6, () => random.bytes(random.below(120) + (random.chance(0.95) ? 1 : 0)));
  const spoil = random.chance(0.5) ? list(random, 2, () => ({ at: random.word(), bit: random.below(8) })) : [];
  // A length written over one that was right.
  const lie = random.chance(0.2) ? { frame: random.below(6), length: random.pick([0, 15, 16, 17, 18, 200, 65_535]) } : undefined;
  const cuts = list(random, 3, () => random.word());
  const maxLength = random.chance(0.8) ? 65_535 : random.below(140);
  const capacity = random.between(1, 6);
  return (core) => {
    const slab = core.slab(4096);
    const table = core.frameTable(8);
    const [sealer, opener] = [core.cipher({ suite, key, framing, counter }), core.cipher({ suite, key, framing, counter })];
    const seen: unknown[] = [];
    try {
      let end = 0;
      for (const [i, message] of messages.entries()) {
        table.entries.set([end + framing.lengthBytes, message.length], 2 * i);
        slab.bytes.set(message, end + framing.lengthBytes);
        end += framing.lengthBytes + message.length + 16;
      }
      seen.push(
        outcomeOf(() => sealer.sealMany(slab, table, messages.length), core),
        sealer.counter,
        slab.bytes.slice(0, end),
      );
      const lied = lie && lie.frame < messages.length ? table.entries[2 * lie.frame]! : 0;
      if (lied > 0) slab.bytes.set([lie!.length >> 8, lie!.length & 0xff], lied - 2);
      for (const { at, bit } of spoil) slab.bytes[at % Math.max(1, end)]! ^= 1 << bit;
      const opened = core.frameTable(capacity);
      let start = 0;
      for (const to of [...cuts.map((cut) => cut % (end + 1)).sort((a, b) => a - b), end, end]) {
        if (to < start) continue;
        const count = opener.openMany(slab, start, to, opened, maxLength);
        seen.push(count, [...opened.outcome], [...opened.entries.subarray(0, 2 * count)], opener.counter);
        start = opened.outcome[1]!;
      }
      seen.push(slab.bytes.slice(0, end));
    } finally {
      sealer.wipe();
      opener.wipe();
      slab.release();
    }
    return seen;
  };
}

/** One of a few hundred sequences, right or nearly so, on random inputs; its ciphers seal one message. A core never gives a sequence back, so that each is made once. */
function sequenceStory(random: Random): Call {
  const number = random.below(300);
  const [text, other] = [random.bytes(random.below(random.chance(0.95) ? 200 : 6000)), random.bytes(random.below(100))];
  const lengths = [32, 64].map((length) => (random.chance(0.97) ? length : random.between(1, 64)));
  return (core) => {
    let made = sequencesOf.get(core);
    if (!made) {
      made = new Map();
      sequencesOf.set(core, made);
    }
    if (!made.has(number)) made.set(number, sequenceOf(core, number));
    const sequence = made.get(number)!;
    if (typeof sequence === 'string') return sequence;
    const keys = lengths.map((length, i) => core.guarded.import(new Uint8Array(length).fill(text.length + i + 1)));
    try {
      const results = sequence.run([text, keys[0]!, keys[1]!, other]);
      return [keys.map(({ wiped }) => wiped), results?.map((result) => (isCipher(result) ? sealedOnce(result) : result))];
    } finally {
      for (const key of keys) key.wipe();
    }
  };
}

const sequencesOf = new Map<Core, Map<number, Sequence | string>>();

function sequenceOf(core: Core, number: number): Sequence | string {
  const random = new Random(number, 'sequences');
  const names = ['text', 'key', 'long', 'other'];
  const steps: SequenceStep[] = [];
  const results: Record<string, 'bytes' | 'secret' | 'cipher'> = {};
  const keys = ['key'];
  for (let i = random.between(1, 9); i > 0; i--) {
    const into = `made ${i}`;
    const suite = random.pick<Suite>(['chacha20-poly1305', 'aes-256-gcm']);
    const any = () => random.pick(names);
    const key = () => (random.chance(0.97) ? random.pick(keys) : any());
    const step = random.pick<SequenceStep>([
      { op: 'blake2b', into, parts: list(random, 5, () => (random.chance(0.7) ? any() : random.bytes(random.below(40)))) },
      { op: 'kdf', into, key: random.chance(0.5) ? 'long' : key(), id: random.below(2 ** 53), context: random.bytes(8) },
      { op: 'seal', into, suite, key: key(), message: any(), ad: any() },
      { op: 'open', into, suite, key: key(), sealed: any(), ad: any() },
      {
        op: 'cipher',
        into,
        suite,
        key: key(),
        framing: { lengthBytes: random.pick([2, 4]), ad: random.pick(['length', 'none']), rekeyEvery: random.below(9) },
      },
    ]);
    steps.push(step);
    if (step.op === 'kdf') keys.push(into);
    if (step.op === 'cipher') results[into] = 'cipher';
    else {
      names.push(into);
      if (step.op === 'seal' || step.op === 'open') results[into] = 'bytes';
      else if (random.chance(0.5)) results[into] = random.pick(['bytes', 'secret']);
    }
  }
  try {
    return core.sequence({
      inputs: { text: 'bytes', key: random.pick([{ spent: 32 }, { secret: 32 }]), long: { spent: 64 }, other: 'bytes' },
      steps,
      results,
    });
  } catch (error) {
    return outcomeOf(() => {
      throw error;
    }, core);
  }
}

function isCipher(value: object): value is Cipher {
  return 'sealMany' in value;
}

function sealedOnce(cipher: Cipher): Uint8Array {
  const sealed = cipher.seal(Uint8Array.of(1, 2, 3));
  cipher.wipe();
  return sealed;
}

function job(random: Random, helper: Core): (core: Core) => Job {
  switch (random.below(5)) {
    case 0: {
      const message = random.bytes(random.below(100));
      const key = jobKey(random, near(random, 64));
      return (core) => ({ op: 'sign', message, secretKey: key(core) });
    }
    case 1: {
      const item = ed25519Item(random, helper);
      return () => ({ op: 'verify', ...item });
    }
    case 2: {
      const digest = digestOf(random);
      const key = jobKey(random, scalar(random));
      return (core) => ({ op: 'secp256k1-sign', digest, secretKey: key(core) });
    }
    case 3: {
      const publicKey = montgomeryPoint(random);
      const key = jobKey(random, near(random, 32));
      return (core) => ({ op: 'dh', publicKey, secretKey: key(core) as Secret });
    }
    default: {
      const { signature, message, publicKey } = secp256k1Item(random, helper);
      if (random.chance(0.2)) return () => ({ op: 'secp256k1-verify-sha512', signature, message, publicKey });
      return () => ({ op: 'secp256k1-verify', signature, digest: message, publicKey });
    }
  }
}

/** A key as bytes, as a Secret, or as one that was wiped; the caller wipes it. */
function jobKey(random: Random, bytes: Uint8Array): (core: Core) => SecretInput {
  const way = random.chance(0.5) ? 'bytes' : random.chance(0.9) ? 'secret' : 'wiped';
  if (way === 'bytes' || bytes.length < 1 || bytes.length > 64) return () => bytes;
  return (core) => {
    const secret = core.guarded.import(bytes);
    if (way === 'wiped') secret.wipe();
    return secret;
  };
}

function keyInput(random: Random, bytes: Uint8Array): (core: Core, use: (input: SecretInput) => unknown) => unknown {
  const key = jobKey(random, bytes);
  return (core, use) => {
    const input = key(core);
    try {
      return use(input);
    } finally {
      if ('wipe' in input) input.wipe();
    }
  };
}

function ed25519Item(random: Random, helper: Core): SignedItem {
  if (random.chance(0.4)) return edgeSignature(random);
  const { publicKey, secretKey } = helper.ed25519.keyPair(random.bytes(32));
  const message = random.bytes(random.below(200));
  const signature = helper.ed25519.sign(message, secretKey);
  return spoilt(random, { signature, message, publicKey });
}

function secp256k1Item(random: Random, helper: Core): SignedItem {
  const key = random.bytes(32);
  const message = random.chance(0.98) ? random.bytes(32) : digestOf(random);
  let signature = helper.secp256k1.sign(message.length === 32 ? message : key, key);
  if (random.chance(0.3)) signature = withHighS(signature);
  if (random.chance(0.4)) signature = der(random, signature);
  if (random.chance(0.1)) signature = random.bytes(random.between(0, 80));
  const item = { signature, message, publicKey: helper.secp256k1.publicKey(key) };
  if (random.chance(0.1)) item.publicKey = Uint8Array.of(random.pick([4, 6, 7]), ...random.bytes(64));
  if (random.chance(0.1)) item.publicKey[0] = random.below(9);
  return message.length === 32 && random.chance(0.5) ? { ...spoilt(random, item), message } : item;
}

/** One part in two changed, now and then two. */
function spoilt(random: Random, item: SignedItem): SignedItem {
  const changed = { ...item };
  if (random.chance(0.25)) changed.signature = random.mutated(item.signature);
  if (random.chance(0.1)) changed.message = random.mutated(item.message);
  if (random.chance(0.15)) changed.publicKey = random.mutated(item.publicKey);
  return changed;
}

/** The other of the two signatures. */
function withHighS(signature: Uint8Array): Uint8Array {
  const [r, s] = numbersOf(signature);
  return sequence(integer(r), integer(SECP256K1_ORDER - s));
}

/** The same numbers, or ones at the edges, in DER that is right, or in what only lax readers take for it. */
function der(random: Random, signature: Uint8Array): Uint8Array {
  const edge = (value: bigint): bigint =>
    random.chance(0.15)
      ? random.pick([0n, 1n, 127n, 128n, value + SECP256K1_ORDER, SECP256K1_ORDER, SECP256K1_ORDER - 1n, 2n ** 256n - 1n])
      : value;
  const written = (value: bigint): Uint8Array => {
    const right = integer(value);
    const body = right.subarray(2);
    switch (random.below(12)) {
      case 0: // padded
        return Uint8Array.of(2, body.length + 1, 0, ...body);
      case 1: // without the zero that keeps it positive
        return body[0] === 0 ? Uint8Array.of(2, body.length - 1, ...body.subarray(1)) : right;
      case 2: // the length in two bytes
        return Uint8Array.of(2, 0x81, body.length, ...body);
      case 3: // negative
        return Uint8Array.of(2, body.length, body[0]! | 0x80, ...body.subarray(1));
      case 4: // no integer
        return Uint8Array.of(random.pick([0, 3, 0x82]), ...right.subarray(1));
      case 5:
        return random.chance(0.3) ? Uint8Array.of(2, 0) : right;
      default:
        return right;
    }
  };
  const [r, s] = numbersOf(signature);
  const whole = sequence(written(edge(r)), written(edge(s)));
  switch (random.below(12)) {
    case 0:
      return Uint8Array.of(...whole, 0);
    case 1:
      return Uint8Array.of(0x30, 0x81, ...whole.subarray(1));
    case 2:
      return Uint8Array.of(0x30, whole[1]! + 2, ...whole.subarray(2), 5, 0);
    case 3:
      return Uint8Array.of(0x30, 0x80, ...whole.subarray(2), 0, 0);
    case 4:
      return Uint8Array.of(0x30, random.pick([0, whole[1]! - 1, whole[1]! + 1, 0xff]), ...whole.subarray(2));
    default:
      return whole;
  }
}

function numbersOf(signature: Uint8Array): [bigint, bigint] {
  const end = 4 + signature[3]!;
  return [BigInt(`0x${toHex(signature.subarray(4, end))}`), BigInt(`0x${toHex(signature.subarray(end + 2))}`)];
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  const body = parts.flatMap((part) => [...part]);
  return Uint8Array.of(0x30, body.length, ...body);
}

function integer(value: bigint): Uint8Array {
  const digits = value.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  const body = even[0]! >= '8' ? `00${even}` : even;
  return Uint8Array.of(2, body.length / 2, ...hex(body));
}

function montgomeryPoint(random: Random): Uint8Array {
  const point = random.chance(0.6) ? random.bytes(32) : random.chance(0.2) ? near(random, 32) : edgePoint(random);
  if (point.length === 32 && random.chance(0.2)) point.set(new Uint8Array(31), 0);
  return point;
}

/** A secret key of secp256k1: of the right length, zero, or from the order upwards. */
function scalar(random: Random): Uint8Array {
  if (random.chance(0.8)) return near(random, 32);
  const edge = random.pick([0n, 1n, SECP256K1_ORDER - 1n, SECP256K1_ORDER, SECP256K1_ORDER + 1n, 2n ** 256n - 1n]);
  return Uint8Array.from(edge.toString(16).padStart(64, '0').match(/../g)!, (pair) => Number.parseInt(pair, 16));
}

function digestOf(random: Random): Uint8Array {
  return random.chance(0.8) ? near(random, 32) : new Uint8Array(32).fill(random.pick([0, 255]));
}

/** Mostly of `length` bytes. */
function near(random: Random, length: number): Uint8Array {
  if (random.chance(0.9)) return random.bytes(length);
  return random.bytes(random.pick([0, 1, length - 1, length + 1, 2 * length, random.below(100)]));
}

function list<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: random.between(0, most) }, make);
}

/** Now and then enough for vector kernels to be full. */
function fewOrMany(random: Random): number {
  return random.chance(0.05) ? 24 : 4;
}

function maybeAd(random: Random): Uint8Array | undefined {
  return random.chance(0.3) ? undefined : random.bytes(random.below(40));
}

/** The result, or the code, and what `out` holds afterwards. */
function withOut(out: Uint8Array | undefined, work: (out: Uint8Array | undefined) => unknown): unknown {
  const own = out && new Uint8Array(out);
  try {
    return [work(own), own];
  } catch (error) {
    if (error instanceof HandfastError) return [error.code, own];
    throw error;
  }
}

function lent<T>(core: Core, key: Uint8Array, work: (secret: Secret) => T): T {
  const secret = core.guarded.import(key);
  try {
    return work(secret);
  } finally {
    secret.wipe();
  }
}

const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const AEADS: readonly [AeadName, number][] = [
  ['chacha20-poly1305', 12],
  ['aes-256-gcm', 12],
  ['xchacha20-poly1305', 24],
];
