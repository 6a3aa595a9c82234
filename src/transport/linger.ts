/** How a carrier ends after the last word: our direction is ended, what still arrives is thrown away for a while, so that no reset eats that word, then it closes. */
import { HandfastError } from '../errors.ts';
import type { CloseCode } from '../protocols/machine.ts';
import type { Carrier } from './carrier.ts';
import type { Clock } from './clock.ts';

/**
 * @param lingerMs how long to wait for the other side's end; 0: no longer than it takes to hand over what was written; `cut`: not even that.
 * A carrier that does not stand yet has nobody at its other end to hear a last word, and is dropped.
 * @param heardEnd whether the other side has ended already. @param closed called once, when the carrier is gone.
 */
export function endCarrier(
  carrier: Carrier,
  clock: Clock,
  { lingerMs, heardEnd, close }: { lingerMs: number | 'cut'; heardEnd: boolean; close?: CloseCode | undefined },
  closed: () => void,
): void {
  if (lingerMs === 'cut' || carrier.standing === false) {
    carrier.attach({ data() {}, drained() {}, end() {}, closed });
    carrier.destroy();
    return;
  }
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
  }, close);
}

/** Why a carrier went without having ended: what it says itself where that is one of our errors, TRUNCATED otherwise. */
export function brokenOff(what: string, cause: Error | undefined): HandfastError {
  return cause instanceof HandfastError && cause.codeName !== 'CLOSED' ? cause : new HandfastError('TRUNCATED', what, { cause });
}

// For a peer that does not read what it is sent.
const FLUSH_MS = 5_000;
