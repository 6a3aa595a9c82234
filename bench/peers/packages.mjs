// @ts-check
/** Packages that only the benchmarks use. They are installed apart (`npm ci --prefix bench/peers`), so their versions bind nobody else; from this folder they are found. */
import { existsSync, readFileSync } from 'node:fs';

/**
 * @param {readonly string[]} names of the modules to load; the first one's package gives the version.
 * @returns {Promise<{ modules: any[], version: string } | import('../lib/suite.mjs').Missing>} the modules in order.
 */
export async function peerPackages(...names) {
  const [first] = names;
  const description = new URL(`./node_modules/${first}/package.json`, import.meta.url);
  if (!existsSync(description)) return { missing: 'npm ci --prefix bench/peers' };
  const modules = await Promise.all(names.map((name) => import(name)));
  return { modules, version: JSON.parse(readFileSync(description, 'utf8')).version };
}
