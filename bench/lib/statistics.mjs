// @ts-check
/** Medians, spread, and when a ratio may be printed. */

/** @param {readonly number[]} values at least one. @param {number} at 0 to 1. */
export function quantile(values, at) {
  return quantiles(values, [at])[0];
}

/** Sorts once. @param {readonly number[]} values at least one. @param {readonly number[]} ats 0 to 1 each. */
export function quantiles(values, ats) {
  const sorted = Float64Array.from(values).sort();
  return ats.map((at) => between(sorted, at));
}

/** @param {Float64Array} sorted @param {number} at */
function between(sorted, at) {
  const position = (sorted.length - 1) * at;
  const below = Math.floor(position);
  const above = Math.ceil(position);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** @param {readonly number[]} values at least one. */
export function median(values) {
  return quantile(values, 0.5);
}

/** How far rounds differ: the range of their middle half over the median. 0 when all agree. @param {readonly number[]} values at least one. */
export function spread(values) {
  const middle = median(values);
  return middle === 0 ? 0 : (quantile(values, 0.75) - quantile(values, 0.25)) / Math.abs(middle);
}

/**
 * What a subject is of the reference: the median of the ratios of each round, since what slows the machine for a moment slows both of a round.
 * @param {readonly number[]} rates operations a second, one a round. @param {readonly number[]} reference of the same rounds.
 * @returns {number | undefined} undefined where the rounds of either differ too much for a ratio to mean anything.
 */
export function ratio(rates, reference) {
  if (spread(rates) > MOST_SPREAD || spread(reference) > MOST_SPREAD) return undefined;
  return median(paired(rates, reference));
}

/** How far the ratios of the rounds differ: less than the rates do, since both of a round meet the same machine. @param {readonly number[]} rates @param {readonly number[]} reference */
export function ratioSpread(rates, reference) {
  return spread(paired(rates, reference));
}

/** The ratio of each round. @param {readonly number[]} rates @param {readonly number[]} reference of the same rounds. */
export function paired(rates, reference) {
  return rates.map((rate, round) => rate / reference[round]);
}

/** Above this spread a figure is shown, but no ratio is made of it. */
export const MOST_SPREAD = 0.25;
