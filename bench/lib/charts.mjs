// @ts-check
/**
 * Charts as SVG. Every place across is a share of the width in percent, so that the same drawing fills a telephone and a desk without its letters changing size.
 * Bars begin at 0. What has no length, as the time of a call, may lie on a logarithmic axis, and then says so.
 */
import { readFileSync } from 'node:fs';
import { isOurs } from './runner.mjs';

/**
 * @typedef {object} Bar
 * @property {string} label
 * @property {string} subject that decides its colour.
 * @property {string} [group] rows of one group stand under its name.
 * @property {number} value
 * @property {readonly [number, number]} range the middle half of the rounds.
 * @property {string} said the value and what goes with it, in words.
 *
 * @typedef {object} Dots
 * @property {string} label
 * @property {string} subject
 * @property {string} [group]
 * @property {Record<string, number>} latency nanoseconds by quantile.
 * @property {string} said
 *
 * @typedef {object} Frame what is drawn around a chart that stands alone.
 * @property {string} title
 * @property {readonly string[]} notes below it: what one operation is, machine, date, command.
 */

/** @param {readonly Bar[]} bars @param {{ unit: string, describe: string, frame?: Frame }} options @returns {string} */
export function barChart(bars, { unit, describe, frame }) {
  const top = niceTop(Math.max(...bars.map(({ value, range }) => Math.max(value, range[1]))));
  const across = (/** @type {number} */ value) => (100 * value) / top.value;
  const ticks = Array.from({ length: top.steps + 1 }, (_, i) => (top.value * i) / top.steps);
  return drawing(bars, { ticks: ticks.map((value) => ({ at: across(value), text: amount(value) })), unit, describe, frame }, (bar, y) => {
    const [from, to] = bar.range.map(across);
    const middle = y + BAR / 2;
    return [
      `<rect class="bar ${colour(bar.subject)}" x="0" y="${y}" width="${percent(across(bar.value))}" height="${BAR}" rx="2"/>`,
      ...(to > from
        ? [
            line(from, middle, to, middle, 'spread'),
            line(from, y + 3, from, y + BAR - 3, 'spread'),
            line(to, y + 3, to, y + BAR - 3, 'spread'),
          ]
        : []),
    ];
  });
}

/** How long operations took: p1 to p99 thin, p10 to p90, p25 to p75 thick, and the median. @param {readonly Dots[]} rows @param {{ describe: string, frame?: Frame }} options */
export function latencyChart(rows, { describe, frame }) {
  const all = rows.flatMap(({ latency }) => Object.values(latency)).filter((ns) => ns > 0);
  const low = Math.floor(Math.log10(Math.min(...all)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...all))));
  const across = (/** @type {number} */ ns) => Math.max(0, (100 * (Math.log10(Math.max(ns, 1e-3)) - low)) / (high - low));
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => ({ at: (100 * i) / (high - low), text: shortTime(10 ** (low + i)) }));
  return drawing(rows, { ticks, unit: 'time of one operation, logarithmic', describe, frame }, ({ subject, latency }, y) => {
    const middle = y + BAR / 2;
    const reach = (/** @type {string} */ from, /** @type {string} */ to, /** @type {number} */ thick) =>
      latency[from] === undefined || latency[to] === undefined
        ? []
        : [line(across(latency[from]), middle, across(latency[to]), middle, colour(subject), thick)];
    return [
      ...reach('p1', 'p99', 2),
      ...reach('p10', 'p90', 6),
      ...reach('p25', 'p75', BAR),
      `<circle class="median" cx="${percent(across(latency.p50))}" cy="${middle}" r="3.5"/>`,
    ];
  });
}

/**
 * @template {{ label: string, subject: string, group?: string | undefined, said: string }} Row
 * @param {readonly Row[]} rows
 * @param {{ ticks: { at: number, text: string }[], unit: string, describe: string, frame?: Frame | undefined }} options
 * @param {(row: Row, y: number) => string[]} draw from y on, BAR high.
 */
function drawing(rows, { ticks, unit, describe, frame }, draw) {
  const parts = [];
  let y = frame ? 34 : 2;
  const top = y;
  let group;
  for (const row of rows) {
    if (row.group !== undefined && row.group !== group) {
      y += group === undefined ? 0 : 6;
      group = row.group;
      parts.push(text(0, y + 13, 'group', group));
      y += 20;
    }
    parts.push(text(0, y + 13, isOurs(row.subject) ? 'own' : '', row.label));
    // What would meet its label on a telephone gets a line of its own.
    if (!frame && row.label.length + row.said.length > NARROW) y += 17;
    parts.push(text(100, y + 13, '', row.said, 'end'), ...draw(row, y + 19));
    y += ROW;
  }
  const grid = ticks.map(({ at }) => line(at, top, at, y, 'grid'));
  for (const [i, { at, text: words }] of ticks.entries()) {
    parts.push(text(at, y + 14, 'small', words, i === 0 ? 'start' : i === ticks.length - 1 ? 'end' : 'middle'));
  }
  parts.push(text(0, y + 31, 'small', unit));
  y += 38;
  const notes = frame?.notes ?? [];
  for (const note of notes) {
    parts.push(text(0, y + 14, 'small', note));
    y += 17;
  }
  const all = [...grid, ...parts];
  if (!frame) return `<svg class="chart" width="100%" height="${y}" role="img" aria-label="${escaped(describe)}">${all.join('')}</svg>\n`;
  // A picture of its own: letters keep their size beside each other, the whole is scaled by whoever shows it.
  const style = readFileSync(CHART_STYLE, 'utf8').replace(/\s+/g, ' ');
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-16 0 ${WIDTH + 32} ${y + 10}" width="${WIDTH + 32}" height="${y + 10}" class="chart" role="img" aria-label="${escaped(describe)}">`;
  const inner = `<svg x="0" y="0" width="${WIDTH}" height="${y + 10}" overflow="visible" aria-hidden="true">`;
  return `${open}\n<title>${escaped(describe)}</title>\n<style>${style}</style>\n${inner}\n${[text(0, 19, 'title', frame.title), ...all].join('\n')}\n</svg>\n</svg>\n`;
}

/** @param {number} x percent @param {number} y @param {string} kind @param {string} words @param {string} [anchor] */
function text(x, y, kind, words, anchor = 'start') {
  return `<text x="${percent(x)}" y="${y}"${kind && ` class="${kind}"`}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>${escaped(words)}</text>`;
}

/** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @param {string} kind @param {number} [thick] */
function line(x1, y1, x2, y2, kind, thick) {
  return `<line class="${kind}" x1="${percent(x1)}" y1="${y1}" x2="${percent(x2)}" y2="${y2}"${thick ? ` stroke-width="${thick}"` : ''}/>`;
}

/** @param {number} share */
function percent(share) {
  return `${Number(share.toFixed(2))}%`;
}

/** @param {string} subject */
function colour(subject) {
  if (!isOurs(subject)) return 'peer';
  return subject.includes('pure') ? 'ours-soft' : 'ours';
}

/** The end of an axis from 0, and into how many equal parts it goes. @param {number} most */
function niceTop(most) {
  const unit = 10 ** Math.floor(Math.log10(most || 1));
  const [factor, steps] = /** @type {[number, number]} */ (NICE.find(([nice]) => nice * unit >= most * 0.9999) ?? [10, 5]);
  return { value: factor * unit, steps };
}

/** @param {number} value @returns {string} */
export function amount(value) {
  if (value < 0) return `-${amount(-value)}`;
  if (value === 0) return '0';
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

/** @param {number} ns */
export function shortTime(ns) {
  for (const [unit, name] of /** @type {[number, string][]} */ (TIMES))
    if (ns >= unit) return `${Number((ns / unit).toPrecision(3))} ${name}`;
  return `${Number(ns.toPrecision(3))} ns`;
}

/** For element content and attributes. @param {unknown} value */
export function escaped(value) {
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export const CHART_STYLE = new URL('./chart.css', import.meta.url);
const WIDTH = 760;
const BAR = 14;
const ROW = 42;
/** Letters that fit side by side on 320 pixels. */
const NARROW = 38;
const NICE = [
  [1, 5],
  [1.5, 3],
  [2, 4],
  [2.5, 5],
  [3, 3],
  [4, 4],
  [5, 5],
  [6, 3],
  [8, 4],
  [10, 5],
];
const TIMES = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'us'],
];
