/** The vectors of the XRPL overlay, by `protocol`: keys and signatures, every grammar, both heads through the machines, exact texts, and frames. */
import type { Bytes, Core } from '../core/core.ts';
import { lz4Decompress } from '../core/legacy/lz4.ts';
import type { HandfastError } from '../errors.ts';
import type { Input, Machine, Opened, Output, Work, WorkAnswer } from '../protocols/machine.ts';
import { isPublic, readAddress } from '../protocols/xrpl/address.ts';
import { base64Of, lenientBase64 } from '../protocols/xrpl/base64.ts';
import { answerTo, type Features, featureValue, hasFeature, offerOf } from '../protocols/xrpl/features.ts';
import { emptyHeader, readHeader, writeFrame, writeHeader } from '../protocols/xrpl/frames.ts';
import { isServerDomain, readLedgerHash, readUint32 } from '../protocols/xrpl/grammar.ts';
import { errorText, type HeadFacts, redirectText, requestText, responseText } from '../protocols/xrpl/heads.ts';
import { latin1, latin1Bytes } from '../protocols/xrpl/http-head.ts';
import { XrplIdentity, type XrplOptions, xrpl } from '../protocols/xrpl/index.ts';
import { LIMITS, NETWORK_EPOCH_S } from '../protocols/xrpl/limits.ts';
import { finishedValue } from '../protocols/xrpl/session-value.ts';
import { settingsOf } from '../protocols/xrpl/settings.ts';
import { canonicality } from '../protocols/xrpl/signature.ts';
import { Prefix, readNodePublic, writeKeyText } from '../protocols/xrpl/text-form.ts';
import { XrplTraffic } from '../protocols/xrpl/traffic.ts';
import { kindOf } from '../protocols/xrpl/types.ts';
import { highestCommon, onlyCommon, readVersions, type Version } from '../protocols/xrpl/versions.ts';
import { type Document, fail, hex, type Outcome, pass, toHex, type VectorKind } from './kinds.ts';

export const xrplKind: VectorKind = {
  name: 'XRPL overlay',
  matches: (document) => document.protocol === 'xrpl-overlay' && Array.isArray(document.vectors),
  *run(document, core) {
    for (const vector of document.vectors as Document[]) yield outcomeOf(vector, core);
  },
};

type Values = Record<string, unknown>;
/** What the implementation makes of `in`, in the members of `out`. Some look at `out` for a choice that is free. */
type Runner = (input: Values, core: Core, out: Values) => Values;

const RUNNERS: Readonly<Record<string, Runner>> = {
  'shared-value': ({ finished, peerFinished }, core) => {
    const tls = { version: '', cipher: '', ownFinished: hex(finished), peerFinished: hex(peerFinished) };
    return { shared: hexOrNull(finishedValue(tls, core.hash)) };
  },
  'node-key': ({ secret }, core) => ofIdentity(XrplIdentity.fromSecret(hex(secret), { core })),
  'seed-node-key': ({ seed, seedText }, core) => {
    const identity = XrplIdentity.fromSeed(hex(seed), { core });
    const other = XrplIdentity.fromSeed(String(seedText), { core });
    const secret = toHex(identity.exportSecret());
    if (toHex(other.exportSecret()) !== secret) throw new Error('the text form of the seed is another seed');
    if (writeKeyText(Prefix.familySeed, hex(seed), core.hash) !== seedText) throw new Error('the seed has another text form');
    other.wipe();
    return { secret, ...ofIdentity(identity) };
  },
  'node-public-decode': ({ text }, core) => {
    const key = readNodePublic(String(text), core.hash);
    return { publicKey: hexOrNull(key?.publicKey), keyType: key?.type ?? null };
  },
  'sign-digest': ({ secret, digest }, core) => {
    const der = core.secp256k1.sign(hex(digest), hex(secret));
    return { der: toHex(der), base64: base64Of(der) };
  },
  'verify-digest': ({ publicKey, digest, der, mustBeFullyCanonical }, core) => ({
    canonicality: canonicality(hex(der)) ?? null,
    valid: core.secp256k1.verify(hex(der), hex(digest), hex(publicKey), { lowS: mustBeFullyCanonical === true }),
  }),
  'base64-decode': ({ text }) => ({ bytes: toHex(lenientBase64(String(text))) }),
  'protocol-versions': ({ upgrade }) => {
    const parsed = readVersions(String(upgrade));
    return { parsed, serverPicks: highestCommon(parsed) ?? null, clientAccepts: onlyCommon(String(upgrade)) ?? null };
  },
  'feature-test': ({ header, feature, value }) => ({
    found: featureValue(String(header), String(feature)) ?? null,
    enabled: hasFeature(String(header), String(feature), String(value)),
  }),
  'feature-request': ({ enabled }) => ({ header: offerOf(enabled as Features) }),
  'feature-response': ({ requestHeader, enabled }) => ({ header: answerTo(String(requestHeader), enabled as Features) }),
  'server-domain': ({ text }) => ({ valid: isServerDomain(String(text)) }),
  'header-uint32': ({ text }) => ({ value: readUint32(String(text)) ?? null }),
  'ledger-hash': ({ text }) => ({ hash: hexOrNull(readLedgerHash(String(text))) }),
  'ip-is-public': ({ address }) => ({ public: isPublic(readAddress(String(address))!) }),
  'upgrade-request': upgradeRequest,
  'upgrade-response': upgradeResponse,
  'frame-header-decode': ({ bytes }) => {
    const data = hex(bytes);
    const header = emptyHeader();
    const read = readHeader(data, 0, data.length, header);
    if (read === 'short') return { needMore: true };
    if (read !== 'whole') return { error: read };
    return {
      headerSize: header.headerBytes,
      payloadSize: header.payloadBytes,
      uncompressedSize: header.inflatedBytes,
      type: header.type,
      compression: header.compressed ? 'lz4' : 'none',
      tooLarge: header.payloadBytes > LIMITS.inflated || header.inflatedBytes > LIMITS.inflated,
    };
  },
  'frame-header-encode': ({ payloadSize, type, uncompressedSize }) => ({
    bytes: toHex(writeHeader(Number(payloadSize), Number(type), uncompressedSize === null ? undefined : Number(uncompressedSize))),
  }),
  frame: wholeFrame,
  'frame-stream': ({ bytes, compr }, core) => framesOf(hex(bytes), compr === true, core),
  'request-text': (input, core) => ({ text: requestText(factsOf(input, core)) }),
  'response-text': (input, core) => ({
    text: responseText(factsOf(input, core), input.version as Version, String(input.requestFeatures)),
  }),
  'error-text': ({ error, remoteIp, software }) => ({ text: errorText(String(error), String(software), readAddress(String(remoteIp))) }),
  'redirect-text': ({ remoteIp, peerIps, software }) => ({
    text: redirectText(peerIps as string[], String(software), readAddress(String(remoteIp))),
  }),
};

function outcomeOf(vector: Document, core: Core): Outcome {
  const id = String(vector.id);
  const run = RUNNERS[String(vector.kind)];
  if (!run) return fail(id, `unknown kind ${vector.kind}`);
  try {
    const expected = vector.out as Values;
    const found = run(vector.in as Values, core, expected);
    const names = new Set([...Object.keys(expected), ...Object.keys(found)]);
    for (const name of names) {
      const [wanted, got] = [JSON.stringify(expected[name]), JSON.stringify(found[name])];
      if (wanted !== got) return fail(id, `${name}: expected ${wanted}, not ${got}`);
    }
    return pass(id);
  } catch (error) {
    return fail(id, (error as Error).message);
  }
}

/** A machine whose session value, clock and own key are those of a vector. */
class Recorded {
  sent = '';
  opened: Opened | undefined;
  failed: HandfastError | undefined;
  readonly traces = new Set<string>();
  readonly #core: Core;
  readonly #machine: Machine;
  readonly #now: number;
  #state: unknown;

  constructor(role: 'initiator' | 'responder', context: Values, core: Core) {
    const options: XrplOptions = {
      core,
      identity: XrplIdentity.from({ publicKey: hex(context.selfPublicKey), sign: () => ANY_SIGNATURE }, { core }),
      features: ['compr', 'ledgerreplay', 'txrr', 'vprr'],
      networkId: (context.networkId as number | null) ?? undefined,
      publicAddress: (context.publicIp as string | null) ?? undefined,
      sessionValue: () => hex(context.shared),
    };
    this.#core = core;
    this.#machine = xrpl[role](options);
    this.#state = this.#machine.initial;
    this.#now = (Number(context.now) + NETWORK_EPOCH_S) * 1000;
    this.feed({ kind: 'start', now: this.#now });
    this.feed({ kind: 'ready', now: this.#now, facts: { remote: { address: String(context.remoteIp), port: 51235 } } });
  }

  hear(text: unknown): this {
    if (!this.failed) this.feed({ kind: 'bytes', now: this.#now, data: latin1Bytes(String(text)) });
    return this;
  }

  feed(input: Input): void {
    const [state, ...outputs] = this.#machine.step(this.#state, input);
    this.#state = state;
    for (const output of outputs) this.#take(output);
  }

  /** The features of the link, as a vector lists them. */
  get features(): Features {
    const names = String(this.opened?.info.features).split(',');
    const has = (name: string): boolean => names.includes(name);
    return { compr: has('compr'), ledgerreplay: has('ledgerreplay'), txrr: has('txrr'), vprr: has('vprr') };
  }

  dispose(): void {
    this.opened?.traffic.wipe();
  }

  #take(output: Output): void {
    switch (output.kind) {
      case 'send':
        this.sent += latin1(output.data);
        return;
      case 'trace':
        this.traces.add(output.what);
        return;
      case 'opened':
        this.opened = output.opened;
        return;
      case 'failed':
        this.failed = output.why;
        return;
      case 'judge':
        this.feed({ kind: 'judged', now: this.#now, refusal: undefined });
        return;
      case 'work':
        this.feed({ kind: 'answers', now: this.#now, answers: output.items.map((work) => this.#work(work)) });
    }
  }

  #work(work: Work): WorkAnswer {
    if (work.op === 'sign-elsewhere') return { op: 'sign-elsewhere', signature: work.signer.sign(work.message) as Bytes };
    return this.#core.run([work as Parameters<Core['run']>[0][number]])[0];
  }
}

function upgradeRequest({ request, context }: Values, core: Core, out: Values): Values {
  const side = new Recorded('responder', context as Values, core).hear(request);
  const { opened, failed, sent, traces } = side;
  side.dispose();
  // Its ledger fields are read after the HTTP step is over, and close the link without a word.
  const closedAfter = traces.has('checks passed') && failed?.message.startsWith('Malformed handshake data') && sent === '';
  if (closedAfter && out.result === 'accept') return out;
  if (opened) {
    const version = opened.info.protocolVersion;
    if (!sent.startsWith('HTTP/1.1 101 ')) throw new Error('accepted without a 101');
    return { result: 'accept', status: 101, version, publicKey: toHex(opened.peer.publicKey), features: side.features };
  }
  if (sent === '') return { result: 'http-error' };
  const [, code, reasonPhrase] = /^HTTP\/1\.1 ([0-9]+) (.*?)\r\n/.exec(sent)!;
  switch (Number(code)) {
    case 400:
      return { result: 'reject', status: 400, error: /\((.*)\)$/.exec(reasonPhrase)![1], reasonPhrase };
    case 503:
      return { result: 'redirect', status: 503 };
    default:
      return { result: 'not-an-upgrade' };
  }
}

function upgradeResponse({ response, context }: Values, core: Core): Values {
  const side = new Recorded('initiator', context as Values, core).hear(response);
  const { opened, failed } = side;
  side.dispose();
  if (opened) {
    const version = opened.info.protocolVersion;
    return {
      result: 'accept',
      version,
      publicKey: toHex(opened.peer.publicKey),
      bytesAfterHead: opened.rest.length,
      features: side.features,
    };
  }
  if (failed === undefined) throw new Error('neither opened nor failed');
  const status = /^no upgrade: HTTP\/1\.[01] ([0-9]+) /.exec(failed.message)?.[1];
  if (status !== undefined) return { result: 'not-upgraded', status: Number(status) };
  return { result: 'reject', error: failed.message.split(':')[0] };
}

/** Any valid block is as good as the one recorded. */
function wholeFrame({ type, payload }: Values, core: Core, out: Values): Values {
  const data = hex(payload);
  const written = writeFrame(Number(type), data, true);
  const compressed = (written[0] & 0x80) !== 0;
  if (compressed && toHex(lz4Decompress(written.subarray(10), data.length) ?? new Uint8Array(0)) !== payload) {
    throw new Error('our own block does not give the payload');
  }
  const read = framesOf(hex(out.compressionAllowed), true, core).frames as { payload: string }[];
  if (Number(type) !== 3 && (read.length !== 1 || read[0].payload !== payload)) throw new Error('the recorded frame is read otherwise');
  return {
    plain: toHex(writeFrame(Number(type), data, false)),
    compressionAllowed: compressed ? out.compressionAllowed : toHex(written),
    compressed,
  };
}

/** Through a link, which keeps pings to itself and answers them. */
function framesOf(data: Bytes, compr: boolean, core: Core): Values {
  const identity = XrplIdentity.from({ publicKey: new Uint8Array(33).fill(2), sign: () => ANY_SIGNATURE }, { core });
  const settings = settingsOf({ core, identity, maxMessage: LIMITS.inflated }, 'initiator');
  const traffic = new XrplTraffic(
    { settings, role: 'initiator', version: 'XRPL/2.2', compr, binding: new Uint8Array(32), seat: undefined },
    0,
  );
  const slab = core.slab(data.length);
  slab.bytes.set(data);
  const frames: { type: number; payload: string }[] = [];
  let next = 0;
  try {
    for (let again = true; again; ) {
      const received = traffic.open(slab, next, data.length, 0);
      for (const { bytes, kind } of received.own ?? []) frames.push({ type: numberOf(kind), payload: toHex(bytes) });
      for (let i = 0; i < received.count; i++) {
        const [at, length] = received.places.subarray(2 * i);
        frames.push({ type: numberOf(received.abouts?.[i].kind), payload: toHex(slab.bytes.subarray(at, at + length)) });
      }
      for (const output of received.outputs) {
        if (output.kind === 'ended') throw output.why;
        if (output.kind !== 'send') continue;
        // A pong: the ping it answers says the same, but for its kind.
        const payload = output.data.slice(6);
        payload[1] = 0;
        frames.push({ type: 3, payload: toHex(payload) });
      }
      again = received.again;
      next = received.next;
    }
  } finally {
    slab.release();
    traffic.wipe();
  }
  return { frames, restBytes: data.length - next };
}

function numberOf(kind: string | undefined): number {
  for (let type = 0; type <= 0xffff; type++) if (kindOf(type) === kind) return type;
  throw new Error(`a message of kind ${kind}`);
}

function factsOf(input: Values, core: Core): HeadFacts {
  const identity = XrplIdentity.fromSecret(hex(input.secret), { core });
  const signature = core.secp256k1.sign(hex(input.shared), identity.secretKeyFor(core)!);
  identity.wipe();
  const closed = input.closedLedger === null ? undefined : hex(input.closedLedger);
  return {
    agent: String(input.software),
    crawl: input.crawl === true ? 'public' : 'private',
    features: input.features as Features,
    networkId: (input.networkId as number | null) ?? undefined,
    networkTime: Number(input.networkTime),
    publicKey: identity.id,
    signature,
    instanceCookie: String(input.instanceCookie),
    serverDomain: (input.serverDomain as string | null) ?? undefined,
    socketAddress: readAddress(String(input.remoteIp)),
    publicAddress: input.publicIp === null ? undefined : readAddress(String(input.publicIp)),
    ledgers: closed && { closed, previous: input.previousLedger === null ? undefined : hex(input.previousLedger) },
  };
}

function ofIdentity(identity: XrplIdentity): Values {
  identity.wipe();
  return { publicKey: toHex(identity.publicKey), nodePublic: identity.id };
}

function hexOrNull(bytes: Bytes | undefined): string | null {
  return bytes ? toHex(bytes) : null;
}

/** Well-formed; nobody verifies our side here. */
const ANY_SIGNATURE = Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1);
