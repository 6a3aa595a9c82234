import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { handfast, newIdentity, temporary } from './run.ts';

const ID = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/;

describe('keygen', () => {
  it('writes a file that only its owner can read, and prints the id that `id` prints', async () => {
    const path = temporary('plain.key');
    const made = await handfast(['keygen', path]);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout.trim()).toMatch(ID);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      handfast: 'identity',
      version: 1,
      type: 'ed25519',
      id: made.stdout.trim(),
    });
    expect((await handfast(['id', path])).stdout).toBe(made.stdout);
    expect(readdirSync(dirname(path)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('never overwrites, whatever is there', async () => {
    const path = temporary('taken.key');
    writeFileSync(path, 'precious');
    const outcome = await handfast(['keygen', path]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/^handfast keygen: .*taken\.key is there already and is never overwritten.*\n$/);
    expect(readFileSync(path, 'utf8')).toBe('precious');
    expect(readdirSync(dirname(path)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('seals with a passphrase from the environment, and opens with the same from a file', async () => {
    const path = temporary('sealed.key');
    const words = temporary('words');
    writeFileSync(words, 'correct horse\nanother line\n');
    const made = await handfast(['keygen', path, '--json'], { env: { HANDFAST_PASSPHRASE: 'correct horse' } });
    const { id, sealed } = JSON.parse(made.stdout) as { id: string; sealed: boolean };
    expect(sealed).toBe(true);
    expect(JSON.parse(readFileSync(path, 'utf8'))).not.toHaveProperty('seed');
    expect(await handfast(['id', path, '--passphrase-file', words])).toEqual({ code: 0, stdout: `${id}\n`, stderr: '' });
  });

  it('leaves the key in clear with --no-passphrase, also where the environment has one', async () => {
    const path = temporary('clear.key');
    await handfast(['keygen', path, '--no-passphrase'], { env: { HANDFAST_PASSPHRASE: 'unwanted' } });
    expect((await handfast(['id', path])).code).toBe(0);
  });
});

describe('id', () => {
  it('refuses a wrong passphrase, and none', async () => {
    const path = temporary('wrong.key');
    await handfast(['keygen', path], { env: { HANDFAST_PASSPHRASE: 'right' } });
    const wrong = await handfast(['id', path], { env: { HANDFAST_PASSPHRASE: 'wrong' } });
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toMatch(/the passphrase does not open it \(HF_BAD_KEY\)\. handfast help HF_BAD_KEY says what it means\n$/);
    const none = await handfast(['id', path]);
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toMatch(/sealed with a passphrase\. Give it with --passphrase-file/);
  });

  it('refuses a file that others can read, and says how to cure it', async () => {
    const { path, id } = await newIdentity('open.key');
    for (const mode of [0o640, 0o604, 0o644]) {
      chmodSync(path, mode);
      const outcome = await handfast(['id', path]);
      expect(outcome).toMatchObject({ code: 1, stdout: '' });
      expect(outcome.stderr).toContain(`chmod 600 ${path}`);
    }
    chmodSync(path, 0o600);
    expect((await handfast(['id', path])).stdout.trim()).toBe(id);
  });

  it('refuses a file whose key is not that of its id, and files that are something else, without showing what is in them', async () => {
    const { path } = await newIdentity('swapped.key');
    const other = await newIdentity('other.key');
    const file = JSON.parse(readFileSync(path, 'utf8')) as { seed: string };
    const seedOfOther = (JSON.parse(readFileSync(other.path, 'utf8')) as { seed: string }).seed;
    const bad: Record<string, string> = {
      'belongs to': JSON.stringify({ ...file, seed: seedOfOther }),
      'not 32 bytes of base64': JSON.stringify({ ...file, seed: file.seed.slice(4) }),
      'not an identity file': `{"seed": ${file.seed}`,
      'version 2': JSON.stringify({ ...file, version: 2 }),
      'too long': JSON.stringify({ ...file, more: 'x'.repeat(5000) }),
      'parameters are out of range': JSON.stringify({
        ...file,
        sealed: { kdf: 'scrypt', cipher: 'xchacha20-poly1305', n: 2 ** 30, r: 8, p: 1 },
      }),
    };
    for (const [reason, text] of Object.entries(bad)) {
      const changed = temporary(`${reason.replaceAll(' ', '-')}.key`);
      writeFileSync(changed, text, { mode: 0o600 });
      const outcome = await handfast(['id', changed]);
      expect(outcome).toMatchObject({ code: 1, stdout: '' });
      expect(outcome.stderr).toContain(reason);
      expect(outcome.stderr).not.toContain(file.seed.slice(4, 20));
      expect(outcome.stderr.trimEnd()).not.toContain('\n');
    }
  });
});

describe('keys of other protocols', () => {
  it.each(['xrpl', 'lwstcp', 'sdmp', 'hivemind'])(
    '%s: a file whose key was exchanged or spoilt is refused in one line',
    async (protocol) => {
      const [path, other] = [temporary(`${protocol}.key`), temporary(`${protocol}-other.key`)];
      await Promise.all([path, other].map((file) => handfast(['keygen', file, '--protocol', protocol])));
      const { secret } = JSON.parse(readFileSync(other, 'utf8')) as { secret: string };
      const file = JSON.parse(readFileSync(path, 'utf8')) as object;
      const bad = { 'not to the id it states': secret, '(HF_BAD_KEY)': Buffer.alloc(32).toString('base64') };
      for (const [reason, instead] of Object.entries(bad)) {
        writeFileSync(path, JSON.stringify({ ...file, secret: instead }), { mode: 0o600 });
        const { code, stderr } = await handfast(['id', path]);
        expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(reason) });
        expect(stderr.trimEnd()).not.toContain('\n');
      }
    },
  );
});
