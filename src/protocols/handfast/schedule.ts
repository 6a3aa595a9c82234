/**
 * The transcript and the keys of handfast/1, section 3: h0 to h4, prk and prk2, and what is derived from them.
 * Hashes are public bytes; keys are handles of the core and belong to whoever asked for them.
 */
import type { Bytes, Cipher, Core, Secret, Suite } from '../../core/core.ts';
import { copyOf } from '../../wire/bytes.ts';
import { utf8 } from '../../wire/text.ts';
import { join } from '../../wire/writer.ts';
import { FRAMING } from './records.ts';

/** "handfast/1 ", the word, a zero byte: nothing else that is signed or hashed anywhere begins so. */
export function label(word: string): Bytes {
  return utf8(`handfast/1 ${word}\0`);
}

/** What stands for a network on the wire. @returns 16 bytes. */
export function networkTag(core: Core, network: string): Bytes {
  return core.hash.blake2b([LABEL.network, utf8(network)]).slice(0, 16);
}

/** h2, for the signature that does not wait for the shared secret. @returns 64 bytes. */
export function hashHelloAndHead(core: Core, hello: Bytes, head: Bytes): Bytes {
  return sequencesOf(core, 'chacha20-poly1305').transcript.run([hello, head])![0] as Bytes;
}

/** The handshake's keys and transcript as A has them once the reply is there. All but `prk` is public. */
export interface Agreed {
  h2: Bytes;
  h3: Bytes;
  /** 64 bytes. */
  prk: Secret;
  /** B's proof. */
  opened: Bytes;
}

/** @param shared the X25519 result; wiped, as is `ephemeral`. @param sealed 16 bytes or more. @returns undefined when it does not open. */
export function openReply(
  core: Core,
  suite: Suite,
  parts: { hello: Bytes; head: Bytes; sealed: Bytes; shared: Secret; ephemeral: Secret },
): Agreed | undefined {
  const { hello, head, sealed, shared, ephemeral } = parts;
  const made = sequencesOf(core, suite).openReply.run([hello, head, sealed, shared, ephemeral]);
  if (!made) return undefined;
  return { h2: made[0] as Bytes, h3: made[1] as Bytes, prk: made[2] as Secret, opened: made[3] as Bytes };
}

/** @param shared the X25519 result; wiped, as is `ephemeral`. */
export function sealReply(
  core: Core,
  suite: Suite,
  parts: { h2: Bytes; proof: Bytes; shared: Secret; ephemeral: Secret },
): { h3: Bytes; prk: Secret; sealed: Bytes } {
  const [h3, prk, sealed] = sequencesOf(core, suite).sealReply.run([parts.h2, parts.proof, parts.shared, parts.ephemeral])!;
  return { h3: h3 as Bytes, prk: prk as Secret, sealed: sealed as Bytes };
}

/** What the session starts with. */
export interface SessionKeys {
  sealer: Cipher;
  opener: Cipher;
  /** 32 bytes, public. */
  binding: Bytes;
}

/** @param prk wiped. */
export function sealFinish(core: Core, suite: Suite, prk: Secret, h3: Bytes, proof: Bytes): { sealed: Bytes; keys: SessionKeys } {
  const [sealed, binding, sealer, opener] = sequencesOf(core, suite).sealFinish.run([prk, h3, proof])!;
  return { sealed: sealed as Bytes, keys: { binding: copyOf(binding as Bytes), sealer: sealer as Cipher, opener: opener as Cipher } };
}

/** @param prk wiped. @param sealed 16 bytes or more. @returns undefined when it does not open. */
export function openFinish(
  core: Core,
  suite: Suite,
  prk: Secret,
  h3: Bytes,
  sealed: Bytes,
): { opened: Bytes; keys: SessionKeys } | undefined {
  const made = sequencesOf(core, suite).openFinish.run([prk, h3, sealed]);
  if (!made) return undefined;
  return { opened: made[0] as Bytes, keys: { binding: copyOf(made[1] as Bytes), sealer: made[2] as Cipher, opener: made[3] as Cipher } };
}

/** The dialler's refusal, under a key that is derived only when there is one. @param prk stays the caller's. */
export function sealRefusal(core: Core, suite: Suite, prk: Secret, h3: Bytes, body: Bytes): Bytes {
  return sequencesOf(core, suite).sealRefusal.run([prk, h3, body])![0] as Bytes;
}

/** @param prk stays the caller's. @returns undefined when it does not open. */
export function openRefusal(core: Core, suite: Suite, prk: Secret, h3: Bytes, sealed: Bytes): Bytes | undefined {
  return sequencesOf(core, suite).openRefusal.run([prk, h3, sealed])?.[0] as Bytes | undefined;
}

/** What B signs. */
export function responderText(h2: Bytes, claim: Bytes): Bytes {
  return join([LABEL.responder, h2, claim]);
}

/** What A signs. @param idOfB 32 bytes. */
export function initiatorText(h3: Bytes, idOfB: Bytes, claim: Bytes): Bytes {
  return join([LABEL.initiator, h3, idOfB, claim]);
}

const LABEL = {
  network: label('network'),
  transcript: label('transcript'),
  keys: label('keys'),
  session: label('session'),
  responder: label('responder'),
  initiator: label('initiator'),
};
export const CONTEXT = utf8('handfst1');

/** The schedule of section 3, in its words. Each key seals one message, so that its counter is 0 and its nonce the same in both suites. */
function sequencesFor(core: Core, suite: Suite) {
  const h0 = core.hash.blake2b(LABEL.transcript);
  const kdf = (into: string, key: string, id: number) => ({ op: 'kdf', into, key, id, context: CONTEXT }) as const;
  const hash = (into: string, ...parts: (string | Bytes)[]) => ({ op: 'blake2b', into, parts }) as const;
  const cipher = (into: string, key: string) => ({ op: 'cipher', into, suite, key, framing: FRAMING }) as const;
  // kdf(prk2, 4) is kept free for resumption and not computed.
  const session = (out: string, into: string) => [
    hash('h4', 'h3', 'sealed'),
    hash('prk2', LABEL.session, 'prk', 'h4'),
    kdf('A to B', 'prk2', 1),
    kdf('B to A', 'prk2', 2),
    kdf('binding', 'prk2', 3),
    cipher('sealer', out),
    cipher('opener', into),
  ];
  const begun = { binding: 'bytes', sealer: 'cipher', opener: 'cipher' } as const;
  return {
    transcript: core.sequence({
      inputs: { hello: 'bytes', head: 'bytes' },
      steps: [hash('h1', h0, 'hello'), hash('h2', 'h1', 'head')],
      results: { h2: 'bytes' },
    }),
    openReply: core.sequence({
      inputs: { hello: 'bytes', head: 'bytes', sealed: 'bytes', dh: { spent: 32 }, ephemeral: { spent: 32 } },
      steps: [
        hash('h1', h0, 'hello'),
        hash('h2', 'h1', 'head'),
        hash('prk', LABEL.keys, 'dh', 'h2'),
        kdf('kB', 'prk', 1),
        { op: 'open', into: 'proof', suite, key: 'kB', sealed: 'sealed', ad: 'h2' },
        hash('h3', 'h2', 'sealed'),
      ],
      results: { h2: 'bytes', h3: 'bytes', prk: 'secret', proof: 'bytes' },
    }),
    sealReply: core.sequence({
      inputs: { h2: 'bytes', proof: 'bytes', dh: { spent: 32 }, ephemeral: { spent: 32 } },
      steps: [
        hash('prk', LABEL.keys, 'dh', 'h2'),
        kdf('kB', 'prk', 1),
        { op: 'seal', into: 'sealed', suite, key: 'kB', message: 'proof', ad: 'h2' },
        hash('h3', 'h2', 'sealed'),
      ],
      results: { h3: 'bytes', prk: 'secret', sealed: 'bytes' },
    }),
    sealFinish: core.sequence({
      inputs: { prk: { spent: 64 }, h3: 'bytes', proof: 'bytes' },
      steps: [
        kdf('kA', 'prk', 2),
        { op: 'seal', into: 'sealed', suite, key: 'kA', message: 'proof', ad: 'h3' },
        ...session('A to B', 'B to A'),
      ],
      results: { sealed: 'bytes', ...begun },
    }),
    openFinish: core.sequence({
      inputs: { prk: { spent: 64 }, h3: 'bytes', sealed: 'bytes' },
      steps: [
        kdf('kA', 'prk', 2),
        { op: 'open', into: 'proof', suite, key: 'kA', sealed: 'sealed', ad: 'h3' },
        ...session('B to A', 'A to B'),
      ],
      results: { proof: 'bytes', ...begun },
    }),
    sealRefusal: core.sequence({
      inputs: { prk: { secret: 64 }, h3: 'bytes', body: 'bytes' },
      steps: [kdf('kR', 'prk', 3), { op: 'seal', into: 'sealed', suite, key: 'kR', message: 'body', ad: 'h3' }],
      results: { sealed: 'bytes' },
    }),
    openRefusal: core.sequence({
      inputs: { prk: { secret: 64 }, h3: 'bytes', sealed: 'bytes' },
      steps: [kdf('kR', 'prk', 3), { op: 'open', into: 'body', suite, key: 'kR', sealed: 'sealed', ad: 'h3' }],
      results: { body: 'bytes' },
    }),
  };
}

type Sequences = ReturnType<typeof sequencesFor>;

function sequencesOf(core: Core, suite: Suite): Sequences {
  let ofCore = sequences.get(core);
  if (!ofCore) {
    ofCore = {};
    sequences.set(core, ofCore);
  }
  ofCore[suite] ??= sequencesFor(core, suite);
  return ofCore[suite];
}

const sequences = new WeakMap<Core, Partial<Record<Suite, Sequences>>>();
