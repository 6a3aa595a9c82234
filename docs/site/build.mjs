/**
 * The site: pages of the types, HTML of everything, an index for searching, and a look at every link.
 *
 *   npm run docs [-- --serve]
 *
 * It lies under build/docs afterwards. Exit code 1 when a link leads nowhere, or when a page would fetch something from elsewhere.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkLinks } from './links.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const serve = process.argv.includes('--serve');

for (const folder of ['build/api', 'build/docs']) rmSync(join(root, folder), { recursive: true, force: true });
if (!existsSync(join(here, 'node_modules'))) run('npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund');
run('npx', 'typedoc');
run('npx', 'eleventy', '--quiet');
run('npx', 'pagefind', '--site', join(root, 'build/docs'), '--quiet');

const { pages, links, faults } = checkLinks(join(root, 'build/docs'));
for (const fault of faults) console.error(fault);
console.log(`build/docs: ${pages} pages, ${links} links, ${faults.length} of them wrong`);
if (faults.length > 0) process.exitCode = 1;
else if (serve) run('npx', 'eleventy', '--serve');

function run(command, ...words) {
  const { status } = spawnSync(command, words, { cwd: here, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
}
