/** What the scripts have in common on their command lines: what is wrong is said with the usage, exit code 2; --help prints it. */
import { parseArgs } from 'node:util';

/**
 * @template {import('node:util').ParseArgsConfig['options'] & {}} Options
 * @param {string} usage @param {Options} options besides --help.
 * @param {(values: any) => string | undefined} [wrong] what is wrong with them, if anything.
 */
export function readArguments(usage, options, wrong) {
  /** @type {any} */
  let values;
  try {
    ({ values } = parseArgs({ options: { ...options, help: { type: 'boolean' } } }));
    const fault = wrong?.(values);
    if (fault) throw new Error(fault);
  } catch (error) {
    console.error(`${/** @type {Error} */ (error).message}\n${usage}`);
    process.exit(2);
  }
  if (!values.help) return values;
  console.log(usage);
  process.exit(0);
}

/** @param {any} values @param {readonly string[]} names @param {RegExp} form @param {string} expected in words. */
export function wrongNumber(values, names, form, expected) {
  const name = names.find((one) => values[one] !== undefined && !form.test(values[one]));
  return name && `--${name}: expected ${expected}, not ${values[name]}`;
}
