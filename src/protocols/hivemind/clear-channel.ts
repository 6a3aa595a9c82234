/** No sealing at all: for masters of `crypto_required: false`, where the options name it as insecure. Anybody on the way reads and writes. */
import type { Bytes } from '../../core/core.ts';
import { utf8 } from '../../wire/text.ts';
import { join } from '../../wire/writer.ts';
import type { Channel, Sealed, Unsealed } from './channel.ts';
import type { CommonSettings } from './options.ts';

export class ClearChannel implements Channel {
  readonly info = { path: 'clear', version: 0, binarize: false };
  readonly binarize = false;
  readonly compresses = true;
  readonly wears = false;
  readonly #settings: CommonSettings;

  constructor(settings: CommonSettings) {
    this.#settings = settings;
  }

  room(limit: number): number {
    return limit;
  }

  seal(plaintext: Bytes, form: 'json' | 'frame'): readonly [Sealed] {
    return [{ data: plaintext, text: form === 'json' }];
  }

  open(data: Bytes, text: boolean): Unsealed {
    return { form: text ? 'json' : 'frame', plaintext: data };
  }

  /** Of nothing secret: everybody who listened can compute it. */
  binding(hello: Bytes): Bytes {
    return this.#settings.core.hash.sha256(join([utf8('handfast hivemind clear'), hello]));
  }

  wipe(): void {}
}
