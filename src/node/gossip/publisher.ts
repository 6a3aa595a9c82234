/** Own messages: paced, so that whoever reads them reads all of them, then numbered, stamped and signed. */
import type { Core } from '../../core/core.ts';
import type { Identity } from '../../core/identity.ts';
import { HandfastError } from '../../errors.ts';
import { messageDigest, SIGNATURE_BYTES, topicBytes, writeEnvelope } from '../../protocols/handfast/envelope.ts';
import type { Cancel, Clock } from '../../transport/clock.ts';
import { join } from '../../wire/writer.ts';
import type { GossipLimits } from './limits.ts';

export interface Built {
  /** Begins with the message id. */
  digest: Uint8Array;
  /** Prefix of what is signed, then the envelope with its signature. */
  whole: Uint8Array;
}

export interface PublisherOptions {
  clock: Clock;
  core: Core;
  identity: Identity;
  /** What stands in front of an envelope in what is signed. */
  prefix: Uint8Array;
  limits: GossipLimits;
}

export class Publisher {
  readonly #options: PublisherOptions;
  #sequence: bigint;
  /** Messages that may go at once. */
  #tokens: number;
  #filledAt: number;
  /** Those that wait for a token, in order. */
  #waiting: { go(): void; stop(why: HandfastError): void }[] = [];
  #cancel: Cancel | undefined;
  #closed: HandfastError | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#sequence = new DataView(options.core.random(8).buffer).getBigUint64(0);
    this.#tokens = this.#most;
    this.#filledAt = options.clock.precise();
  }

  /**
   * @param topic 1 to 255 bytes of text. @param payload copied before this returns.
   * @throws HF_BAD_ARGUMENT; HF_BUSY (blame caller) when too many wait already; HF_CLOSED; what a signer held elsewhere throws, HF_INTERNAL when its signature is none.
   */
  async build(topic: string, payload: Uint8Array): Promise<Built> {
    const name = topicBytes(topic);
    if (!name) throw new HandfastError('BAD_ARGUMENT', 'topic: expected text of 1 to 255 bytes');
    const { limits, prefix, identity, clock } = this.#options;
    if (!(payload instanceof Uint8Array) || payload.length > limits.payloadBytes)
      throw new HandfastError('BAD_ARGUMENT', `payload: expected at most ${limits.payloadBytes} bytes`);
    const own = payload.slice();
    if (!this.#token()) await this.#wait();
    if (this.#closed) throw this.#closed;
    this.#sequence = (this.#sequence + 1n) & MASK;
    const timestamp = BigInt(Math.trunc(clock.now()));
    const fields = { origin: identity.publicKey, sequence: this.#sequence, timestamp, topic: name, payload: own };
    const signed = join([prefix, writeEnvelope(fields)]);
    const signature = await this.#sign(signed);
    if (this.#closed) throw this.#closed;
    return { digest: messageDigest(this.#options.core, signed), whole: join([signed, signature]) };
  }

  close(why: HandfastError): void {
    this.#closed ??= why;
    this.#cancel?.();
    for (const { stop } of this.#waiting) stop(why);
    this.#waiting = [];
  }

  #sign(signed: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { core, identity } = this.#options;
    const secretKey = identity.secretKeyFor(core);
    return secretKey ? core.ed25519.sign(signed, secretKey) : this.#signElsewhere(signed);
  }

  /** Checked before it goes out: a bad one would be held against us by whoever gets it. */
  async #signElsewhere(signed: Uint8Array): Promise<Uint8Array> {
    const { core, identity } = this.#options;
    const signature = await identity.source!.sign(signed);
    if (
      !(signature instanceof Uint8Array) ||
      signature.length !== SIGNATURE_BYTES ||
      !core.ed25519.verify(signature, signed, identity.publicKey)
    )
      throw new HandfastError('INTERNAL', 'the key held elsewhere did not answer with a signature of the message');
    return signature;
  }

  /** Messages that may go at once: half a second's. */
  get #most(): number {
    return Math.max(1, this.#options.limits.publishedPerSecond / 2);
  }

  #token(): boolean {
    if (this.#closed || this.#waiting.length > 0) return false;
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #fill(): void {
    const { clock, limits } = this.#options;
    const now = clock.precise();
    this.#tokens = Math.min(this.#most, this.#tokens + ((now - this.#filledAt) * limits.publishedPerSecond) / 1000);
    this.#filledAt = now;
  }

  #wait(): Promise<void> {
    return new Promise((go, stop) => {
      if (this.#closed) stop(this.#closed);
      else if (this.#waiting.length >= this.#options.limits.publishing)
        stop(new HandfastError('BUSY', 'too many own messages wait to be sent: publish more slowly', { blame: 'caller' }));
      else {
        this.#waiting.push({ go, stop });
        this.#arm();
      }
    });
  }

  #arm(): void {
    if (this.#cancel || this.#waiting.length === 0) return;
    const { clock, limits } = this.#options;
    // Not each by itself: that would set timers by the thousand.
    const some = Math.min(this.#waiting.length, Math.max(1, Math.floor(limits.publishedPerSecond / RELEASES_PER_SECOND)));
    const ms = Math.max(1, Math.ceil(((some - this.#tokens) * 1000) / limits.publishedPerSecond));
    this.#cancel = clock.at(clock.now() + ms, () => {
      this.#cancel = undefined;
      this.#fill();
      const released = this.#waiting.splice(0, Math.floor(this.#tokens));
      this.#tokens -= released.length;
      for (const { go } of released) go();
      this.#arm();
    });
  }
}

const MASK = 2n ** 64n - 1n;
const RELEASES_PER_SECOND = 16;
