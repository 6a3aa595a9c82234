// @ts-check
/** From the results of a run to the rows of its charts. */
import { amount, shortTime } from './charts.mjs';
import { isOurs } from './runner.mjs';
import { quantile } from './statistics.mjs';

/** @typedef {import('./runner.mjs').Result} Result */

/** Cases in the order of the run. @param {readonly Result[]} results @returns {Map<string, Result[]>} by `suite/case`. */
export function byCase(results) {
  /** @type {Map<string, Result[]>} */
  const cases = new Map();
  for (const result of results) {
    const name = `${result.suite}/${result.case}`;
    cases.set(name, [...(cases.get(name) ?? []), result]);
  }
  return cases;
}

/** Operations a second, the fastest first. @param {readonly Result[]} results of one case. @returns {import('./charts.mjs').Bar[]} */
export function rateBars(results) {
  return sorted(results, ({ opsPerSecond }) => -opsPerSecond).map((result) => ({
    ...naming(result, results),
    value: result.opsPerSecond,
    range: [quantile(result.rounds, 0.25), quantile(result.rounds, 0.75)],
    said: `${amount(result.opsPerSecond)}/s${ratioWords(result)}`,
  }));
}

/** Time of one operation, the shortest first. @param {readonly Result[]} results of one case. @returns {import('./charts.mjs').Dots[]} */
export function latencyDots(results) {
  const known = results.filter(({ latency }) => latency !== undefined);
  return sorted(known, ({ nsPerOp }) => nsPerOp.p50).map((result) => ({
    ...naming(result, known),
    latency: /** @type {Record<string, number>} */ (result.latency),
    said: `${shortTime(result.nsPerOp.p50)}, p99 ${shortTime(result.nsPerOp.p99)}`,
  }));
}

/** Whatever a suite measured besides, the best first. @param {readonly Result[]} results of one case. @returns {Map<string, import('./charts.mjs').Bar[]>} by name of the figure. */
export function figureBars(results) {
  const names = new Set(results.flatMap(({ figures }) => Object.keys(figures ?? {})));
  return new Map(
    [...names].map((name) => {
      const known = results.filter(({ figures }) => figures?.[name] !== undefined);
      const of = (/** @type {Result} */ { figures }) => /** @type {{ median: number, spread: number }} */ (figures?.[name]);
      return [
        name,
        sorted(known, (result) => (isRate(name) ? -1 : 1) * of(result).median).map((result) => {
          const { median, spread } = of(result);
          return {
            ...naming(result, known),
            // Less what bare sockets hold can come to less than nothing: the bar is none, the figure says it.
            value: Math.max(0, median),
            range: /** @type {[number, number]} */ ([median * (1 - spread / 2), median * (1 + spread / 2)].map((end) => Math.max(0, end))),
            said: `${amount(median)}, spread ${Math.round(100 * spread)} %`,
          };
        }),
      ];
    }),
  );
}

/** Whether more of a figure is better. @param {string} name */
export function isRate(name) {
  return name.includes('PerSecond');
}

/** Handshakes stand by protocol, everything else by version of Node where there are several. @param {Result} result @param {readonly Result[]} results */
function naming(result, results) {
  const { subject, node, protocol } = result;
  const several = new Set(results.map((other) => other.node)).size > 1;
  const version = several ? `Node ${node}` : undefined;
  const group = protocol ?? version;
  return { subject, label: protocol !== undefined && version ? `${subject}, ${version}` : subject, ...(group !== undefined && { group }) };
}

/** Groups with something of ours first, then by what is best in them. @param {readonly Result[]} results @param {(result: Result) => number} by */
function sorted(results, by) {
  const groupOf = (/** @type {Result} */ result) => naming(result, results).group ?? '';
  /** @type {Map<string, Result[]>} */
  const groups = new Map();
  for (const result of [...results].sort((a, b) => by(a) - by(b)))
    groups.set(groupOf(result), [...(groups.get(groupOf(result)) ?? []), result]);
  const ours = (/** @type {Result[]} */ rows) => (rows.some(({ subject }) => isOurs(subject)) ? 0 : 1);
  return [...groups.values()].sort((a, b) => ours(a) - ours(b)).flat();
}

/** @param {Result} result */
function ratioWords({ subject, reference, ratio }) {
  if (subject === reference) return ', reference';
  return ratio === undefined ? '' : `, ${times(ratio)}`;
}

/** `8.14 x`, `0.037 x`, `41 x`. @param {number} ratio */
export function times(ratio) {
  return `${ratio < 0.1 ? Number(ratio.toPrecision(2)) : ratio.toFixed(ratio < 10 ? 2 : 0)} x`;
}
