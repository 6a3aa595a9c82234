/** Work that Node only does at once, one piece in a turn of the event loop, so that everybody else's work comes between. In order. */

const waiting: (() => void)[] = [];
let scheduled = false;

/** Resolves when a turn of the event loop is there that nobody else has. */
export function ownTurn(): Promise<void> {
  return new Promise(wait);
}

/** How many pieces wait. */
export function waitingTurns(): number {
  return waiting.length;
}

function wait(resolve: () => void): void {
  waiting.push(resolve);
  schedule();
}

function schedule(): void {
  if (scheduled || waiting.length === 0) return;
  scheduled = true;
  setImmediate(next);
}

/** What waits for a promise is done before the next immediate. */
function next(): void {
  scheduled = false;
  waiting.shift()?.();
  schedule();
}
