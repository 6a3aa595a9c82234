/**
 * `handfast/adapters/libp2p`: handfast/1 as a connection encrypter of js-libp2p 3, beside or instead of Noise: `connectionEncrypters: [handfast(), noise()]`. Ids are those of libp2p,
 * whose key must be Ed25519, as it is unless another was asked for. The multiplexer is negotiated inside, by multistream-select.
 */
import { publicKeyFromRaw } from '@libp2p/crypto/keys';
import {
  type ConnectionEncrypter,
  type MessageStream,
  type PeerId,
  type PrivateKey,
  type SecureConnectionOptions,
  type SecuredConnection,
  serviceCapabilities,
  UnexpectedPeerError,
} from '@libp2p/interface';
import { peerIdFromPublicKey } from '@libp2p/peer-id';
import { core as chosen } from '../core/choose.ts';
import type { Core } from '../core/core.ts';
import { Identity } from '../core/identity.ts';
import { HandfastError } from '../errors.ts';
import { type HandfastOptions, handfast as protocol } from '../protocols/handfast/index.ts';
import type { Machine, Role } from '../protocols/machine.ts';
import { systemClock } from '../transport/clock.ts';
import { Handshake } from '../transport/driver.ts';
import { policyOf } from '../transport/policy.ts';
import { Session } from '../transport/session.ts';
import { workbenchOf } from '../transport/workbench.ts';
import { Libp2pCarrier } from './libp2p/carrier.ts';
import { SecuredStream } from './libp2p/secured.ts';

/** As for any handfast/1 session; the identity is libp2p's, and whom to expect libp2p says. */
export interface Libp2pOptions extends Pick<HandfastOptions, 'agent' | 'clockWindowMs' | 'deadlineMs' | 'maxMessage' | 'suites'> {
  /** Both sides must name the same; `libp2p` by default. */
  network?: string | undefined;
  core?: Core | undefined;
}

/** What is taken of libp2p's components. */
export interface Libp2pComponents {
  readonly privateKey: PrivateKey;
}

/** @returns what `createLibp2p` calls. That throws HF_UNSUPPORTED when libp2p's key is not Ed25519, HF_BAD_ARGUMENT for an option that is wrong. */
export function handfast(options: Libp2pOptions = {}): (components: Libp2pComponents) => ConnectionEncrypter {
  return ({ privateKey }) => new HandfastEncrypter(privateKey, options);
}

class HandfastEncrypter implements ConnectionEncrypter {
  readonly protocol = '/handfast/1';
  readonly [Symbol.toStringTag] = 'handfast';
  readonly [serviceCapabilities] = ['@libp2p/connection-encryption'];
  readonly #core: Core;
  readonly #options: HandfastOptions;
  /** One for all: what a connection has of its own is in its state. */
  readonly #responder: Machine;

  constructor(privateKey: PrivateKey, { network = 'libp2p', core = chosen, ...options }: Libp2pOptions) {
    if (privateKey?.type !== 'Ed25519') {
      throw new HandfastError('UNSUPPORTED', `libp2p's key: expected an Ed25519 key, not ${privateKey?.type}`);
    }
    // Seed and public key, in a row.
    const identity = Identity.fromSeed(privateKey.raw.subarray(0, 32), { core });
    this.#core = core;
    this.#options = { ...options, network, core, identity };
    this.#responder = protocol.responder(this.#options);
  }

  /**
   * As the side that dialled.
   * @throws (by rejection) UnexpectedPeerError of @libp2p/interface when another than `remotePeer` answers, or the other side proved that it expected another than us; a HandfastError
   * with what else the handshake failed with, HF_ABORTED by `signal` among it.
   */
  async secureOutbound(connection: MessageStream, options: SecureConnectionOptions = {}): Promise<SecuredConnection> {
    const peer = expected(options.remotePeer);
    return this.#secure(connection, 'initiator', protocol.initiator({ ...this.#options, peer }), options);
  }

  /** As the side that was dialled. The other side is told no more than that it is not allowed, when it is not `remotePeer`. @throws as secureOutbound. */
  async secureInbound(connection: MessageStream, options: SecureConnectionOptions = {}): Promise<SecuredConnection> {
    return this.#secure(connection, 'responder', this.#responder, options, expected(options.remotePeer));
  }

  async #secure(
    connection: MessageStream,
    role: Role,
    machine: Machine,
    { signal }: SecureConnectionOptions,
    only?: string,
  ): Promise<SecuredConnection> {
    const aborted = (): HandfastError => new HandfastError('ABORTED', 'the handshake was cancelled', { cause: signal?.reason });
    if (signal?.aborted) throw aborted();
    const policy = policyOf({ allow: only === undefined ? undefined : [only] });
    let stranger = false;
    const session = await new Promise<Session>((resolve, reject) => {
      const abort = (): void => handshake.abort(aborted());
      const over = (): void => signal?.removeEventListener('abort', abort);
      const handshake = new Handshake({
        machine,
        carrier: new Libp2pCarrier(connection),
        clock: systemClock,
        workbench: workbenchOf(this.#core),
        about: { protocol: protocol.name, role },
        judge: (peer) => {
          stranger = only !== undefined && peer.id !== only;
          return policy(peer);
        },
        opened: (result) => {
          over();
          resolve(new Session(result, { protocol: protocol.name, core: this.#core, unreadBytes: UNREAD_BYTES }));
        },
        failed: (why) => {
          over();
          reject(stranger || unexpected(why) ? Object.assign(new UnexpectedPeerError(why.message), { cause: why }) : why);
        },
      });
      signal?.addEventListener('abort', abort, { once: true });
      handshake.start();
    });
    return {
      connection: new SecuredStream(session, connection),
      remotePeer: peerIdFromPublicKey(publicKeyFromRaw(session.peer.publicKey)),
    };
  }
}

/** @throws HF_UNSUPPORTED for whoever cannot have a handfast identity. */
function expected(peer: PeerId | undefined): string | undefined {
  if (peer === undefined || peer.type === 'Ed25519') return peer?.toString();
  throw new HandfastError('UNSUPPORTED', `${peer.toString()}: handfast knows only Ed25519 ids`);
}

/** Only one who expects somebody has a list here. */
function unexpected({ codeName, blame, remote }: HandfastError): boolean {
  return (codeName === 'UNEXPECTED_PEER' && blame === 'peer') || (codeName === 'UNKNOWN_NODE' && remote === 'proved');
}

// libp2p holds unread bytes of its own above us and below us.
const UNREAD_BYTES = 256 * 1024;
