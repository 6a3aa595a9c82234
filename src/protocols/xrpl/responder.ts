/** The accepting side: a request is read, decided upon in the order of section 7, and answered; then the steps of section 12, each told as it is taken. */
import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import { broken, cut, fault, late } from '../faults.ts';
import type { Input, Machine, Millis, Step } from '../machine.ts';
import { type CheckFailed, type Claim, checkHead } from './checks.ts';
import { hasToken, splitCommas } from './grammar.ts';
import { errorText, forbiddenText, redirectText, responseText, wrongProtocolText } from './heads.ts';
import { type Held, latin1Bytes, NOTHING_HELD, type RequestHead, readRequest, takeHead } from './http-head.ts';
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
import type { Settings } from './settings.ts';
import type { SeatRefusal } from './slots.ts';
import { highestCommon, readVersions } from './versions.ts';

interface Waiting {
  deadline: Millis;
  connection: Connection;
}

export type State =
  | { at: 'start' }
  | { at: 'await-carrier'; deadline: Millis }
  | ({ at: 'await-request'; held: Held } & Waiting)
  | ({ at: 'verify'; accepted: Accepted; claim: Claim } & Waiting)
  | ({ at: 'judge'; accepted: Accepted } & Waiting)
  | ({ at: 'sign'; accepted: Accepted; ledgers: Ledgers } & Waiting)
  | { at: 'opened' }
  | { at: 'closed' };

type Ledgers = { closed: string | undefined; previous: string | undefined };
type At<Name extends State['at']> = Extract<State, { at: Name }>;
type Of<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;

export function responder(settings: Settings): Machine<State> {
  return { initial: { at: 'start' }, step: (state, input) => step(settings, state, input) };
}

function step(settings: Settings, state: State, input: Input): Step<State> {
  if (state.at === 'opened' || state.at === 'closed') return [state];
  if (input.kind === 'abort') return silently(state, input.why);
  if (state.at === 'start') {
    if (input.kind !== 'start') return [state];
    const deadline = input.now + settings.deadlineMs;
    return [
      { at: 'await-carrier', deadline },
      { kind: 'deadline', at: deadline },
    ];
  }
  if (input.now >= state.deadline) return silently(state, late(WAITING_FOR[state.at]));
  if (input.kind === 'end') return silently(state, cut(WAITING_FOR[state.at]));
  switch (state.at) {
    case 'await-carrier':
      if (input.kind === 'bytes') return silently(state, fault('UNSUPPORTED', 'this protocol needs TLS under it'));
      if (input.kind !== 'ready') return [state];
      return [{ at: 'await-request', deadline: state.deadline, connection: connectionOf(input.facts), held: NOTHING_HELD }];
    case 'await-request':
      return input.kind === 'bytes' ? readRequestHead(settings, state, input) : [state];
    case 'verify':
      return input.kind === 'answers' ? verified(settings, state, input) : [state];
    case 'judge':
      return input.kind === 'judged' ? judged(settings, state, input) : [state];
    case 'sign':
      return input.kind === 'answers' ? accept(settings, state, input) : [state];
  }
}

function readRequestHead(settings: Settings, state: At<'await-request'>, { data, now }: Of<'bytes'>): Step<State> {
  const taken = takeHead(state.held, data);
  if ('held' in taken) return [{ ...state, held: taken.held }];
  if ('fault' in taken) return silently(state, taken.fault);
  const request = readRequest(taken.head);
  if (!request) return silently(state, fault('MALFORMED', 'not the head of an HTTP/1.1 request'));
  return received('request', taken.bytes, decide(settings, state, request, taken.rest, now));
}

/** Section 7 from point 2 on, in its order. */
function decide(settings: Settings, state: At<'await-request'>, request: RequestHead, rest: Bytes, now: Millis): Step<State> {
  const { agent, core } = settings;
  const { remote, facts } = state.connection;
  const { fields } = request;
  const upgrade = fields.get('upgrade') ?? '';
  const isUpgrade = request.version >= 11 && request.method === 'GET' && hasToken(fields.get('connection'), 'upgrade');
  if (isUpgrade && hasToken(upgrade, 'websocket')) {
    return answer(state, wrongProtocolText(agent, remote), '401', fault('PROTOCOL_MISMATCH', 'an upgrade to WebSocket was asked for'));
  }
  const offered = readVersions(upgrade);
  if (OTHER_TARGET.test(request.target) || !isUpgrade || offered.length === 0) {
    return answer(state, forbiddenText(agent, remote), '403', fault('PROTOCOL_MISMATCH', 'a plain HTTP request, no upgrade to XRPL'));
  }
  if (rest.length > 0) return silently(state, fault('EARLY_DATA', `${rest.length} bytes behind the request, before our answer`));

  // Of the caller's own making, perhaps: before a seat is held that a throw would keep.
  const sessionValue = settings.sessionValue(facts.tls, core.hash);
  const seat = settings.slots?.enter('inbound', facts);
  if (typeof seat === 'string') return answer(state, forbiddenText(agent, remote), '403', fault('TOO_MANY_CONNECTIONS', NO_SEAT[seat]));
  const connection = { facts, remote, seat };
  const { deadline } = state;
  const seated: At<'await-request'> = { at: 'await-request', deadline, connection, held: state.held };
  if (!splitCommas(fields.get('connect-as') ?? '').some((element) => element.toLowerCase() === 'peer')) {
    return redirect(settings, seated, fault('PROTOCOL_MISMATCH', 'it does not connect as a peer'));
  }
  const version = highestCommon(offered);
  if (!version) return reject(settings, seated, failed('Unable to agree on a protocol version', 'PROTOCOL_MISMATCH'));
  if (!sessionValue) return reject(settings, seated, failed('Incorrect security cookie', 'MALFORMED'));
  const checked = checkHead(fields, contextOf(settings, connection, sessionValue, now));
  if ('failed' in checked) return reject(settings, seated, checked.failed);
  const { claim } = checked;
  return [
    {
      at: 'verify',
      deadline,
      connection,
      claim,
      accepted: { connection, fields, version, peer: claim.peer, sessionValue },
    },
    done('version agreed'),
    done('session value computed'),
    {
      kind: 'work',
      items: [{ op: 'secp256k1-verify', signature: claim.signature, digest: sessionValue, publicKey: claim.peer.publicKey }],
    },
  ];
}

function verified(settings: Settings, state: At<'verify'>, { answers: [answered] }: Of<'answers'>): Step<State> {
  if (answered?.op !== 'secp256k1-verify') return silently(state, broken(answered));
  const wrong = state.claim.proved(answered.valid);
  if (wrong) return reject(settings, state, wrong);
  const { deadline, connection, accepted } = state;
  const { id } = accepted.peer;
  const reserved = (settings.cluster?.has(id) || settings.reserved?.has(id)) ?? false;
  const refusal = connection.seat?.take(id, reserved);
  if (refusal === 'duplicate') return redirect(settings, state, fault('DUPLICATE_CONNECTION', `${id} is connected already`));
  if (refusal === 'full') return redirect(settings, state, fault('TOO_MANY_CONNECTIONS', 'all slots for accepted peers are taken'));
  return [
    { at: 'judge', deadline, connection, accepted },
    done('checks passed'),
    reserved ? { kind: 'judge', peer: accepted.peer, reserved } : { kind: 'judge', peer: accepted.peer },
  ];
}

function judged(settings: Settings, state: At<'judge'>, { refusal }: Of<'judged'>): Step<State> {
  if (refusal) return redirect(settings, state, fault(refusal.code, refusal.reason));
  const { deadline, connection, accepted } = state;
  const ledgers = readLedgers(accepted.fields);
  if ('fault' in ledgers) return silently(state, ledgers.fault);
  return [
    { at: 'sign', deadline, connection, accepted, ledgers },
    done('slot taken'),
    done('ledgers read'),
    { kind: 'work', items: [signWork(settings, accepted.sessionValue)] },
  ];
}

/** The steps of the accepting side, in their order. */
function accept(settings: Settings, state: At<'sign'>, { answers: [answered], now }: Of<'answers'>): Step<State> {
  const signature = signatureOf(answered);
  if (signature instanceof HandfastError) return silently(state, signature);
  const { accepted, connection, ledgers } = state;
  const offer = accepted.fields.get('x-protocol-ctl') ?? '';
  const response = latin1Bytes(responseText(ownFacts(settings, connection, signature, now), accepted.version, offer));
  return [
    { at: 'opened' },
    // Of the value computed before: the Finished messages are read once.
    done('session value confirmed'),
    done(settings.cluster?.has(accepted.peer.id) ? 'cluster member found' : 'not in the cluster'),
    done('peer activated'),
    { kind: 'send', data: response },
    { kind: 'trace', what: '101', direction: 'sent', bytes: response.length },
    ...protocolStart(settings, 'responder', accepted, ledgers, NONE, now),
  ];
}

function reject(settings: Settings, state: At<'await-request' | 'verify'>, { text, why }: CheckFailed): Step<State> {
  return answer(state, errorText(text, settings.agent, state.connection.remote), '400', why);
}

function redirect(settings: Settings, state: At<'await-request' | 'verify' | 'judge'>, why: HandfastError): Step<State> {
  // First, since the list is the caller's and may throw.
  state.connection.seat?.leave();
  return answer(state, redirectText(settings.redirects(), settings.agent, state.connection.remote), '503', why);
}

function answer(state: State & Waiting, text: string, status: string, why: HandfastError): Step<State> {
  state.connection.seat?.leave();
  const data = latin1Bytes(text);
  return [
    { at: 'closed' },
    { kind: 'send', data },
    { kind: 'trace', what: status, direction: 'sent', bytes: data.length },
    { kind: 'failed', why, lingerMs: LIMITS.lingerMs },
  ];
}

/** Closed without a word, as the reference does where it has none. */
function silently(state: State, why: HandfastError): Step<State> {
  if ('connection' in state) state.connection.seat?.leave();
  return [{ at: 'closed' }, { kind: 'failed', why, lingerMs: 0 }];
}

function failed(text: string, code: 'PROTOCOL_MISMATCH' | 'MALFORMED'): CheckFailed {
  return { text, why: fault(code, text) };
}

/** What an ordinary server answers on these is no part of peering. */
const OTHER_TARGET = /^\/(?:crawl$|health$|vl\/)/;
const NO_SEAT: Record<SeatRefusal, string> = {
  'per-address': 'too many connections from one public address',
  'same-endpoint': 'its endpoint is connected already',
  'own-address': 'the connection comes from this node itself',
};
const WAITING_FOR: Record<Exclude<State['at'], 'start' | 'opened' | 'closed'>, string> = {
  'await-carrier': 'TLS session',
  'await-request': 'request',
  verify: 'verdict on the signature',
  judge: 'decision whether this peer is allowed',
  sign: 'own signature',
};
const NONE = new Uint8Array(0);
