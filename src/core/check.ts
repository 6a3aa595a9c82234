/** Argument checks of the pure core. Every failure is HF_BAD_ARGUMENT, blame caller, naming the argument and never its bytes. */
import { HandfastError } from '../errors.ts';

export function badArgument(message: string): never {
  throw new HandfastError('BAD_ARGUMENT', message);
}

/** A Uint8Array (Buffers are) whose memory is there and belongs to this thread alone. */
export function checkBytes(value: unknown, name: string): asserts value is Uint8Array {
  if (!isBytes(value)) badArgument(`${name}: expected a Uint8Array`);
  if (value.buffer instanceof ArrayBuffer) {
    if (value.length === 0 && isDetached(value.buffer)) badArgument(`${name}: its buffer was detached`);
  } else if (isShared(value.buffer)) {
    // Another thread could change it between a check and its use.
    badArgument(`${name}: memory shared with other threads is not accepted, copy it first`);
  }
}

/**
 * As `checkBytes`, for what is copied before anything is done with it: memory shared with other threads will do. To ask an array for its buffer costs as much as to copy a short one,
 * so only one that is empty, as a detached one is, is asked.
 */
export function checkCopied(value: unknown, name: string): asserts value is Uint8Array {
  if (!isBytes(value)) badArgument(`${name}: expected a Uint8Array`);
  if (value.length === 0) checkBytes(value, name);
}

/** @param most as `least` when absent. */
export function checkLength(value: unknown, name: string, least: number, most: number = least): asserts value is Uint8Array {
  checkBytes(value, name);
  checkSize(value.length, name, least, most);
}

/** A number of bytes. */
export function checkSize(length: number, name: string, least: number, most: number): void {
  if (length < least || length > most) {
    badArgument(`${name}: expected ${least === most ? least : `${least} to ${most}`} bytes, not ${length}`);
  }
}

export function checkInteger(value: unknown, name: string, least: number, most: number): asserts value is number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    badArgument(`${name}: expected an integer from ${least} to ${most}`);
  }
}

export function checkObject(value: unknown, name: string): asserts value is object {
  if (typeof value !== 'object' || value === null) badArgument(`${name}: expected an object`);
}

export function checkArray(value: unknown, name: string): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) badArgument(`${name}: expected an array`);
}

function isBytes(value: unknown): value is Uint8Array {
  // The tag too, so that arrays of another realm (vm contexts, test runners) count as what they are.
  return ArrayBuffer.isView(value) && (value instanceof Uint8Array || Object.prototype.toString.call(value) === '[object Uint8Array]');
}

function isShared(buffer: ArrayBufferLike): boolean {
  return Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]';
}

/** `ArrayBuffer.prototype.detached` is younger than Node 20; a view over a detached buffer cannot be made in any version. */
function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength !== 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
