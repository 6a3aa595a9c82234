/** Under Node's permission model: with no more than reading its own files the pure core does the work, with addons allowed the native one; nothing else is asked for. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { native } from '../support/cores.ts';

const root = join(import.meta.dirname, '../..');
const flag = ['--permission', '--experimental-permission'].find((each) => process.allowedNodeEnvironmentFlags.has(each));
// From Node 25 on the network is something to be allowed too.
const network = process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : [];
const CHOICE = "import { choice } from 'handfast/core'; console.log(choice.core + ': ' + choice.why);\n";

function run(allowed: readonly string[], code: string) {
  const args = ['--no-warnings', flag!, `--allow-fs-read=${root}/*`, ...allowed, '--input-type=module', '--eval', code];
  const { HANDFAST_CORE: _, ...env } = process.env;
  return spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8', timeout: 60_000 });
}

const session = `
import { connect, Identity, listen } from 'handfast';
const [alice, bob] = [Identity.generate(), Identity.generate()];
const server = await listen({ protocol: 'handfast', host: '127.0.0.1', port: 0, identity: bob, network: 'demo' });
server.on('session', async (session) => {
  for await (const message of session) await session.send(message.copy());
});
const session = await connect({ protocol: 'handfast', host: '127.0.0.1', port: server.address.port, identity: alice, network: 'demo', peer: bob.id });
await session.send(new TextEncoder().encode('hello'));
for await (const message of session) {
  console.log(message.text());
  await session.close();
}
await server.close();
`;

describe.runIf(flag)(`node ${flag}`, () => {
  it('without addons: the pure core, and it says why', () => {
    const { stdout, stderr } = run(network, CHOICE + session);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^pure: the native core is not used: .+\nhello\n$/);
  });

  it.runIf(native)('with addons: the native core', () => {
    // Whoever looks for the addon asks which C library this is.
    const { stdout, stderr } = run(['--allow-addons', '--allow-fs-read=/etc/alpine-release', ...network], CHOICE + session);
    expect(stderr).toBe('');
    expect(stdout).toBe('native: the native core is there and loads\nhello\n');
  });
});
