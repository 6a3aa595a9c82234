/** The way to keys by Noise, section 12, from either side. The slave is the initiator; the pre-shared key is made of the password, and keys that are pinned may not change. */
import type { Bytes } from '../../core/core.ts';
import type { Argon2idJob } from '../../core/legacy/argon2id.ts';
import { HandfastError } from '../../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import { broken } from '../faults.ts';
import type { Work, WorkAnswer } from '../machine.ts';
import { NoiseHandshake, type NoiseSplit, type NoiseStep } from '../noise/index.ts';
import type { HiveMindClient } from './clients.ts';
import { bytesOfHex, hexOf, isEncoding } from './encodings.ts';
import { malformed } from './faults.ts';
import { LIMITS } from './limits.ts';
import { readJson } from './message.ts';
import type { CommonSettings, MasterSettings, SlaveSettings } from './options.ts';
import type { Path, PathInput, PathStep } from './path.ts';
import { NoiseChannel } from './v3-channel.ts';
import { type NoiseSettings, noiseKeyOf } from './v3-options.ts';
import { canonicalJson, prologueOf } from './v3-prologue.ts';
import { pskJob } from './v3-psk.ts';

/** Payloads of the master's HELLO and of its request. */
export interface Said {
  readonly hello: JsonObject;
  readonly request: JsonObject;
  /** The access key is nobody's. */
  readonly unknown?: boolean | undefined;
}

/** A master's request of version 3; undefined where the client has no password, or the master no key. */
export function noiseOffer(
  { noise, binarize, encodings, ciphers }: MasterSettings,
  { password, noiseKey }: HiveMindClient,
): JsonObject | undefined {
  if (!noise || password === undefined) return undefined;
  const patterns = noiseKey === undefined ? ['XXpsk2'] : ['KKpsk0', 'XXpsk2'];
  return { binarize, encodings, ciphers, noise: { patterns, suites: SUITES }, max_protocol_version: 3 };
}

export function slaveNoise(settings: SlaveSettings, noise: NoiseSettings, hello: JsonObject, request: JsonObject): PathStep {
  const offered = request.noise as JsonObject;
  const pattern = has(offered.patterns, 'KKpsk0') && noise.masterKey ? 'KKpsk0' : 'XXpsk2';
  const suite = SUITES.find((each) => has(offered.suites, each));
  if (!has(offered.patterns, pattern) || !suite) return { why: new HandfastError('SUITE_MISMATCH', 'no Noise handshake in common') };
  if (typeof hello.node_id !== 'string') return { why: malformed('HELLO without the node id that the key is made with') };
  if (settings.password === undefined && !noise.psk) return { why: new HandfastError('NOT_ALLOWED', 'version 3 needs a password') };
  const binarize = settings.binarize && request.binarize === true;
  return NoisePath.begin(slaveSteps(settings, noise, { hello, request }, pattern, suite, binarize));
}

export function masterNoise(
  settings: MasterSettings,
  noise: NoiseSettings,
  client: HiveMindClient,
  said: Said,
  shake: JsonObject,
): PathStep {
  const { pattern, suite } = shake;
  const offered = isJsonObject(said.request.noise) ? said.request.noise : {};
  if (!has(offered.patterns, pattern) || !has(offered.suites, suite))
    return { why: new HandfastError('SUITE_MISMATCH', 'a Noise handshake that was not offered') };
  const message = messageIn(shake);
  if (!message) return { why: malformed('a Noise handshake without a message') };
  return NoisePath.begin(masterSteps(settings, noise, client, said, pattern as Pattern, suite as string, message));
}

type Pattern = 'XXpsk2' | 'KKpsk0';
/** What a run asks for: work, or the other side's next message, behind those that go to it. */
type Ask = { readonly work: readonly Work[] } | { readonly shakes: readonly JsonObject[]; readonly awaits: string };
/** It is given the answers, or the message. */
type Given = readonly WorkAnswer[] | Bytes;
type Run<Result> = Generator<Ask, Result, Given>;

function* slaveSteps(
  settings: SlaveSettings,
  noise: NoiseSettings,
  said: Said,
  pattern: Pattern,
  suite: string,
  binarize: boolean,
): Run<PathStep> {
  const psk = noise.psk ?? (yield* pskOf(settings, noise, settings.password!, said.hello.node_id as string));
  const { core, encodings } = settings;
  const name = `Noise_${pattern}_${suite}`;
  const remoteStatic = pattern === 'KKpsk0' ? noise.masterKey : undefined;
  const prologue = prologueOf(said.hello, said.request, name);
  const staticKey = core.guarded.x25519KeyPair(noise.secretKey);
  const handshake = new NoiseHandshake({ core, name, role: 'initiator', prologue, staticKey, remoteStatic, psks: [psk] });
  try {
    const first = yield* settled(handshake, handshake.write(utf8(canonicalJson({ binarize, encodings }))));
    const answer = yield { shakes: [{ noise: { pattern, suite, msg: hexOf(first.bytes) } }], awaits: 'answer to our Noise handshake' };
    // Whoever does not hold the key of our password cannot have made this.
    const second = yield* settled(handshake, handshake.read(answer as Bytes), WRONG_KEY);
    const chosen = readJson(second.bytes, LIMITS.clear, 'a payload of the handshake');
    if (chosen instanceof HandfastError) return refused(chosen, second.split);
    if (!isEncoding(chosen.encoding) || !encodings.includes(chosen.encoding))
      return refused(new HandfastError('SUITE_MISMATCH', 'an encoding that we did not offer'), second.split);
    const key = handshake.remoteStatic;
    if (noise.masterKey && !(key && core.equal(key, noise.masterKey))) {
      return { why: new HandfastError('UNEXPECTED_PEER', 'the master shows another Noise key than the one that is pinned') };
    }
    if (second.split) return { shakes: [], keyed: channelOf(settings, second.split, pattern, suite, binarize) };
    const third = yield* settled(handshake, handshake.write());
    return { shakes: [{ noise: { msg: hexOf(third.bytes) } }], keyed: channelOf(settings, third.split!, pattern, suite, binarize) };
  } finally {
    handshake.wipe();
    staticKey.secretKey.wipe();
  }
}

function* masterSteps(
  settings: MasterSettings,
  noise: NoiseSettings,
  client: HiveMindClient,
  said: Said,
  pattern: Pattern,
  suite: string,
  first: Bytes,
): Run<PathStep> {
  const { core, encodings } = settings;
  const pinned = client.noiseKey === undefined ? undefined : noiseKeyOf(client.noiseKey);
  if (client.noiseKey !== undefined && !pinned) return { why: new HandfastError('BAD_KEY', "the client's noiseKey is none") };
  const psk = said.unknown ? noise.nobody : yield* pskOf(settings, noise, client.password!, settings.nodeId);
  const name = `Noise_${pattern}_${suite}`;
  const prologue = prologueOf(said.hello, said.request, name);
  const remoteStatic = pattern === 'KKpsk0' ? pinned : undefined;
  const staticKey = core.guarded.x25519KeyPair(noise.secretKey);
  const handshake = new NoiseHandshake({ core, name, role: 'responder', prologue, staticKey, remoteStatic, psks: [psk] });
  try {
    const offer = yield* settled(handshake, handshake.read(first), WRONG_KEY);
    const wanted = readJson(offer.bytes, LIMITS.clear, 'a payload of the handshake');
    if (wanted instanceof HandfastError) return { why: wanted };
    const list = Array.isArray(wanted.encodings) ? wanted.encodings : ['JSON-HEX'];
    const encoding = list.find((each) => isEncoding(each) && encodings.includes(each));
    if (encoding === undefined) return { why: new HandfastError('SUITE_MISMATCH', 'no encoding in common') };
    const binarize = settings.binarize && wanted.binarize === true;
    const answer = yield* settled(handshake, handshake.write(utf8(`{"encoding": ${JSON.stringify(encoding)}}`)));
    const shakes = [{ noise: { msg: hexOf(answer.bytes) } }];
    if (answer.split) return { shakes, keyed: channelOf(settings, answer.split, pattern, suite, binarize) };
    const message = yield { shakes, awaits: 'last message of the Noise handshake' };
    const third = yield* settled(handshake, handshake.read(message as Bytes), WRONG_KEY);
    const key = handshake.remoteStatic;
    if (pinned && !(key && core.equal(key, pinned))) {
      return refused(new HandfastError('UNEXPECTED_PEER', 'the client shows another Noise key than the one that is pinned'), third.split);
    }
    return { shakes: [], keyed: channelOf(settings, third.split!, pattern, suite, binarize) };
  } finally {
    handshake.wipe();
    staticKey.secretKey.wipe();
  }
}

/** What a master can stretch before its client has said anything, so that both sides do it at once; undefined where it is known, or may not be needed. */
export function pskAhead({ core, noise, nodeId }: MasterSettings, { password }: HiveMindClient): Argon2idJob | undefined {
  if (!noise || noise.allowOlder || password === undefined) return undefined;
  const job = pskJob(core, password, nodeId);
  const held = noise.cache.find(job);
  held?.fill(0);
  return held ? undefined : job;
}

/** Walks a run by the inputs of a path. */
class NoisePath implements Path {
  readonly #run: Run<PathStep>;
  readonly awaits: string;
  readonly #works: boolean;

  private constructor(run: Run<PathStep>, ask: Ask) {
    this.#run = run;
    this.#works = 'work' in ask;
    this.awaits = 'work' in ask ? 'key' : ask.awaits;
  }

  static begin(run: Run<PathStep>): PathStep {
    return NoisePath.#go(run, []);
  }

  step(input: PathInput): PathStep {
    if (input.kind === 'answers') return NoisePath.#go(this.#run, input.answers);
    // A request that was repeated before our first message arrived.
    if (this.#works || input.payload.noise === undefined || hasLists(input.payload.noise)) return { shakes: [], next: this };
    const message = isJsonObject(input.payload.noise) ? messageIn(input.payload.noise) : undefined;
    return message ? NoisePath.#go(this.#run, message) : { why: malformed('a Noise handshake without a message') };
  }

  wipe(): void {
    this.#run.return({ why: new HandfastError('ABORTED', 'given up') });
  }

  static #go(run: Run<PathStep>, given: Given): PathStep {
    try {
      const { done, value } = run.next(given);
      if (done) return value;
      const next = new NoisePath(run, value);
      return 'work' in value ? { shakes: [], work: value.work, next } : { shakes: value.shakes, next };
    } catch (error) {
      if (error instanceof HandfastError) return { why: error };
      throw error;
    }
  }
}

function* pskOf({ core }: CommonSettings, { cache }: NoiseSettings, password: string, nodeId: string): Run<Bytes> {
  const job = pskJob(core, password, nodeId);
  const held = cache.find(job);
  if (held) return held;
  const [answer] = (yield { work: [job] }) as readonly WorkAnswer[];
  if (answer?.op !== 'argon2id') throw broken(answer);
  cache.add(job, answer.key);
  return answer.key;
}

/** Does the work of a step, and gives the message or the payload. @throws what the handshake refused; what does not open as `wrong` says. */
function* settled(handshake: NoiseHandshake, step: NoiseStep, wrong?: string): Run<{ bytes: Bytes; split: NoiseSplit | undefined }> {
  let at = step;
  while ('work' in at) at = handshake.answered((yield { work: at.work }) as readonly WorkAnswer[]);
  if ('why' in at)
    throw wrong !== undefined && at.why.code === 'HF_BAD_TAG' ? new HandfastError('WRONG_KEY', wrong, { cause: at.why }) : at.why;
  return { bytes: 'message' in at ? at.message : at.payload, split: at.split };
}

function refused(why: HandfastError, split: NoiseSplit | undefined): PathStep {
  split?.send.wipe();
  split?.receive.wipe();
  return { why };
}

function channelOf({ maxMessage }: CommonSettings, split: NoiseSplit, pattern: string, suite: string, binarize: boolean): NoiseChannel {
  const info = { path: 'noise', version: 3, pattern, cipher: suite, binarize, noiseKey: hexOf(split.remoteStatic!) };
  return new NoiseChannel(split, { binarize, limit: maxMessage, info });
}

/** The bytes of `msg`; undefined for what is no hexadecimal text of a Noise message's length. */
function messageIn({ msg }: JsonObject): Bytes | undefined {
  return typeof msg === 'string' && msg.length <= 2 * MOST_BYTES ? bytesOfHex(msg) : undefined;
}

function has(list: JsonValue | undefined, name: JsonValue | undefined): boolean {
  return typeof name === 'string' && Array.isArray(list) && list.includes(name);
}

function hasLists(noise: JsonValue): boolean {
  return isJsonObject(noise) && noise.msg === undefined && noise.patterns !== undefined;
}

const SUITES: readonly string[] = ['25519_ChaChaPoly_SHA256', '25519_AESGCM_SHA256'];
const MOST_BYTES = 16 * 1024;
const WRONG_KEY = 'the other side does not know the password, or saw another greeting than ours';
