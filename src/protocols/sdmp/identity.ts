/** Who a node of SDMP is: an RSA key pair, and its fingerprint. */
import type { Bytes, Core } from '../../core/core.ts';
import { defaultCore } from '../../core/default.ts';
import { type RsaKeyInput, RsaPrivateKey } from '../../core/legacy/rsa.ts';
import { HandfastError } from '../../errors.ts';
import { FINGERPRINT_FORMS, type FingerprintForm, fingerprintOf, headerOf } from './fingerprint.ts';

export interface SdmpIdentityOptions {
  /** What hashes; the chosen core by default. */
  core?: Core | undefined;
  /** Of an encrypted private key. */
  passphrase?: string | undefined;
}

export class SdmpIdentity {
  readonly privateKey: RsaPrivateKey;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Bytes;
  /** The fingerprint in the form `pem-escaped`: 86 characters. */
  readonly id: string;
  /** In all forms; the first is `id`. */
  readonly fingerprints: readonly string[];
  /** What its signatures name it by: base64url of JSON. */
  readonly header: string;

  private constructor(privateKey: RsaPrivateKey, core: Core) {
    this.privateKey = privateKey;
    this.publicKey = privateKey.publicKey.spki;
    this.fingerprints = FINGERPRINT_FORMS.map((form) => fingerprintOf(core, this.publicKey, form));
    this.id = this.fingerprints[0];
    this.header = headerOf(this.id);
  }

  /** A new one; takes some 100 ms of a thread with 2,048 bits, the default, and some 400 ms with 3,072. @throws (by rejection) HF_BAD_ARGUMENT for other sizes. */
  static generate({ bits = 2048, core = defaultCore() }: { bits?: 2048 | 3072 | 4096; core?: Core } = {}): Promise<SdmpIdentity> {
    if (![2048, 3072, 4096].includes(bits)) return Promise.reject(new HandfastError('BAD_ARGUMENT', 'bits: expected 2048, 3072 or 4096'));
    return RsaPrivateKey.generate(bits).then((key) => new SdmpIdentity(key, core));
  }

  /** @param key PEM (PKCS #1 or #8), one line of base64 of PKCS #8, or a private KeyObject. @throws HF_BAD_KEY */
  static from(key: RsaKeyInput, { core = defaultCore(), passphrase }: SdmpIdentityOptions = {}): SdmpIdentity {
    return new SdmpIdentity(new RsaPrivateKey(key, passphrase), core);
  }

  fingerprint(form: FingerprintForm): string {
    return this.fingerprints[FINGERPRINT_FORMS.indexOf(form)];
  }

  /** The private key as PEM, on purpose: to write it to a file. */
  exportPem(): string {
    return this.privateKey.exportPem();
  }

  /** The public key as PEM: what others put into their `SdmpPeers`. */
  exportPublicPem(): string {
    return this.privateKey.publicKey.exportPem();
  }
}
