/** The dialling side of an SDMP handshake: its session object, the responder's, its proof, the responder's. It refuses without a word: the specification asks for none. */
import type { Bytes } from '../../core/core.ts';
import { encodeBase64url } from '../../core/legacy/base64url.ts';
import type { FfdhKeyPair } from '../../core/legacy/ffdh.ts';
import { HandfastError } from '../../errors.ts';
import { discardAnswers, type Input, type Machine, type Millis, type Step, type Work } from '../machine.ts';
import { LIMITS } from './limits.ts';
import { Line } from './line.ts';
import type { SdmpPeer } from './peers.ts';
import { isResponse, refusedBy } from './response.ts';
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
import { checkAnswer, type Offer, readOffer, writeOffer } from './session-object.ts';
import type { Settings } from './settings.ts';
import { beginProof, type Unsigned } from './signature-object.ts';

export type State =
  | { at: 'start' }
  | { at: 'keygen'; deadline: Millis; line: Line }
  | { at: 'wait-session'; deadline: Millis; line: Line; keyPair: FfdhKeyPair; offer: Offer; first: Bytes }
  | { at: 'derive'; deadline: Millis; line: Line; theirs: Offered; transcript: Bytes; proof: Unsigned }
  | { at: 'wait-proof'; deadline: Millis; secured: Secured }
  | { at: 'verify'; deadline: Millis; secured: Secured; checking: Checking }
  | { at: 'judge'; deadline: Millis; secured: Secured; peer: SdmpPeer; rest: Bytes }
  | { at: 'opened' }
  | { at: 'closed' };

export function initiator(settings: Settings): Machine<State> {
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
    case 'keygen':
      return input.kind === 'answers' ? sendSession(settings, state, input) : [state];
    case 'wait-session':
      return input.kind === 'bytes' || input.kind === 'message' ? readSession(settings, state, input) : [state];
    case 'derive':
      return input.kind === 'answers' ? sendProof(settings, state, input) : [state];
    case 'wait-proof':
      return input.kind === 'bytes' || input.kind === 'message' ? readProof(settings, state, input) : [state];
    case 'verify':
      return input.kind === 'answers' ? checkSignature(settings, state, input) : [state];
    case 'judge':
      return input.kind === 'judged' ? judged(settings, state, input) : [state];
  }
}

type At<Name extends State['at']> = Extract<State, { at: Name }>;
type Of<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;

function begin({ deadlineMs, group }: Settings, { now, borders = false }: Of<'start'>): Step<State> {
  const deadline = now + deadlineMs;
  return [
    { at: 'keygen', deadline, line: new Line(borders) },
    { kind: 'deadline', at: deadline },
    { kind: 'work', items: [{ op: 'ffdh-keygen', prime: group.prime, generator: group.generator }] },
  ];
}

function sendSession({ group }: Settings, state: At<'keygen'>, { answers: [answer] }: Of<'answers'>): Step<State> {
  if (answer?.op !== 'ffdh-keygen') return fail(state, unanswered(answer));
  const { deadline, line } = state;
  const { keyPair } = answer;
  const offer: Offer = { group, publicKey: keyPair.publicKey };
  const first = writeOffer(offer);
  return [
    { at: 'wait-session', deadline, line, keyPair, offer, first },
    line.send(first),
    { kind: 'trace', what: 'session object', direction: 'sent', bytes: first.length },
  ];
}

function readSession(settings: Settings, state: At<'wait-session'>, input: Of<'bytes' | 'message'>): Step<State> {
  const { deadline, line, keyPair, offer, first } = state;
  const heard = line.hear(input);
  if (!heard) return [state];
  if (heard instanceof Error) return fail(state, heard);
  if (isResponse(heard.root)) return fail(state, refusedBy(heard.root, settings.reading, 'claimed'));
  const theirs = readOffer(heard.root, settings.groups, settings.reading);
  if (theirs instanceof Error) return fail(state, theirs);
  const fault = checkAnswer(theirs, offer) ?? line.unexpected(heard.rest);
  if (fault) return fail(state, fault);
  const transcript = transcriptOf(settings, first, heard.octets);
  const proof = beginProof(first, settings, 'initiator', transcript);
  const items: readonly Work[] = [
    { op: 'ffdh-derive', keyPair, publicKey: theirs.publicKey },
    { op: 'rsa-sign', key: settings.identity.privateKey, hash: 'sha512', message: proof.message },
  ];
  return [
    { at: 'derive', deadline, line, theirs: { offer: theirs, text: encodeBase64url(heard.octets) }, transcript, proof },
    { kind: 'trace', what: 'session object', direction: 'received', bytes: heard.octets.length },
    { kind: 'work', items },
  ];
}

function sendProof(settings: Settings, state: At<'derive'>, { answers }: Of<'answers'>): Step<State> {
  const [derived, signed] = answers;
  if (derived?.op !== 'ffdh-derive' || signed?.op !== 'rsa-sign') {
    discardAnswers(answers);
    return fail(state, unanswered([derived, signed].find((answer) => answer?.op === 'failed')));
  }
  if (derived.shared === 'weak') return fail(state, broken('S6', 'no secret comes of N'));
  const { deadline, line, theirs, transcript, proof } = state;
  const secured = secure(settings, line, 'initiator', derived.shared, transcript, theirs);
  const object = secured.sealer.seal(proof.write(signed.signature));
  return [
    { at: 'wait-proof', deadline, secured },
    line.send(object),
    { kind: 'trace', what: 'proof', direction: 'sent', bytes: object.length },
  ];
}

function readProof(settings: Settings, state: At<'wait-proof'>, input: Of<'bytes' | 'message'>): Step<State> {
  const { deadline, secured } = state;
  const checking = hearProof(settings, secured, input);
  if (!checking) return [state];
  if (checking instanceof Error) return fail(state, checking);
  return [
    { at: 'verify', deadline, secured, checking },
    { kind: 'trace', what: 'proof', direction: 'received', bytes: checking.bytes },
    { kind: 'work', items: [verifyWork(settings, checking)] },
  ];
}

function checkSignature(settings: Settings, state: At<'verify'>, { answers: [answer] }: Of<'answers'>): Step<State> {
  const { deadline, secured, checking } = state;
  const found = verified(settings, secured, checking, answer);
  if (found instanceof Error) return fail(state, found);
  if ('proof' in found)
    return [
      { at: 'verify', deadline, secured, checking: found },
      { kind: 'work', items: [verifyWork(settings, found)] },
    ];
  return [
    { at: 'judge', deadline, secured, peer: found, rest: checking.rest },
    { kind: 'trace', what: 'responder proved', direction: 'done', bytes: 0 },
    { kind: 'judge', peer: peerOf(found) },
  ];
}

function judged(settings: Settings, state: At<'judge'>, { refusal }: Of<'judged'>): Step<State> {
  if (refusal) return fail(state, new HandfastError(refusal.code, refusal.reason));
  return [{ at: 'opened' }, { kind: 'opened', opened: open(settings, state.secured, state.peer, state.rest) }];
}

function fail(state: State, why: HandfastError): Step<State> {
  if ('secured' in state) wipe(state.secured);
  else if ('line' in state) state.line.wipe();
  if (state.at === 'wait-session') state.keyPair.wipe();
  return [{ at: 'closed' }, { kind: 'failed', why, lingerMs: LIMITS.lingerMs, close: closeCodeOf(why, 'secured' in state) }];
}

const WAITING_FOR: Record<Exclude<State['at'], 'start' | 'opened' | 'closed'>, string> = {
  keygen: 'own key pair',
  'wait-session': "responder's session object",
  derive: 'shared secret and own signature',
  'wait-proof': "responder's proof",
  verify: 'verdict on the signature',
  judge: 'decision whether this peer is trusted',
};
