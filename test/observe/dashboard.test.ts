/** The Grafana dashboard asks for metrics and labels that exist, and leaves none of ours out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, type Registry } from 'prom-client';
import { beforeAll, describe, expect, it } from 'vitest';
import { handfastMetrics } from '../../src/observe/metrics.ts';

interface Panel {
  title: string;
  description: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { expr: string; legendFormat: string }[];
}

const dashboard = JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/observability/dashboard.json'), 'utf8')) as {
  panels: Panel[];
  templating: { list: { name: string; query: string | { query: string } }[] };
};
const NAME = /\b(?:handfast|process|nodejs)_\w+/g;
const targets = dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr, legendFormat }) => ({ title, expr, legendFormat })));

let register: Registry;
/** Labels of each series that a scrape can have. */
const labels = new Map<string, readonly string[]>();

beforeAll(async () => {
  ({ register } = await handfastMetrics());
  collectDefaultMetrics({ register });
  // The library's own description of a metric has its labels; its types leave them out.
  const metrics = register.getMetricsAsArray() as unknown as { name: string; type: string; labelNames: string[] }[];
  for (const { name, type, labelNames } of metrics) {
    labels.set(name, labelNames);
    if (type === 'histogram') for (const part of ['bucket', 'sum', 'count']) labels.set(`${name}_${part}`, [...labelNames, 'le']);
  }
});

describe('the dashboard', () => {
  it.each(targets)('$title: $expr', ({ expr, legendFormat }) => {
    const names = expr.match(NAME) ?? [];
    expect(names.length).toBeGreaterThan(0);
    const known = new Set(['job', 'instance', ...names.flatMap((name) => labels.get(name) ?? [`(${name} is no metric)`])]);
    const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list.split(', '));
    const matched = [...expr.matchAll(/[{,]\s*(\w+)\s*(?:=~|!=|=)/g)].map(([, label]) => label);
    const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
    expect([
      ...names.filter((name) => !labels.has(name)),
      ...[...grouped, ...matched, ...shown].filter((label) => !known.has(label)),
    ]).toEqual([]);
    // Only what it is grouped by is left to be shown.
    if (grouped.length > 0) expect(shown.filter((label) => !grouped.includes(label))).toEqual([]);
    expect(expr.split('(').length).toBe(expr.split(')').length);
  });

  it('shows every metric of ours', () => {
    const used = new Set(targets.flatMap(({ expr }) => expr.match(NAME) ?? []).map((name) => name.replace(/_(?:bucket|sum|count)$/, '')));
    expect(
      [...labels.keys()].filter((name) => name.startsWith('handfast_') && !/_(?:bucket|sum|count)$/.test(name) && !used.has(name)),
    ).toEqual([]);
  });

  it('has variables that ask for a metric that is there', () => {
    const asked = dashboard.templating.list.flatMap(({ query }) => (typeof query === 'string' ? query : query.query).match(NAME) ?? []);
    expect(asked).toEqual(['handfast_core_info', 'handfast_core_info']);
    expect(labels.has('handfast_core_info')).toBe(true);
  });

  it('has panels that lie beside each other, each with a word on what it is for', () => {
    const taken = new Set<string>();
    for (const { title, description, gridPos } of dashboard.panels) {
      expect(description, title).toMatch(/\.$/);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x} ${y}`), title).toBe(false);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });
});
