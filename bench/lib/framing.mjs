// @ts-check
/** Messages on a byte stream, 4 length bytes in front: what an application needs on a bare socket. */

/** @param {Uint8Array} message */
export function frame(message) {
  const framed = Buffer.allocUnsafe(4 + message.length);
  framed.writeUInt32BE(message.length, 0);
  framed.set(message, 4);
  return framed;
}

export class FrameReader {
  /** @type {Buffer} */
  #held = Buffer.alloc(0);
  #receive;

  /** @param {(message: Buffer) => void} receive gets views, valid until it returns. */
  constructor(receive) {
    this.#receive = receive;
  }

  /** @param {Buffer} chunk */
  take(chunk) {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let at = 0;
    while (bytes.length - at >= 4) {
      const end = at + 4 + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      this.#receive(bytes.subarray(at + 4, end));
      at = end;
    }
    this.#held = bytes.subarray(at);
  }
}
