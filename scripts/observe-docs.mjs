#!/usr/bin/env node
/** Runs examples/observe.mjs and puts what it said into docs/observability.md, where a test compares it with another run. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs/observability.md');
const { status, stdout, stderr } = spawnSync(process.execPath, ['examples/observe.mjs'], { cwd: root, encoding: 'utf8', timeout: 30_000 });
if (status !== 0) {
  process.stderr.write(stderr);
  process.exit(1);
}
const lines = stdout.trimEnd().split('\n');
const blocks = {
  trace: lines.filter((line) => !line.startsWith('handfast_')),
  scrape: lines.filter((line) => line.startsWith('handfast_')),
};
let text = readFileSync(page, 'utf8');
for (const [name, said] of Object.entries(blocks)) {
  const pattern = new RegExp(`(<!-- ${name} -->\n\`\`\`text\n)[^]*?(\`\`\`\n)`);
  if (!pattern.test(text)) throw new Error(`${page}: there is no place for the ${name}`);
  text = text.replace(pattern, (_, before, after) => `${before}${said.join('\n')}\n${after}`);
}
writeFileSync(page, text);
console.log(`docs/observability.md: ${blocks.trace.length} lines of a trace, ${blocks.scrape.length} of a scrape`);
