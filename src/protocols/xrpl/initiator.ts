/** The dialling side: a request is sent, the response read, checked as the other side checks ours, and the link begins (section 12). */
import type { Bytes } from '../../core/core.ts';
import { type CodeName, HandfastError, printable } from '../../errors.ts';
import { join } from '../../wire/writer.ts';
import { broken, cut, fault, late } from '../faults.ts';
import type { Input, Machine, Millis, Step } from '../machine.ts';
import { type Claim, checkHead, codeOfText } from './checks.ts';
import { hasToken } from './grammar.ts';
import { requestText } from './heads.ts';
import { type Held, latin1Bytes, NOTHING_HELD, type ResponseHead, readResponse, takeHead } from './http-head.ts';
import { LIMITS } from './limits.ts';
import {
  type Accepted,
  type Connection,
  connectionOf,
  contextOf,
  done,
  ownFacts,
  protocolStart,
  readLedgers,
  received,
  signatureOf,
  signWork,
} from './peer-state.ts';
import { readBody, readRedirects } from './redirect.ts';
import type { Settings } from './settings.ts';
import type { SeatRefusal } from './slots.ts';
import { onlyCommon } from './versions.ts';

interface Waiting {
  deadline: Millis;
  connection: Connection;
}

export type State =
  | { at: 'start' }
  | { at: 'await-carrier'; deadline: Millis }
  | ({ at: 'sign'; sessionValue: Bytes } & Waiting)
  | ({ at: 'await-response'; sessionValue: Bytes; held: Held } & Waiting)
  | ({ at: 'await-body'; response: ResponseHead; body: Bytes } & Waiting)
  | ({ at: 'verify'; accepted: Accepted; claim: Claim; rest: Bytes } & Waiting)
  | ({ at: 'judge'; accepted: Accepted; rest: Bytes } & Waiting)
  | { at: 'opened' }
  | { at: 'closed' };

type At<Name extends State['at']> = Extract<State, { at: Name }>;
type Of<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;

export function initiator(settings: Settings): Machine<State> {
  return { initial: { at: 'start' }, step: (state, input) => step(settings, state, input) };
}

function step(settings: Settings, state: State, input: Input): Step<State> {
  if (state.at === 'opened' || state.at === 'closed') return [state];
  if (input.kind === 'abort') return fail(state, input.why);
  if (state.at === 'start') {
    if (input.kind !== 'start') return [state];
    const deadline = input.now + settings.deadlineMs;
    return [
      { at: 'await-carrier', deadline },
      { kind: 'deadline', at: deadline },
    ];
  }
  if (input.now >= state.deadline)
    return fail(state, state.at === 'await-body' ? refused(state.response, []) : late(WAITING_FOR[state.at]));
  // What came of a list before the end is still good.
  if (input.kind === 'end') return state.at === 'await-body' ? redirected(state, state.body) : fail(state, cut(WAITING_FOR[state.at]));
  switch (state.at) {
    case 'await-carrier':
      if (input.kind === 'bytes') return fail(state, fault('UNSUPPORTED', 'this protocol needs TLS under it'));
      return input.kind === 'ready' ? begin(settings, state, input) : [state];
    case 'sign':
      return input.kind === 'answers' ? sendRequest(settings, state, input) : [state];
    case 'await-response':
      return input.kind === 'bytes' ? readResponseHead(settings, state, input) : [state];
    case 'await-body':
      return input.kind === 'bytes'
        ? readRefusal(state, join([state.body, input.data.subarray(0, LIMITS.body - state.body.length)]))
        : [state];
    case 'verify':
      return input.kind === 'answers' ? verified(settings, state, input) : [state];
    case 'judge':
      return input.kind === 'judged' ? judged(settings, state, input) : [state];
  }
}

/** Slot and own address come before TLS in the reference; here both are asked as soon as the endpoints are known. */
function begin(settings: Settings, state: At<'await-carrier'>, { facts }: Of<'ready'>): Step<State> {
  const sessionValue = settings.sessionValue(facts.tls, settings.core.hash);
  const seat = settings.slots?.enter('outbound', facts);
  if (typeof seat === 'string') return fail(state, fault(...NO_SEAT[seat]));
  const connection = connectionOf(facts, seat);
  const next = { at: 'sign', deadline: state.deadline, connection, sessionValue: sessionValue ?? NONE } as const;
  if (!sessionValue) return fail(next, fault('MALFORMED', 'Incorrect security cookie: no value can be computed from this TLS session'));
  return [next, done('own address checked'), done('session value computed'), { kind: 'work', items: [signWork(settings, sessionValue)] }];
}

function sendRequest(settings: Settings, state: At<'sign'>, { answers: [answered], now }: Of<'answers'>): Step<State> {
  const signature = signatureOf(answered);
  if (signature instanceof HandfastError) return fail(state, signature);
  const request = latin1Bytes(requestText(ownFacts(settings, state.connection, signature, now)));
  const { deadline, connection, sessionValue } = state;
  return [
    { at: 'await-response', deadline, connection, sessionValue, held: NOTHING_HELD },
    { kind: 'send', data: request },
    { kind: 'trace', what: 'request', direction: 'sent', bytes: request.length },
  ];
}

function readResponseHead(settings: Settings, state: At<'await-response'>, { data, now }: Of<'bytes'>): Step<State> {
  const taken = takeHead(state.held, data);
  if ('held' in taken) return [{ ...state, held: taken.held }];
  if ('fault' in taken) return fail(state, taken.fault);
  const response = readResponse(taken.head);
  if (!response) return fail(state, fault('MALFORMED', 'not the head of an HTTP/1.1 response'));
  return received(String(response.status), taken.bytes, decide(settings, state, response, taken.rest, now));
}

function decide(settings: Settings, state: At<'await-response'>, response: ResponseHead, rest: Bytes, now: Millis): Step<State> {
  const { deadline, connection, sessionValue } = state;
  const { fields } = response;
  if (response.status === 503)
    return readRefusal({ at: 'await-body', deadline, connection, response, body: NONE }, rest.subarray(0, LIMITS.body));
  if (response.status !== 101 || response.version < 11 || !hasToken(fields.get('connection'), 'upgrade'))
    return fail(state, refused(response));
  const version = onlyCommon(fields.get('upgrade'));
  if (!version) return fail(state, fault('PROTOCOL_MISMATCH', 'Unable to negotiate protocol version'));
  const checked = checkHead(fields, contextOf(settings, connection, sessionValue, now));
  if ('failed' in checked) return fail(state, checked.failed.why);
  const { claim } = checked;
  return [
    { at: 'verify', deadline, connection, claim, rest, accepted: { connection, fields, version, peer: claim.peer, sessionValue } },
    done('version agreed'),
    done('session value confirmed'),
    {
      kind: 'work',
      items: [{ op: 'secp256k1-verify', signature: claim.signature, digest: sessionValue, publicKey: claim.peer.publicKey }],
    },
  ];
}

function verified(settings: Settings, state: At<'verify'>, { answers: [answered] }: Of<'answers'>): Step<State> {
  if (answered?.op !== 'secp256k1-verify') return fail(state, broken(answered));
  const wrong = state.claim.proved(answered.valid);
  if (wrong) return fail(state, wrong.why);
  const { deadline, connection, accepted, rest } = state;
  const { id } = accepted.peer;
  if (settings.peer !== undefined && id !== settings.peer)
    return fail(state, fault('UNEXPECTED_PEER', `${id} answered where ${settings.peer} was expected`));
  // Reserved keys count when they come to us; only members of the cluster when we go to them.
  const reserved = settings.cluster?.has(id) ?? false;
  const refusal = connection.seat?.take(id, reserved);
  if (refusal === 'duplicate') return fail(state, fault('DUPLICATE_CONNECTION', `${id} is connected already`));
  if (refusal === 'full')
    return fail(state, new HandfastError('TOO_MANY_CONNECTIONS', 'all slots for dialled peers are taken', { blame: 'caller' }));
  return [
    { at: 'judge', deadline, connection, accepted, rest },
    done('checks passed'),
    done(reserved ? 'cluster member found' : 'not in the cluster'),
    reserved ? { kind: 'judge', peer: accepted.peer, reserved } : { kind: 'judge', peer: accepted.peer },
  ];
}

function judged(settings: Settings, state: At<'judge'>, { refusal, now }: Of<'judged'>): Step<State> {
  if (refusal) return fail(state, fault(refusal.code, refusal.reason));
  const ledgers = readLedgers(state.accepted.fields);
  if ('fault' in ledgers) return fail(state, ledgers.fault);
  return [
    { at: 'opened' },
    done('slot taken'),
    done('peer activated'),
    done('ledgers read'),
    ...protocolStart(settings, 'initiator', state.accepted, ledgers, state.rest, now),
  ];
}

/** The body of a 503, as far as it has come. */
function readRefusal(state: At<'await-body'>, body: Bytes): Step<State> {
  const next = { ...state, body };
  return readBody(state.response.fields, body).over ? redirected(next, body) : [next];
}

function redirected(state: At<'await-body'>, body: Bytes): Step<State> {
  return fail(state, refused(state.response, readRedirects(readBody(state.response.fields, body).text)));
}

/** The other side is told nothing. */
function fail(state: State, why: HandfastError): Step<State> {
  if ('connection' in state) state.connection.seat?.leave();
  return [{ at: 'closed' }, { kind: 'failed', why, lingerMs: 0 }];
}

/** An answer that is no 101: said by whoever holds the other end of this TLS session, which nobody has proved to be. @param redirects of a 503. */
function refused({ status, reason, version }: ResponseHead, redirects?: readonly string[]): HandfastError {
  const said = printable(reason.slice(0, LONGEST_SHOWN));
  const options = { remote: 'claimed', blame: 'network', ...(redirects && { redirects }) } as const;
  return new HandfastError(codeOfStatus(status, reason), `no upgrade: HTTP/1.${version - 10} ${status} ${said}`, options);
}

function codeOfStatus(status: number, reason: string): CodeName {
  if (status === 503) return 'TOO_MANY_CONNECTIONS';
  const told = status === 400 ? /^Bad Request \((.*)\)$/.exec(reason)?.[1] : undefined;
  return told === undefined ? 'REFUSED' : codeOfText(told);
}

const NO_SEAT: Record<SeatRefusal, readonly [CodeName, string]> = {
  'per-address': ['TOO_MANY_CONNECTIONS', 'too many connections with one public address'],
  'same-endpoint': ['DUPLICATE_CONNECTION', 'this endpoint is connected already'],
  'own-address': ['SELF_CONNECTION', 'an address of our own was dialled'],
};
const LONGEST_SHOWN = 200;
const WAITING_FOR: Record<Exclude<State['at'], 'start' | 'await-body' | 'opened' | 'closed'>, string> = {
  'await-carrier': 'TLS session',
  sign: 'own signature',
  'await-response': 'response',
  verify: 'verdict on the signature',
  judge: 'decision whether this peer is allowed',
};
const NONE = new Uint8Array(0);
