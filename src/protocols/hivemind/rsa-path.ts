/**
 * The way to a key by RSA, section 5, as released masters walk it: the slave sends its public key, the master a secret sealed to it and signed; that secret is the key.
 * Off unless asked for, on both sides. The master has to be known, or trusted by an explicit word; so has the slave, since otherwise its access key alone would open a session.
 */
import { modulusBytes } from '../../core/legacy/rsa-envelope.ts';
import { HandfastError } from '../../errors.ts';
import type { JsonObject } from '../../wire/json.ts';
import { join } from '../../wire/writer.ts';
import { broken } from '../faults.ts';
import type { WorkAnswer } from '../machine.ts';
import { AeadChannel } from './channel.ts';
import type { HiveMindClient } from './clients.ts';
import { bytesOfHex, hexOf } from './encodings.ts';
import { OLDEST_SUITE, offerOf } from './offer.ts';
import type { MasterSettings, SlaveSettings } from './options.ts';
import type { Path, PathStep } from './path.ts';

/** @param masterKey what HELLO showed, PEM. */
export function slaveRsa(settings: SlaveSettings, masterKey: string): PathStep {
  if (settings.rsaKey === undefined)
    return { why: new HandfastError('PROTOCOL_MISMATCH', 'the master wants the RSA handshake, and we were not told to take it') };
  const modulus = modulusBytes(masterKey);
  if (modulus === undefined) return { why: new HandfastError('WRONG_KEY', "the master's public key is no RSA key of at least 2,048 bits") };
  if (settings.masterKey === undefined ? !settings.trustFirstUse : !samePem(settings.masterKey, masterKey)) {
    return { why: new HandfastError('UNEXPECTED_PEER', 'another public key than the pinned one was shown') };
  }
  const shake = { ...offerOf(settings, false), pubkey: settings.publicKey };
  return { shakes: [shake], next: new AwaitSecret(settings, masterKey, modulus) };
}

/** The master takes up a shake with a `pubkey`. */
export function masterRsa(settings: MasterSettings, client: HiveMindClient, shake: JsonObject): PathStep {
  const { rsaKey, trustFirstUse } = settings;
  const { pubkey } = shake;
  if (rsaKey === undefined) return { why: new HandfastError('NOT_ALLOWED', 'the RSA handshake is off') };
  if (typeof pubkey !== 'string' || modulusBytes(pubkey) === undefined)
    return { why: new HandfastError('WRONG_KEY', 'a public key that is no RSA key of at least 2,048 bits') };
  if (client.publicKey === undefined ? client.password !== undefined || !trustFirstUse : !samePem(client.publicKey, pubkey)) {
    return { why: new HandfastError('UNEXPECTED_PEER', 'another public key than the one that this client has') };
  }
  const secret = settings.random(32);
  const next = new Sealing(settings, secret);
  return { shakes: [], work: [{ op: 'rsa-envelope-seal', privateKey: rsaKey, publicKey: pubkey, plaintext: secret }], next };
}

class AwaitSecret implements Path {
  readonly awaits = "master's envelope";
  readonly #settings: SlaveSettings;
  readonly #masterKey: string;
  readonly #modulus: number;

  constructor(settings: SlaveSettings, masterKey: string, modulus: number) {
    this.#settings = settings;
    this.#masterKey = masterKey;
    this.#modulus = modulus;
  }

  step(input: Parameters<Path['step']>[0]): PathStep {
    if (input.kind === 'answers') return this.#opened(input.answers[0]);
    const { envelope } = input.payload;
    if (envelope === undefined) return { shakes: [], next: this };
    const bytes = typeof envelope === 'string' ? bytesOfHex(envelope) : undefined;
    // The signature is as long as its maker's modulus, whatever ours is.
    if (!bytes || bytes.length <= this.#modulus)
      return { why: new HandfastError('WRONG_KEY', 'an envelope that does not have the shape of one') };
    const { encoding = OLDEST_SUITE.encoding, cipher = OLDEST_SUITE.cipher } = input.payload;
    if (encoding !== OLDEST_SUITE.encoding || cipher !== OLDEST_SUITE.cipher) {
      return { why: new HandfastError('SUITE_MISMATCH', 'on the RSA path there is one encoding and one cipher') };
    }
    return {
      shakes: [],
      work: [
        {
          op: 'rsa-envelope-open',
          privateKey: this.#settings.rsaKey!,
          publicKey: this.#masterKey,
          signature: bytes.subarray(0, this.#modulus),
          ciphertext: bytes.subarray(this.#modulus),
        },
      ],
      next: this,
    };
  }

  #opened(answer: WorkAnswer | undefined): PathStep {
    if (answer?.op !== 'rsa-envelope-open') return { why: broken(answer) };
    const { plaintext } = answer;
    if (plaintext === 'forged')
      return { why: new HandfastError('INVALID_SIGNATURE', "the master's signature does not match its envelope") };
    if (plaintext === 'unreadable' || plaintext.length !== 32)
      return { why: new HandfastError('WRONG_KEY', 'an envelope that does not open with our key') };
    return { shakes: [], keyed: rsaChannel(this.#settings, plaintext) };
  }

  wipe(): void {}
}

class Sealing implements Path {
  readonly awaits = 'sealed secret';
  readonly #settings: MasterSettings;
  readonly #secret: Uint8Array;

  constructor(settings: MasterSettings, secret: Uint8Array) {
    this.#settings = settings;
    this.#secret = secret;
  }

  step(input: Parameters<Path['step']>[0]): PathStep {
    if (input.kind !== 'answers') return { shakes: [], next: this };
    const [answer] = input.answers;
    if (answer?.op !== 'rsa-envelope-seal') return { why: broken(answer) };
    if (!answer.ciphertext || !answer.signature)
      return { why: new HandfastError('WRONG_KEY', 'a public key that nothing can be sealed to') };
    const shake = { envelope: hexOf(join([answer.signature, answer.ciphertext])), ...OLDEST_SUITE };
    return { shakes: [shake], keyed: rsaChannel(this.#settings, this.#secret) };
  }

  wipe(): void {
    this.#secret.fill(0);
  }
}

function rsaChannel({ core, random }: SlaveSettings | MasterSettings, key: Uint8Array): AeadChannel {
  return new AeadChannel({ core, random, key, ...OLDEST_SUITE, binarize: false, info: { path: 'rsa', version: 1 } });
}

function samePem(a: string, b: string): boolean {
  return a.replace(/\s/g, '') === b.replace(/\s/g, '');
}
