/** Every file that we write, cut short at each call that is made of the file system, and on a disk that is full at each: the old file or the new one is there, whole. `npm run test:faults` does it with processes that are killed. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { interrupt } from '../../scripts/faults/interrupt.mjs';
import { Identity } from '../../src/core/identity.ts';
import { readBanFile, writeBanFile } from '../../src/node/bans/ban-file.ts';
import { HiveMindClientFile } from '../../src/node/hivemind-clients.ts';
import { readIdentityFile, writeIdentityFile } from '../../src/node/identity-file.ts';
import { pure } from '../support/cores.ts';

type Version = 'old' | 'new';
interface Written {
  /** There is one before; otherwise it is never overwritten. */
  readonly replaces: boolean;
  write(path: string, version: Version): Promise<void>;
  /** What there is, and what is in it. */
  read(path: string): Promise<string>;
}

const SUBJECTS = { old: '10.0.0.1', new: '10.0.0.2' };
const bansOf = (version: Version) =>
  Array.from({ length: 20 }, (_, i) => ({ subject: SUBJECTS[version], since: i, until: 2 * i, reason: 'x'.repeat(100), automatic: false }));
const seed = new Uint8Array(32).fill(7);

const FILES: Readonly<Record<string, Written>> = {
  bans: {
    replaces: true,
    write: (path, version) => writeBanFile(path, bansOf(version)),
    async read(path) {
      const found = JSON.stringify(await readBanFile(path, 100));
      return (['old', 'new'] as const).find((version) => found === JSON.stringify(bansOf(version))) ?? found;
    },
  },
  identity: {
    replaces: false,
    async write(path) {
      const identity = Identity.fromSeed(seed, { core: pure });
      await writeIdentityFile(path, identity, { core: pure }).finally(() => identity.wipe());
    },
    async read(path) {
      const identity = await readIdentityFile(path, { core: pure });
      const found = Buffer.compare(identity.exportSeed(), seed) === 0 ? 'new' : identity.id;
      identity.wipe();
      return found;
    },
  },
  clients: {
    replaces: true,
    async write(path, version) {
      const file = await HiveMindClientFile.open(path);
      await file.add({ accessKey: version, password: `correct horse battery ${version}` });
    },
    async read(path) {
      const found = (await HiveMindClientFile.open(path)).list().map(({ accessKey }) => accessKey);
      return found.join() === 'old' ? 'old' : found.join() === 'old,new' ? 'new' : found.join();
    },
  },
};

const folder = mkdtempSync(join(tmpdir(), 'handfast-files-'));
let restore = (): void => {};
afterEach(() => restore());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(Object.entries(FILES))('a file of %s', (name, file) => {
  const path = join(folder, name);
  const allowed = file.replaces ? ['old', 'new'] : ['none', 'new'];
  const state = async (): Promise<string> => (existsSync(path) ? file.read(path) : 'none');

  async function prepare(): Promise<void> {
    for (const each of readdirSync(folder)) rmSync(join(folder, each));
    if (file.replaces) await file.write(path, 'old');
  }

  /** Writes the new version. @returns what came of it: undefined where it was cut short. */
  async function written(how: 'cut' | 'cut-inside' | 'full', at: number): Promise<{ calls: number; error?: unknown } | undefined> {
    await prepare();
    let isCut = (): void => {};
    const cutShort = new Promise<undefined>((resolve) => {
      isCut = () => resolve(undefined);
    });
    const cut = (): Promise<never> => {
      isCut();
      return new Promise(() => {});
    };
    const made = await interrupt({ at, how, cut });
    restore = made.restore;
    const outcome = await Promise.race([
      cutShort,
      file.write(path, 'new').then(
        () => ({ calls: made.counts.calls }),
        (error: unknown) => ({ calls: made.counts.calls, error }),
      ),
    ]);
    restore();
    return outcome;
  }

  it('is old or new, and whole, wherever its writer is killed; the next one writes', async () => {
    const { calls } = (await written('cut', 0))!;
    expect(await state()).toBe('new');
    expect(calls).toBeGreaterThanOrEqual(7);
    const found = new Set<string>();
    for (const how of ['cut', 'cut-inside'] as const) {
      for (let at = 1; at <= calls; at++) {
        expect(await written(how, at), `call ${at}`).toBeUndefined();
        const version = await state();
        found.add(version);
        expect(allowed, `${how} at call ${at}`).toContain(version);
        if (version !== 'new') await file.write(path, 'new');
        expect(await state()).toBe('new');
      }
    }
    // Before it is moved to its place, and after.
    expect([...found].sort()).toEqual([...allowed].sort());
  });

  it('is not written on a full disk, which is told, and leaves nothing beside it', async () => {
    const { calls } = (await written('cut', 0))!;
    for (let at = 1; at <= calls; at++) {
      const { error } = (await written('full', at))!;
      const version = await state();
      expect(allowed, `full at call ${at}`).toContain(version);
      if (error !== undefined) expect(version, `told at call ${at}`).not.toBe('new');
      else expect(version, `not told at call ${at}`).toBe('new');
      if (error !== undefined) expect(readdirSync(folder).filter((each) => each.endsWith('.tmp'))).toEqual([]);
    }
  });
});
