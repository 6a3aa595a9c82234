// @ts-check
/** Many peers that dial, shake hands, cut the connection and dial again, at as little cost as may be: by the program of bench/native/storm-load.cpp, or as well as it goes in here where that is not built. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LightDialler } from './light-dialler.mjs';

/**
 * @typedef {object} Storm
 * @property {string} by what makes it.
 * @property {(ms: number) => Promise<{ opened: number, seconds: number, usedMicroseconds: number, nanoseconds: number[] | Record<string, number> }>} run for so long, and until the last one has opened.
 * @property {() => Promise<void>} end
 */

/**
 * @param {{ core: import('handfast/core').Core, port: number, network: string, listener: string, atOnce: number, machines: readonly import('handfast/protocols').Machine[] }} options
 * listener: its public key in hex. machines: of as many peers, more than connect at once: none is back before the listener has seen it go.
 * @returns {Storm}
 */
export function startStorm({ core, port, network, listener, atOnce, machines }) {
  return existsSync(PROGRAM) ? byProgram([port, network, listener, atOnce]) : inHere(new LightDialler(core, port), machines, atOnce);
}

/** @param {readonly (string | number)[]} options @returns {Storm} */
function byProgram(options) {
  const child = spawn(PROGRAM, options.map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    by: 'bench-storm-load',
    async run(ms) {
      child.stdin.write(`${ms}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the peers have given up');
      const { opened, seconds, processorMicroseconds, nanoseconds } = JSON.parse(value);
      return { opened, seconds, usedMicroseconds: processorMicroseconds, nanoseconds };
    },
    async end() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/** @param {LightDialler} dialler @param {readonly import('handfast/protocols').Machine[]} machines @param {number} atOnce @returns {Storm} */
function inHere(dialler, machines, atOnce) {
  let next = 0;
  return {
    by: 'Node',
    async run(ms) {
      /** @type {number[]} */
      const nanoseconds = [];
      const before = process.cpuUsage();
      const start = performance.now();
      const again = async () => {
        for (let now = performance.now(); now - start < ms; now = performance.now()) {
          const { socket, opened } = await dialler.dial(machines[next++ % machines.length]);
          nanoseconds.push(1e6 * (performance.now() - now));
          socket.destroy();
          opened.traffic.wipe();
        }
      };
      await Promise.all(Array.from({ length: atOnce }, again));
      const { user, system } = process.cpuUsage(before);
      return { opened: nanoseconds.length, seconds: (performance.now() - start) / 1000, usedMicroseconds: user + system, nanoseconds };
    },
    async end() {},
  };
}

const PROGRAM = fileURLToPath(new URL('../../build/bench/bench-storm-load', import.meta.url));
