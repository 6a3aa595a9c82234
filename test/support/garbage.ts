/** What is left of an object once nobody but the test's own subject may hold it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Whether the object is gone, some turns and collections later. */
export async function isCollected(object: WeakRef<object>): Promise<boolean> {
  for (let tries = 0; tries < 20 && object.deref() !== undefined; tries++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  return object.deref() === undefined;
}
