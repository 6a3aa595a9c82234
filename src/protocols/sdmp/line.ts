/** How objects lie on the carrier: behind one another with a line feed each on a stream, one a message on WebSocket. Rules F. */
import type { Bytes } from '../../core/core.ts';
import { asciiOf } from '../../core/legacy/ascii.ts';
import { HandfastError } from '../../errors.ts';
import type { JsonObject } from '../../wire/json.ts';
import { JsonStream, type JsonStreamFault } from '../../wire/json-stream.ts';
import type { Input, Output } from '../machine.ts';
import { readJson } from './container.ts';
import { LIMITS } from './limits.ts';
import { broken, type Rule } from './rules.ts';

/** One object that has come, and what stands behind it. */
export interface Heard {
  readonly root: JsonObject;
  /** Its octets; a view where it came in one piece. */
  readonly octets: Bytes;
  /** A view. */
  readonly rest: Bytes;
}

/** What has come of objects so far; the one thing in a state that changes in place, so that no octet is looked at twice. */
export class Line {
  /** The carrier keeps borders. */
  readonly borders: boolean;
  readonly #stream = new JsonStream(limitsOf(LIMITS.sessionObject));
  #limit: number = LIMITS.sessionObject;
  #members: number = LIMITS.handshakeMembers;

  constructor(borders: boolean) {
    this.borders = borders;
  }

  /** From the next object on. */
  expect(limit: number, members: number): void {
    this.#limit = limit;
    this.#members = members;
    this.#stream.limit(limitsOf(limit));
  }

  /** Whether the stream stands inside an object. */
  get inside(): boolean {
    return this.#stream.inside;
  }

  /** Octets held of an object that is not whole. */
  get heldBytes(): number {
    return this.#stream.heldBytes;
  }

  /** Takes octets of a stream up to the end of one object. @returns undefined when more are needed. */
  take(data: Bytes): Heard | HandfastError | undefined {
    const began = this.#stream.inside;
    const taken = this.#stream.take(data);
    if ('fault' in taken)
      return !began && taken.fault === 'not-object' && isNope(data) ? nope() : broken(RULE_OF[taken.fault], `the object is ${taken.fault}`);
    return taken.object && this.#read(taken.object, data.subarray(taken.next));
  }

  /** Takes a message. */
  takeMessage(data: Bytes): Heard | HandfastError {
    return this.#read(data, NONE);
  }

  hear(input: Extract<Input, { kind: 'bytes' | 'message' }>): Heard | HandfastError | undefined {
    return input.kind === 'message' ? this.takeMessage(input.data) : this.take(input.data);
  }

  /** Whether there is more in `rest` than white space, which is an object out of turn. */
  unexpected(rest: Bytes): HandfastError | undefined {
    const next = this.take(rest);
    if (next instanceof Error) return next;
    return next || this.inside ? broken('T', 'an object out of turn') : undefined;
  }

  /** @param object a text in ASCII, or its octets. */
  send(object: string | Bytes): Output & { kind: 'send' } {
    if (typeof object === 'string') {
      return this.borders ? { kind: 'send', data: asciiOf(object), text: true } : { kind: 'send', data: asciiOf(`${object}\n`) };
    }
    if (this.borders) return { kind: 'send', data: object, text: true };
    const line = new Uint8Array(object.length + 1);
    line.set(object);
    line[object.length] = LINE_FEED;
    return { kind: 'send', data: line };
  }

  /** Overwrites what is held. */
  wipe(): void {
    this.#stream.wipe();
  }

  #read(octets: Bytes, rest: Bytes): Heard | HandfastError {
    const root = readJson(octets, this.#limit, this.#members);
    return root instanceof Error ? root : { root: root as JsonObject, octets, rest };
  }
}

const limitsOf = (bytes: number) => ({ bytes, depth: LIMITS.depth, gap: LIMITS.gap });

/** How 0.9 and 0.10 refused. */
const isNope = (data: Bytes): boolean => data.length >= NOPE.length && NOPE.every((octet, i) => data[i] === octet);

function nope(): HandfastError {
  return new HandfastError('REFUSED', 'F1: refused (unauthenticated), as versions 0.9 and 0.10 do it', {
    remote: 'claimed',
    blame: 'network',
  });
}

const NONE = new Uint8Array(0);
const NOPE = Uint8Array.of(0x6e, 0x6f, 0x70, 0x65);
const LINE_FEED = 0x0a;
const RULE_OF: Readonly<Record<JsonStreamFault, Rule>> = { 'not-object': 'F1', 'too-large': 'F2', 'too-deep': 'F3', gap: 'F7' };
