import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { core as chosen } from '../../src/core/choose.ts';
import { Identity } from '../../src/core/identity.ts';
import { readIdentityFile, writeIdentityFile } from '../../src/node/identity-file.ts';
import { cores } from '../support/cores.ts';

const directory = mkdtempSync(join(tmpdir(), 'handfast-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const SEED = Uint8Array.from({ length: 32 }, (_, i) => i);
const words = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The code that `work` rejects with. */
async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'taken',
    (error: { code?: string }) => error.code ?? String(error),
  );
}

describe('an identity file', () => {
  it.each(cores.flatMap((writer) => cores.map((reader) => [writer, reader] as const)))(
    'written by the $name core opens on every core',
    async (writer, reader) => {
      for (const passphrase of [undefined, 'pass']) {
        const path = join(directory, `${writer.name}-${reader.name}-${passphrase}`);
        const identity = Identity.fromSeed(SEED, { core: writer });
        await writeIdentityFile(path, identity, { core: writer, passphrase: passphrase === undefined ? undefined : words(passphrase) });
        const read = await readIdentityFile(path, { core: reader, passphrase: () => words('pass') });
        expect(read.id).toBe(identity.id);
        expect(read.exportSeed()).toEqual(SEED);
        identity.wipe();
        read.wipe();
        expect([writer.guarded.live, reader.guarded.live]).toEqual([0, 0]);
      }
    },
  );

  it('has mode 0600 whatever the umask is', async () => {
    const identity = Identity.generate();
    const umask = process.umask(0o277);
    try {
      await writeIdentityFile(join(directory, 'umask'), identity);
    } finally {
      process.umask(umask);
      identity.wipe();
    }
    expect(statSync(join(directory, 'umask')).mode & 0o777).toBe(0o600);
  });

  it('is written by exactly one of many that try at once, whole, and leaves nothing beside it', async () => {
    const room = mkdtempSync(join(directory, 'race-'));
    const identities = Array.from({ length: 16 }, () => Identity.generate());
    const outcomes = await Promise.all(identities.map((identity) => refusal(writeIdentityFile(join(room, 'key'), identity))));
    expect(outcomes.filter((code) => code === 'taken')).toHaveLength(1);
    expect(outcomes.filter((code) => code === 'HF_BAD_ARGUMENT')).toHaveLength(15);
    expect(readdirSync(room)).toEqual(['key']);
    const read = await readIdentityFile(join(room, 'key'));
    expect(read.id).toBe(identities[outcomes.indexOf('taken')].id);
    for (const identity of [...identities, read]) identity.wipe();
  });

  it('is not written through a link that leads elsewhere', async () => {
    const target = join(directory, 'target');
    const path = join(directory, 'link');
    symlinkSync(target, path);
    const identity = Identity.generate();
    expect(await refusal(writeIdentityFile(path, identity))).toBe('HF_BAD_ARGUMENT');
    expect(readdirSync(directory)).not.toContain('target');
    identity.wipe();
  });

  it('sealed, opens with its passphrase only, under its id only; the answer is wiped and no key is left', async () => {
    const path = join(directory, 'sealed');
    const identity = Identity.fromSeed(SEED);
    await writeIdentityFile(path, identity, { passphrase: words('right') });
    identity.wipe();
    const answer = words('right');
    (await readIdentityFile(path, { passphrase: () => answer })).wipe();
    expect(answer).toEqual(new Uint8Array(5));
    expect(await refusal(readIdentityFile(path, { passphrase: () => words('wrong') }))).toBe('HF_BAD_KEY');
    expect(await refusal(readIdentityFile(path))).toBe('HF_BAD_KEY');
    const other = Identity.generate();
    const moved = join(directory, 'moved');
    writeFileSync(moved, readFileSync(path, 'utf8').replace(/12D3KooW\w+/, other.id), { mode: 0o600 });
    expect(await refusal(readIdentityFile(moved, { passphrase: () => words('right') }))).toBe('HF_BAD_KEY');
    other.wipe();
    expect(chosen.guarded.live).toBe(0);
  });

  it('what is no identity file is called that, whoever may read it', async () => {
    const path = join(directory, 'notes.txt');
    writeFileSync(path, 'not a key', { mode: 0o644 });
    await expect(readIdentityFile(path)).rejects.toThrow('not an identity file');
  });

  it('is refused when others can reach it, when it is a directory, and when it is not there', async () => {
    const path = join(directory, 'reachable');
    const identity = Identity.generate();
    await writeIdentityFile(path, identity);
    identity.wipe();
    chmodSync(path, 0o620);
    await expect(readIdentityFile(path)).rejects.toThrow(`chmod 600 ${path}`);
    expect(await refusal(readIdentityFile(directory))).toBe('HF_BAD_KEY');
    expect(await refusal(readIdentityFile(join(directory, 'nothing')))).toBe('ENOENT');
  });

  it('needs a key that can be exported, and a passphrase that is not empty', async () => {
    const identity = Identity.generate();
    const elsewhere = Identity.from({ publicKey: identity.publicKey, sign: () => new Uint8Array(64) });
    expect(await refusal(writeIdentityFile(join(directory, 'a'), elsewhere))).toBe('HF_UNSUPPORTED');
    expect(await refusal(writeIdentityFile(join(directory, 'b'), identity, { passphrase: new Uint8Array(0) }))).toBe('HF_BAD_ARGUMENT');
    expect(readdirSync(directory).filter((name) => name === 'a' || name === 'b')).toEqual([]);
    identity.wipe();
  });
});
