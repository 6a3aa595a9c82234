import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { BanList } from '../../../src/node/bans/bans.ts';
import { subjectOf } from '../../../src/node/bans/subject.ts';
import { peerIdOf } from '../../../src/wire/peer-id.ts';
import { HandClock } from '../../support/clock.ts';

const directory = mkdtempSync(join(tmpdir(), 'handfast-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const A = peerIdOf(new Uint8Array(32).fill(1));

let clock: HandClock;
let room: string;
let file: string;
beforeEach(() => {
  clock = new HandClock();
  room = mkdtempSync(join(directory, 'room-'));
  file = join(room, 'bans.json');
});

const open = (most?: number): Promise<BanList> => BanList.open({ clock, file, most });
const written = (): { bans: { subject: string }[] } => JSON.parse(readFileSync(file, 'utf8'));
const subjects = (): string[] => written().bans.map(({ subject }) => subject);

/** Until the write that is going on has ended: the file says what `expected` says. */
async function untilWritten(expected: string[]): Promise<void> {
  await expect.poll(subjects, { timeout: 30_000 }).toEqual(expected);
}

describe('a ban file', () => {
  it('brings all bans back, for the time that was left, and has mode 0600', async () => {
    const first = await open();
    first.ban(A, { reason: 'noise "and" \u2028 more' });
    first.ban('10.0.0.0/8', { ms: 10_000 });
    first.ban('10.1.0.0/16', { ms: 1_000 });
    first.banAutomatically(subjectOf('2001:db8:1:2::/64'), 300_000, '15000 points');
    clock.advance(500);
    const before = first.list();
    await first.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(room)).toEqual(['bans.json']);
    clock.advance(500);
    const second = await open();
    expect(second.list()).toEqual(before.filter(({ subject }) => subject !== '10.1.0.0/16'));
    expect(second.size).toBe(3);
    clock.advance(8_999);
    expect(second.has('10.0.0.1')).toBe(true);
    clock.advance(1);
    expect([second.has('10.0.0.1'), second.has(A), second.has('2001:db8:1:2::5')]).toEqual([false, true, true]);
    await second.close();
    expect(subjects()).toEqual([A, '2001:db8:1:2::/64']);
  });

  it('holds a ban no longer than it was meant to when the clock was set back meanwhile', async () => {
    const first = await open();
    first.ban(A, { ms: 5_000 });
    await first.close();
    clock.set(-3_600_000);
    const second = await open();
    clock.advance(4_999);
    expect(second.has(A)).toBe(true);
    clock.advance(1);
    expect(second.has(A)).toBe(false);
    await second.close();
  });

  it('that is not there yet is made at once, so that a wrong path shows', async () => {
    await (await open()).close();
    expect(written()).toEqual({ handfast: 'bans', version: 1, bans: [] });
    file = join(room, 'nowhere', 'bans.json');
    await expect(open()).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT', message: expect.stringContaining('make it first') });
  });

  it('is written once for a flood of bans, a second after the first', async () => {
    const list = await open();
    const { ino } = statSync(file);
    for (let i = 0; i < 1_000; i++) list.ban(`10.0.${i >> 8}.${i & 255}`);
    clock.advance(999);
    // Two turns of the file system would have been enough for a write.
    statSync(file);
    expect([subjects(), statSync(file).ino]).toEqual([[], ino]);
    // One for the file, and none for each ban.
    expect(clock.armed).toBe(1);
    clock.advance(1);
    await expect.poll(() => subjects().length, { timeout: 30_000 }).toBe(1_000);
    list.unban('10.0.0.0');
    expect(subjects()).toHaveLength(1_000);
    await list.close();
    expect(subjects()).toHaveLength(999);
    expect(clock.armed).toBe(0);
  });

  it('is written again for what changed while it was being written', async () => {
    const list = await open();
    list.ban('10.0.0.1');
    clock.advance(1_000);
    list.ban('10.0.0.2');
    await expect.poll(() => clock.armed, { timeout: 30_000 }).toBe(1);
    expect(subjects()).toEqual(['10.0.0.1']);
    clock.advance(1_000);
    await untilWritten(['10.0.0.1', '10.0.0.2']);
    await list.close();
  });

  it('is whole when close returns, also when it was being written', async () => {
    const list = await open();
    list.ban('10.0.0.1');
    clock.advance(1_000);
    await list.close();
    expect([subjects(), readdirSync(room)]).toEqual([['10.0.0.1'], ['bans.json']]);
  });

  it('that cannot be written is told, and tried again', async () => {
    const list = await open();
    const errors: string[] = [];
    list.on('writeFailed', (error) => errors.push(error.code));
    rmSync(room, { recursive: true });
    list.ban(A);
    clock.advance(1_000);
    await expect.poll(() => clock.armed, { timeout: 30_000 }).toBe(1);
    expect(errors).toEqual(['HF_BAD_ARGUMENT']);
    mkdirSync(room);
    clock.advance(29_999);
    expect(clock.armed).toBe(1);
    clock.advance(1);
    await expect.poll(() => readdirSync(room), { timeout: 30_000 }).toEqual(['bans.json']);
    rmSync(room, { recursive: true });
    list.unban(A);
    await list.close();
    expect([errors.length, clock.armed]).toEqual([2, 0]);
  });

  it.each([
    ['empty', ''],
    ['another file', 'port = 80\n'],
    ['no object', '7'],
    ['null', 'null'],
    ['an identity', '{"handfast":"identity","version":1}'],
    ['without bans', '{"handfast":"bans","version":1}'],
    ['of another version', '{"handfast":"bans","version":2,"bans":[]}'],
    ['with a ban that is none', '{"handfast":"bans","version":1,"bans":[7]}'],
    ['with a ban of nobody', '{"handfast":"bans","version":1,"bans":[{"subject":"nobody","since":1}]}'],
    ['with a time that is none', `{"handfast":"bans","version":1,"bans":[{"subject":"${A}","since":-1}]}`],
    ['with an end that is none', `{"handfast":"bans","version":1,"bans":[{"subject":"${A}","since":1,"until":"never"}]}`],
    ['with a reason that is none', `{"handfast":"bans","version":1,"bans":[{"subject":"${A}","since":1,"reason":7}]}`],
    ['too long', ' '.repeat(1024 + 3 * 2048 + 1)],
  ])('that is %s is refused, and left as it is', async (_what, text) => {
    writeFileSync(file, text, { mode: 0o600 });
    await expect(open(3)).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT', message: expect.stringContaining(file) });
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(clock.armed).toBe(0);
  });

  it('that is a directory is refused', async () => {
    mkdirSync(file);
    await expect(open()).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT', message: expect.stringContaining(file) });
  });

  it.skipIf(process.platform === 'win32')(
    'that others can change is refused; that others can read is taken, and closed to them',
    async () => {
      await (await open()).close();
      chmodSync(file, 0o620);
      await expect(open()).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT', message: expect.stringContaining('chmod 600') });
      chmodSync(file, 0o644);
      const list = await open();
      list.ban(A);
      await list.close();
      expect(statSync(file).mode & 0o777).toBe(0o600);
    },
  );

  it('with more than there may be now loses automatic bans only', async () => {
    const first = await open();
    first.ban('10.0.0.1');
    for (let i = 2; i < 6; i++) first.banAutomatically(subjectOf(`10.0.0.${i}`), i * 1_000, '');
    await first.close();
    const second = await open(2);
    expect(second.list().map(({ subject }) => subject)).toEqual(['10.0.0.1', '10.0.0.5']);
    second.ban('10.0.0.6');
    await second.close();
    await expect(open(1)).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
  });
});
