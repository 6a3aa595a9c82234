/** A worker thread of {@link ../verify/pool.ts}: the pure core, asked by packed signatures, answering with a byte each. */
import { parentPort } from 'node:worker_threads';
import { run } from '../pure-jobs.ts';
import { unpack } from './packed.ts';

parentPort?.on('message', (packed: Uint8Array) => {
  const valid = Uint8Array.from(run(unpack(packed)), (answer) => Number('valid' in answer && answer.valid));
  parentPort?.postMessage(valid, [valid.buffer]);
});
