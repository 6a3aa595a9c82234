/** What the tests use of noise-handshake, which has no types of its own. */
declare module 'noise-handshake' {
  export default class Noise {
    constructor(pattern: string, initiator: boolean, keyPair: undefined, options: { curve: object });
    readonly s: { publicKey: Buffer };
    readonly complete: boolean;
    readonly hash: Buffer;
    readonly tx: Buffer;
    readonly rx: Buffer;
    initialise(prologue: Buffer, remote?: Buffer): void;
    send(): Buffer;
    recv(message: Buffer): void;
  }
}

declare module 'noise-handshake/dh.js' {
  interface Pair {
    publicKey: Buffer;
    secretKey: Buffer;
  }
  const curve: {
    readonly DHLEN: number;
    readonly PKLEN: number;
    readonly SKLEN: number;
    readonly SEEDLEN: number;
    readonly ALG: string;
    generateKeyPair(secretKey?: Buffer): Pair;
    generateSeedKeyPair(seed: Buffer): Pair;
    dh(publicKey: Uint8Array, secretKey: { readonly secretKey: Uint8Array }): Buffer;
  };
  export default curve;
}
