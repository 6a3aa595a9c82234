import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorOf } from '../docs/site/anchors.mjs';

const root = join(import.meta.dirname, '..');
const exampleOf = (document: string): string => readFileSync(join(root, document), 'utf8').split('```js\n')[1]?.split('```\n')[0];

describe.each([
  ['README.md', 'examples/first-session.mjs', 20, 'authenticated Bob: true\nBob says: hello\n'],
  ['docs/node.md', 'examples/nodes.mjs', 22, 'the hub answers: HELLO\nfrom left, by way of the hub: true it works\n'],
])('the example of %s', (document, file, lines, says) => {
  const example = exampleOf(document);

  it('is the file in examples/, and short', () => {
    expect(example).toBe(readFileSync(join(root, file), 'utf8'));
    expect(example.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('//')).length).toBeLessThanOrEqual(lines);
  });

  it.each(['pure', 'auto'])('runs as it stands on the %s core', (core) => {
    expect(existsSync(join(root, 'dist/index.js')), 'no dist/index.js: npm run build first').toBe(true);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', example], {
      cwd: root,
      env: { ...process.env, HANDFAST_CORE: core },
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(stderr).toBe('');
    expect(stdout).toBe(says);
    expect(status).toBe(0);
  });
});

describe('the links of the documents', () => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'CHANGELOG.md',
    'examples/README.md',
    ...['docs', 'docs/guides', 'docs/protocols'].flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((file) => file.endsWith('.md'))
        .map((file) => `${folder}/${file}`),
    ),
  ];

  it.each(documents)('of %s lead to something that exists', (document) => {
    const text = readFileSync(join(root, document), 'utf8');
    const links = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/\]\(([^)]+)\)/g)]
      .map(([, link]) => link)
      .filter((link) => !/^https?:/.test(link));
    const broken = links.filter((link) => {
      const [path, anchor] = link.split('#');
      const target = path === '' ? join(root, document) : join(root, document, '..', path);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading));
}
