/** Work that Node only does at once, one piece in a turn of the event loop, so that everybody else's work comes between. In order. */

interface Piece {
  run(): void;
}

const waiting: Piece[] = [];
let scheduled = false;

/** @returns what `work` returns or throws. */
export function inTurn<T>(work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    waiting.push({
      run() {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      },
    });
    schedule();
  });
}

/** How many pieces wait. */
export function waitingTurns(): number {
  return waiting.length;
}

function schedule(): void {
  if (scheduled || waiting.length === 0) return;
  scheduled = true;
  setImmediate(() => {
    scheduled = false;
    waiting.shift()?.run();
    schedule();
  });
}
