/** Recorded transcripts of handfast/1, by `protocol`: both machines and the traffic behind them, with fixed keys, ephemerals and times, byte for byte. */
import type { Bytes, Core, Secret, Suite } from '../core/core.ts';
import { Identity } from '../core/identity.ts';
import { isLegacyJob } from '../core/legacy/jobs.ts';
import { type CodeName, HandfastError } from '../errors.ts';
import {
  AT,
  countIds,
  ID_BYTES,
  messageDigest,
  readBroadcast,
  signedPrefix,
  topicBytes,
  topicText,
  writeEnvelope,
} from '../protocols/handfast/envelope.ts';
import { handfast } from '../protocols/handfast/index.ts';
import { FRAMING } from '../protocols/handfast/records.ts';
import { CONTEXT, label, networkTag } from '../protocols/handfast/schedule.ts';
import type { Input, Machine, Opened, Output, Refusal, Work, WorkAnswer } from '../protocols/machine.ts';
import { join } from '../wire/writer.ts';
import { type Document, fail, hex, type Outcome, pass, toHex, type VectorKind } from './kinds.ts';

export const handfastKind: VectorKind = {
  name: 'handfast/1 transcripts',
  matches: (document) => document.protocol === 'handfast' && Array.isArray(document.vectors),
  *run(document, core) {
    if (document.version !== 1) yield fail('file', `version ${document.version} is not known`);
    for (const vector of document.vectors as Document[]) yield outcomeOf(vector, core);
  },
};

type Runner = (vector: Document, core: Core) => void;

const RUNNERS: Readonly<Record<string, Runner>> = {
  handshake: runHandshake,
  rekey: runRekey,
  'sealed-refusal': runSealedRefusal,
  close: runClose,
  'clear-refusal': runClearRefusal,
  broadcast: runBroadcast,
  'gossip-shape': runGossipShape,
};

function outcomeOf(vector: Document, core: Core): Outcome {
  const id = String(vector.id);
  const run = RUNNERS[String(vector.kind)];
  if (!run) return fail(id, `unknown kind ${vector.kind}`);
  try {
    run(vector, core);
    return pass(id);
  } catch (error) {
    return fail(id, (error as Error).message);
  }
}

function same(what: string, found: Bytes | string | number | undefined, expected: unknown): void {
  const shown = found instanceof Uint8Array ? toHex(found) : String(found);
  if (shown !== String(expected)) throw new Error(`${what}: expected ${expected}, not ${shown}`);
}

/** One machine with its fixed part of the world. */
class Recorded {
  readonly sent: Bytes[] = [];
  opened: Opened | undefined;
  failed: HandfastError | undefined;
  readonly #core: Core;
  readonly #machine: Machine;
  readonly #ephemeral: Bytes;
  readonly #identity: Identity;
  readonly #refusal: Refusal | undefined;
  readonly #now: number;
  #state: unknown;

  constructor(core: Core, role: 'initiator' | 'responder', vector: Document, refusal?: Refusal) {
    const party = vector[role === 'initiator' ? 'dialler' : 'listener'] as Document;
    this.#core = core;
    this.#ephemeral = hex(party.ephemeral);
    this.#now = Number(party.timestamp);
    this.#refusal = refusal;
    this.#identity = Identity.fromSeed(hex(party.seed), { core });
    same('id', this.#identity.publicKey, party.id);
    this.#machine = handfast[role]({
      core,
      identity: this.#identity,
      network: String(vector.network),
      suites: party.suites as Suite[],
      ...(party.agent !== undefined && { agent: String(party.agent) }),
      ...(party.maxMessage !== undefined && { maxMessage: Number(party.maxMessage) }),
    });
    this.#state = this.#machine.initial;
    this.feed({ kind: 'start', now: this.#now });
  }

  feed(input: Input): void {
    const [state, ...outputs] = this.#machine.step(this.#state, input);
    this.#state = state;
    for (const output of outputs) this.#take(output);
  }

  hear(...frames: unknown[]): this {
    this.feed({ kind: 'bytes', now: this.#now, data: join(frames.map(hex)) });
    return this;
  }

  abort(why: HandfastError): this {
    this.feed({ kind: 'abort', now: this.#now, why });
    return this;
  }

  /** Wipes what it holds, however far it came. */
  end(): void {
    if (this.opened) this.opened.traffic.wipe();
    else this.abort(new HandfastError('ABORTED', 'end of the vector'));
    this.#identity.wipe();
  }

  #take(output: Output): void {
    if (output.kind === 'send') this.sent.push(output.data);
    else if (output.kind === 'opened') this.opened = output.opened;
    else if (output.kind === 'failed') this.failed = output.why;
    else if (output.kind === 'judge') this.feed({ kind: 'judged', now: this.#now, refusal: this.#refusal });
    else if (output.kind === 'work')
      this.feed({ kind: 'answers', now: this.#now, answers: output.items.map((work) => this.#answer(work)) });
  }

  #answer(work: Work): WorkAnswer {
    if (work.op === 'keygen') return { op: 'keygen', keyPair: this.#core.guarded.x25519KeyPair(this.#ephemeral) };
    if (work.op === 'sign-elsewhere' || isLegacyJob(work))
      return { op: 'failed', why: new HandfastError('INTERNAL', 'no work of handfast/1 with keys of its own') };
    return this.#core.run([work])[0];
  }
}

function withSides(core: Core, vector: Document, refusals: { a?: Refusal; b?: Refusal }, use: (a: Recorded, b: Recorded) => void): void {
  const a = new Recorded(core, 'initiator', vector, refusals.a);
  const b = new Recorded(core, 'responder', vector, refusals.b);
  try {
    use(a, b);
  } finally {
    a.end();
    b.end();
  }
}

function runHandshake(vector: Document, core: Core): void {
  checkValues(vector, core);
  const frames = vector.frames as Document;
  const { binding } = vector.values as Document;
  withSides(core, vector, {}, (a, b) => {
    a.hear(frames.reply).hear(frames.openOfListener);
    b.hear(frames.hello).hear(frames.finish, frames.openOfDialler);
    for (const side of [a, b]) if (!side.opened) throw side.failed ?? new Error('the handshake did not end');
    same('what the dialler sends', join(a.sent), `${frames.hello}${frames.finish}${frames.openOfDialler}`);
    same('what the listener sends', join(b.sent), `${frames.reply}${frames.openOfListener}`);
    same("the dialler's binding", a.opened?.binding, binding);
    same("the listener's binding", b.opened?.binding, binding);
    same("the dialler's peer", a.opened?.peer.publicKey, (vector.listener as Document).id);
    same("the listener's peer", b.opened?.peer.publicKey, (vector.dialler as Document).id);
    same('suite', String(a.opened?.info.suite), vector.suite);
    for (const record of vector.records as Document[]) {
      const [from, to] = record.from === 'dialler' ? [a, b] : [b, a];
      checkRecord(core, record, from.opened as Opened, to.opened as Opened);
    }
  });
}

function checkRecord(core: Core, { kind, payload, record }: Document, from: Opened, to: Opened): void {
  const plain = hex(payload);
  const slab = core.slab(plain.length + 64);
  try {
    if (kind === 'close') {
      const sent = from.traffic.close(0).flatMap((output) => (output.kind === 'send' ? [output.data] : []));
      same('CLOSE', join(sent), record);
    } else {
      slab.bytes.set(plain, from.traffic.before);
      from.traffic.seal(slab, Uint32Array.of(from.traffic.before, plain.length), 1, 0);
      same('record', slab.bytes.slice(0, from.traffic.before + plain.length + from.traffic.after), record);
    }
    const bytes = hex(record);
    slab.bytes.set(bytes);
    const { places, count, outputs } = to.traffic.open(slab, 0, bytes.length, 0);
    if (kind === 'close') same('what CLOSE opens to', outputs[0]?.kind, 'peer-done');
    else same('payload', count === 1 ? slab.bytes.slice(places[0], places[0] + places[1]) : 'nothing', payload);
  } finally {
    slab.release();
  }
}

/** The schedule once more, step by step: the machines never show what lies between the frames. */
function checkValues(vector: Document, core: Core): void {
  const values = vector.values as Document;
  const frames = vector.frames as Document;
  const [hello, reply, finish] = [frames.hello, frames.reply, frames.finish].map((frame) => hex(frame).slice(4));
  const ephemeral = hex((vector.dialler as Document).ephemeral);
  const headLength = 37 + reply[35] * 256 + reply[36];
  same('tag', networkTag(core, String(vector.network)), values.tag);
  const parts = [hello, reply.subarray(0, headLength), reply.subarray(headLength), finish.subarray(1)];
  const h = [core.hash.blake2b(label('transcript'))];
  for (const part of parts) h.push(core.hash.blake2b([h.at(-1) as Bytes, part]));
  for (const [i, each] of h.entries()) same(`h${i}`, each, values[`h${i}`]);
  const { guarded } = core;
  const made: Secret[] = [];
  const kept = (secret: Secret): Secret => {
    made.push(secret);
    return secret;
  };
  try {
    const pair = guarded.x25519KeyPair(ephemeral);
    const shared = kept(guarded.x25519Shared(kept(pair.secretKey), reply.subarray(3, 35)));
    const prk = kept(guarded.blake2b([label('keys'), shared, h[2]], 64));
    const prk2 = kept(guarded.blake2b([label('session'), prk, h[4]], 64));
    const kdf = (key: Secret, id: number): Secret => kept(guarded.kdf(key, id, CONTEXT));
    const toListener = kdf(prk2, 1);
    const toDialler = kdf(prk2, 2);
    const expected = {
      dh: shared,
      prk,
      kB: kdf(prk, 1),
      kA: kdf(prk, 2),
      kR: kdf(prk, 3),
      dialToListener: toListener,
      listenerToDialler: toDialler,
    };
    for (const [name, secret] of Object.entries(expected)) same(name, secret.export(), values[name]);
    same('binding', kdf(prk2, 3).export(), values.binding);
    const suite = String(vector.suite) as Suite;
    for (const [name, secret] of Object.entries({ dialToListener: toListener, listenerToDialler: toDialler }))
      same(name, nextKey(core, suite, secret.export()), values[`${name}AfterOneRekey`]);
  } finally {
    for (const secret of made) secret.wipe();
  }
}

function nextKey(core: Core, suite: Suite, key: Bytes): Bytes {
  return core.aead.seal(suite, key, new Uint8Array(12).fill(255, 4), new Uint8Array(32)).slice(0, 32);
}

function runRekey(vector: Document, core: Core): void {
  const suite = String(vector.suite) as Suite;
  for (const change of vector.changes as Document[]) {
    const records = change.records as Document[];
    const key = hex(change.key);
    const counter = BigInt(String(records[0].counter));
    same('next key', nextKey(core, suite, key), change.next);
    const sealer = core.cipher({ suite, key, framing: FRAMING, counter });
    const opener = core.cipher({ suite, key, framing: FRAMING, counter });
    const table = core.frameTable(1);
    const slab = core.slab();
    try {
      for (const { plaintext, record, counter } of records) {
        const plain = hex(plaintext);
        slab.bytes.set(plain, 4);
        table.entries.set([4, plain.length]);
        sealer.sealMany(slab, table, 1);
        const length = plain.length + 20;
        same(`record ${counter}`, slab.bytes.slice(0, length), record);
        same(`frames opened of record ${counter}`, opener.openMany(slab, 0, length, table, 65_536), 1);
        same(`plaintext ${counter}`, slab.bytes.slice(4, 4 + plain.length), plaintext);
      }
    } finally {
      slab.release();
      sealer.wipe();
      opener.wipe();
    }
  }
}

function refusalOf({ code, reason }: Document): Refusal {
  return { code: String(code) as CodeName, reason: String(reason) };
}

function checkHeard(side: Recorded, { code, reason }: Document, remote: 'claimed' | 'proved'): void {
  same('code', side.failed?.code, `HF_${code}`);
  same('who says so', side.failed?.remote, remote);
  if (!side.failed?.message.includes(`"${reason}"`)) throw new Error(`the reason is not in: ${side.failed?.message}`);
}

function runSealedRefusal(vector: Document, core: Core): void {
  const frames = vector.frames as Document;
  withSides(core, vector, { a: refusalOf(vector) }, (a, b) => {
    a.hear(frames.reply);
    b.hear(frames.hello);
    same('what the dialler sends', join(a.sent), `${frames.hello}${frames.refusal}`);
    same('what the listener sends', join(b.sent), frames.reply);
    b.hear(frames.refusal);
    checkHeard(b, vector, 'proved');
  });
}

function runClose(vector: Document, core: Core): void {
  const frames = vector.frames as Document;
  withSides(core, vector, { b: refusalOf(vector) }, (a, b) => {
    a.hear(frames.reply);
    b.hear(frames.hello).hear(frames.finish, frames.openOfDialler);
    same('what the dialler sends', join(a.sent), `${frames.hello}${frames.finish}${frames.openOfDialler}`);
    same('what the listener sends', join(b.sent), `${frames.reply}${frames.close}`);
    a.hear(frames.close);
    checkHeard(a, vector, 'proved');
  });
}

function runClearRefusal(vector: Document, core: Core): void {
  const frames = vector.frames as Document;
  const { code, reason } = refusalOf(vector);
  withSides(core, vector, {}, (a, b) => {
    b.abort(new HandfastError(code, reason));
    same('what the listener sends', join(b.sent), frames.refusal);
    same('what the dialler sends', join(a.sent), frames.hello);
    a.hear(frames.refusal);
    checkHeard(a, vector, 'claimed');
  });
}

/** The envelope from its fields and its fields from the envelope, and all that hangs on its bytes. A misshapen one must be refused. */
function runBroadcast(vector: Document, core: Core): void {
  const { publicKey, secretKey } = core.ed25519.keyPair(hex(vector.seed));
  const payload = hex(vector.payload);
  const topic = topicBytes(vector.topic);
  if (!topic) throw new Error('the topic is none');
  const sequence = BigInt(String(vector.sequence));
  const timestamp = BigInt(String(vector.timestamp));
  const envelope = writeEnvelope({ origin: publicKey, sequence, timestamp, topic, payload });
  const signed = join([signedPrefix(networkTag(core, String(vector.network))), envelope]);
  const signature = core.ed25519.sign(signed, secretKey);
  same('what is signed', signed, vector.signed);
  same('message id', messageDigest(core, signed).slice(0, ID_BYTES), vector.messageId);
  same('signature', signature, vector.signature);
  same('envelope', join([envelope, signature]), vector.envelope);
  const body = join([Uint8Array.of(7), hex(vector.envelope)]);
  const shape = readBroadcast(body);
  if (!shape) throw new Error('the envelope is refused');
  same('hops', shape.hops, 7);
  same('origin', body.slice(AT.origin, AT.sequence), toHex(publicKey));
  same('timestamp', shape.timestamp, vector.timestamp);
  same('topic', topicText(body.subarray(AT.topic, AT.topic + shape.topicLength)), vector.topic);
  same('payload', body.slice(shape.payloadAt, shape.signatureAt), vector.payload);
  if (!core.ed25519.verify(body.subarray(shape.signatureAt), signed, publicKey)) throw new Error('the signature does not verify');
}

/** Bodies of BROADCAST, IHAVE and IWANT that have their shape, or have not. */
function runGossipShape(vector: Document): void {
  const body = hex(vector.body);
  const wellFormed = vector.record === 'BROADCAST' ? readBroadcast(body) !== undefined : countIds(body) > 0;
  same('well-formed', String(wellFormed), vector.wellFormed);
}
