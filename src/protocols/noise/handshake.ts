/** HandshakeState: one side of a Noise handshake, sans-IO. Revision 34, sections 5.3, 7 and 9. Keys are made and multiplied by whoever drives it. */
import type { Answer, Bytes, Core, GuardedKeyPair, Job, Secret, SecretInput } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import { join } from '../../wire/writer.ts';
import { broken } from '../faults.ts';
import { discardAnswers, type Role, type WorkAnswer } from '../machine.ts';
import { KEY_BYTES, MOST_MESSAGE, type NoiseCipher, TAG_BYTES, tooLarge } from './cipher.ts';
import { type NoiseName, parseNoiseName, type Token } from './patterns.ts';
import { SymmetricState } from './symmetric.ts';

export interface NoiseOptions {
  core: Core;
  /** `Noise_XXpsk2_25519_ChaChaPoly_SHA256`; see {@link parseNoiseName}. */
  name: string;
  role: Role;
  /** What both sides must have seen alike beforehand; empty by default. */
  prologue?: Bytes | undefined;
  /** Ours, of the same core: for every pattern but NN. Stays the caller's to wipe, after the handshake. */
  staticKey?: GuardedKeyPair | undefined;
  /** The other side's, 32 bytes, for patterns that know it beforehand: KK, and IK at the initiator. */
  remoteStatic?: Bytes | undefined;
  /** One of 32 bytes for each `psk` of the name, in order. Stay the caller's to wipe, after the handshake. */
  psks?: readonly SecretInput[] | undefined;
  /** Tests alone: the ephemeral secret key, 32 bytes. A random one otherwise. */
  ephemeralSeed?: Bytes | undefined;
}

/** What a handshake leads to. All of it is the caller's; it wipes the ciphers. */
export interface NoiseSplit {
  readonly send: NoiseCipher;
  readonly receive: NoiseCipher;
  /** Channel binding: 32 or 64 bytes, the same on both sides and of this session alone. */
  readonly handshakeHash: Bytes;
  /** The key that the other side proved to hold; undefined in NN. */
  readonly remoteStatic: Bytes | undefined;
}

export type NoiseStep =
  /** To be done by a core, and answered by `answered`, item by item. */
  | { readonly work: readonly Job[] }
  /** To be sent; `split` behind the last message. */
  | { readonly message: Bytes; readonly split?: NoiseSplit | undefined }
  /** What the message held. In the first message of a pattern without `es` or `psk0` it is neither sealed nor proved. */
  | { readonly payload: Bytes; readonly split?: NoiseSplit | undefined }
  /** The handshake is over and failed; everything is wiped. */
  | { readonly why: HandfastError };

/**
 * `write` and `read` take turns, as the pattern says; each may ask for work before it gives its result.
 *
 * Errors come as `why`: HF_BAD_TAG, HF_WEAK_KEY (a key of small order), HF_MALFORMED (too short for its keys and tags), HF_TOO_LARGE (over 65,535 bytes). What only the caller can
 * have done wrong is thrown: HF_BAD_ARGUMENT for an act out of turn.
 */
export class NoiseHandshake {
  readonly #core: Core;
  readonly #name: NoiseName;
  readonly #role: Role;
  readonly #symmetric: SymmetricState;
  readonly #staticKey: GuardedKeyPair | undefined;
  readonly #psks: readonly SecretInput[];
  readonly #ephemeralSeed: Bytes | undefined;
  #ephemeral: GuardedKeyPair | undefined;
  #remoteStatic: Bytes | undefined;
  #remoteEphemeral: Bytes | undefined;
  #index = 0;
  #usedPsks = 0;
  /** Results that came in one batch and whose turn is still to come. */
  readonly #shared = new Map<Token, Secret>();
  #running: Running | undefined;
  #ended = false;

  /** @throws HF_UNSUPPORTED for the name, HF_BAD_ARGUMENT for keys that the pattern needs and that are not there. A known key of small order is HF_WEAK_KEY in the handshake. */
  constructor(options: NoiseOptions) {
    const { core, role, staticKey, remoteStatic, psks = [], prologue = NO_BYTES } = options;
    this.#core = core;
    this.#role = role;
    this.#name = parseNoiseName(options.name);
    const { known, messages } = this.#name;
    const knowsRemote = known[otherOf(role)];
    const shows = known[role] || messages.some((tokens, i) => writerOf(i) === role && tokens.includes('s'));
    if (shows !== (staticKey !== undefined)) throw bad('staticKey', shows ? 'needed by this pattern' : 'not used by this pattern');
    if (knowsRemote !== (remoteStatic !== undefined))
      throw bad('remoteStatic', knowsRemote ? 'needed by this pattern' : 'comes in the handshake');
    if (remoteStatic && remoteStatic.length !== KEY_BYTES) throw bad('remoteStatic', `${KEY_BYTES} bytes`);
    if (psks.length !== this.#name.psks || psks.some(({ length }) => length !== KEY_BYTES))
      throw bad('psks', `${this.#name.psks} of ${KEY_BYTES} bytes`);
    this.#staticKey = staticKey;
    this.#remoteStatic = remoteStatic?.slice();
    this.#psks = psks;
    this.#ephemeralSeed = options.ephemeralSeed;
    this.#symmetric = new SymmetricState(core, this.#name);
    this.#symmetric.mixHash(prologue);
    for (const side of ['initiator', 'responder'] as const) {
      if (known[side]) this.#symmetric.mixHash(side === role ? staticKey!.publicKey : remoteStatic!);
    }
  }

  /** Whether the next message is ours to write; undefined when there is none. */
  get writes(): boolean | undefined {
    return this.#ended ? undefined : writerOf(this.#index) === this.#role;
  }

  /** What the other side showed or was known by; proved only once the message that shows it was read, or the handshake is over. */
  get remoteStatic(): Bytes | undefined {
    return this.#remoteStatic;
  }

  write(payload: Bytes = NO_BYTES): NoiseStep {
    this.#checkTurn(true);
    return this.#run(this.#writing(payload));
  }

  read(message: Bytes): NoiseStep {
    this.#checkTurn(false);
    return this.#run(this.#reading(message.slice()));
  }

  /** Answers the last `work`, item by item. After the end they are wiped. */
  answered(answers: readonly WorkAnswer[]): NoiseStep {
    if (!this.#running) {
      discardAnswers(answers);
      throw bad('answers', 'nothing was asked');
    }
    return this.#run(this.#running, answers);
  }

  /** Gives up. What is still outstanding is answered to nobody: `discardAnswers`. */
  wipe(): void {
    this.#ended = true;
    this.#running = undefined;
    this.#symmetric.wipe();
    this.#ephemeral?.secretKey.wipe();
    for (const shared of this.#shared.values()) shared.wipe();
    this.#shared.clear();
  }

  #checkTurn(writing: boolean): void {
    if (this.#running) throw bad('turn', 'work is outstanding');
    if (this.writes !== writing)
      throw bad('turn', this.#ended ? 'the handshake is over' : `the next message is to be ${writing ? 'read' : 'written'}`);
  }

  #run(running: Running, answers: readonly WorkAnswer[] = []): NoiseStep {
    this.#running = running;
    try {
      const { done, value } = running.next(answers);
      if (!done) return { work: value };
      this.#running = undefined;
      return value;
    } catch (error) {
      this.wipe();
      if (error instanceof HandfastError) return { why: error };
      throw error;
    }
  }

  *#writing(payload: Bytes): Running {
    const tokens = this.#name.messages[this.#index]!;
    const fields: Bytes[] = [];
    for (const [i, token] of tokens.entries()) {
      if (token === 'e') {
        this.#ephemeral = yield* this.#keygen();
        fields.push(this.#ephemeral.publicKey);
        this.#mixEphemeral(this.#ephemeral.publicKey);
      } else if (token === 's') {
        fields.push(this.#symmetric.sealAndHash(this.#staticKey!.publicKey));
      } else if (token === 'psk') this.#mixPsk();
      else yield* this.#mixShared(tokens, i);
    }
    const length = fields.reduce((sum, field) => sum + field.length, payload.length + (this.#symmetric.keyed ? TAG_BYTES : 0));
    if (length > MOST_MESSAGE) throw tooLarge(length, 'caller');
    fields.push(this.#symmetric.sealAndHash(payload));
    return { message: join(fields), split: this.#next() };
  }

  *#reading(message: Bytes): Running {
    if (message.length > MOST_MESSAGE) throw tooLarge(message.length, 'peer');
    const tokens = this.#name.messages[this.#index]!;
    if (message.length < leastLength(tokens, this.#symmetric.keyed, this.#name.psks > 0)) {
      throw new HandfastError('MALFORMED', `a Noise message of ${message.length} bytes, too short for what it has to hold`);
    }
    let rest = message;
    const take = (length: number): Bytes => {
      const field = rest.subarray(0, length);
      rest = rest.subarray(length);
      return field;
    };
    for (const [i, token] of tokens.entries()) {
      if (token === 'e') {
        this.#remoteEphemeral = take(KEY_BYTES).slice();
        this.#mixEphemeral(this.#remoteEphemeral);
      } else if (token === 's') {
        this.#remoteStatic = this.#symmetric.openAndHash(take(KEY_BYTES + (this.#symmetric.keyed ? TAG_BYTES : 0)));
      } else if (token === 'psk') this.#mixPsk();
      else yield* this.#mixShared(tokens, i);
    }
    const payload = this.#symmetric.openAndHash(rest);
    return { payload, split: this.#next() };
  }

  *#keygen(): Generator<readonly Job[], GuardedKeyPair, readonly WorkAnswer[]> {
    if (this.#ephemeralSeed) return this.#core.guarded.x25519KeyPair(this.#ephemeralSeed);
    const [answer] = yield [{ op: 'keygen' }];
    if (answer?.op !== 'keygen') throw broken(answer);
    return answer.keyPair;
  }

  /** Mixes the result of a token; asks for it together with all others of the message whose keys are there already. */
  *#mixShared(tokens: readonly Token[], index: number): Generator<readonly Job[], void, readonly WorkAnswer[]> {
    const token = tokens[index]!;
    if (!this.#shared.has(token)) {
      const batch = tokens.slice(index).flatMap((each) => {
        const keys = this.#keysOf(each);
        return keys ? [{ token: each, job: { op: 'dh', ...keys } as const }] : [];
      });
      const answers = yield batch.map(({ job }) => job);
      let fault: HandfastError | undefined;
      for (const [i, { token: asked }] of batch.entries()) {
        const answer = answers[i] as Answer | undefined;
        if (answer?.op !== 'dh') fault ??= broken(answer);
        else if (answer.shared === 'weak') fault ??= new HandfastError('WEAK_KEY', 'a key of small order in a Noise handshake');
        else this.#shared.set(asked, answer.shared);
      }
      if (fault) throw fault;
    }
    const shared = this.#shared.get(token)!;
    const bytes = shared.export();
    this.#symmetric.mixKey(bytes);
    bytes.fill(0);
    shared.wipe();
    this.#shared.delete(token);
  }

  /** The two keys of a Diffie-Hellman token, once both are there. The first letter is the initiator's key. */
  #keysOf(token: Token): { secretKey: Secret; publicKey: Bytes } | undefined {
    if (token.length !== 2) return undefined;
    const [ours, theirs] = this.#role === 'initiator' ? token : [token[1], token[0]];
    const own = ours === 'e' ? this.#ephemeral : this.#staticKey;
    const publicKey = theirs === 'e' ? this.#remoteEphemeral : this.#remoteStatic;
    return own && publicKey && { secretKey: own.secretKey, publicKey };
  }

  /** Where pre-shared keys are mixed in, ephemeral keys are too: section 9.2. */
  #mixEphemeral(publicKey: Bytes): void {
    this.#symmetric.mixHash(publicKey);
    if (this.#name.psks > 0) this.#symmetric.mixKey(publicKey);
  }

  #mixPsk(): void {
    const psk = this.#psks[this.#usedPsks++]!;
    const bytes = psk instanceof Uint8Array ? psk : psk.export();
    this.#symmetric.mixKeyAndHash(bytes);
    if (bytes !== psk) bytes.fill(0);
  }

  #next(): NoiseSplit | undefined {
    if (++this.#index < this.#name.messages.length) return undefined;
    const handshakeHash = this.#symmetric.digest;
    const [initiator, responder] = this.#symmetric.split();
    const remoteStatic = this.#remoteStatic;
    this.wipe();
    return this.#role === 'initiator'
      ? { send: initiator, receive: responder, handshakeHash, remoteStatic }
      : { send: responder, receive: initiator, handshakeHash, remoteStatic };
  }
}

type Running = Generator<readonly Job[], NoiseStep, readonly WorkAnswer[]>;

/** Bytes of keys and tags in a message, before anything dear is done for it. */
function leastLength(tokens: readonly Token[], keyedBefore: boolean, hasPsks: boolean): number {
  let keyed = keyedBefore;
  let length = 0;
  for (const token of tokens) {
    if (token === 'e') {
      length += KEY_BYTES;
      keyed ||= hasPsks;
    } else if (token === 's') length += KEY_BYTES + (keyed ? TAG_BYTES : 0);
    else keyed = true;
  }
  return length + (keyed ? TAG_BYTES : 0);
}

const writerOf = (index: number): Role => (index % 2 === 0 ? 'initiator' : 'responder');
const otherOf = (role: Role): Role => (role === 'initiator' ? 'responder' : 'initiator');

function bad(option: string, expected: string): HandfastError {
  return new HandfastError('BAD_ARGUMENT', `${option}: ${expected}`);
}

const NO_BYTES = new Uint8Array(0);
