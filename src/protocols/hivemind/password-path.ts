/** The way to a key by a password, section 4, from either side. Both verify, before anything is derived and in constant time; an envelope of our own is refused. */

import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import type { JsonObject } from '../../wire/json.ts';
import { broken } from '../faults.ts';
import { AeadChannel } from './channel.ts';
import { createHsub, IV_BYTES, keyJob, matchHsub } from './hsub.ts';
import { answeredSuite, chooseSuite, offerOf, type Suite } from './offer.ts';
import type { CommonSettings, MasterSettings, SlaveSettings } from './options.ts';
import type { Path, PathStep } from './path.ts';

/** The slave begins, with or without a request: one that was missed stands for `binarize: false`. */
export function slavePassword(settings: SlaveSettings, password: string, request: JsonObject | undefined): PathStep {
  const iv = settings.random(IV_BYTES);
  const binarize = settings.binarize && request?.binarize === true;
  const shake = { ...offerOf(settings, binarize), envelope: createHsub(settings.core, password, iv) };
  return { shakes: [shake], next: new AwaitAnswer(settings, password, iv, binarize) };
}

/** The master takes up a shake with an `envelope`. */
export function masterPassword(settings: MasterSettings, password: string, shake: JsonObject): PathStep {
  const iv = settings.random(IV_BYTES);
  const peerIv = checkEnvelope(settings, password, iv, shake.envelope);
  if (peerIv instanceof HandfastError) return { why: peerIv };
  const suite = chooseSuite(settings, shake);
  if (suite instanceof HandfastError) return { why: suite };
  const answer = { envelope: createHsub(settings.core, password, iv), ...suite };
  const binarize = settings.binarize && shake.binarize === true;
  return { shakes: [], work: [keyJob(password, iv, peerIv)], next: new Deriving(settings, suite, binarize, [answer]) };
}

class AwaitAnswer implements Path {
  readonly awaits = 'answer to our handshake';
  readonly #settings: SlaveSettings;
  readonly #password: string;
  readonly #iv: Bytes;
  readonly #binarize: boolean;

  constructor(settings: SlaveSettings, password: string, iv: Bytes, binarize: boolean) {
    this.#settings = settings;
    this.#password = password;
    this.#iv = iv;
    this.#binarize = binarize;
  }

  step(input: Parameters<Path['step']>[0]): PathStep {
    // A request that was repeated before our shake arrived.
    if (input.kind !== 'shake' || input.payload.envelope === undefined) return { shakes: [], next: this };
    const peerIv = checkEnvelope(this.#settings, this.#password, this.#iv, input.payload.envelope);
    if (peerIv instanceof HandfastError) return { why: peerIv };
    const suite = answeredSuite(this.#settings, input.payload);
    if (suite instanceof HandfastError) return { why: suite };
    const work = [keyJob(this.#password, this.#iv, peerIv)];
    return { shakes: [], work, next: new Deriving(this.#settings, suite, this.#binarize, []) };
  }

  wipe(): void {}
}

class Deriving implements Path {
  readonly awaits = 'derived key';
  readonly #settings: CommonSettings;
  readonly #suite: Suite;
  readonly #binarize: boolean;
  readonly #shakes: readonly JsonObject[];

  constructor(settings: CommonSettings, suite: Suite, binarize: boolean, shakes: readonly JsonObject[]) {
    this.#settings = settings;
    this.#suite = suite;
    this.#binarize = binarize;
    this.#shakes = shakes;
  }

  step(input: Parameters<Path['step']>[0]): PathStep {
    if (input.kind !== 'answers') return { shakes: [], next: this };
    const [answer] = input.answers;
    if (answer?.op !== 'pbkdf2-sha256') return { why: broken(answer) };
    const { core, random } = this.#settings;
    const info = { path: 'password', version: 2 };
    return {
      shakes: this.#shakes,
      keyed: new AeadChannel({ core, random, key: answer.key, ...this.#suite, binarize: this.#binarize, info }),
    };
  }

  wipe(): void {}
}

/** @returns the other side's nonce, or HF_MALFORMED, HF_WRONG_KEY. */
function checkEnvelope({ core }: CommonSettings, password: string, ownIv: Bytes, envelope: unknown): Bytes | HandfastError {
  if (typeof envelope !== 'string') return malformedEnvelope();
  const iv = matchHsub(core, envelope, password);
  if (iv === 'misshapen') return malformedEnvelope();
  if (iv === 'wrong') return new HandfastError('WRONG_KEY', 'the other side does not know the password');
  if (core.equal(iv, ownIv)) return new HandfastError('WRONG_KEY', 'the other side sent our own envelope back, which proves nothing');
  return iv;
}

// Refused by policy (1008) as the specification has it, not as a fault of format.
function malformedEnvelope(): HandfastError {
  return new HandfastError('WRONG_KEY', 'an envelope that does not have the shape of one');
}
