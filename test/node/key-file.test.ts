import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readKeyFile, type StoredKey, writeKeyFile } from '../../src/node/key-file.ts';
import { cores } from '../support/cores.ts';

const directory = mkdtempSync(join(tmpdir(), 'handfast-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const words = (text: string): Uint8Array => new TextEncoder().encode(text);
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + 1) & 0xff);

const KEYS: readonly StoredKey[] = [
  { type: 'secp256k1', id: 'n9Kexample', secret: bytes(32) },
  { type: 'xtea256', id: 'lwstcp:0123456789abcdef', secret: bytes(32) },
  { type: 'sdmp-rsa', id: 'fingerprint', secret: bytes(1217) },
];

describe('a key file', () => {
  it.each(KEYS)('keeps a key of type $type, in clear and sealed', async (key) => {
    for (const core of cores) {
      for (const passphrase of [undefined, 'pass']) {
        const path = join(directory, `${key.type}-${core.name}-${passphrase}`);
        await writeKeyFile(path, key, { core, passphrase: passphrase === undefined ? undefined : words(passphrase) });
        expect(await readKeyFile(path, { core, passphrase: () => words('pass') })).toEqual(key);
        const file = JSON.parse(readFileSync(path, 'utf8')) as object;
        expect(file).toHaveProperty(passphrase === undefined ? 'secret' : 'sealed.secret');
      }
    }
  });

  it('of another type is refused with both names', async () => {
    const path = join(directory, 'xrpl');
    await writeKeyFile(path, KEYS[0]);
    await expect(readKeyFile(path, { types: ['xtea256'] })).rejects.toThrow('it holds a key of type secp256k1, and xtea256 is needed here');
  });

  it('sealed, cannot be moved under another type or id', async () => {
    const path = join(directory, 'sealed');
    await writeKeyFile(path, KEYS[0], { passphrase: words('pass') });
    const text = readFileSync(path, 'utf8');
    for (const [from, to] of [
      ['"secp256k1"', '"xtea256"'],
      ['n9Kexample', 'n9Kanother'],
    ]) {
      const moved = join(directory, `moved-${to.replaceAll('"', '')}`);
      writeFileSync(moved, text.replace(from, to), { mode: 0o600 });
      await expect(readKeyFile(moved, { passphrase: () => words('pass') })).rejects.toThrow('the passphrase does not open it');
    }
  });

  it('with a key of another length, or that others can reach, is refused', async () => {
    const short = join(directory, 'short');
    await writeKeyFile(short, { ...KEYS[1], secret: bytes(31) });
    await expect(readKeyFile(short)).rejects.toThrow('secret in it is not 32 bytes of base64');
    const open = join(directory, 'open');
    await writeKeyFile(open, KEYS[2]);
    chmodSync(open, 0o604);
    await expect(readKeyFile(open)).rejects.toThrow(`chmod 600 ${open}`);
  });
});
