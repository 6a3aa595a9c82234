/** The dialling side of a handfast/1 handshake: hello, reply, finish, OPEN. Names follow section 3: A is this side, B the other. */
import type { Bytes, GuardedKeyPair, Secret, Suite } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import { viewOf } from '../../wire/bytes.ts';
import { peerIdOf } from '../../wire/peer-id.ts';
import { join } from '../../wire/writer.ts';
import { discardAnswers, type Input, type Machine, type Millis, type Output, type Peer, type Step } from '../machine.ts';
import { broken, checkExtensions, checkProof, checkWho, clearRefusal, cut, fault, late, misplaced, nextFrame } from './checks.ts';
import { Frame, framed, type Reply, readReply, SUITES, writeClaim, writeHello } from './format.ts';
import { behind, handshakeKeys, keysBeforeSealing, logOutput } from './key-log.ts';
import { LIMITS } from './limits.ts';
import { beginOpening, closeBody, finishHandshake, type Opening, readFirstRecord, sendClose, sendOpen, wipeOpening } from './opening.ts';
import { initiatorText, openReply, responderText, sealFinish, sealRefusal } from './schedule.ts';
import type { Settings } from './settings.ts';
import { signatureOf, signWork } from './sign.ts';

/** The reply has opened: who B says it is, and what the rest of the handshake needs. */
interface Replied {
  suite: Suite;
  /** 64 bytes. */
  prk: Secret;
  h3: Bytes;
  peer: Peer;
  /** Of B's proof. */
  timestamp: number;
  /** Our ephemeral key, where keys are logged under it. */
  eA: Bytes;
}

export type State =
  | { at: 'start' }
  | { at: 'keygen'; deadline: Millis }
  | { at: 'await-reply'; deadline: Millis; ephemeral: GuardedKeyPair; hello: Bytes; held: Bytes }
  | { at: 'dh'; deadline: Millis; ephemeral: GuardedKeyPair; hello: Bytes; reply: Reply; arrived: Millis }
  | { at: 'verify'; deadline: Millis; replied: Replied }
  | { at: 'judge'; deadline: Millis; replied: Replied }
  | { at: 'sign'; deadline: Millis; replied: Replied; claim: Bytes; ownTimestamp: number }
  | { at: 'await-open'; deadline: Millis; opening: Opening; held: Bytes }
  | { at: 'opened' }
  | { at: 'closed' };

export function initiator(settings: Settings): Machine<State> {
  return { initial: { at: 'start' }, step: (state, input) => step(settings, state, input) };
}

function step(settings: Settings, state: State, input: Input): Step<State> {
  // Read once each: states and inputs have too many shapes for the engine to know where their members lie.
  const { at } = state;
  const { kind } = input;
  if (at === 'opened' || at === 'closed') {
    if (kind === 'answers') discardAnswers(input.answers);
    return [state];
  }
  if (kind === 'abort') return fail(settings, state, input.why);
  if (at === 'start') {
    if (kind !== 'start') return [state];
    const deadline = input.now + settings.deadlineMs;
    return [{ at: 'keygen', deadline }, { kind: 'deadline', at: deadline }, KEYGEN];
  }
  if (input.now >= state.deadline) {
    if (kind === 'answers') discardAnswers(input.answers);
    return fail(settings, state, late(WAITING_FOR[at]));
  }
  if (kind === 'end') return fail(settings, state, cut(WAITING_FOR[at]));
  switch (at) {
    case 'keygen':
      return kind === 'answers' ? sendHello(settings, state, input) : [state];
    case 'await-reply':
      return kind === 'bytes' ? readReplyFrame(settings, state, input) : [state];
    case 'dh':
      return kind === 'answers' ? readReplyProof(settings, state, input) : [state];
    case 'verify':
      return kind === 'answers' ? checkSignature(settings, state, input) : [state];
    case 'judge':
      return kind === 'judged' ? judged(settings, state, input) : [state];
    case 'sign':
      return kind === 'answers' ? sendFinish(settings, state, input) : [state];
    case 'await-open':
      return kind === 'bytes' ? readOpenRecord(settings, state, input) : [state];
  }
}

type At<Name extends State['at']> = Extract<State, { at: Name }>;
type Of<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;

function sendHello(settings: Settings, state: At<'keygen'>, { answers: [answer] }: Of<'answers'>): Step<State> {
  if (answer?.op !== 'keygen') return fail(settings, state, broken(answer));
  const ephemeral = answer.keyPair;
  const sent = writeHello(settings.offeredVersions, settings.offeredSuites, settings.tag, ephemeral.publicKey);
  const hello = viewOf(sent, 4, sent.length);
  return [
    { at: 'await-reply', deadline: state.deadline, ephemeral, hello, held: NONE },
    { kind: 'send', data: sent },
    { kind: 'trace', what: 'hello', direction: 'sent', bytes: sent.length },
  ];
}

function readReplyFrame(settings: Settings, state: At<'await-reply'>, { data, now }: Of<'bytes'>): Step<State> {
  const next = nextFrame(state.held, data, LIMITS.hello, 'reply');
  if ('held' in next) return [{ ...state, held: next.held }];
  if ('fault' in next) return fail(settings, state, next.fault);
  const { frame, rest } = next;
  if (frame[0] === Frame.clearRefusal) return fail(settings, state, clearRefusal(frame));
  if (frame[0] !== Frame.reply) return fail(settings, state, misplaced(frame[0], 'the reply'));
  const reply = readReply(frame);
  if (!reply) return fail(settings, state, fault('MALFORMED', 'reply does not have its shape'));
  if (rest.length > 0) return fail(settings, state, fault('OUT_OF_TURN', `${rest.length} bytes behind the reply, before our finish`));
  if (!settings.offeredVersions.includes(reply.version)) {
    return fail(settings, state, fault('PROTOCOL_MISMATCH', `reply takes version ${reply.version}, which we did not offer`));
  }
  if (!settings.offeredSuites.includes(reply.suite)) {
    return fail(settings, state, fault('SUITE_MISMATCH', `reply takes suite ${reply.suite}, which we did not offer`));
  }
  const extensions = checkExtensions('reply', reply.extensions);
  if (extensions) return fail(settings, state, extensions);
  const { deadline, ephemeral, hello } = state;
  return [
    { at: 'dh', deadline, ephemeral, hello, reply, arrived: now },
    { kind: 'trace', what: 'reply', direction: 'received', bytes: 4 + frame.length },
    { kind: 'work', items: [{ op: 'dh', secretKey: ephemeral.secretKey, publicKey: reply.ephemeral }] },
  ];
}

function readReplyProof(settings: Settings, state: At<'dh'>, { answers: [answer] }: Of<'answers'>): Step<State> {
  const { core } = settings;
  const { hello, reply, deadline, ephemeral } = state;
  if (answer?.op !== 'dh') return fail(settings, state, broken(answer));
  if (answer.shared === 'weak') return fail(settings, state, fault('WEAK_KEY', "reply's ephemeral key has small order"));
  const suite = SUITES[reply.suite];
  const { head, sealed } = reply;
  const agreed = openReply(core, suite, { hello, head, sealed, shared: answer.shared as Secret, ephemeral: ephemeral.secretKey });
  if (!agreed) return fail(settings, state, fault('BAD_TAG', "reply's sealed part does not open"));
  const { h2, h3, prk, opened } = agreed;
  const proof = checkProof(settings, opened, state.arrived, "the listener's");
  const replied: Replied = { suite, prk, h3, peer: NOBODY, timestamp: 0, eA: settings.logsKeys ? ephemeral.publicKey : NONE };
  const logged = settings.logsKeys ? [logOutput(replied.eA, handshakeKeys(core, prk), settings.network)] : NO_OUTPUTS;
  if (proof instanceof HandfastError) return behind(logged, fail(settings, { at: 'verify', deadline, replied }, proof));
  const publicKey = proof.id;
  replied.peer = { id: peerIdOf(publicKey), publicKey };
  replied.timestamp = proof.timestamp;
  return behind(logged, [
    { at: 'verify', deadline, replied },
    { kind: 'work', items: [{ op: 'verify', signature: proof.signature, message: responderText(h2, proof.claim), publicKey: proof.id }] },
  ]);
}

function checkSignature(settings: Settings, state: At<'verify'>, { answers: [answer] }: Of<'answers'>): Step<State> {
  if (answer?.op !== 'verify') return fail(settings, state, broken(answer));
  if (!answer.valid) return fail(settings, state, fault('INVALID_SIGNATURE', "the listener's signature does not match this handshake"));
  const { deadline, replied } = state;
  const who = checkWho(settings, replied.peer);
  if (who) return fail(settings, state, who);
  return [
    { at: 'judge', deadline, replied },
    { kind: 'trace', what: 'listener proved', direction: 'done', bytes: 0 },
    { kind: 'judge', peer: replied.peer },
  ];
}

function judged(settings: Settings, state: At<'judge'>, { refusal, now }: Of<'judged'>): Step<State> {
  if (refusal) return fail(settings, state, fault(refusal.code, refusal.reason));
  const { deadline, replied } = state;
  const ownTimestamp = Math.trunc(now);
  const claim = writeClaim(settings.identity.publicKey, ownTimestamp);
  return [
    { at: 'sign', deadline, replied, claim, ownTimestamp },
    { kind: 'work', items: [signWork(settings, initiatorText(replied.h3, replied.peer.publicKey, claim))] },
  ];
}

function sendFinish(settings: Settings, state: At<'sign'>, { answers: [answer] }: Of<'answers'>): Step<State> {
  const { core } = settings;
  const { deadline, replied } = state;
  const { suite, prk, h3, peer, eA } = replied;
  const signature = answer ? signatureOf(answer) : broken(answer);
  if (signature instanceof HandfastError) return fail(settings, state, signature);
  const proof = join([state.claim, signature]);
  const logged = settings.logsKeys ? [logOutput(eA, keysBeforeSealing(core, suite, { prk, h3, proof }))] : NO_OUTPUTS;
  const { sealed, keys } = sealFinish(core, suite, prk, h3, proof);
  const opening = beginOpening(settings, suite, keys, peer, replied.timestamp + state.ownTimestamp);
  const finish = framed(FINISH, sealed);
  const open = sendOpen(opening);
  return behind(logged, [
    { at: 'await-open', deadline, opening, held: NONE },
    { kind: 'send', data: finish },
    { kind: 'send', data: open },
    { kind: 'trace', what: 'finish', direction: 'sent', bytes: finish.length },
    { kind: 'trace', what: 'OPEN', direction: 'sent', bytes: open.length },
  ]);
}

function readOpenRecord(settings: Settings, state: At<'await-open'>, { data, now }: Of<'bytes'>): Step<State> {
  const next = nextFrame(state.held, data, LIMITS.firstRecord, 'first record');
  if ('held' in next) return [{ ...state, held: next.held }];
  if ('fault' in next) return fail(settings, state, next.fault);
  const open = readFirstRecord(state.opening, next.whole);
  if (open instanceof HandfastError) return fail(settings, state, open);
  return [
    { at: 'opened' },
    { kind: 'trace', what: 'OPEN', direction: 'received', bytes: 4 + next.frame.length },
    { kind: 'opened', opened: finishHandshake(state.opening, open, next.rest, now) },
  ];
}

/** How a refusal travels: in clear until the reply has opened, then sealed in place of the finish, then as CLOSE. What the other side said or cut needs no answer. */
function fail(settings: Settings, state: State, why: HandfastError): Step<State> {
  const silent = why.remote !== undefined || why.code === 'HF_TRUNCATED';
  const outputs: Output[] = [];
  const send = (data: Bytes) => {
    if (!silent) outputs.push({ kind: 'send', data });
  };
  switch (state.at) {
    case 'await-reply':
    case 'dh':
      send(framed(CLEAR_REFUSAL, closeBody(why)));
      state.ephemeral.secretKey.wipe();
      break;
    case 'verify':
    case 'judge':
    case 'sign':
      send(framed(SEALED_REFUSAL, sealedRefusal(settings, state.replied, why)));
      state.replied.prk.wipe();
      break;
    case 'await-open':
      send(sendClose(state.opening, why));
      wipeOpening(state.opening);
      break;
  }
  return [{ at: 'closed' }, ...outputs, { kind: 'failed', why, lingerMs: silent ? 0 : LIMITS.lingerMs }];
}

function sealedRefusal({ core }: Settings, { suite, prk, h3 }: Replied, why: HandfastError): Bytes {
  return sealRefusal(core, suite, prk, h3, closeBody(why));
}

const WAITING_FOR: Record<Exclude<State['at'], 'start' | 'opened' | 'closed'>, string> = {
  keygen: 'own key pair',
  'await-reply': 'reply',
  dh: 'shared secret',
  verify: 'verdict on the signature',
  judge: 'decision whether this peer is allowed',
  sign: 'own signature',
  'await-open': 'OPEN of the other side',
};
const KEYGEN: Output = { kind: 'work', items: [{ op: 'keygen' }] };
const FINISH = Uint8Array.of(Frame.finish);
const CLEAR_REFUSAL = Uint8Array.of(Frame.clearRefusal);
const SEALED_REFUSAL = Uint8Array.of(Frame.sealedRefusal);
const NONE = new Uint8Array(0);
const NO_OUTPUTS: readonly Output[] = [];
const NOBODY: Peer = { id: '', publicKey: NONE };
