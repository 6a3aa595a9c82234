/**
 * Work of handshakes, each piece done once: it is a function of its input and, where something is drawn, of what was drawn. So a handshake that has been seen costs hashes only, and
 * every bit of it can be turned.
 */
import crypto from 'node:crypto';
import type { Answer, Core, Job, SecretInput } from '../../src/core/core.ts';
import { FfdhKeyPair } from '../../src/core/legacy/ffdh.ts';
import type { Work, WorkAnswer } from '../../src/protocols/machine.ts';
import { type Customer, Workbench } from '../../src/transport/workbench.ts';

export class WorkOnce {
  readonly #core: Core;
  /** Each gives the answer anew: secrets are copied out of the memory, never shared. */
  readonly #done = new Map<string, () => WorkAnswer>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** @param drawn 32 bytes that stand for what is random: the same again gives the same keys. @returns undefined for what is not done here. */
  answer(work: Work, drawn: Uint8Array): WorkAnswer | undefined {
    const name = nameOf(work, drawn);
    if (name === undefined) return undefined;
    let known = this.#done.get(name);
    if (!known) {
      if (this.#done.size >= MOST) this.#done.clear();
      known = this.#do(work, drawn);
      this.#done.set(name, known);
    }
    return known();
  }

  #do(work: Work, drawn: Uint8Array): () => WorkAnswer {
    const { guarded } = this.#core;
    switch (work.op) {
      case 'pbkdf2-sha256':
      case 'argon2id': {
        // What stretches passwords takes its time on purpose. A hash stands in for it here, the same on both sides.
        const key = crypto.createHmac('sha512', work.password).update(work.salt).digest().subarray(0, work.length);
        return () => ({ op: work.op, key: new Uint8Array(key) });
      }
      case 'keygen': {
        const { publicKey, secretKey } = guarded.x25519KeyPair(drawn);
        const bytes = secretKey.export();
        secretKey.wipe();
        return () => ({ op: 'keygen', keyPair: { publicKey, secretKey: guarded.import(bytes) } });
      }
      case 'dh': {
        const [answer] = this.#core.run([work]) as [Answer & { op: 'dh' }];
        if (answer.shared === 'weak') return () => answer;
        const bytes = answer.shared.export();
        answer.shared.wipe();
        return () => ({ op: 'dh', shared: guarded.import(bytes) });
      }
      case 'ffdh-keygen': {
        const { publicKey } = new FfdhKeyPair(work, exponentOf(drawn));
        // One that computes nothing until it has to.
        const derive = (theirs: Uint8Array): Uint8Array | 'weak' => new FfdhKeyPair(work, exponentOf(drawn)).derive(theirs);
        return () => ({ op: work.op, keyPair: { publicKey, derive, wipe() {} } as unknown as FfdhKeyPair });
      }
      case 'ffdh-derive': {
        const shared = work.keyPair.derive(work.publicKey);
        return () => ({ op: work.op, shared: shared === 'weak' ? shared : shared.slice() });
      }
      case 'rsa-sign': {
        const signature = new Uint8Array(crypto.sign(work.hash, work.message, work.key.handle));
        return () => ({ op: work.op, signature });
      }
      case 'rsa-verify': {
        const valid = crypto.verify(work.hash, work.message, work.key.handle, work.signature);
        return () => ({ op: work.op, valid });
      }
      default: {
        const [answer] = this.#core.run([work as Job]) as Answer[];
        return () => answer!;
      }
    }
  }
}

/** Stretches no passwords: a hash stands in for that, and everything else is done as in life. */
export class QuickBench extends Workbench {
  readonly #once: WorkOnce;

  constructor(core: Core) {
    super(core, { immediate: true });
    this.#once = new WorkOnce(core);
  }

  override do(items: readonly Work[], customer: Customer): void {
    const [only] = items;
    if (items.length === 1 && (only!.op === 'argon2id' || only!.op === 'pbkdf2-sha256'))
      customer.answered([this.#once.answer(only!, NOTHING)!]);
    else super.do(items, customer);
  }
}

const NOTHING = new Uint8Array(32);

function nameOf(work: Work, drawn: Uint8Array): string | undefined {
  switch (work.op) {
    case 'pbkdf2-sha256':
    case 'argon2id':
      return [work.op, text(work.password), text(work.salt), work.length].join(' ');
    case 'keygen':
      return `keygen ${text(drawn)}`;
    case 'dh':
      return `dh ${textOf(work.secretKey)} ${text(work.publicKey)}`;
    case 'sign':
      return `sign ${textOf(work.secretKey)} ${text(work.message)}`;
    case 'secp256k1-sign':
      return `secp256k1-sign ${textOf(work.secretKey)} ${text(work.digest)}`;
    case 'verify':
      return `verify ${text(work.signature)} ${text(work.message)} ${text(work.publicKey)}`;
    case 'secp256k1-verify-sha512':
      return `secp256k1-verify-sha512 ${text(work.signature)} ${text(work.message)} ${text(work.publicKey)}`;
    case 'secp256k1-verify':
      return `secp256k1-verify ${text(work.signature)} ${text(work.digest)} ${text(work.publicKey)}`;
    case 'ffdh-keygen':
      return `ffdh-keygen ${text(work.prime)} ${text(drawn)}`;
    case 'ffdh-derive':
      return `ffdh-derive ${text(work.keyPair.publicKey)} ${text(work.publicKey)}`;
    case 'rsa-sign':
      return `rsa-sign ${text(work.key.publicKey.spki)} ${text(work.message)}`;
    case 'rsa-verify':
      return `rsa-verify ${text(work.key.spki)} ${text(work.signature)} ${text(work.message)}`;
    default:
      return undefined;
  }
}

/** A character for each byte, half of what hexadecimal digits take, behind how many there are: so no two pieces of work have one name. */
const text = ({ buffer, byteOffset, length }: Uint8Array): string =>
  `${length}:${Buffer.from(buffer, byteOffset, length).toString('latin1')}`;
const textOf = (key: SecretInput): string => text(key instanceof Uint8Array ? key : key.export());
const exponentOf = (drawn: Uint8Array): Uint8Array => new Uint8Array(crypto.createHash('sha256').update(drawn).digest());
const MOST = 50_000;
