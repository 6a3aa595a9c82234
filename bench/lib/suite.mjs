// @ts-check
/**
 * What a suite is. A file under bench/suites exports `suite`; another suite is another such file, named in bench/suites/index.mjs.
 *
 * @typedef {object} Suite
 * @property {string} name as `--suite` takes it.
 * @property {string} title
 * @property {Case[]} cases
 * @property {Subject[]} subjects measured in every case that they take part in, each in a process of its own.
 *
 * @typedef {object} Case
 * @property {string} name as `--case` takes it.
 * @property {string} operation what one operation is, in a few words.
 * @property {string} reference the subject that ratios are to, of the same run.
 * @property {number} [timeFactor] how much longer than usual a round of this case lasts; 1 by default.
 * @property {string} [measures] the figure of its samples that the case is about, less being better (`heapBytes`): compared and shown instead of how many go in a second.
 * @property {string} [protocol] for cases that are handshakes: which one, where its subjects do not say.
 *
 * @typedef {object} Subject
 * @property {string} name
 * @property {boolean} [quick] false: left out of `--quick` and the short table.
 * @property {string} [needsNode] the oldest Node that it runs on, `22` or `22.4.0`; on an older one it is absent and says so.
 * @property {string} [protocol] which handshake it does, as a reader knows it: `handfast/1`, `TLS 1.3`, `Noise XX`.
 * @property {(caseName: string) => Promise<Prepared | Missing | undefined>} prepare runs in the subject's own process. Undefined: takes no part in this case.
 *
 * @typedef {object} Missing
 * @property {string} missing the line that installs or builds what is not there.
 *
 * @typedef {object} Prepared
 * @property {number} operations how many operations one `call` is.
 * @property {() => unknown} [call] a promise where it is asynchronous.
 * @property {(ms: number) => Promise<Sample>} [sample] instead of `call`: measures by itself.
 * @property {() => void | Promise<void>} check compares what the calls make with bytes known otherwise; throws when they differ. Called before the first round and after the last.
 * @property {() => void | Promise<void>} [close]
 * @property {Record<string, string | number>} [facts] to record: versions of libraries, sizes.
 *
 * @typedef {object} Sample of one round.
 * @property {number} opsPerSecond operations by the whole time they took.
 * @property {{ p50: number, p99: number }} nsPerOp
 * @property {Record<string, number>} [latency] nanoseconds an operation by quantile, `p1` to `p99`.
 * @property {number} [usedMs] processor time it took: more than was asked for where one call takes longer.
 * @property {Record<string, number>} [figures] what else was measured, units in the name: `bytesPerSession`, `eventLoopDelayP99Ms`.
 */

/**
 * Loads a package that may not be installed.
 * @param {string} name
 * @returns {Promise<any>} the module, or a {@link Missing} with the line that installs it.
 */
export async function optional(name) {
  try {
    const module = await import(name);
    return module.default ?? module;
  } catch (error) {
    if (/** @type {any} */ (error).code === 'ERR_MODULE_NOT_FOUND') return { missing: `npm install --no-save ${name}` };
    throw error;
  }
}

/**
 * A core of handfast by name, or why there is none.
 * @param {'native' | 'pure'} name
 * @returns {Promise<any>} the Core, or a {@link Missing}.
 */
export async function loadCore(name) {
  if (name === 'pure') return (await import('handfast/pure')).core;
  try {
    return (await import('handfast/native')).core;
  } catch {
    return { missing: 'scripts/setup && npm run build:native' };
  }
}

/**
 * @param {Uint8Array} actual @param {Uint8Array} expected @param {string} what
 * @throws {Error} where they differ.
 */
export function sameBytes(actual, expected, what) {
  if (Buffer.compare(actual, expected) !== 0) {
    throw new Error(`${what}: ${shown(actual)} where ${shown(expected)} was expected`);
  }
}

/** @param {Uint8Array} bytes */
function shown(bytes) {
  const hex = Buffer.from(bytes.subarray(0, 16)).toString('hex');
  return bytes.length > 16 ? `${hex}... (${bytes.length} bytes)` : hex;
}
