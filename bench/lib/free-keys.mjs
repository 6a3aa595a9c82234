// @ts-check
/**
 * A core whose public-key work costs nothing, for both ends of a connection alike: every shared secret is the same, every signature is zeros and valid. What a handshake on it still takes is
 * what no lanes could make faster. It protects nobody.
 * @param {import('handfast/core').Core} core does all the rest. @returns {import('handfast/core').Core}
 */
export function freeKeys(core) {
  /** @param {import('handfast/core').Job} job @returns {import('handfast/core').Answer} */
  const answer = ({ op }) => {
    switch (op) {
      case 'keygen':
        return { op, keyPair: { publicKey: BYTES.slice(0, 32), secretKey: core.guarded.import(BYTES.subarray(0, 32)) } };
      case 'dh':
        return { op, shared: core.guarded.import(BYTES.subarray(0, 32)) };
      case 'sign':
      case 'secp256k1-sign':
        return { op, signature: BYTES.slice() };
      case 'verify':
      case 'secp256k1-verify':
      case 'secp256k1-verify-sha512':
        return { op, valid: true };
    }
  };
  const run = (/** @type {readonly import('handfast/core').Job[]} */ jobs) => jobs.map(answer);
  return { ...core, run, runAsync: async (jobs) => run(jobs) };
}

const BYTES = new Uint8Array(64).fill(9);
