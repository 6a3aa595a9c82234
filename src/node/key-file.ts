/**
 * Private keys of any kind in files: JSON that only its owner may read, in clear or sealed with a passphrase. The format is described in docs/cli.md.
 * A file is never overwritten, and is whole or not there: it is written beside its place, synced, and linked into it.
 */
import { type ScryptOptions, scrypt as scryptCallback } from 'node:crypto';
import { link } from 'node:fs/promises';
import { core as chosenCore } from '../core/choose.ts';
import type { Bytes, Core } from '../core/core.ts';
import { HandfastError } from '../errors.ts';
import { readPrivateFile, shellWord, writeNew, writePrivateFile } from './private-file.ts';

/** A key as a file holds it. */
export interface StoredKey {
  /** What it is: `ed25519`, `secp256k1`. */
  readonly type: string;
  /** The public form that it goes by; sealed together with the secret, so that neither can be exchanged. */
  readonly id: string;
  /** 1 to 3,000 bytes: a seed, a private key, PKCS #8. Its owner wipes it. */
  readonly secret: Bytes;
}

export interface WriteKeyOptions {
  /** Seals the file; 1 byte or more, taken as it is. The caller wipes it. In clear when absent. */
  passphrase?: Bytes | undefined;
  core?: Core | undefined;
}

/**
 * Writes a new file of mode 0600.
 * @throws HF_BAD_ARGUMENT when something is there already or the passphrase is empty; errors of the file system as they are.
 * Cost: with a passphrase some 0.4 s and 128 MiB.
 */
export async function writeKeyFile(path: string, key: StoredKey, options: WriteKeyOptions = {}): Promise<void> {
  const bytes = Buffer.from(await fileText(key, options));
  try {
    await writePrivateFile(path, bytes, (temporary) => place(temporary, path, bytes));
  } finally {
    bytes.fill(0);
  }
}

export interface ReadKeyOptions {
  /** The types that will do; any when absent. */
  types?: readonly string[] | undefined;
  /** Asked when the file is sealed. The answer is wiped after use; undefined: there is none. */
  passphrase?: (() => Bytes | undefined | Promise<Bytes | undefined>) | undefined;
  core?: Core | undefined;
}

/**
 * The key of a file; that it belongs to its id is for the caller to check, who knows its type. The caller wipes the secret.
 * @throws HF_BAD_KEY, with the line that cures it, when others may read the file, it is no identity file, it is of another type, or it is sealed and no passphrase opens it.
 */
export async function readKeyFile(path: string, { types, passphrase, core = chosenCore }: ReadKeyOptions = {}): Promise<StoredKey> {
  const { text, mode } = await readPrivateFile(path, {
    kind: 'an identity file',
    largest: LARGEST_FILE,
    refuse: (what) => bad(path, what),
  });
  const file = parse(path, text, types);
  // Only of an identity file: to others, whoever may read them is no concern of ours.
  if ((mode & 0o077) !== 0) {
    const open = mode.toString(8).padStart(4, '0');
    throw bad(path, `others can reach this private key (mode ${open}): chmod 600 ${shellWord(path)}`);
  }
  const { type, id, sealed } = file;
  const secret = sealed ? await openSecret(path, file, sealed, passphrase, core) : decode(path, nameOf(type), file.secret, lengthOf(type));
  return { type, id, secret };
}

/** What is wrong with a file, as an error of this module. */
export function badKeyFile(path: string, what: string): HandfastError {
  return bad(path, what);
}

interface KeyFile {
  type: string;
  id: string;
  secret?: unknown;
  sealed?: Sealed;
}

/** How a secret is sealed: XChaCha20-Poly1305 under scrypt (RFC 7914) of the passphrase. Bytes are base64. */
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
  /** The secret sealed, 16 bytes more than it has. The associated data is the text of {@link associated}. Ed25519 keys have it under `seed`. */
  secret?: string;
  seed?: string;
}

async function fileText({ type, id, secret }: StoredKey, { passphrase, core = chosenCore }: WriteKeyOptions): Promise<string> {
  const head = { handfast: 'identity', version: VERSION, type, id };
  const name = nameOf(type);
  if (!passphrase) return `${JSON.stringify({ ...head, [name]: base64(secret) }, null, 2)}\n`;
  if (passphrase.length === 0) throw new HandfastError('BAD_ARGUMENT', 'passphrase: expected at least one byte');
  const salt = core.random(16);
  const nonce = core.random(24);
  const key = await scrypt(passphrase, salt, COST);
  const box = core.aead.seal('xchacha20-poly1305', key, nonce, secret, associated(type, id));
  core.wipe(key);
  const sealed: Sealed = {
    kdf: 'scrypt',
    n: COST.n,
    r: COST.r,
    p: COST.p,
    salt: base64(salt),
    cipher: 'xchacha20-poly1305',
    nonce: base64(nonce),
    [name]: base64(box),
  };
  return `${JSON.stringify({ ...head, sealed }, null, 2)}\n`;
}

async function openSecret(
  path: string,
  { type, id }: KeyFile,
  sealed: Sealed,
  ask: ReadKeyOptions['passphrase'],
  core: Core,
): Promise<Bytes> {
  const { kdf, cipher, n, r, p } = sealed;
  if (kdf !== 'scrypt' || cipher !== 'xchacha20-poly1305') throw bad(path, 'it is sealed in a way this version does not know');
  // What a file may ask of us is bounded: 8 times the memory that we ask.
  const powerOfTwo = Number.isInteger(n) && n > 1 && Number.isInteger(Math.log2(n));
  if (!powerOfTwo || n > 8 * COST.n || r !== COST.r || p !== COST.p) throw bad(path, 'its scrypt parameters are out of range');
  const salt = decode(path, 'sealed.salt', sealed.salt, 16);
  const nonce = decode(path, 'sealed.nonce', sealed.nonce, 24);
  const name = nameOf(type);
  const length = lengthOf(type);
  const box = decode(path, `sealed.${name}`, sealed[name], length && length + 16);
  const passphrase = await ask?.();
  if (!passphrase) throw bad(path, 'it is sealed with a passphrase and none was given');
  try {
    const key = await scrypt(passphrase, salt, { n, r, p });
    try {
      return core.aead.open('xchacha20-poly1305', key, nonce, box, associated(type, id));
    } catch (cause) {
      throw bad(path, 'the passphrase does not open it', { cause });
    } finally {
      core.wipe(key);
    }
  } finally {
    core.wipe(passphrase);
  }
}

function parse(path: string, text: string, types: readonly string[] | undefined): KeyFile {
  let file: Record<string, unknown>;
  try {
    file = Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    // The parser's own words would show parts of the key.
    throw bad(path, 'it is not an identity file: handfast keygen makes one');
  }
  const { id, type, version, sealed } = file;
  if (file.handfast !== 'identity' || typeof id !== 'string' || typeof type !== 'string')
    throw bad(path, 'it is not an identity file: handfast keygen makes one');
  if (version !== VERSION) throw bad(path, `version ${version} of type ${type} is not known: update handfast`);
  if (types && !types.includes(type)) throw bad(path, `it holds a key of type ${type}, and ${types.join(' or ')} is needed here`);
  if (typeof sealed === 'object' && sealed !== null) return { type, id, sealed: sealed as Sealed };
  return { type, id, secret: file[nameOf(type)] };
}

/** @param length any where absent. */
function decode(path: string, name: string, text: unknown, length: number | undefined): Bytes {
  const bytes = typeof text === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  if (!bytes || (length !== undefined && bytes.length !== length))
    throw bad(path, `${name} in it is not ${length === undefined ? '' : `${length} bytes of `}base64`);
  // A copy of its own: small Buffers share a pool that nobody wipes.
  const copy = new Uint8Array(bytes);
  bytes.fill(0);
  return copy;
}

const nameOf = (type: string): 'seed' | 'secret' => (type === 'ed25519' ? 'seed' : 'secret');

/** Where it is always the same. */
const lengthOf = (type: string): number | undefined => (RAW_TYPES.has(type) ? 32 : undefined);

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

function associated(type: string, id: string): Bytes {
  return new TextEncoder().encode(`handfast identity ${VERSION} ${type} ${id}`);
}

function base64(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

function bad(path: string, what: string, options?: ErrorOptions): HandfastError {
  return new HandfastError('BAD_KEY', `${path}: ${what}`, options);
}

const VERSION = 1;
/** Keys of 32 bytes. */
const RAW_TYPES = new Set(['ed25519', 'secp256k1', 'xtea256']);
/** OWASP's first choice for scrypt: 128 MiB, some 0.4 s. */
const COST = { n: 2 ** 17, r: 8, p: 1 };
const LARGEST_FILE = 4096;
const NO_LINKS = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']);
