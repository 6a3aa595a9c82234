import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { HiveMindClientFile } from '../../src/node/hivemind-clients.ts';

const directory = mkdtempSync(join(tmpdir(), 'handfast-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const kitchen = { accessKey: 'key of the kitchen', name: 'kitchen', password: '0123456789abcdef-kitchen' };
const hall = { accessKey: 'key of the hall', name: 'hall', password: 'fedcba9876543210-hall' };

let count = 0;
const fresh = (): string => join(directory, `clients-${++count}.json`);

describe('the clients of a master in a file', () => {
  it('are there after a restart, for their owner alone', async () => {
    const path = fresh();
    const file = await HiveMindClientFile.open(path);
    expect(file.list()).toEqual([]);
    await file.add(kitchen);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = await HiveMindClientFile.open(path);
    expect(again.find(kitchen.accessKey)).toEqual(kitchen);
    expect(again.find('another key')).toBeUndefined();
  });

  it('who is added or removed by another process is found, or not, at the next look', async () => {
    const path = fresh();
    const running = await HiveMindClientFile.open(path);
    const other = await HiveMindClientFile.open(path);
    await other.add(kitchen);
    expect(running.find(kitchen.accessKey)).toEqual(kitchen);
    await other.add(hall);
    expect(running.find(hall.accessKey)).toEqual(hall);
    expect(await other.remove(kitchen.accessKey)).toBe(true);
    expect(running.find(kitchen.accessKey)).toBeUndefined();
    expect(await other.remove(kitchen.accessKey)).toBe(false);
  });

  it('a file that was spoilt meanwhile changes nothing, until it is whole again', async () => {
    const path = fresh();
    const running = await HiveMindClientFile.open(path);
    await running.add(kitchen);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, -20));
    expect(running.find(kitchen.accessKey)).toEqual(kitchen);
    writeFileSync(path, text.replace('key of the kitchen', 'key of the attic'));
    expect(running.find(kitchen.accessKey)).toBeUndefined();
    expect(running.find('key of the attic')).toMatchObject({ name: 'kitchen' });
  });

  it('an access key is there once; a password that can be guessed only where that was said', async () => {
    const path = fresh();
    const file = await HiveMindClientFile.open(path);
    await file.add(kitchen);
    await expect(file.add({ ...hall, accessKey: kitchen.accessKey })).rejects.toThrow('is there already');
    await expect(file.add({ ...hall, password: 'password' })).rejects.toThrow('too easy to guess');
    const careless = await HiveMindClientFile.open(path, { weakPasswords: true });
    await careless.add({ ...hall, password: 'password' });
    await expect(HiveMindClientFile.open(path)).rejects.toThrow('too easy to guess');
  });

  it('what others can reach, and what is no such file, is refused without a word of what is in it', async () => {
    const path = fresh();
    await (await HiveMindClientFile.open(path)).add(kitchen);
    chmodSync(path, 0o640);
    await expect(HiveMindClientFile.open(path)).rejects.toThrow(`chmod 600 ${path}`);
    for (const text of [
      `{"${kitchen.password}`,
      '[]',
      '{"handfast":"hivemind-clients","version":2,"clients":[]}',
      '{"handfast":"bans","version":1,"bans":[]}',
    ]) {
      const other = fresh();
      writeFileSync(other, text, { mode: 0o600 });
      const why = await HiveMindClientFile.open(other).then(
        () => 'taken',
        ({ code, message }: { code: string; message: string }) => `${code} ${message}`,
      );
      expect(why).toMatch(/^HF_BAD_ARGUMENT .*(not a file of clients|update handfast)/);
      expect(why).not.toContain(kitchen.password);
    }
  });
});
