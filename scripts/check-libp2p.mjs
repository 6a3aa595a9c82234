/**
 * `handfast/adapters/libp2p` where it will be used: js-libp2p's own suite for connection encrypters, and two js-libp2p nodes that talk over TCP by it.
 *
 *   npm run check:libp2p -- [--folder DIR] [--node 20]
 *
 * The suite brings some 1,700 packages: they go into a temporary folder, or into DIR, which is kept and used again. Nothing of theirs is run at installation. Needs `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nodeBinary } from '../bench/lib/node-versions.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { folder: { type: 'string' }, node: { type: 'string', default: process.versions.node } } });
const PACKAGES = ['@libp2p/interface-compliance-tests@7.0.16', '@libp2p/tcp@11.0.28', '@chainsafe/libp2p-yamux@8.0.1', 'libp2p@3.3.9'];

/** `Promise.withResolvers`, which libp2p calls, is not in Node 20. */
const SPEC = `
import suite from '@libp2p/interface-compliance-tests/connection-encryption';
import { handfast } from 'handfast/adapters/libp2p';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@chainsafe/libp2p-yamux';
import { createLibp2p } from 'libp2p';
import assert from 'node:assert';

Promise.withResolvers ??= () => {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};

describe('handfast/adapters/libp2p', () => {
  suite({ setup: async (components) => handfast()(components), teardown: async () => {} });

  it('two nodes talk over TCP', async () => {
    const [dialling, listening] = await Promise.all(
      [[], ['/ip4/127.0.0.1/tcp/0']].map((listen) =>
        createLibp2p({ addresses: { listen }, transports: [tcp()], connectionEncrypters: [handfast()], streamMuxers: [yamux()] })));
    await listening.handle('/echo', async (stream) => {
      for await (const part of stream) if (!stream.send(part)) await stream.onDrain();
      await stream.close();
    });
    const connection = await dialling.dial(listening.getMultiaddrs()[0]);
    assert.equal(connection.encryption, '/handfast/1');
    assert.ok(connection.remotePeer.equals(listening.peerId));
    const stream = await connection.newStream('/echo');
    const sent = Buffer.alloc(1_000_000, 'handfast ');
    const returned = (async () => {
      const parts = [];
      for await (const part of stream) parts.push(part.subarray());
      return Buffer.concat(parts);
    })();
    for (let at = 0; at < sent.length; at += 50_000) if (!stream.send(sent.subarray(at, at + 50_000))) await stream.onDrain();
    await stream.close();
    assert.ok((await returned).equals(sent));
    await Promise.all([dialling.stop(), listening.stop()]);
  });
});
`;

const folder = values.folder ? resolve(values.folder) : mkdtempSync(join(tmpdir(), 'handfast-libp2p-'));
try {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'package.json'))) {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'handfast-libp2p', private: true, type: 'module' }));
  }
  console.log(`installing ${PACKAGES.join(', ')}: some minutes, where they are not there yet`);
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root));
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund'];
  run('npm', ['install', ...quiet, ...PACKAGES, join(folder, filename)], folder);
  writeFileSync(join(folder, 'encrypter.spec.js'), SPEC);
  const node = await nodeBinary(values.node, (line) => console.log(line));
  const mocha = [join(folder, 'node_modules/mocha/bin/mocha.js'), '--timeout', '60000', '--exit', 'encrypter.spec.js'];
  process.exitCode = spawnSync(node, mocha, { cwd: folder, stdio: 'inherit' }).status ?? 1;
} finally {
  if (!values.folder) rmSync(folder, { recursive: true, force: true });
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}
