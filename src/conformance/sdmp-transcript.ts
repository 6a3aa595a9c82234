/** The recorded handshake of SDMP, replayed: both machines with the exponents and ivs of the record must send it, octet for octet. */
import type { Core } from '../core/core.ts';
import { FfdhKeyPair } from '../core/legacy/ffdh.ts';
import { nodeCrypto } from '../core/legacy/node-crypto.ts';
import { HandfastError } from '../errors.ts';
import type { Input, Machine, Opened, Output, Role, Work, WorkAnswer } from '../protocols/machine.ts';
import type { GroupName } from '../protocols/sdmp/groups.ts';
import { SdmpIdentity, SdmpPeers, sdmp } from '../protocols/sdmp/index.ts';
import { strictText } from '../wire/text.ts';
import { type Document, hex, toHex } from './kinds.ts';
import { keyText, type Place, same } from './sdmp.ts';

export function runTranscript(vector: Document, place: Place): void {
  const expectation = vector.expect as Record<string, string>;
  const a = new Recorded('initiator', vector, place);
  const b = new Recorded('responder', vector, place);
  try {
    same('message 1', a.sent(), `${expectation.msg1_initiator_session}\n`);
    b.hear(expectation.msg1_initiator_session);
    same('message 2', b.sent(), `${expectation.msg2_responder_session}\n`);
    a.hear(expectation.msg2_responder_session);
    same('message 3', a.sent(), `${expectation.msg3_initiator_encrypted}\n`);
    b.hear(expectation.msg3_initiator_encrypted);
    same('message 4', b.sent(), `${expectation.msg4_responder_encrypted}\n`);
    a.hear(expectation.msg4_responder_encrypted);
    for (const side of [a, b]) if (!side.opened) throw side.failed ?? new Error('the handshake did not end');
    same("the initiator's peer", a.opened?.peer.id, (vector.responder as Document).fingerprint);
    same("the responder's peer", b.opened?.peer.id, (vector.initiator as Document).fingerprint);
    same('the binding', a.opened?.binding, toHex(b.opened!.binding));
  } finally {
    a.end();
    b.end();
  }
}

/** One machine with its fixed part of the world. */
class Recorded {
  opened: Opened | undefined;
  failed: HandfastError | undefined;
  readonly #machine: Machine;
  readonly #party: Document;
  #state: unknown;
  #sent = '';

  constructor(role: Role, vector: Document, place: Place) {
    const party = vector[role] as Document;
    const other = vector[role === 'initiator' ? 'responder' : 'initiator'] as Document;
    const iv = hex(party.iv_hex);
    // The one thing drawn at random is the iv.
    const core: Core = { ...place.core, random: () => iv.slice() };
    this.#party = party;
    this.#machine = sdmp[role]({
      core,
      identity: SdmpIdentity.from(keyText(place, party.key, 'private_pem'), { core }),
      peers: new SdmpPeers([keyText(place, other.key, 'public_pem')], { core }),
      group: vector.group as GroupName,
      reading: 'strict',
    });
    this.#state = this.#machine.initial;
    this.#feed({ kind: 'start', now: 0 });
  }

  /** What was sent since the last call, line feeds included. */
  sent(): string {
    const sent = this.#sent;
    this.#sent = '';
    return sent;
  }

  hear(object: string): void {
    this.#feed({ kind: 'bytes', now: 0, data: new TextEncoder().encode(`${object}\n`) });
  }

  /** Wipes what it holds, however far it came. */
  end(): void {
    if (this.opened) this.opened.traffic.wipe();
    else this.#feed({ kind: 'abort', now: 0, why: new HandfastError('ABORTED', 'end of the vector') });
  }

  #feed(input: Input): void {
    const [state, ...outputs] = this.#machine.step(this.#state, input);
    this.#state = state;
    for (const output of outputs) this.#take(output);
  }

  #take(output: Output): void {
    if (output.kind === 'send') this.#sent += strictText(output.data);
    else if (output.kind === 'opened') this.opened = output.opened;
    else if (output.kind === 'failed') this.failed = output.why;
    else if (output.kind === 'judge') this.#feed({ kind: 'judged', now: 0, refusal: undefined });
    else if (output.kind === 'work') this.#feed({ kind: 'answers', now: 0, answers: output.items.map((work) => this.#answer(work)) });
  }

  #answer(work: Work): WorkAnswer {
    const { sign, verify } = nodeCrypto();
    switch (work.op) {
      case 'ffdh-keygen': {
        const digits = String(this.#party.exponent_hex);
        return { op: work.op, keyPair: new FfdhKeyPair(work, hex(digits.padStart(digits.length + (digits.length % 2), '0'))) };
      }
      case 'ffdh-derive':
        return { op: work.op, shared: work.keyPair.derive(work.publicKey) };
      case 'rsa-sign':
        return { op: work.op, signature: new Uint8Array(sign(work.hash, work.message, work.key.handle)) };
      case 'rsa-verify':
        return { op: work.op, valid: verify(work.hash, work.message, work.key.handle, work.signature) };
      default:
        return { op: 'failed', why: new HandfastError('INTERNAL', `no such work in this protocol: ${work.op}`) };
    }
  }
}
