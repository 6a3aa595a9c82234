/** The listening side, section 11: finds the client by its token, greets, follows it to a key, and opens the session with its HELLO. */
import type { Core } from '../../core/core.ts';
import type { Argon2idJob } from '../../core/legacy/argon2id.ts';
import { HandfastError } from '../../errors.ts';
import { isJsonObject, type JsonObject } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import { cut, late } from '../faults.ts';
import { discardAnswers, type Input, type Machine, type Millis, type Output, type Peer, type Step, type WorkAnswer } from '../machine.ts';
import { type Credentials, credentialsOf } from './authorization.ts';
import type { Channel, Unsealed } from './channel.ts';
import { readClear, sendClear } from './clear.ts';
import { ClearChannel } from './clear-channel.ts';
import type { HiveMindClient } from './clients.ts';
import { hexOf } from './encodings.ts';
import { closedByPeer, closeFor, malformed } from './faults.ts';
import { LIMITS, TIMES } from './limits.ts';
import { type HiveMessage, messageOf, readMessage, writeMessage } from './message.ts';
import type { MasterSettings } from './options.ts';
import type { Path, PathStep } from './path.ts';
import { masterPath, presharedChannel, requestOf } from './paths.ts';
import { HiveTraffic } from './traffic.ts';
import { pskAhead } from './v3-path.ts';

/** Who came, and what was said to it. */
interface Caller {
  readonly credentials: Credentials;
  readonly client: HiveMindClient;
  /** The access key is nobody's: a client that cannot prove anything stands in for it, so that nothing tells the difference. */
  readonly unknown: boolean;
  /** Payloads of our HELLO and request. */
  readonly hello: JsonObject;
  readonly request: JsonObject;
}

/** `channel`: the key in force; before there is one, the pre-shared one of clients that have such. */
type State =
  | { at: 'start' }
  | { at: 'carrier'; deadline: Millis }
  | { at: 'shake'; deadline: Millis; caller: Caller; channel: Channel | undefined; greetAt: Millis; ahead: Argon2idJob | undefined }
  | { at: 'path'; deadline: Millis; caller: Caller; channel: Channel | undefined; path: Path }
  | { at: 'hello'; deadline: Millis; caller: Caller; channel: Channel }
  | { at: 'judge'; deadline: Millis; caller: Caller; channel: Channel; hello: ClientHello; binding: Uint8Array }
  | { at: 'opened' }
  | { at: 'closed' };

/** What the slave's HELLO says. */
interface ClientHello {
  readonly publicKey: string;
  readonly session: JsonObject & { readonly session_id: string };
  readonly siteId: string;
}

export function master(settings: MasterSettings): Machine<State> {
  return { initial: { at: 'start' }, step: (state, input) => step(settings, state, input) };
}

type At<Name extends State['at']> = Extract<State, { at: Name }>;
type Told = Extract<Input, { kind: 'message' }>;

function step(settings: MasterSettings, state: State, input: Input): Step<State> {
  if (state.at === 'opened' || state.at === 'closed') {
    if (input.kind === 'answers') discardAnswers(input.answers);
    return [state];
  }
  if (input.kind === 'abort') return fail(state, input.why);
  if (state.at === 'start') {
    if (input.kind !== 'start') return [state];
    const deadline = input.now + settings.deadlineMs;
    return [
      { at: 'carrier', deadline },
      { kind: 'deadline', at: deadline },
    ];
  }
  if (input.now >= state.deadline) {
    if (input.kind === 'answers') discardAnswers(input.answers);
    return fail(state, late(waitingFor(state)));
  }
  if (input.kind === 'end')
    return fail(state, closedByPeer(input.close, `where ${waitingFor(state)} should come`) ?? cut(waitingFor(state)));
  if (input.kind === 'bytes') return fail(state, malformed('bytes without borders: HiveMind needs a WebSocket'));
  switch (state.at) {
    case 'carrier':
      return input.kind === 'ready' ? authorise(settings, state, input) : [state];
    case 'shake':
      if (input.kind === 'message') return readFirst(settings, state, input);
      if (input.kind === 'answers') return remember(settings, state, input.answers);
      return input.kind === 'tick' && input.now >= state.greetAt ? greet(state, input.now) : [state];
    case 'path':
      if (input.kind === 'answers') return walk(state, state.path.step({ kind: 'answers', answers: input.answers }));
      return input.kind === 'message' ? readShake(state, input) : [state];
    case 'hello':
      return input.kind === 'message' ? readHello(settings, state, input) : [state];
    case 'judge':
      return input.kind === 'judged' ? judged(settings, state, input) : [state];
  }
}

function authorise(settings: MasterSettings, state: At<'carrier'>, { facts, now }: Extract<Input, { kind: 'ready' }>): Step<State> {
  const credentials = credentialsOf(facts.upgrade?.target ?? '');
  if (!credentials) return fail(state, new HandfastError('NOT_ALLOWED', 'no authorization token that can be read'));
  const known = settings.clients.find(credentials.accessKey);
  const client = known ?? standIn(settings, credentials.accessKey);
  const { deadline } = state;
  const { insecure } = settings;
  if (insecure.noHandshake && client.presharedKey === undefined && !insecure.clearText) {
    return fail(state, new HandfastError('NOT_ALLOWED', 'handshakes are off, and there is no pre-shared key'));
  }
  const hello = { pubkey: settings.publicKey, peer: peerName(settings.core, credentials, client, 'default'), node_id: settings.nodeId };
  const caller: Caller = { credentials, client, unknown: !known, hello, request: requestOf(settings, client) };
  const onlyNoise = settings.noise !== undefined && !settings.noise.allowOlder;
  const channel = client.presharedKey === undefined || onlyNoise ? undefined : presharedChannel(settings, client.presharedKey);
  const greetAt = settings.greetings.next(now);
  const ahead = known && pskAhead(settings, known);
  return [
    { at: 'shake', deadline, caller, channel, greetAt, ahead },
    { kind: 'deadline', at: Math.min(deadline, greetAt) },
    ...(ahead ? [{ kind: 'work', items: [ahead] } as const] : []),
  ];
}

/** What could not be stretched ahead is asked for again when it is needed, and then said. */
function remember({ noise }: MasterSettings, state: At<'shake'>, answers: readonly WorkAnswer[]): Step<State> {
  const [answer] = answers;
  if (state.ahead && answer?.op === 'argon2id') noise!.cache.add(state.ahead, answer.key);
  discardAnswers(answers);
  return [{ ...state, ahead: undefined }];
}

function standIn({ random, insecure }: MasterSettings, accessKey: string): HiveMindClient {
  const secret = hexOf(random(16));
  return insecure.noHandshake ? { accessKey, presharedKey: secret } : { accessKey, password: secret };
}

function greet(state: At<'shake'>, now: Millis): Step<State> {
  const { caller, deadline } = state;
  const greetAt = now + TIMES.patienceMs;
  return [
    { ...state, greetAt },
    { kind: 'deadline', at: Math.min(deadline, greetAt) },
    ...sendClear('hello', caller.hello),
    ...sendClear('shake', caller.request),
  ];
}

/** The first message: a shake, whether we have asked for it yet or not; or HELLO under the pre-shared key. */
function readFirst(settings: MasterSettings, state: At<'shake'>, input: Told): Step<State> {
  const { channel, caller, deadline } = state;
  const message = channel ? readKeyed(channel, input) : readClear(input);
  if (message instanceof HandfastError) return fail(state, wrongKey(caller, message));
  if (message.msg_type === 'shake')
    return walk(state, masterPath(settings, caller.client, message.payload, caller), [traceOf(message, input)]);
  const keyed = channel ?? (settings.insecure.clearText ? new ClearChannel(settings) : undefined);
  if (!keyed) return fail(state, new HandfastError('OUT_OF_TURN', 'HELLO in clear'));
  return takeHello(settings, { at: 'hello', deadline, caller, channel: keyed }, message, input);
}

function readShake(state: At<'path'>, input: Told): Step<State> {
  const message = state.channel ? readKeyed(state.channel, input) : readClear(input);
  if (message instanceof HandfastError) return fail(state, wrongKey(state.caller, message));
  if (message.msg_type !== 'shake') return fail(state, new HandfastError('OUT_OF_TURN', 'HELLO in the middle of a handshake'));
  return walk(state, state.path.step({ kind: 'shake', payload: message.payload }), [traceOf(message, input)]);
}

function walk(state: At<'shake' | 'path' | 'hello'>, made: PathStep, before: readonly Output[] = []): Step<State> {
  const { deadline, caller } = state;
  if ('why' in made) return fail(state, whoIs(caller, made.why), before);
  const channel = 'channel' in state ? state.channel : undefined;
  const outputs: Output[] = [...before, { kind: 'deadline', at: deadline }];
  for (const payload of made.shakes) outputs.push(...(channel ? sendSealed(channel, payload) : sendClear('shake', payload)));
  if ('keyed' in made) {
    channel?.wipe();
    return [
      { at: 'hello', deadline, caller, channel: made.keyed },
      ...outputs,
      { kind: 'trace', what: 'key', direction: 'done', bytes: 0 },
    ];
  }
  if (made.work) outputs.push({ kind: 'work', items: made.work });
  return [{ at: 'path', deadline, caller, channel, path: made.next }, ...outputs];
}

function readHello(settings: MasterSettings, state: At<'hello'>, input: Told): Step<State> {
  const { channel, caller } = state;
  const message = readKeyed(channel, input);
  if (message instanceof HandfastError) return fail(state, message);
  if (message.msg_type === 'shake') return walk(state, masterPath(settings, caller.client, message.payload), [traceOf(message, input)]);
  return takeHello(settings, state, message, input);
}

function takeHello(settings: MasterSettings, state: At<'hello'>, message: HiveMessage, input: Told): Step<State> {
  const { deadline, caller, channel } = state;
  const hello = clientHello(message.payload, caller.client.admin === true);
  if (hello instanceof HandfastError) return fail(state, hello, [traceOf(message, input)]);
  const binding = channel.binding(input.data);
  return [
    { at: 'judge', deadline, caller, channel, hello, binding },
    traceOf(message, input),
    { kind: 'judge', peer: peerOf(settings, caller) },
  ];
}

function judged(settings: MasterSettings, state: At<'judge'>, { refusal, now }: Extract<Input, { kind: 'judged' }>): Step<State> {
  if (refusal) return fail(state, new HandfastError(refusal.code, refusal.reason));
  const { caller, channel, hello, binding } = state;
  const { credentials, client } = caller;
  const { session, siteId } = hello;
  const sessionId = session.session_id;
  const before = settings.sessions.resume({ accessKey: client.accessKey, sessionId, siteId, session, lastSeen: now });
  const peer = peerName(settings.core, credentials, client, sessionId);
  const info = {
    ...channel.info,
    peer,
    nodeId: settings.nodeId,
    sessionId,
    siteId,
    resumed: before !== undefined,
    name: nameOf(settings.core, client),
    admin: client.admin === true,
    userAgent: credentials.userAgent,
    publicKey: hello.publicKey,
  };
  const traffic = new HiveTraffic({ settings, role: 'master', channel, client, peer, session, siteId, now });
  return [{ at: 'opened' }, { kind: 'opened', opened: { peer: peerOf(settings, caller), binding, info, traffic, rest: NO_BYTES } }];
}

/** What is sealed, or a `shake` in clear. */
function readKeyed(channel: Channel, { data, text }: Told): HiveMessage | HandfastError {
  const opened: Unsealed = channel.open(data, text);
  if (opened instanceof HandfastError) return opened;
  if (opened === 'more') return malformed('a HELLO in pieces');
  if (opened.form === 'frame') return new HandfastError('OUT_OF_TURN', 'a binary frame before HELLO');
  const message = opened.form === 'clear' ? messageOf(opened.object, LIMITS.clear) : readMessage(opened.plaintext, LIMITS.clear);
  if (message instanceof HandfastError || message.msg_type === 'shake') return message;
  if (message.msg_type !== 'hello') return new HandfastError('OUT_OF_TURN', `a message of type ${message.msg_type} before HELLO`);
  return opened.form === 'clear' ? new HandfastError('OUT_OF_TURN', 'HELLO in clear, though there is a key') : message;
}

function sendSealed(channel: Channel, payload: JsonObject): Output[] {
  const sealed = channel.seal(writeMessage({ msg_type: 'shake', payload }), 'json');
  return [
    ...sealed.map(({ data, text }): Output => ({ kind: 'send', data, text })),
    { kind: 'trace', what: 'shake', direction: 'sent', bytes: sealed[0].data.length },
  ];
}

function clientHello({ pubkey = '', session, site_id = 'unknown' }: JsonObject, admin: boolean): ClientHello | HandfastError {
  if (typeof pubkey !== 'string' || pubkey.length > LIMITS.pem) return malformed('HELLO whose public key is no text');
  if (site_id !== null && (typeof site_id !== 'string' || site_id.length > LIMITS.name)) return malformed('HELLO whose site is no text');
  const given = isJsonObject(session) ? session : {};
  const { session_id = 'default' } = given;
  if (typeof session_id !== 'string' || session_id === '' || session_id.length > LIMITS.name)
    return malformed('HELLO whose session id is no text');
  if (session_id === 'default' && !admin) return new HandfastError('NOT_ALLOWED', 'the session `default` is for administrators');
  return { publicKey: pubkey, session: { ...given, session_id }, siteId: site_id ?? 'unknown' };
}

function peerName(core: Core, { userAgent }: Credentials, client: HiveMindClient, sessionId: string): string {
  return `${userAgent}::${idOf(core, client)}::${nameOf(core, client)}::${sessionId}`;
}

function nameOf(core: Core, client: HiveMindClient): string {
  return client.name ?? `client-${idOf(core, client)}`;
}

/** Peer names travel to other peers, so that no part of an access key is in them. */
function idOf(core: Core, { accessKey }: HiveMindClient): string {
  return hexOf(core.hash.sha256(utf8(accessKey)).subarray(0, 4));
}

function peerOf({ core }: MasterSettings, { client: { accessKey } }: Caller): Peer {
  return { id: accessKey, publicKey: core.hash.sha256(utf8(accessKey)) };
}

/** To ourselves, an unknown key has another name than a wrong password; to the other side it has not. */
function whoIs({ unknown }: Caller, why: HandfastError): HandfastError {
  return unknown && (why.code === 'HF_WRONG_KEY' || why.code === 'HF_NOT_ALLOWED')
    ? new HandfastError('UNKNOWN_NODE', 'nobody has this access key', { blame: 'peer' })
    : why;
}

/** Under a pre-shared key, what does not open tells of another key. */
function wrongKey(caller: Caller, why: HandfastError): HandfastError {
  return whoIs(
    caller,
    why.code === 'HF_BAD_TAG' ? new HandfastError('WRONG_KEY', 'the other side does not hold the pre-shared key', { cause: why }) : why,
  );
}

function traceOf({ msg_type }: HiveMessage, { data }: Told): Output {
  return { kind: 'trace', what: msg_type, direction: 'received', bytes: data.length };
}

function fail(state: State, why: HandfastError, before: readonly Output[] = []): Step<State> {
  if (state.at === 'path') state.path.wipe();
  if ('channel' in state) state.channel?.wipe();
  return [{ at: 'closed' }, ...before, { kind: 'failed', why, lingerMs: why.remote ? 0 : TIMES.lingerMs, close: closeFor(why) }];
}

function waitingFor(state: Exclude<State, { at: 'start' | 'opened' | 'closed' }>): string {
  switch (state.at) {
    case 'carrier':
      return 'WebSocket';
    case 'shake':
      return 'handshake';
    case 'path':
      return state.path.awaits;
    case 'hello':
      return 'HELLO';
    case 'judge':
      return 'decision whether this peer is allowed';
  }
}

const NO_BYTES = new Uint8Array(0);
