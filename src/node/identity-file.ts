/**
 * Identities in files: JSON that only its owner may read, in clear or sealed with a passphrase. The format is described in docs/cli.md.
 * A file is never overwritten, and is whole or not there: it is written beside its place, synced, and linked into it.
 */
import { type ScryptOptions, scrypt as scryptCallback } from 'node:crypto';
import { link } from 'node:fs/promises';
import { core as chosenCore } from '../core/choose.ts';
import type { Bytes, Core } from '../core/core.ts';
import { Identity } from '../core/identity.ts';
import { HandfastError } from '../errors.ts';
import { readPrivateFile, shellWord, writeNew, writePrivateFile } from './private-file.ts';

export interface WriteIdentityOptions {
  /** Seals the file; 1 byte or more, taken as it is. The caller wipes it. In clear when absent. */
  passphrase?: Bytes | undefined;
  core?: Core | undefined;
}

/**
 * Writes a new file of mode 0600.
 * @throws HF_BAD_ARGUMENT when something is there already or the passphrase is empty; HF_UNSUPPORTED when the identity's key is held elsewhere; errors of the file system as they are.
 * Cost: with a passphrase some 0.4 s and 128 MiB.
 */
export async function writeIdentityFile(path: string, identity: Identity, options: WriteIdentityOptions = {}): Promise<void> {
  const seed = identity.exportSeed();
  let text: string;
  try {
    text = await fileText(identity.id, seed, options);
  } finally {
    seed.fill(0);
  }
  const bytes = Buffer.from(text);
  try {
    await writePrivateFile(path, bytes, (temporary) => place(temporary, path, bytes));
  } finally {
    bytes.fill(0);
  }
}

export interface ReadIdentityOptions {
  /** Asked when the file is sealed. The answer is wiped after use; undefined: there is none. */
  passphrase?: (() => Bytes | undefined | Promise<Bytes | undefined>) | undefined;
  core?: Core | undefined;
}

/** @throws HF_BAD_KEY, with the line that cures it, when others may read the file, it is no identity file, it is sealed and no passphrase opens it, or its key does not belong to its id. */
export async function readIdentityFile(path: string, { passphrase, core = chosenCore }: ReadIdentityOptions = {}): Promise<Identity> {
  const { text, mode } = await readPrivateFile(path, {
    kind: 'an identity file',
    largest: LARGEST_FILE,
    refuse: (what) => bad(path, what),
  });
  const file = parse(path, text);
  // Only of an identity file: to others, whoever may read them is no concern of ours.
  if ((mode & 0o077) !== 0) {
    const open = mode.toString(8).padStart(4, '0');
    throw bad(path, `others can reach this private key (mode ${open}): chmod 600 ${shellWord(path)}`);
  }
  const seed = file.sealed ? await openSeed(path, file.id, file.sealed, passphrase, core) : decode(path, 'seed', file.seed, 32);
  try {
    const identity = Identity.fromSeed(seed, { core });
    if (identity.id === file.id) return identity;
    identity.wipe();
    throw bad(path, `the key in it belongs to ${identity.id}, not to the id it states: the file was changed`);
  } finally {
    core.wipe(seed);
  }
}

interface IdentityFile {
  id: string;
  seed?: unknown;
  sealed?: Sealed;
}

/** How a seed is sealed: XChaCha20-Poly1305 under scrypt (RFC 7914) of the passphrase. Bytes are base64. */
interface Sealed {
  kdf: 'scrypt';
  n: number;
  r: number;
  p: number;
  /** 16 bytes. */
  salt: string;
  cipher: 'xchacha20-poly1305';
  /** 24 bytes. */
  nonce: string;
  /** 32 bytes sealed: 48. The associated data is the text of {@link associated}. */
  seed: string;
}

async function fileText(id: string, seed: Bytes, { passphrase, core = chosenCore }: WriteIdentityOptions): Promise<string> {
  const head = { handfast: 'identity', version: VERSION, type: TYPE, id };
  if (!passphrase) return `${JSON.stringify({ ...head, seed: base64(seed) }, null, 2)}\n`;
  if (passphrase.length === 0) throw new HandfastError('BAD_ARGUMENT', 'passphrase: expected at least one byte');
  const salt = core.random(16);
  const nonce = core.random(24);
  const key = await scrypt(passphrase, salt, COST);
  const box = core.aead.seal('xchacha20-poly1305', key, nonce, seed, associated(id));
  core.wipe(key);
  const sealed: Sealed = {
    kdf: 'scrypt',
    n: COST.n,
    r: COST.r,
    p: COST.p,
    salt: base64(salt),
    cipher: 'xchacha20-poly1305',
    nonce: base64(nonce),
    seed: base64(box),
  };
  return `${JSON.stringify({ ...head, sealed }, null, 2)}\n`;
}

async function openSeed(path: string, id: string, sealed: Sealed, ask: ReadIdentityOptions['passphrase'], core: Core): Promise<Bytes> {
  const { kdf, cipher, n, r, p } = sealed;
  if (kdf !== 'scrypt' || cipher !== 'xchacha20-poly1305') throw bad(path, 'it is sealed in a way this version does not know');
  // What a file may ask of us is bounded: 8 times the memory that we ask.
  const powerOfTwo = Number.isInteger(n) && n > 1 && Number.isInteger(Math.log2(n));
  if (!powerOfTwo || n > 8 * COST.n || r !== COST.r || p !== COST.p) throw bad(path, 'its scrypt parameters are out of range');
  const salt = decode(path, 'sealed.salt', sealed.salt, 16);
  const nonce = decode(path, 'sealed.nonce', sealed.nonce, 24);
  const box = decode(path, 'sealed.seed', sealed.seed, 48);
  const passphrase = await ask?.();
  if (!passphrase) throw bad(path, 'it is sealed with a passphrase and none was given');
  try {
    const key = await scrypt(passphrase, salt, { n, r, p });
    try {
      return core.aead.open('xchacha20-poly1305', key, nonce, box, associated(id));
    } catch (cause) {
      throw bad(path, 'the passphrase does not open it', { cause });
    } finally {
      core.wipe(key);
    }
  } finally {
    core.wipe(passphrase);
  }
}

function parse(path: string, text: string): IdentityFile {
  let file: Record<string, unknown>;
  try {
    file = Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    // The parser's own words would show parts of the key.
    throw bad(path, 'it is not an identity file: handfast keygen makes one');
  }
  if (file.handfast !== 'identity' || typeof file.id !== 'string') throw bad(path, 'it is not an identity file: handfast keygen makes one');
  if (file.version !== VERSION || file.type !== TYPE)
    throw bad(path, `version ${file.version} of type ${file.type} is not known: update handfast`);
  if (typeof file.sealed === 'object' && file.sealed !== null) return { id: file.id, sealed: file.sealed as Sealed };
  return { id: file.id, seed: file.seed };
}

function decode(path: string, name: string, text: unknown, length: number): Bytes {
  const bytes = typeof text === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  if (bytes?.length !== length) throw bad(path, `${name} in it is not ${length} bytes of base64`);
  // A copy of its own: small Buffers share a pool that nobody wipes.
  const copy = new Uint8Array(bytes);
  bytes.fill(0);
  return copy;
}

/** A link, unlike a rename, refuses when something is there. Where links are not known, an exclusive write is the next best. */
async function place(temporary: string, path: string, bytes: Bytes): Promise<void> {
  try {
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (!NO_LINKS.has(error.code ?? '')) throw error;
      return writeNew(path, bytes);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new HandfastError(
      'BAD_ARGUMENT',
      `${path} is there already and is never overwritten: name another file, or move it away yourself`,
    );
  }
}

function scrypt(passphrase: Bytes, salt: Bytes, { n, r, p }: typeof COST): Promise<Bytes> {
  const options: ScryptOptions = { N: n, r, p, maxmem: 128 * n * r + 128 * r * p + 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scryptCallback(passphrase, salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function associated(id: string): Bytes {
  return new TextEncoder().encode(`handfast identity ${VERSION} ${TYPE} ${id}`);
}

function base64(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

function bad(path: string, what: string, options?: ErrorOptions): HandfastError {
  return new HandfastError('BAD_KEY', `${path}: ${what}`, options);
}

const VERSION = 1;
const TYPE = 'ed25519';
/** OWASP's first choice for scrypt: 128 MiB, some 0.4 s. */
const COST = { n: 2 ** 17, r: 8, p: 1 };
const LARGEST_FILE = 4096;
const NO_LINKS = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']);
