/** Cuts a writer of files short at one of the calls that it makes of the file system, or has that call find the disk full. */
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const CALLS = ['open', 'rename', 'link', 'unlink'];
const METHODS = ['chmod', 'sync', 'writeFile'];

/**
 * @param at the number of the call, from 1; 0: none, calls are only counted.
 * @param how `cut`: before the call; `cut-inside`: when half of what is to be written is; `full`: the call fails as on a full disk.
 * @param cut what cutting short is: it does not return, or gives a promise that is never settled.
 * @returns how many calls there were; `restore` puts everything back.
 */
export async function interrupt({ at, how, cut }) {
  const counts = { calls: 0 };
  const guarded = async (call, half) => {
    if (++counts.calls !== at) return call();
    if (how === 'full') throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    if (how === 'cut-inside') await half?.();
    return cut();
  };
  const handle = await promises.open(process.execPath, 'r');
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  const originals = [
    ...CALLS.map((name) => [promises, name, promises[name]]),
    ...METHODS.map((name) => [prototype, name, prototype[name]]),
  ];
  for (const [owner, name, original] of originals) {
    owner[name] = function (...args) {
      const half = name === 'writeFile' ? () => original.call(this, args[0].subarray(0, args[0].length >> 1)) : undefined;
      return guarded(() => original.apply(this, args), half);
    };
  }
  syncBuiltinESMExports();
  return {
    counts,
    restore() {
      for (const [owner, name, original] of originals) owner[name] = original;
      syncBuiltinESMExports();
    },
  };
}
