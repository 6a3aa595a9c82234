/** The dialling side, section 11: waits for HELLO and a request, walks the path that it chooses to a key, and says its own HELLO under it. */
import { HandfastError } from '../../errors.ts';
import type { JsonObject } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import { cut, late } from '../faults.ts';
import { discardAnswers, type Input, type Machine, type Millis, type Output, type Peer, type Step } from '../machine.ts';
import type { Channel } from './channel.ts';
import { readClear, sendClear } from './clear.ts';
import { closedByPeer, closeFor } from './faults.ts';
import { LIMITS, TIMES } from './limits.ts';
import { writeMessage } from './message.ts';
import type { SlaveSettings } from './options.ts';
import { slavePassword } from './password-path.ts';
import type { Path, PathStep } from './path.ts';
import { slavePath } from './paths.ts';
import { HiveTraffic } from './traffic.ts';

/** `hello` is the payload of the master's, once it came. */
type State =
  | { at: 'start' }
  | { at: 'carrier'; deadline: Millis }
  | { at: 'request'; deadline: Millis; beginAt: Millis; hello: JsonObject | undefined }
  | { at: 'path'; deadline: Millis; path: Path; hello: JsonObject | undefined }
  | { at: 'judge'; deadline: Millis; channel: Channel; hello: JsonObject | undefined }
  | { at: 'opened' }
  | { at: 'closed' };

export function slave(settings: SlaveSettings): Machine<State> {
  return { initial: { at: 'start' }, step: (state, input) => step(settings, state, input) };
}

type At<Name extends State['at']> = Extract<State, { at: Name }>;

function step(settings: SlaveSettings, state: State, input: Input): Step<State> {
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
  if (input.kind === 'end') {
    return fail(state, closedByPeer(input.close, `where ${waitingFor(state)} should come`) ?? cut(waitingFor(state)));
  }
  if (input.kind === 'bytes') return fail(state, new HandfastError('MALFORMED', 'bytes without borders: HiveMind needs a WebSocket'));
  switch (state.at) {
    case 'carrier': {
      if (input.kind !== 'ready') return [state];
      const beginAt = input.now + TIMES.patienceMs;
      return [
        { at: 'request', deadline: state.deadline, beginAt, hello: undefined },
        { kind: 'deadline', at: Math.min(beginAt, state.deadline) },
      ];
    }
    case 'request':
      if (input.kind === 'message') return readGreeting(settings, state, input);
      return input.kind === 'tick' && input.now >= state.beginAt ? beginAlone(settings, state) : [state];
    case 'path':
      if (input.kind === 'answers') return walk(settings, state, state.path.step({ kind: 'answers', answers: input.answers }));
      return input.kind === 'message' ? readShake(settings, state, input) : [state];
    case 'judge':
      return input.kind === 'judged' ? judged(settings, state, input) : [state];
  }
}

function readGreeting(settings: SlaveSettings, state: At<'request'>, input: Extract<Input, { kind: 'message' }>): Step<State> {
  const message = readClear(input);
  if (message instanceof HandfastError) return fail(state, message);
  const trace: Output = { kind: 'trace', what: message.msg_type, direction: 'received', bytes: input.data.length };
  // The first HELLO counts; masters repeat theirs.
  if (message.msg_type === 'hello') return [{ ...state, hello: state.hello ?? message.payload }, trace];
  if (message.payload.envelope !== undefined)
    return fail(state, new HandfastError('OUT_OF_TURN', 'an answer to a handshake that we did not begin'), [trace]);
  return walk(settings, state, slavePath(settings, state.hello ?? NOTHING, message.payload), [trace]);
}

/** No request came, or it was lost: released masters answer a shake that they did not ask for. */
function beginAlone(settings: SlaveSettings, state: At<'request'>): Step<State> {
  const waiting: Output = { kind: 'deadline', at: state.deadline };
  // Version 3 binds what the master said, and nothing older is begun in its place.
  if (settings.password === undefined || (settings.noise && !settings.noise.allowOlder)) return [state, waiting];
  return walk(settings, state, slavePassword(settings, settings.password, undefined));
}

function readShake(settings: SlaveSettings, state: At<'path'>, input: Extract<Input, { kind: 'message' }>): Step<State> {
  const message = readClear(input);
  if (message instanceof HandfastError) return fail(state, message);
  const trace: Output = { kind: 'trace', what: message.msg_type, direction: 'received', bytes: input.data.length };
  if (message.msg_type === 'hello') return [{ ...state, hello: state.hello ?? message.payload }, trace];
  return walk(settings, state, state.path.step({ kind: 'shake', payload: message.payload }), [trace]);
}

function walk(settings: SlaveSettings, state: At<'request' | 'path'>, made: PathStep, before: readonly Output[] = []): Step<State> {
  if ('why' in made) return fail(state, made.why, before);
  const { deadline, hello } = state;
  const outputs: Output[] = [...before, { kind: 'deadline', at: deadline }];
  for (const payload of made.shakes) outputs.push(...sendClear('shake', payload));
  if ('keyed' in made) {
    return [
      { at: 'judge', deadline, channel: made.keyed, hello },
      ...outputs,
      { kind: 'trace', what: 'key', direction: 'done', bytes: 0 },
      { kind: 'judge', peer: peerOf(settings) },
    ];
  }
  if (made.work) outputs.push({ kind: 'work', items: made.work });
  return [{ at: 'path', deadline, path: made.next, hello }, ...outputs];
}

function judged(settings: SlaveSettings, state: At<'judge'>, { refusal, now }: Extract<Input, { kind: 'judged' }>): Step<State> {
  if (refusal) return fail(state, new HandfastError(refusal.code, refusal.reason));
  const { channel, hello = NOTHING } = state;
  const { session, siteId, publicKey } = settings;
  const payload = { pubkey: publicKey, session, site_id: siteId };
  const sealed = channel.seal(writeMessage({ msg_type: 'hello', payload }), 'json');
  const info: Record<string, string | number | boolean> = { ...channel.info, sessionId: session.session_id, siteId };
  if (typeof hello.peer === 'string') info.peer = hello.peer.slice(0, LIMITS.pem);
  if (typeof hello.node_id === 'string') info.nodeId = hello.node_id.slice(0, LIMITS.pem);
  if (typeof hello.pubkey === 'string') info.masterKey = hello.pubkey.slice(0, LIMITS.pem);
  const binding = channel.binding(sealed[0].data);
  const traffic = new HiveTraffic({ settings, role: 'slave', channel, hello, session, siteId, now });
  return [
    { at: 'opened' },
    ...sealed.map(({ data, text }): Output => ({ kind: 'send', data, text })),
    { kind: 'trace', what: 'hello', direction: 'sent', bytes: sealed[0].data.length },
    { kind: 'opened', opened: { peer: peerOf(settings), binding, info, traffic, rest: NO_BYTES } },
  ];
}

/** Whoever answers for this access key: no more than that is proved. */
function peerOf({ core, accessKey }: SlaveSettings): Peer {
  return { id: accessKey, publicKey: core.hash.sha256(utf8(accessKey)) };
}

function fail(state: State, why: HandfastError, before: readonly Output[] = []): Step<State> {
  if (state.at === 'path') state.path.wipe();
  if (state.at === 'judge') state.channel.wipe();
  return [{ at: 'closed' }, ...before, { kind: 'failed', why, lingerMs: why.remote ? 0 : TIMES.lingerMs, close: closeFor(why) }];
}

function waitingFor(state: Exclude<State, { at: 'start' | 'opened' | 'closed' }>): string {
  if (state.at === 'path') return state.path.awaits;
  if (state.at === 'request') return state.hello ? 'handshake request' : 'HELLO';
  return state.at === 'carrier' ? 'WebSocket' : 'decision whether this peer is allowed';
}

const NOTHING: JsonObject = Object.freeze(Object.create(null));
const NO_BYTES = new Uint8Array(0);
