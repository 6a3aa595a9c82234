/**
 * What is done with arrays of bytes by the hundred in each handshake. The methods are taken from their prototype once: to the engine, looking one up on an array costs half as much as copying a short one,
 * and a loop over more than eight bytes or words costs more than the call.
 */

/** Copies all of `from` to `to`, from byte `at` on. @throws RangeError where it does not fit. */
export function copyTo(to: Uint8Array, from: Uint8Array, at: number): void {
  set.call(to, from, at);
}

/** A view, as by `subarray`. */
export function viewOf(bytes: Uint8Array, from: number, end: number): Uint8Array {
  return subarray.call(bytes, from, end);
}

/** A copy with memory of its own, never a view; of a `Buffer` too. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** As `copyOf`, of a part. @param bytes not a `Buffer`, of which a `Buffer` would be made. */
export function partOf(bytes: Uint8Array, from: number, end: number): Uint8Array {
  return slice.call(bytes, from, end);
}

/** Zeros from `from` to `end`. */
export function wipe(bytes: Uint8Array, from: number, end: number): void {
  fill.call(bytes, 0, from, end);
}

const { set, subarray, slice, fill } = Uint8Array.prototype;
