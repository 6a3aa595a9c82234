/** The listening side of a handfast/1 handshake: hello, reply, finish, OPEN. Names follow section 3: B is this side, A the other. */
import type { Bytes, GuardedKeyPair, Secret, Suite } from '../../core/core.ts';
import { sameBytes } from '../../core/pure-random.ts';
import { HandfastError, remoteError } from '../../errors.ts';
import { viewOf } from '../../wire/bytes.ts';
import { peerIdOf } from '../../wire/peer-id.ts';
import { join } from '../../wire/writer.ts';
import { discardAnswers, type Input, type Machine, type Millis, type Output, type Peer, type Step } from '../machine.ts';
import { broken, checkExtensions, checkProof, checkWho, clearRefusal, cut, fault, late, misplaced, nextFrame } from './checks.ts';
import { Frame, framed, type Hello, readHello, readRefusal, SUITES, VERSION, writeClaim, writeReplyHead } from './format.ts';
import { behind, handshakeKeys, keysBeforeOpening, logOutput, wipeKeys } from './key-log.ts';
import { LIMITS } from './limits.ts';
import { beginOpening, closeBody, finishHandshake, type Opening, readFirstRecord, sendClose, sendOpen, wipeOpening } from './opening.ts';
import { hashHelloAndHead, initiatorText, openFinish, openRefusal, responderText, sealReply } from './schedule.ts';
import type { Settings } from './settings.ts';
import { signatureOf, signWork } from './sign.ts';

/** The finish has opened: the session is derived, but nobody is let in yet. */
interface Finished {
  deadline: Millis;
  opening: Opening;
  /** What came behind the finish: A's OPEN, unopened until A's proof has passed. */
  held: Bytes;
}

export type State =
  | { at: 'start' }
  | { at: 'await-hello'; deadline: Millis; held: Bytes }
  | { at: 'keygen'; deadline: Millis; hello: Hello; frame: Bytes; suite: number }
  | {
      at: 'dh';
      deadline: Millis;
      suite: Suite;
      ephemeral: GuardedKeyPair;
      head: Bytes;
      h2: Bytes;
      claim: Bytes;
      ownTimestamp: number;
      eA: Bytes;
    }
  | { at: 'await-finish'; deadline: Millis; suite: Suite; prk: Secret; h3: Bytes; ownTimestamp: number; eA: Bytes; held: Bytes }
  | ({ at: 'verify' } & Finished)
  | ({ at: 'judge' } & Finished)
  | ({ at: 'await-open' } & Finished)
  | { at: 'opened' }
  | { at: 'closed' };

export function responder(settings: Settings): Machine<State> {
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
  if (kind === 'abort') return fail(state, input.why);
  if (at === 'start') {
    if (kind !== 'start') return [state];
    const deadline = input.now + settings.deadlineMs;
    return [
      { at: 'await-hello', deadline, held: NONE },
      { kind: 'deadline', at: deadline },
    ];
  }
  if (input.now >= state.deadline) {
    if (kind === 'answers') discardAnswers(input.answers);
    return fail(state, late(WAITING_FOR[at]));
  }
  if (kind === 'end') return fail(state, cut(WAITING_FOR[at]));
  switch (at) {
    case 'await-hello':
      return kind === 'bytes' ? readHelloFrame(settings, state, input) : [state];
    case 'keygen':
      return kind === 'answers' ? agree(settings, state, input) : [state];
    case 'dh':
      return kind === 'answers' ? sendReply(settings, state, input) : [state];
    case 'await-finish':
      return kind === 'bytes' ? readFinishFrame(settings, state, input) : [state];
    case 'verify':
      return kind === 'answers' ? checkSignature(settings, state, input) : [state];
    case 'judge':
      return kind === 'judged' ? judged(state, input) : [state];
    case 'await-open':
      return kind === 'bytes' ? readOpenRecord(state, input.data, input.now) : [state];
  }
}

type At<Name extends State['at']> = Extract<State, { at: Name }>;
type Of<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;

function readHelloFrame(settings: Settings, state: At<'await-hello'>, { data }: Of<'bytes'>): Step<State> {
  const next = nextFrame(state.held, data, LIMITS.hello, 'hello');
  if ('held' in next) return [{ ...state, held: next.held }];
  if ('fault' in next) return fail(state, next.fault);
  const { frame, rest } = next;
  if (frame[0] === Frame.clearRefusal) return fail(state, clearRefusal(frame));
  if (frame[0] !== Frame.hello) return fail(state, misplaced(frame[0], 'the hello'));
  const hello = readHello(frame);
  if (!hello) return fail(state, fault('MALFORMED', 'hello does not have its shape'));
  if (rest.length > 0) return fail(state, fault('OUT_OF_TURN', `${rest.length} bytes behind the hello, before our reply`));
  if (!sameBytes(hello.tag, settings.tag)) {
    return fail(state, fault('WRONG_NETWORK', 'the dialler belongs to another network: both sides must name the same'));
  }
  if (!hello.versions.includes(VERSION)) {
    return fail(state, fault('PROTOCOL_MISMATCH', `version ${VERSION} is spoken here, offered were ${hello.versions.join(', ')}`));
  }
  const suite = settings.suites.find((id) => hello.suites.includes(id));
  if (suite === undefined) {
    return fail(
      state,
      fault('SUITE_MISMATCH', `suites ${settings.suites.join(', ')} are taken here, offered were ${hello.suites.join(', ')}`),
    );
  }
  const extensions = checkExtensions('hello', hello.extensions);
  if (extensions) return fail(state, extensions);
  return [
    { at: 'keygen', deadline: state.deadline, hello, frame, suite },
    { kind: 'trace', what: 'hello', direction: 'received', bytes: 4 + frame.length },
    KEYGEN,
  ];
}

/** Our ephemeral key is there: the shared secret and our signature, which does not depend on it, are asked for together. */
function agree(settings: Settings, state: At<'keygen'>, { answers: [answer], now }: Of<'answers'>): Step<State> {
  if (answer?.op !== 'keygen') return fail(state, broken(answer));
  const { core, identity } = settings;
  const ephemeral = answer.keyPair;
  const head = writeReplyHead(state.suite, ephemeral.publicKey);
  const h2 = hashHelloAndHead(core, state.frame, head);
  const ownTimestamp = Math.trunc(now);
  const claim = writeClaim(identity.publicKey, ownTimestamp);
  return [
    {
      at: 'dh',
      deadline: state.deadline,
      suite: SUITES[state.suite],
      ephemeral,
      head,
      h2,
      claim,
      ownTimestamp,
      eA: settings.logsKeys ? state.hello.ephemeral : NONE,
    },
    {
      kind: 'work',
      items: [{ op: 'dh', secretKey: ephemeral.secretKey, publicKey: state.hello.ephemeral }, signWork(settings, responderText(h2, claim))],
    },
  ];
}

function sendReply(settings: Settings, state: At<'dh'>, { answers }: Of<'answers'>): Step<State> {
  const { core } = settings;
  const { suite, h2, head, claim, deadline, ownTimestamp, eA } = state;
  const [dh, signed] = answers;
  if (dh?.op !== 'dh') return fail(state, broken(dh));
  if (dh.shared === 'weak') return fail(state, fault('WEAK_KEY', "hello's ephemeral key has small order"));
  const signature = signed ? signatureOf(signed) : broken(signed);
  if (signature instanceof HandfastError) {
    dh.shared.wipe();
    return fail(state, signature);
  }
  const proof = join([claim, signature]);
  const { h3, prk, sealed } = sealReply(core, suite, { h2, proof, shared: dh.shared as Secret, ephemeral: state.ephemeral.secretKey });
  const reply = framed(head, sealed);
  const logged = settings.logsKeys ? [logOutput(eA, handshakeKeys(core, prk), settings.network)] : NO_OUTPUTS;
  return behind(logged, [
    { at: 'await-finish', deadline, suite, prk, h3, ownTimestamp, eA, held: NONE },
    { kind: 'send', data: reply },
    { kind: 'trace', what: 'reply', direction: 'sent', bytes: reply.length },
  ]);
}

function readFinishFrame(settings: Settings, state: At<'await-finish'>, { data, now }: Of<'bytes'>): Step<State> {
  const { core } = settings;
  const { suite, prk, h3, deadline, eA } = state;
  const next = nextFrame(state.held, data, LIMITS.handshakeFrame, 'finish');
  if ('held' in next) return [{ ...state, held: next.held }];
  if ('fault' in next) return fail(state, next.fault);
  const { frame, rest } = next;
  const sealed = viewOf(frame, 1, frame.length);
  if (frame[0] === Frame.clearRefusal) return fail(state, clearRefusal(frame));
  if (frame[0] === Frame.sealedRefusal) return fail(state, sealedRefusal(settings, state, sealed));
  if (frame[0] !== Frame.finish) return fail(state, misplaced(frame[0], 'the finish'));
  if (sealed.length < 16) return fail(state, fault('MALFORMED', 'finish does not have its shape'));
  const logged = settings.logsKeys ? keysBeforeOpening(core, { prk, h3, sealed }) : [];
  const finish = openFinish(core, suite, prk, h3, sealed);
  if (!finish) {
    wipeKeys(logged);
    return fail(state, fault('BAD_TAG', "finish's sealed part does not open"));
  }
  const output = settings.logsKeys ? [logOutput(eA, logged)] : NO_OUTPUTS;
  const proof = checkProof(settings, finish.opened, now, "the dialler's");
  const publicKey = proof instanceof HandfastError ? NONE : proof.id;
  const peer: Peer = { id: publicKey.length === 0 ? '' : peerIdOf(publicKey), publicKey };
  const timestampSum = proof instanceof HandfastError ? 0 : state.ownTimestamp + proof.timestamp;
  const opening = beginOpening(settings, suite, finish.keys, peer, timestampSum);
  const finished = { at: 'verify', deadline, opening, held: rest } as const;
  if (proof instanceof HandfastError) return behind(output, fail(finished, proof));
  if (rest.length > LIMITS.behindFinish) {
    return behind(output, fail(finished, fault('OUT_OF_TURN', `${rest.length} bytes behind the finish: more than OPEN and CLOSE`)));
  }
  return behind(output, [
    finished,
    { kind: 'trace', what: 'finish', direction: 'received', bytes: 4 + frame.length },
    {
      kind: 'work',
      items: [
        {
          op: 'verify',
          signature: proof.signature,
          message: initiatorText(h3, settings.identity.publicKey, proof.claim),
          publicKey: proof.id,
        },
      ],
    },
  ]);
}

function checkSignature(settings: Settings, state: At<'verify'>, { answers: [answer] }: Of<'answers'>): Step<State> {
  if (answer?.op !== 'verify') return fail(state, broken(answer));
  if (!answer.valid) return fail(state, fault('INVALID_SIGNATURE', "the dialler's signature does not match this handshake"));
  const { deadline, opening, held } = state;
  const who = checkWho(settings, opening.peer);
  if (who) return fail(state, who);
  return [
    { at: 'judge', deadline, opening, held },
    { kind: 'trace', what: 'dialler proved', direction: 'done', bytes: 0 },
    { kind: 'judge', peer: opening.peer },
  ];
}

function judged(state: At<'judge'>, { refusal, now }: Of<'judged'>): Step<State> {
  if (refusal) return fail(state, fault(refusal.code, refusal.reason));
  const { deadline, opening, held } = state;
  return readOpenRecord({ at: 'await-open', deadline, opening, held: NONE }, held, now);
}

/** Our OPEN follows A's, so that whoever has ours knows that both sides hold the session keys. */
function readOpenRecord(state: At<'await-open'>, data: Bytes, now: Millis): Step<State> {
  const next = nextFrame(state.held, data, LIMITS.firstRecord, 'first record');
  if ('held' in next) return [{ ...state, held: next.held }];
  if ('fault' in next) return fail(state, next.fault);
  const open = readFirstRecord(state.opening, next.whole);
  if (open instanceof HandfastError) return fail(state, open);
  const own = sendOpen(state.opening);
  return [
    { at: 'opened' },
    { kind: 'trace', what: 'OPEN', direction: 'received', bytes: 4 + next.frame.length },
    { kind: 'send', data: own },
    { kind: 'trace', what: 'OPEN', direction: 'sent', bytes: own.length },
    { kind: 'opened', opened: finishHandshake(state.opening, open, next.rest, now) },
  ];
}

/** How a refusal travels: in clear before the reply, not at all until the finish has opened, then as CLOSE. What the other side said or cut needs no answer. */
function fail(state: State, why: HandfastError): Step<State> {
  const silent = why.remote !== undefined || why.code === 'HF_TRUNCATED';
  const outputs: Output[] = [];
  const send = (data: Bytes) => {
    if (!silent) outputs.push({ kind: 'send', data });
  };
  switch (state.at) {
    case 'await-hello':
    case 'keygen':
    case 'dh':
      send(framed(CLEAR_REFUSAL, closeBody(why)));
      if (state.at === 'dh') state.ephemeral.secretKey.wipe();
      break;
    case 'await-finish':
      state.prk.wipe();
      break;
    case 'verify':
    case 'judge':
    case 'await-open':
      send(sendClose(state.opening, why));
      wipeOpening(state.opening);
      break;
  }
  return [{ at: 'closed' }, ...outputs, { kind: 'failed', why, lingerMs: silent ? 0 : LIMITS.lingerMs }];
}

/** Sealed by whoever holds the other half of the exchange, so not a stranger's word. */
function sealedRefusal({ core }: Settings, { suite, prk, h3 }: At<'await-finish'>, sealed: Bytes): HandfastError {
  if (sealed.length < 16) return fault('MALFORMED', 'refusal does not have its shape');
  const opened = openRefusal(core, suite, prk, h3, sealed);
  if (!opened) return fault('BAD_TAG', "the dialler's refusal does not open");
  const refused = readRefusal(opened);
  return refused ? remoteError(refused.code, refused.reason, 'proved') : fault('MALFORMED', 'refusal does not have its shape');
}

const WAITING_FOR: Record<Exclude<State['at'], 'start' | 'opened' | 'closed'>, string> = {
  'await-hello': 'hello',
  keygen: 'own key pair',
  dh: 'shared secret and own signature',
  'await-finish': 'finish',
  verify: 'verdict on the signature',
  judge: 'decision whether this peer is allowed',
  'await-open': 'OPEN of the other side',
};
const KEYGEN: Output = { kind: 'work', items: [{ op: 'keygen' }] };
const CLEAR_REFUSAL = Uint8Array.of(Frame.clearRefusal);
const NONE = new Uint8Array(0);
const NO_OUTPUTS: readonly Output[] = [];
