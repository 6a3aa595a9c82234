/** The listening side of an SDMP handshake. What it refuses in clear it answers with `bad_request`, and everything under the key with one and the same `not_found`. */
import type { Bytes } from '../../core/core.ts';
import { encodeBase64url } from '../../core/legacy/base64url.ts';
import { HandfastError } from '../../errors.ts';
import { discardAnswers, type Input, type Machine, type Millis, type Output, type Step } from '../machine.ts';
import { LIMITS } from './limits.ts';
import { Line } from './line.ts';
import type { SdmpPeer } from './peers.ts';
import { isResponse, refusedBy, writeRefusal } from './response.ts';
import { broken, closeCodeOf } from './rules.ts';
import {
  type Checking,
  cut,
  hearProof,
  late,
  type Offered,
  open,
  peerOf,
  type Secured,
  secure,
  transcriptOf,
  unanswered,
  verified,
  verifyWork,
  wipe,
} from './secured.ts';
import { readOffer, writeOffer } from './session-object.ts';
import type { Settings } from './settings.ts';
import { beginProof, type Unsigned } from './signature-object.ts';

export type State =
  | { at: 'start' }
  | { at: 'wait-session'; deadline: Millis; line: Line }
  | { at: 'keygen'; deadline: Millis; line: Line; theirs: Offered; first: Bytes }
  | { at: 'derive'; deadline: Millis; line: Line; theirs: Offered; transcript: Bytes; second: Bytes }
  | { at: 'wait-proof'; deadline: Millis; secured: Secured; second: Bytes }
  | { at: 'verify'; deadline: Millis; secured: Secured; second: Bytes; checking: Checking }
  | { at: 'judge'; deadline: Millis; secured: Secured; second: Bytes; peer: SdmpPeer }
  | { at: 'sign'; deadline: Millis; secured: Secured; peer: SdmpPeer; proof: Unsigned }
  | { at: 'opened' }
  | { at: 'closed' };

export function responder(settings: Settings): Machine<State> {
  return { initial: { at: 'start' }, step: (state, input) => step(settings, state, input) };
}

function step(settings: Settings, state: State, input: Input): Step<State> {
  if (state.at === 'opened' || state.at === 'closed') {
    if (input.kind === 'answers') discardAnswers(input.answers);
    return [state];
  }
  if (input.kind === 'abort') return fail(state, input.why);
  if (state.at === 'start') return input.kind === 'start' ? begin(settings, input) : [state];
  if (input.now >= state.deadline) {
    if (input.kind === 'answers') discardAnswers(input.answers);
    return fail(state, late(WAITING_FOR[state.at]));
  }
  if (input.kind === 'end') return fail(state, cut(WAITING_FOR[state.at]));
  switch (state.at) {
    case 'wait-session':
      return input.kind === 'bytes' || input.kind === 'message' ? readSession(settings, state, input) : [state];
    case 'keygen':
      return input.kind === 'answers' ? sendSession(settings, state, input) : [state];
    case 'derive':
      return input.kind === 'answers' ? beSecured(settings, state, input) : [state];
    case 'wait-proof':
      return input.kind === 'bytes' || input.kind === 'message' ? readProof(settings, state, input) : [state];
    case 'verify':
      return input.kind === 'answers' ? checkSignature(settings, state, input) : [state];
    case 'judge':
      return input.kind === 'judged' ? judged(settings, state, input) : [state];
    case 'sign':
      return input.kind === 'answers' ? sendProof(settings, state, input) : [state];
  }
}

type At<Name extends State['at']> = Extract<State, { at: Name }>;
type Of<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;

function begin({ deadlineMs }: Settings, { now, borders = false }: Of<'start'>): Step<State> {
  const deadline = now + deadlineMs;
  return [
    { at: 'wait-session', deadline, line: new Line(borders) },
    { kind: 'deadline', at: deadline },
  ];
}

function readSession(settings: Settings, state: At<'wait-session'>, input: Of<'bytes' | 'message'>): Step<State> {
  const { deadline, line } = state;
  const heard = line.hear(input);
  if (!heard) return [state];
  if (heard instanceof Error) return fail(state, heard);
  if (isResponse(heard.root)) return fail(state, refusedBy(heard.root, settings.reading, 'claimed'));
  const theirs = readOffer(heard.root, settings.groups, settings.reading);
  if (theirs instanceof Error) return fail(state, theirs);
  const fault = line.unexpected(heard.rest);
  if (fault) return fail(state, fault);
  const { prime, generator } = theirs.group;
  return [
    { at: 'keygen', deadline, line, theirs: { offer: theirs, text: encodeBase64url(heard.octets) }, first: heard.octets.slice() },
    { kind: 'trace', what: 'session object', direction: 'received', bytes: heard.octets.length },
    { kind: 'work', items: [{ op: 'ffdh-keygen', prime, generator }] },
  ];
}

/** While message 2 is on its way, the secret is derived. */
function sendSession(settings: Settings, state: At<'keygen'>, { answers: [answer] }: Of<'answers'>): Step<State> {
  if (answer?.op !== 'ffdh-keygen') return fail(state, unanswered(answer));
  const { deadline, line, theirs, first } = state;
  const { keyPair } = answer;
  const second = writeOffer({ group: theirs.offer.group, publicKey: keyPair.publicKey });
  return [
    { at: 'derive', deadline, line, theirs, second, transcript: transcriptOf(settings, first, second) },
    line.send(second),
    { kind: 'trace', what: 'session object', direction: 'sent', bytes: second.length },
    { kind: 'work', items: [{ op: 'ffdh-derive', keyPair, publicKey: theirs.offer.publicKey }] },
  ];
}

function beSecured(settings: Settings, state: At<'derive'>, { answers: [answer] }: Of<'answers'>): Step<State> {
  if (answer?.op !== 'ffdh-derive') return fail(state, unanswered(answer));
  if (answer.shared === 'weak') return fail(state, broken('S6', 'no secret comes of N'));
  const { deadline, line, theirs, transcript, second } = state;
  const secured = secure(settings, line, 'responder', answer.shared, transcript, theirs);
  return [{ at: 'wait-proof', deadline, secured, second }];
}

function readProof(settings: Settings, state: At<'wait-proof'>, input: Of<'bytes' | 'message'>): Step<State> {
  const { deadline, secured, second } = state;
  const checking = hearProof(settings, secured, input);
  if (!checking) return [state];
  if (checking instanceof Error) return fail(state, checking);
  // The initiator sends nothing before it has read our proof.
  const fault = secured.line.unexpected(checking.rest);
  if (fault) return fail(state, fault);
  return [
    { at: 'verify', deadline, secured, second, checking },
    { kind: 'trace', what: 'proof', direction: 'received', bytes: checking.bytes },
    { kind: 'work', items: [verifyWork(settings, checking)] },
  ];
}

function checkSignature(settings: Settings, state: At<'verify'>, { answers: [answer] }: Of<'answers'>): Step<State> {
  const { deadline, secured, second, checking } = state;
  const found = verified(settings, secured, checking, answer);
  if (found instanceof Error) return fail(state, found);
  if ('proof' in found)
    return [
      { at: 'verify', deadline, secured, second, checking: found },
      { kind: 'work', items: [verifyWork(settings, found)] },
    ];
  return [
    { at: 'judge', deadline, secured, second, peer: found },
    { kind: 'trace', what: 'initiator proved', direction: 'done', bytes: 0 },
    { kind: 'judge', peer: peerOf(found) },
  ];
}

/** Only now is anything signed: a stranger gets two exponentiations and no more. */
function judged(settings: Settings, state: At<'judge'>, { refusal }: Of<'judged'>): Step<State> {
  if (refusal) return fail(state, new HandfastError(refusal.code, refusal.reason));
  const { deadline, secured, second, peer } = state;
  const proof = beginProof(second, settings, 'responder', secured.about.transcript);
  return [
    { at: 'sign', deadline, secured, peer, proof },
    { kind: 'work', items: [{ op: 'rsa-sign', key: settings.identity.privateKey, hash: 'sha512', message: proof.message }] },
  ];
}

function sendProof(settings: Settings, state: At<'sign'>, { answers: [answer] }: Of<'answers'>): Step<State> {
  if (answer?.op !== 'rsa-sign') return fail(state, unanswered(answer));
  const { secured, proof, peer } = state;
  const object = secured.sealer.seal(proof.write(answer.signature));
  return [
    { at: 'opened' },
    secured.line.send(object),
    { kind: 'trace', what: 'proof', direction: 'sent', bytes: object.length },
    { kind: 'opened', opened: open(settings, secured, peer, NONE) },
  ];
}

/** What the other side said itself or cut gets no answer, nor does what came too late. */
function fail(state: State, why: HandfastError): Step<State> {
  const silent = why.remote !== undefined || why.codeName === 'TRUNCATED' || why.codeName === 'HANDSHAKE_TIMEOUT';
  const outputs: Output[] = [];
  if (state.at === 'wait-session' || state.at === 'keygen') {
    if (!silent) outputs.push(state.line.send(writeRefusal('bad_request')));
  } else if ('secured' in state) {
    const { line, sealer } = state.secured;
    if (!silent) outputs.push(line.send(sealer.seal(writeRefusal('not_found'))));
    wipe(state.secured);
  }
  if ('line' in state) state.line.wipe();
  return [{ at: 'closed' }, ...outputs, { kind: 'failed', why, lingerMs: LIMITS.lingerMs, close: closeCodeOf(why, 'secured' in state) }];
}

const WAITING_FOR: Record<Exclude<State['at'], 'start' | 'opened' | 'closed'>, string> = {
  'wait-session': "initiator's session object",
  keygen: 'own key pair',
  derive: 'shared secret',
  'wait-proof': "initiator's proof",
  verify: 'verdict on the signature',
  judge: 'decision whether this peer is trusted',
  sign: 'own signature',
};
const NONE = new Uint8Array(0);
