/** The dialling side: the server speaks first, this side answers its challenge and takes the session key it is given. Nothing that comes proves who sends it. */
import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import { join } from '../../wire/writer.ts';
import type { Input, Machine, Millis, Output, Step } from '../machine.ts';
import { fault, NONE, nextPacket } from './checks.ts';
import { isZero } from './key.ts';
import { LIMITS } from './limits.ts';
import { open, peerOf, type Transcript } from './opening.ts';
import { answerOf, Packet, readRequest, readSuccess, SIZES, writeResponse } from './packets.ts';
import type { Settings } from './settings.ts';
import { goodbyeOf } from './traffic.ts';

/** The server has sent a session key, and waits for nothing more. */
interface Keyed {
  deadline: Millis;
  /** 32 bytes, wiped when the machine is done with it. */
  sessionKey: Bytes;
  transcript: Transcript;
  /** What came behind it: the first bytes of the session. */
  held: Bytes;
}

export type State =
  | { at: 'start' }
  | { at: 'await-request'; deadline: Millis; held: Bytes }
  | { at: 'await-success'; deadline: Millis; held: Bytes; transcript: Transcript }
  | ({ at: 'judge' } & Keyed)
  | ({ at: 'delay' } & Keyed)
  | { at: 'opened' }
  | { at: 'closed' };

export function initiator(settings: Settings): Machine<State> {
  return { initial: { at: 'start' }, step: (state, input) => step(settings, state, input) };
}

function step(settings: Settings, state: State, input: Input): Step<State> {
  if (state.at === 'opened' || state.at === 'closed') return [state];
  if (input.kind === 'abort') return fail(settings, state, input.why);
  if (state.at === 'start') {
    if (input.kind !== 'start') return [state];
    const deadline = input.now + settings.deadlineMs;
    return [
      { at: 'await-request', deadline, held: NONE },
      { kind: 'deadline', at: deadline },
    ];
  }
  if (state.at === 'delay') return delayed(settings, state, input);
  if (input.now >= state.deadline)
    return fail(settings, state, fault('HANDSHAKE_TIMEOUT', `no ${WAITING_FOR[state.at]} before the deadline`));
  if (input.kind === 'end') return fail(settings, state, fault('TRUNCATED', `the stream ended where ${WAITING_FOR[state.at]} should come`));
  switch (state.at) {
    case 'await-request':
      return input.kind === 'bytes' ? answerRequest(settings, state, input.data) : [state];
    case 'await-success':
      return input.kind === 'bytes' ? takeSessionKey(settings, state, input.data) : [state];
    case 'judge':
      return input.kind === 'judged' ? judged(settings, state, input) : [state];
  }
}

type At<Name extends State['at']> = Extract<State, { at: Name }>;
type Of<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;

function answerRequest(settings: Settings, state: At<'await-request'>, data: Bytes): Step<State> {
  const next = nextPacket(state.held, data, Packet.request, SIZES.request);
  if ('held' in next) return [{ ...state, held: next.held }];
  if ('fault' in next) return fail(settings, state, next.fault);
  const { packet, rest } = next;
  // A server can not know what comes next before it has our answer: this is a recording, or nothing of this protocol.
  if (rest.length > 0) return fail(settings, state, fault('OUT_OF_TURN', `${rest.length} bytes behind the request, before our answer`));
  const challenge = readRequest(settings, packet);
  if (!challenge) return fail(settings, state, fault('MALFORMED', 'a number of the request is all ones, which stands for none'));
  const response = writeResponse(settings, answerOf(challenge));
  return [
    { at: 'await-success', deadline: state.deadline, held: NONE, transcript: [packet, response] },
    { kind: 'trace', what: 'request', direction: 'received', bytes: packet.length },
    { kind: 'send', data: response },
    { kind: 'trace', what: 'response', direction: 'sent', bytes: response.length },
  ];
}

function takeSessionKey(settings: Settings, state: At<'await-success'>, data: Bytes): Step<State> {
  const next = nextPacket(state.held, data, Packet.success, SIZES.success);
  if ('held' in next) return [{ ...state, held: next.held }];
  if ('fault' in next) return fail(settings, state, next.fault);
  const { packet, rest } = next;
  const sessionKey = readSuccess(settings, packet);
  const why = refusalOf(settings, sessionKey, packet);
  if (why) {
    sessionKey.fill(0);
    return fail(settings, state, why);
  }
  return [
    { at: 'judge', deadline: state.deadline, sessionKey, transcript: [...state.transcript, packet], held: rest },
    { kind: 'trace', what: 'session key', direction: 'received', bytes: packet.length },
    { kind: 'judge', peer: peerOf(settings) },
  ];
}

function refusalOf({ fingerprint, sessionKeys }: Settings, sessionKey: Bytes, success: Bytes): HandfastError | undefined {
  if (isZero(sessionKey)) return fault('MALFORMED', 'the session key is all zero');
  if (sessionKeys.admit(fingerprint, success, 1)) return undefined;
  return fault('REPLAYED', 'this session key was used before: somebody plays an old handshake of the server again');
}

function judged(settings: Settings, state: At<'judge'>, { refusal, now }: Of<'judged'>): Step<State> {
  if (refusal) return fail(settings, state, new HandfastError(refusal.code, refusal.reason));
  if (settings.firstMessageDelayMs === 0) return opened(settings, state, now);
  const deadline = now + settings.firstMessageDelayMs;
  return [
    { ...state, at: 'delay', deadline },
    { kind: 'deadline', at: deadline },
  ];
}

/** The handshake is over, and the server gets time to be ready for messages; whatever it says meanwhile waits, up to a limit. */
function delayed(settings: Settings, state: At<'delay'>, input: Input): Step<State> {
  const came = input.kind === 'bytes' ? { ...state, held: join([state.held, input.data]) } : state;
  if (input.now < state.deadline && input.kind !== 'end' && came.held.length <= LIMITS.heldDuringDelay) return [came];
  return opened(settings, came, input.now);
}

function opened(settings: Settings, { sessionKey, transcript, held }: Keyed, now: Millis): Step<State> {
  return [{ at: 'opened' }, { kind: 'opened', opened: open(settings, 'initiator', sessionKey, transcript, held, now) }];
}

/** Handshakes have no packet for refusals; once the server believes in a session, it is told that there is none. */
function fail(settings: Settings, state: State, why: HandfastError): Step<State> {
  const failed: Output = { kind: 'failed', why, lingerMs: 0 };
  if (state.at !== 'judge' && state.at !== 'delay') return [{ at: 'closed' }, failed];
  state.sessionKey.fill(0);
  return [{ at: 'closed' }, { kind: 'send', data: goodbyeOf(settings) }, failed];
}

const WAITING_FOR = {
  'await-request': "the server's request",
  'await-success': 'the session key (servers close like this when the handshake key or the number of rounds is another)',
  judge: 'decision whether this peer is allowed',
} as const;
