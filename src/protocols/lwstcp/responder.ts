/** The listening side: speaks first, checks that the client knows the key, and hands out a session key. */
import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import type { Input, Machine, Millis, Step } from '../machine.ts';
import { fault, NONE, nextPacket } from './checks.ts';
import { isZero } from './key.ts';
import { open, peerOf, type Transcript } from './opening.ts';
import { answerOf, type ChallengeAnswer, drawChallenge, Packet, readResponse, SIZES, writeRequest, writeSuccess } from './packets.ts';
import type { Settings } from './settings.ts';

export type State =
  | { at: 'start' }
  | { at: 'await-response'; deadline: Millis; held: Bytes; expected: ChallengeAnswer; transcript: Transcript }
  | { at: 'judge'; deadline: Millis; transcript: Transcript }
  | { at: 'opened' }
  | { at: 'closed' };

export function responder(settings: Settings): Machine<State> {
  return { initial: { at: 'start' }, step: (state, input) => step(settings, state, input) };
}

function step(settings: Settings, state: State, input: Input): Step<State> {
  if (state.at === 'opened' || state.at === 'closed') return [state];
  if (input.kind === 'abort') return fail(input.why);
  if (state.at === 'start') return input.kind === 'start' ? sendRequest(settings, input.now) : [state];
  if (input.now >= state.deadline) return fail(fault('HANDSHAKE_TIMEOUT', `no ${WAITING_FOR[state.at]} before the deadline`));
  if (input.kind === 'end') return fail(fault('TRUNCATED', `the stream ended where ${WAITING_FOR[state.at]} should come`));
  if (state.at === 'await-response') return input.kind === 'bytes' ? checkResponse(settings, state, input.data) : [state];
  return input.kind === 'judged' ? sendSuccess(settings, state, input) : [state];
}

type At<Name extends State['at']> = Extract<State, { at: Name }>;
type Of<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;

function sendRequest(settings: Settings, now: Millis): Step<State> {
  const deadline = now + settings.deadlineMs;
  const challenge = drawChallenge(settings);
  const request = writeRequest(settings, challenge, challenge.padding);
  return [
    { at: 'await-response', deadline, held: NONE, expected: answerOf(challenge), transcript: [request] },
    { kind: 'deadline', at: deadline },
    { kind: 'send', data: request },
    { kind: 'trace', what: 'request', direction: 'sent', bytes: request.length },
  ];
}

function checkResponse(settings: Settings, state: At<'await-response'>, data: Bytes): Step<State> {
  const next = nextPacket(state.held, data, Packet.response, SIZES.response);
  if ('held' in next) return [{ ...state, held: next.held }];
  if ('fault' in next) return fail(next.fault);
  const { packet, rest } = next;
  // Before it has the session key, a client has nothing to say.
  if (rest.length > 0) return fail(fault('OUT_OF_TURN', `${rest.length} bytes behind the response, before the session key`));
  const response = readResponse(settings, packet);
  if (!response) return fail(fault('MALFORMED', 'a number of the response is all ones, which stands for none'));
  const { nonce, sum, xor } = state.expected;
  if (response.nonce !== nonce || response.sum !== sum || response.xor !== xor) {
    return fail(fault('WRONG_KEY', 'the answer is not that of our challenge: another handshake key, or another number of rounds'));
  }
  return [
    { at: 'judge', deadline: state.deadline, transcript: [...state.transcript, packet] },
    { kind: 'trace', what: 'response', direction: 'received', bytes: packet.length },
    { kind: 'judge', peer: peerOf(settings) },
  ];
}

function sendSuccess(settings: Settings, state: At<'judge'>, { refusal, now }: Of<'judged'>): Step<State> {
  if (refusal) return fail(new HandfastError(refusal.code, refusal.reason));
  const sessionKey = drawSessionKey(settings);
  const success = writeSuccess(settings, sessionKey);
  return [
    { at: 'opened' },
    { kind: 'send', data: success },
    { kind: 'trace', what: 'session key', direction: 'sent', bytes: success.length },
    { kind: 'opened', opened: open(settings, 'responder', sessionKey, [...state.transcript, success], NONE, now) },
  ];
}

function drawSessionKey({ core }: Settings): Bytes {
  for (;;) {
    const key = core.random(32);
    if (!isZero(key)) return key;
  }
}

/** There is no packet to say why. */
function fail(why: HandfastError): Step<State> {
  return [{ at: 'closed' }, { kind: 'failed', why, lingerMs: 0 }];
}

const WAITING_FOR = { 'await-response': "the client's response", judge: 'decision whether this peer is allowed' } as const;
