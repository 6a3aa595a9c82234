/** INTERCOM of HiveMind for applications: seals messages for the key of one node, and opens what was sealed for ours and signed by a key that is trusted. */
import type { Bytes, Core } from '../core/core.ts';
import { defaultCore } from '../core/default.ts';
import { modulusBytes, publicPemOf, sealedLimit } from '../core/legacy/rsa-envelope.ts';
import { HandfastError } from '../errors.ts';
import { type Envelope, innerText, readEnvelope, readInner, sealInner, writeEnvelope } from '../protocols/hivemind/intercom.ts';
import { isMessageKind } from '../protocols/hivemind/kinds.ts';
import { LIMITS } from '../protocols/hivemind/limits.ts';
import { readJson } from '../protocols/hivemind/message.ts';
import { aboutOf } from '../protocols/hivemind/routing.ts';
import type { MessageAbout, Work, WorkAnswer } from '../protocols/machine.ts';
import { type Workbench, workbenchOf } from '../transport/workbench.ts';
import { utf8 } from '../wire/text.ts';

export interface IntercomOptions {
  /** Ours, PEM, at least 2,048 bits. */
  privateKey: string;
  /** Public keys, PEM, of those whose messages are taken; 64 at most, since each may have to be tried. More by `trust`. */
  trusted?: Iterable<string> | undefined;
  /** The chosen core by default. */
  core?: Core | undefined;
  /** Where RSA is done; that of the core by default, two operations at once. */
  workbench?: Workbench | undefined;
}

export interface SealOptions extends MessageAbout {
  /** The recipient's public key, PEM. */
  to: string;
  /** Always with a key of its own (`encrypted_key`), also where the message would fit under RSA alone, which is the form that every peer reads. */
  hybrid?: boolean | undefined;
}

/** What `session.send` takes: its bytes, and the rest as options. */
export interface SealedIntercom extends MessageAbout {
  readonly bytes: Bytes;
  readonly kind: 'intercom';
}

export interface OpenedIntercom extends MessageAbout {
  readonly kind: string;
  /** The payload's JSON. */
  readonly bytes: Bytes;
  /** The trusted key that signed it, PEM. */
  readonly from: string;
  /** Whether its sender meant this key: false where another recipient could have passed it on, as released peers seal longer messages. */
  readonly bound: boolean;
}

export class HiveMindIntercom {
  /** PEM: what others seal for. Belongs into HELLO (`publicKey` of `connect`), or nobody can address this node. */
  readonly publicKey: string;
  readonly #privateKey: string;
  readonly #core: Core;
  readonly #workbench: Workbench;
  readonly #trusted = new Set<string>();
  /** Hashes of what was opened, oldest first. */
  readonly #opened = new Set<string>();

  /** @throws HF_BAD_KEY for keys that are none of RSA with at least 2,048 bits. */
  constructor({ privateKey, trusted = [], core = defaultCore(), workbench = workbenchOf(core) }: IntercomOptions) {
    this.publicKey = publicPemOf(privateKey);
    this.#privateKey = privateKey;
    this.#core = core;
    this.#workbench = workbench;
    for (const key of trusted) this.trust(key);
  }

  /** @throws HF_BAD_KEY, HF_BAD_ARGUMENT where 64 are trusted already. */
  trust(publicKey: string): void {
    const key = checkedKey('trusted', publicKey);
    if (!this.#trusted.has(key) && this.#trusted.size >= MOST_TRUSTED)
      throw new HandfastError('BAD_ARGUMENT', `trusted: ${MOST_TRUSTED} keys at most, since each may have to be tried for a message`);
    this.#trusted.add(key);
  }

  distrust(publicKey: string): void {
    this.#trusted.delete(publicKey.trim());
  }

  /**
   * @param payload JSON of the message that is sealed; `kind` is its type, `bus` by default, `meta` its other members.
   * @returns an `intercom` for `session.send`. @throws (by rejection) HF_BAD_ARGUMENT, HF_BAD_KEY, HF_TOO_LARGE. Cost: some 1.3 ms of a thread with 2,048 bits.
   */
  async seal(payload: Bytes, { to, kind = 'bus', meta = {}, hybrid = false }: SealOptions): Promise<SealedIntercom> {
    const recipient = checkedKey('to', to);
    if (!isMessageKind(kind) || kind === 'bin') throw new HandfastError('BAD_ARGUMENT', `kind: a ${kind} cannot be sealed`);
    const object = readJson(payload, LIMITS.json, 'a payload');
    if (object instanceof HandfastError) throw new HandfastError('BAD_ARGUMENT', object.message);
    const parts = { ...meta, msg_type: kind, payload: object };
    const short = innerText(parts);
    const privateKey = this.#privateKey;
    if (!hybrid && short.length <= sealedLimit(recipient)!) {
      const { ciphertext, signature } = await this.#sealed({ privateKey, publicKey: recipient, plaintext: short });
      return addressed(recipient, { wrapped: ciphertext, signature, signed: ciphertext });
    }
    const { key, sealed } = sealInner(this.#core, innerText({ ...parts, target_pubkey: recipient }));
    try {
      const signed = sealed.ciphertext;
      const { ciphertext, signature } = await this.#sealed({ privateKey, publicKey: recipient, plaintext: key, signed });
      return addressed(recipient, { wrapped: ciphertext, signature, signed, sealed });
    } finally {
      key.fill(0);
    }
  }

  /**
   * Opens an `intercom` that a session received; checks its shape, its address, that it was not opened before, its signature, and only then decrypts.
   * @throws (by rejection) HF_MALFORMED, HF_UNEXPECTED_PEER (for somebody else), HF_REPLAYED (among the last 4,096), HF_INVALID_SIGNATURE (by nobody who is trusted), HF_WRONG_KEY.
   * Cost: some 0.1 ms of a thread for each trusted key that is tried, then 1.3 ms.
   */
  async open({ bytes, meta = {} }: { readonly bytes: Bytes } & MessageAbout): Promise<OpenedIntercom> {
    const payload = readJson(bytes, LIMITS.json, 'an intercom');
    const envelope = payload instanceof HandfastError ? payload : readEnvelope(payload);
    if (envelope instanceof HandfastError) throw envelope;
    const { target_pubkey } = meta;
    if (typeof target_pubkey === 'string' && target_pubkey.trim() !== this.publicKey)
      throw new HandfastError('UNEXPECTED_PEER', 'an intercom that is addressed to another key');
    const mark = Buffer.from(this.#core.hash.sha256(envelope.signed)).toString('base64');
    this.#refuseAgain(mark);
    for (const from of this.#trusted) {
      const plaintext = await this.#unwrapped(envelope, from);
      if (plaintext === 'forged') continue;
      if (plaintext === 'unreadable') throw new HandfastError('WRONG_KEY', 'an intercom that was sealed for another key');
      // Another call may have opened it meanwhile.
      this.#refuseAgain(mark);
      this.#remember(mark);
      const inner = readInner(envelope, plaintext, this.publicKey);
      if (inner instanceof HandfastError) throw inner;
      const { message, bound } = inner;
      return { kind: message.msg_type, bytes: utf8(JSON.stringify(message.payload)), meta: aboutOf(message), from, bound };
    }
    throw new HandfastError('INVALID_SIGNATURE', 'no key that is trusted has signed this intercom');
  }

  #refuseAgain(mark: string): void {
    if (this.#opened.has(mark)) throw new HandfastError('REPLAYED', 'an intercom that was opened before');
  }

  #remember(mark: string): void {
    this.#opened.add(mark);
    if (this.#opened.size > MOST_REMEMBERED) this.#opened.delete(this.#opened.values().next().value!);
  }

  async #sealed(job: { privateKey: string; publicKey: string; plaintext: Bytes; signed?: Bytes }): Promise<{
    ciphertext: Bytes;
    signature: Bytes;
  }> {
    const answer = await this.#do({ op: 'rsa-envelope-seal', ...job });
    if (answer.op !== 'rsa-envelope-seal' || !answer.ciphertext || !answer.signature) throw failed(answer);
    return { ciphertext: answer.ciphertext, signature: answer.signature };
  }

  async #unwrapped({ wrapped, signature, signed }: Envelope, from: string): Promise<Bytes | 'forged' | 'unreadable'> {
    const answer = await this.#do({
      op: 'rsa-envelope-open',
      privateKey: this.#privateKey,
      publicKey: from,
      ciphertext: wrapped,
      signature,
      signed,
    });
    if (answer.op !== 'rsa-envelope-open') throw failed(answer);
    return answer.plaintext;
  }

  #do(work: Work): Promise<WorkAnswer> {
    return new Promise((resolve) => this.#workbench.do([work], { wanted: true, answered: ([answer]) => resolve(answer) }));
  }
}

function addressed(recipient: string, envelope: Envelope): SealedIntercom {
  return { bytes: utf8(JSON.stringify(writeEnvelope(envelope))), kind: 'intercom', meta: { target_pubkey: recipient } };
}

/** @returns PEM without spaces around. @throws HF_BAD_KEY */
function checkedKey(option: string, publicKey: string): string {
  if (typeof publicKey === 'string' && modulusBytes(publicKey) !== undefined) return publicKey.trim();
  throw new HandfastError('BAD_KEY', `${option}: an RSA public key in PEM of at least 2,048 bits`);
}

function failed(answer: WorkAnswer): HandfastError {
  return answer.op === 'failed' ? answer.why : new HandfastError('INTERNAL', 'RSA gave no answer');
}

const MOST_TRUSTED = 64;
const MOST_REMEMBERED = 4096;
