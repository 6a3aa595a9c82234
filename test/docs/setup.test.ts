import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const REAL_TOOLS = ['sh', 'dirname', 'cat', 'grep', 'env'];
const script = join(import.meta.dirname, '../../scripts/setup');
const places: string[] = [];

afterEach(() => {
  for (const place of places.splice(0)) rmSync(place, { recursive: true });
});

/** A machine made of stand-ins: each command named here is a script that writes down its call. */
function run(commands: Record<string, string>, args: string[] = []) {
  const root = mkdtempSync(join(tmpdir(), 'handfast-setup-'));
  places.push(root);
  const bin = join(root, 'bin');
  const log = join(root, 'log');
  mkdirSync(bin);
  mkdirSync(join(root, 'scripts'));
  copyFileSync(script, join(root, 'scripts/setup'));
  for (const tool of REAL_TOOLS) {
    const path = ['/bin', '/usr/bin'].map((folder) => join(folder, tool)).find(existsSync);
    if (path) symlinkSync(path, join(bin, tool));
  }
  for (const [name, body] of Object.entries({ node: '', npm: '', uname: 'echo x86_64', ...commands })) {
    const quiet = ['node', 'uname', 'id', 'dpkg-query'].includes(name) ? '' : `echo "${name} $*" >> "${log}"\n`;
    writeFileSync(join(bin, name), `#!/bin/sh\n${quiet}${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const { status, stdout, stderr } = spawnSync(join(bin, 'sh'), [join(root, 'scripts/setup'), ...args], {
    env: { PATH: bin },
    encoding: 'utf8',
  });
  return { status, said: stdout + stderr, calls: existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [] };
}

const ROOT = { id: 'echo 0' };
const USER = { id: 'echo 1000' };
const NOTHING = { 'dpkg-query': 'exit 1' };
const ALL = { 'c++': '', make: '', cmake: '', 'dpkg-query': 'echo "install ok installed"' };
const NEEDED = 'build-essential cmake libsodium-dev libsecp256k1-dev';
const NPM_CI = 'npm ci --no-audit --no-fund';
const INSTALL = 'apt-get install -y -q --no-install-recommends';

describe.skipIf(process.platform === 'win32')('scripts/setup', () => {
  it('installs what is missing, then the npm packages', () => {
    const { status, calls } = run({ ...ROOT, ...NOTHING, 'apt-get': '' });
    expect(status).toBe(0);
    expect(calls).toEqual(['apt-get update -q', `${INSTALL} ${NEEDED}`, `${INSTALL} libipsec-mb-dev`, NPM_CI]);
  });

  it('asks for nothing that is there already', () => {
    const { status, calls, said } = run({ ...ROOT, ...ALL, 'apt-get': '' });
    expect(status).toBe(0);
    expect(calls).toEqual([NPM_CI]);
    expect(said).toContain('all there');
  });

  it('installs only the packages that are missing', () => {
    const { calls } = run({
      ...ROOT,
      ...ALL,
      'dpkg-query': 'case $4 in libsodium-dev) exit 1 ;; esac; echo "install ok installed"',
      'apt-get': '',
    });
    expect(calls).toEqual(['apt-get update -q', `${INSTALL} libsodium-dev`, NPM_CI]);
  });

  it('goes through sudo when not root', () => {
    const { calls } = run({ ...USER, ...NOTHING, 'apt-get': '', sudo: '"$@"' });
    expect(calls).toContain('sudo apt-get update -q');
    expect(calls).toContain(`${INSTALL} ${NEEDED}`);
    expect(calls.at(-1)).toBe(NPM_CI);
  });

  it('without root and sudo says what is missing and goes on', () => {
    const { status, calls, said } = run({ ...USER, ...NOTHING, 'apt-get': '' });
    expect(status).toBe(0);
    expect(calls).toEqual([NPM_CI]);
    expect(said).toContain(`apt-get install ${NEEDED}`);
    expect(said).toContain('pure TypeScript core');
  });

  it('goes on when apt-get fails', () => {
    const { status, calls, said } = run({ ...ROOT, ...NOTHING, 'apt-get': 'exit 100' });
    expect(status).toBe(0);
    expect(calls.at(-1)).toBe(NPM_CI);
    expect(said).toContain(`By hand: apt-get install ${NEEDED}`);
  });

  it('goes on without libipsec-mb-dev, and does not try it on other processors', () => {
    const without = run({ ...ROOT, ...NOTHING, 'apt-get': 'case "$*" in *ipsec*) exit 100 ;; esac' });
    expect(without.status).toBe(0);
    expect(without.said).toContain('AES-256-GCM comes from libsodium');
    const arm = run({ ...ROOT, ...NOTHING, 'apt-get': '', uname: 'echo aarch64' });
    expect(arm.calls.join()).not.toContain('ipsec');
  });

  it('uses brew where there is no apt-get', () => {
    const { calls } = run({ ...USER, 'c++': '', brew: 'case "$1 $3" in "list secp256k1") ;; list*) exit 1 ;; esac' });
    expect(calls.filter((call) => !call.startsWith('brew list'))).toEqual(['brew install cmake libsodium', NPM_CI]);
  });

  it('leaves the system alone with --no-native', () => {
    const { status, calls } = run({ ...ROOT, ...NOTHING, 'apt-get': '' }, ['--no-native']);
    expect(status).toBe(0);
    expect(calls).toEqual([NPM_CI]);
  });

  it('does nothing with --help, and refuses what it does not know', () => {
    const help = run({ ...ROOT, ...NOTHING, 'apt-get': '' }, ['--help']);
    expect(help.status).toBe(0);
    expect(help.said).toContain('--no-native');
    expect(help.calls).toEqual([]);
    const unknown = run({ ...ROOT, ...NOTHING, 'apt-get': '' }, ['--fast']);
    expect(unknown.status).toBe(1);
    expect(unknown.calls).toEqual([]);
  });

  it('says first when Node is too old, and fails when npm ci does', () => {
    const old = run({ ...ROOT, ...NOTHING, 'apt-get': '', node: 'case "$1" in -e) exit 1 ;; esac; echo v18.0.0' });
    expect(old.status).toBe(1);
    expect(old.said).toContain('v18.0.0 is too old');
    expect(old.calls).toEqual([]);
    expect(run({ ...ROOT, ...ALL, 'apt-get': '', npm: 'exit 1' }).status).toBe(1);
  });
});
