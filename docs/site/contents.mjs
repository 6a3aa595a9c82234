/** What the site holds, in the order in which it is read. Pages of docs/ that are not named here come last. */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** @type {readonly { title: string, pages: readonly string[] }[]} */
const PARTS = [
  {
    title: 'Guides',
    pages: [
      'first-peers',
      'first-node',
      'replacing-the-pure-core',
      'tuning-a-validator',
      'connecting-to-rippled',
      'connecting-to-a-hivemind',
      'connecting-to-an-esp32',
      'several-processes',
      'benchmarks-in-ci',
      'a-failed-handshake',
      'your-own-protocol',
    ]
      .map((name) => `docs/guides/${name}.md`)
      .concat('examples/README.md'),
  },
  {
    title: 'Reference',
    pages: [
      'docs/node.md',
      'docs/cluster.md',
      'docs/cli.md',
      'docs/errors.md',
      'docs/observability.md',
      'docs/adapters.md',
      'docs/moving.md',
    ],
  },
  {
    title: 'Protocols',
    pages: ['handfast', 'xrpl', 'hivemind', 'hivemind-v3', 'lwstcp', 'sdmp', 'noise'].map((name) => `docs/protocols/${name}.md`),
  },
  {
    title: 'How it was tried',
    pages: ['docs/benchmarks.md', 'docs/lanes.md', 'docs/platforms.md', 'docs/attacks.md', 'docs/reached.md', 'docs/mutants.md'],
  },
  { title: 'The project', pages: ['docs/architecture.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'] },
];

/**
 * @param {string} root of the repository.
 * @returns {{ title: string, pages: string[] }[]} paths below the root, each page of docs/ once.
 */
export function contents(root) {
  const found = readdirSync(join(root, 'docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith(join('docs', 'site')));
  const named = PARTS.flatMap(({ pages }) => pages);
  const parts = PARTS.map(({ title, pages }) => ({
    title,
    pages: pages.filter((page) => found.includes(page) || !page.startsWith('docs/')),
  }));
  const others = found.filter((page) => !named.includes(page)).sort();
  return others.length === 0 ? parts : [...parts, { title: 'More', pages: others }];
}
