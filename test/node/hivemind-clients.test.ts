/** A master's clients in a file: private, whole or as before, and what is not such a file is refused. */
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClientFile } from '../../src/node/hivemind-clients.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'handfast-clients-'));
  path = join(folder, 'clients.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const PASSWORD = 'correct horse battery staple';

describe('a file of clients', () => {
  it('keeps what was added, for others to open, with mode 0600 and nothing beside it', async () => {
    const file = await ClientFile.open(path);
    expect(file.list()).toEqual([]);
    const kitchen = { accessKey: 'kitchen', password: PASSWORD, allowedTypes: ['a'], admin: true };
    await Promise.all([file.add(kitchen), file.add({ accessKey: 'garage', presharedKey: '0123456789abcdef' })]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['clients.json']);
    const again = await ClientFile.open(path);
    expect(again.list()).toEqual(file.list());
    expect([again.find('kitchen'), again.find('nobody'), again.find('__proto__')]).toEqual([kitchen, undefined, undefined]);
    await again.remove('kitchen');
    expect((await ClientFile.open(path)).list().map(({ accessKey }) => accessKey)).toEqual(['garage']);
  });

  it('a change that is refused leaves it as it was', async () => {
    const file = await ClientFile.open(path);
    await file.add({ accessKey: 'k', password: PASSWORD });
    const before = await readFile(path, 'utf8');
    await expect(file.add({ accessKey: 'k', password: PASSWORD })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    await expect(file.add({ accessKey: 'a:b', password: PASSWORD })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    await expect(file.add({ accessKey: 'weak', password: 'password' })).rejects.toMatchObject({ code: 'HF_BAD_KEY' });
    await expect(file.remove('nobody')).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    expect(await readFile(path, 'utf8')).toBe(before);
    await file.remove('k');
    expect(file.list()).toEqual([]);
  });

  it.each([
    ['no JSON', '{'],
    ['another type', '{"type": "x", "version": 1, "clients": []}'],
    ['a client of another shape', '{"type": "hivemind-clients", "version": 1, "clients": [{"accessKey": 7}]}'],
    ['a member that there is none of', '{"type": "hivemind-clients", "version": 1, "clients": [{"accessKey": "k", "extra": true}]}'],
    ['a permission that is no boolean', '{"type": "hivemind-clients", "version": 1, "clients": [{"accessKey": "k", "admin": "false"}]}'],
    ['a client twice', '{"type": "hivemind-clients", "version": 1, "clients": [{"accessKey": "k"}, {"accessKey": "k"}]}'],
  ])('%s is HF_BAD_KEY', async (_, text) => {
    await writeFile(path, text, { mode: 0o600 });
    await expect(ClientFile.open(path)).rejects.toMatchObject({ code: 'HF_BAD_KEY' });
  });

  it.skipIf(process.platform === 'win32')('a file that others may read is refused, with the line that cures it', async () => {
    await writeFile(path, '{"type": "hivemind-clients", "version": 1, "clients": []}');
    await chmod(path, 0o644);
    await expect(ClientFile.open(path)).rejects.toMatchObject({ code: 'HF_BAD_KEY', message: expect.stringContaining('chmod 600') });
  });
});
