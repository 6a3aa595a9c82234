/** `npm install` for a page that is followed: what it names has to be what this clone has, in the very version, and is within reach already. Nothing else is done. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const [order, ...packages] = process.argv.slice(2);
if (order !== 'install') throw new Error(`npm ${order} is not followed: say why it is not run`);
for (const named of packages) {
  const [, name, version] = /^(@?[^@]+)(?:@(.+))?$/.exec(named);
  const there = JSON.parse(readFileSync(join(root, name === 'handfast' ? '' : `node_modules/${name}`, 'package.json'), 'utf8')).version;
  if (version !== undefined && version !== there) throw new Error(`the page names ${named}, tests run with ${there}`);
}
console.log(`added ${packages.length} packages`);
