/** How a stream ends after the last word: our direction is ended, what still arrives is thrown away for a while, so that no reset eats that word, then it closes. */
import type { Carrier } from './carrier.ts';
import type { Clock } from './clock.ts';

/**
 * @param lingerMs how long to wait for the other side's end; 0: no longer than it takes to hand over what was written.
 * @param heardEnd whether the other side has ended already. @param closed called once, when the carrier is gone.
 */
export function endCarrier(carrier: Carrier, clock: Clock, lingerMs: number, heardEnd: boolean, closed: () => void): void {
  let flushed = false;
  let heard = heardEnd;
  const settle = (): void => {
    if (flushed && (heard || lingerMs <= 0)) carrier.destroy();
  };
  const cancel = clock.at(clock.now() + (lingerMs > 0 ? lingerMs : FLUSH_MS), () => carrier.destroy());
  carrier.attach({
    data() {},
    drained() {},
    end() {
      heard = true;
      settle();
    },
    closed() {
      cancel();
      closed();
    },
  });
  carrier.resume();
  carrier.end(() => {
    flushed = true;
    settle();
  });
}

// For a peer that does not read what it is sent.
const FLUSH_MS = 5_000;
