/** Handshake keys of the native core: what stays in guarded memory from the first step to the last. */
import { badArgument, checkArray, checkBytes, checkInteger, checkLength } from './check.ts';
import type { Bytes, Guarded, SecretInput } from './core.ts';
import { AT, type Border, BULK, LARGE, MAX_PARTS, NativeSecret, NOTHING, pack } from './native-border.ts';
import { isForeignSecret } from './pure-secret.ts';

export function makeGuarded(border: Border): Guarded {
  const { addon } = border;
  return {
    import(bytes) {
      checkLength(bytes, 'bytes', 1, 64);
      return border.lasting(addon.secretImport(border.put(bytes, AT.key)), bytes.length);
    },

    importEphemeral(bytes) {
      checkLength(bytes, 'bytes', 1, 64);
      return border.secret(addon.secretImport(border.put(bytes, AT.key)), bytes.length);
    },

    x25519KeyPair(seed) {
      if (seed !== undefined) checkLength(seed, 'seed', 32);
      const handle = addon.secretX25519KeyPair(pack(AT.out, 32), seed === undefined ? NOTHING : border.put(seed, AT.key));
      return { publicKey: border.take(AT.out, 32), secretKey: border.secret(handle, 32) };
    },

    x25519Shared(secretKey, publicKey) {
      checkSecret(secretKey, 'secretKey');
      checkLength(publicKey, 'publicKey', 32);
      const key = border.key(secretKey, 'secretKey', 32);
      return border.secret(addon.secretX25519Shared(key, border.put(publicKey, AT.small)), 32);
    },

    ed25519KeyPair(seed) {
      if (seed !== undefined) checkLength(seed, 'seed', 32);
      const handle = addon.secretEd25519KeyPair(pack(AT.out, 32), seed === undefined ? NOTHING : border.put(seed, AT.key));
      return { publicKey: border.take(AT.out, 32), secretKey: border.lasting(handle, 64) };
    },

    blake2b(parts, length) {
      checkArray(parts, 'parts');
      checkInteger(length, 'length', 1, 64);
      return border.secret(blake2b(border, parts as readonly SecretInput[], length), length);
    },

    kdf(key, id, context) {
      checkSecret(key, 'key');
      checkInteger(id, 'id', 0, Number.MAX_SAFE_INTEGER);
      checkLength(context, 'context', 8);
      const handle = border.guarded(key, 'key', 32, 64);
      try {
        return border.secret(addon.secretKdf(handle, id, border.put(context, AT.small)), 32);
      } finally {
        border.done(key, handle);
      }
    },

    get live() {
      return addon.secretLive();
    },
  };
}

/** Handles stay handles; bytes that stand together are one part. */
function blake2b(border: Border, parts: readonly SecretInput[], length: number): number {
  const { numbers, bytes } = border;
  let count = 0;
  let at = BULK;
  // Where bytes that no handle has interrupted began; -1: none.
  let from = -1;
  let wipeTo = BULK;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const handle = NativeSecret.handleOf(part);
    if (handle !== undefined) {
      if (count + 2 > MAX_PARTS) return blake2bOfMany(border, parts, length);
      if (from >= 0) numbers[count++] = pack(from, at - from);
      from = -1;
      numbers[count++] = handle;
      continue;
    }
    const own = isForeignSecret(part) ? part.export() : part;
    checkBytes(own, `parts[${i}]`);
    if (at + own.length > BULK + LARGE) return blake2bOfMany(border, parts, length);
    bytes.set(own, at);
    if (from < 0) from = at;
    at += own.length;
    if (own !== part) {
      own.fill(0);
      wipeTo = at;
    }
  }
  if (from >= 0) numbers[count++] = pack(from, at - from);
  const handle = border.addon.secretBlake2b(length, pack(AT.parts, 8 * count));
  if (wipeTo > BULK) bytes.fill(0, BULK, wipeTo);
  return handle;
}

/** More than the scratch block takes: joined in memory of the moment, which is wiped. */
function blake2bOfMany(border: Border, parts: readonly SecretInput[], length: number): number {
  const copies: Bytes[] = [];
  const exported: Bytes[] = [];
  let total = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const secret = NativeSecret.handleOf(part) !== undefined || isForeignSecret(part);
    const copy = secret ? (part as { export(): Bytes }).export() : (part as Bytes);
    checkBytes(copy, `parts[${i}]`);
    if (secret) exported.push(copy);
    copies.push(copy);
    total += copy.length;
  }
  const all = new Uint8Array(total);
  let at = 0;
  for (const copy of copies) {
    all.set(copy, at);
    at += copy.length;
  }
  try {
    border.addon.blake2b(pack(AT.out, length), all.length > 0 ? all : NOTHING, NOTHING, NOTHING, NOTHING);
    return border.addon.secretImport(pack(AT.out, length)); // which wipes the place
  } finally {
    all.fill(0);
    for (const copy of exported) copy.fill(0);
  }
}

export function checkSecret(value: unknown, name: string): void {
  if (NativeSecret.handleOf(value) === undefined && !isForeignSecret(value)) badArgument(`${name}: expected a Secret`);
}
