// @ts-check
/**
 * What handshakes ask of a core in public-key work, and nothing else of them: the same calls with as many jobs of the same kinds, the same lengths, in the same order. No machine on this core
 * takes less time.
 * @typedef {import('handfast/core').Core} Core
 * @typedef {import('handfast/core').Job} Job
 */

/** Calls `handshakes` once with a core that keeps what it is asked. @param {Core} core @param {(core: Core) => void} handshakes */
export function workAlone(core, handshakes) {
  const x25519 = core.guarded.x25519KeyPair();
  const ed25519 = core.ed25519.keyPair();
  const signer = core.guarded.import(ed25519.secretKey);
  /** @param {number} length */
  const signed = (length) => {
    const message = core.random(length);
    return { message, signature: core.ed25519.sign(message, ed25519.secretKey), publicKey: ed25519.publicKey };
  };
  /** @type {Job[][]} */
  const batches = [];
  /** @param {Job} job @returns {Job} */
  const another = (job) => {
    switch (job.op) {
      case 'dh':
        return { op: 'dh', secretKey: x25519.secretKey, publicKey: core.x25519.keyPair().publicKey };
      case 'sign':
        return { op: 'sign', secretKey: signer, message: core.random(job.message.length) };
      case 'verify':
        return { op: 'verify', ...signed(job.message.length) };
      case 'keygen':
        return { op: 'keygen' };
      default:
        throw new Error(`${job.op}: not an operation of these handshakes`);
    }
  };
  handshakes({
    ...core,
    run(jobs) {
      batches.push(jobs.map(another));
      return core.run(jobs);
    },
  });
  return {
    call() {
      for (let i = 0; i < batches.length; i++) {
        const answers = core.run(batches[i]);
        for (let k = 0; k < answers.length; k++) wipe(answers[k]);
      }
    },
    /** How often each operation is asked for. @returns {Record<string, number>} */
    counts() {
      /** @type {Record<string, number>} */
      const counts = {};
      for (const { op } of batches.flat()) counts[op] = (counts[op] ?? 0) + 1;
      return counts;
    },
    /** Throws where an answer is none. */
    check() {
      for (const answer of batches.flatMap((batch) => core.run(batch))) {
        if ('valid' in answer && !answer.valid) throw new Error('a signature that does not verify');
        if ('shared' in answer && answer.shared === 'weak') throw new Error('a weak key');
        wipe(answer);
      }
    },
    close() {
      x25519.secretKey.wipe();
      signer.wipe();
    },
  };
}

/** @param {import('handfast/core').Answer} answer */
function wipe(answer) {
  if (answer.op === 'keygen') answer.keyPair.secretKey.wipe();
  else if (answer.op === 'dh' && answer.shared !== 'weak') answer.shared.wipe();
}
