// @ts-check
/** Other versions of Node: npm carries their binaries, and they are kept under build/node. The addon is Node-API, so one build serves them all. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { arch, platform } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * @param {string} version `22`, `24` or `20` for the release that is pinned here, else an exact one.
 * @param {(line: string) => void} [progress]
 * @returns {Promise<string>} the path of its binary; installed when it is not there yet.
 * @throws {Error} in one line, when there is no such version or it cannot be had.
 */
export async function nodeBinary(version, progress) {
  const exact = PINNED[version] ?? version;
  if (!/^\d+\.\d+\.\d+$/.test(exact)) {
    throw new Error(`--node ${version}: expected ${Object.keys(PINNED).join(', ')} or an exact version, as ${PINNED[22]}`);
  }
  if (exact === process.versions.node) return process.execPath;
  // The package `node` would choose one of these by an install script.
  const name = `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
  const folder = fileURLToPath(new URL(`../../build/node/${exact}/`, import.meta.url));
  const binary = `${folder}node_modules/${name}/bin/node${platform === 'win32' ? '.exe' : ''}`;
  if (existsSync(binary)) return binary;
  progress?.(`installing Node ${exact}`);
  await mkdir(folder, { recursive: true });
  const wish = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${exact}`];
  try {
    await promisify(execFile)('npm', wish, { shell: platform === 'win32' });
  } catch (error) {
    const said = String(/** @type {any} */ (error).stderr ?? error).trim();
    throw new Error(`Node ${exact} could not be installed by npm: ${said.split('\n')[0]}`, { cause: error });
  }
  if (!existsSync(binary)) throw new Error(`${name}@${exact} has no ${binary}`);
  return binary;
}

/** @type {Record<string, string>} */
const PINNED = { 20: '20.20.2', 22: '22.23.5', 24: '24.22.3' };
