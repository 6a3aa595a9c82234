/** The file that keys are appended to, and that they get there from real sessions of nodes and of connect. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { keyLogFile } from '../../src/node/key-log-file.ts';
import { codeOf } from '../support/codes.ts';
import { cores } from '../support/cores.ts';
import { NodeStory } from '../support/network.ts';

let path: string;

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'handfast-test-'));
  path = join(folder, 'keys.log');
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  return () => {
    warned.mockRestore();
    rmSync(folder, { recursive: true });
  };
});

describe('the file', () => {
  it('is its owner’s alone, and is appended to', () => {
    keyLogFile(path)('one\n');
    keyLogFile(path)('two\n');
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['one\ntwo\n', 0o600]);
  });

  it.skipIf(process.platform === 'win32')('that others can read is refused, with the line that cures it', () => {
    writeFileSync(path, '');
    chmodSync(path, 0o644);
    expect(codeOf(() => keyLogFile(path))).toBe('HF_BAD_ARGUMENT');
    expect(() => keyLogFile(path)).toThrow(`chmod 600 ${path}`);
  });
});

describe.each(cores)('on the $name core', (core) => {
  it('nodes and plain sessions log there, the same keys from both ends', async () => {
    const unsafeKeyLog = keyLogFile(path);
    const story = new NodeStory(core);
    await story.node('ann', { unsafeKeyLog });
    const session = await story.session('bob', 'ann', { unsafeKeyLog });
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(14);
    expect(new Set(lines).size).toBe(7);
    expect(lines).toContain(`HANDFAST_BINDING ${lines[0].split(' ')[1]} ${Buffer.from(session.binding).toString('hex')}`);
    session.destroy();
    expect(await story.finish()).toEqual({ timers: 0, secrets: 0, slabs: 0 });
  });
});
