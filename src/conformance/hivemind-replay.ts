/** Recorded sessions of HiveMind, played again: each side of the recording once by our own machine, its nonces taken from the recording. */
import type { Core } from '../core/core.ts';
import { nodeCrypto } from '../core/legacy/node-crypto.ts';
import { openEnvelopeNow } from '../core/legacy/rsa-envelope.ts';
import { HandfastError } from '../errors.ts';
import { master } from '../protocols/hivemind/master.ts';
import { masterSettings, slaveSettings } from '../protocols/hivemind/options.ts';
import { slave } from '../protocols/hivemind/slave.ts';
import type { Input, Machine, Opened, Work, WorkAnswer } from '../protocols/machine.ts';
import { strictText, utf8 } from '../wire/text.ts';
import { check, checkSame, type Given } from './hivemind-checks.ts';
import { hex } from './kinds.ts';

interface Recorded {
  readonly dir: 'server_to_client' | 'client_to_server';
  readonly kind: 'text' | 'binary';
  readonly text?: string;
  readonly hex?: string;
  readonly plaintext?: string;
  // biome-ignore lint/suspicious/noExplicitAny: as the file has it.
  readonly decoded?: any;
}

export function replayPassword({ input, expect }: Given, core: Core): void {
  const frames = input.frames as Recorded[];
  const { password } = input;
  const binarize = frames.some(({ kind }) => kind === 'binary');
  const [ofClient, ofServer] = (['client_to_server', 'server_to_client'] as const).map((dir) => envelopeOf(frames, dir));
  const common = { core, binarize, insecure: { weakPasswords: true } };
  const dialler = slaveSettings({ ...common, accessKey: 'k', password, ciphers: ['AES-GCM', 'CHACHA20-POLY1305'] });
  const asSlave = play(slave(withNonce(dialler, ofClient)), frames, 'server_to_client');
  checkSame('our envelope', envelopeIn(asSlave.sent), ofClient);
  const clients = [{ accessKey: 'k', password }];
  const listener = masterSettings({ ...common, clients, encodings: [expect.encoding], ciphers: [expect.cipher] });
  const asMaster = play(master(withNonce(listener, ofServer)), frames, 'client_to_server');
  checkSame('our answer', envelopeIn(asMaster.sent), ofServer);
  for (const { opened } of [asSlave, asMaster])
    checkSame('suite', [opened.info.encoding, opened.info.cipher], [expect.encoding, expect.cipher]);
  checkSame('key', [asSlave.key, asMaster.key], [expect.key_hex, expect.key_hex]);
}

/** The master's private key is not in the recording: it is played as the slave. */
export function replayRsa({ input, expect, keys }: Given, core: Core): void {
  const frames = input.frames as Recorded[];
  const masterKey = JSON.parse(frames[0].text!).payload.pubkey as string;
  const settings = slaveSettings({ core, accessKey: 'k', rsa: { privateKey: keys[input.client_key].private, masterKey } });
  const { opened, key } = play(slave(settings), frames, 'server_to_client');
  checkSame('suite', [opened.info.encoding, opened.info.cipher], [expect.encoding, expect.cipher]);
  checkSame('key', key, expect.key_hex);
}

export function replayPreshared({ input, expect }: Given, core: Core): void {
  const frames = input.frames as Recorded[];
  const presharedKey = input.preshared_key_text;
  const asSlave = play(slave(slaveSettings({ core, accessKey: 'k', presharedKey })), frames, 'server_to_client');
  const asMaster = play(master(masterSettings({ core, clients: [{ accessKey: 'k', presharedKey }] })), frames, 'client_to_server');
  for (const { opened } of [asSlave, asMaster])
    checkSame('suite', [opened.info.encoding, opened.info.cipher], [expect.encoding, expect.cipher]);
}

interface Played {
  opened: Opened;
  sent: string[];
  /** Hexadecimal, once derived. */
  key: string | undefined;
}

/** Gives a machine what the other side sent, and compares what the session then makes of it with the recording's plaintexts. */
function play(machine: Machine, frames: readonly Recorded[], dir: Recorded['dir']): Played {
  const played: { opened?: Opened; sent: string[]; key: string | undefined } = { sent: [], key: undefined };
  let state = machine.initial;
  const feed = (input: Input): void => {
    const [next, ...outputs] = machine.step(state, input);
    state = next;
    for (const output of outputs) {
      if (output.kind === 'failed') throw output.why;
      if (output.kind === 'send') played.sent.push(strictText(output.data) ?? '');
      else if (output.kind === 'opened') played.opened = output.opened;
      else if (output.kind === 'judge') feed({ kind: 'judged', now: NOW, refusal: undefined });
      else if (output.kind === 'work') {
        const answers = output.items.map(doNow);
        for (const answer of answers) played.key = keyIn(answer) ?? played.key;
        feed({ kind: 'answers', now: NOW, answers });
      }
    }
  };
  feed({ kind: 'start', now: NOW });
  feed({ kind: 'ready', now: NOW, facts: { upgrade: { target: '/?authorization=dWE6aw==', headers: {} } } });
  for (const frame of frames) {
    if (frame.dir !== dir) continue;
    const data = frame.kind === 'text' ? utf8(frame.text!) : hex(frame.hex);
    if (!played.opened) feed({ kind: 'message', now: NOW, data, text: frame.kind === 'text' });
    else checkMessage(played.opened, data, frame);
  }
  check(played.opened !== undefined, 'no session came of it');
  played.opened!.traffic.wipe();
  return played as Played;
}

function checkMessage({ traffic, info }: Opened, data: Uint8Array, frame: Recorded): void {
  const { own = [], outputs } = traffic.openMessage!(data, frame.kind === 'text', NOW);
  for (const output of outputs) if (output.kind === 'ended' && output.why) throw output.why;
  check(own.length === 1, 'a message did not come through');
  const [{ kind, bytes, meta }] = own;
  const expected = frame.decoded ?? JSON.parse(frame.plaintext!);
  checkSame('type', kind, expected.msg_type);
  if (kind === 'bin') {
    checkSame('bin type and metadata', [meta?.bin_type, meta?.metadata], [expected.bin_type, expected.metadata]);
    checkSame('payload', Array.from(bytes), Array.from(hex(expected.payload_hex)));
    return;
  }
  const payload = JSON.parse(strictText(bytes)!);
  // A master writes down where a message of the bus comes from.
  const named =
    frame.dir === 'client_to_server'
      ? { ...expected.payload, context: { ...expected.payload.context, source: info.peer, peer: info.peer } }
      : expected.payload;
  checkSame('payload', payload, named);
}

/** The first eight random bytes are those of the recorded envelope. */
function withNonce<S extends { random(length: number): Uint8Array }>(settings: S, envelope: string): S {
  const { random } = settings;
  return { ...settings, random: (length: number) => (length === 8 ? hex(envelope.slice(0, 16)) : random(length)) };
}

function envelopeOf(frames: readonly Recorded[], dir: Recorded['dir']): string {
  return envelopeIn(frames.flatMap((frame) => (frame.dir === dir && frame.text ? [frame.text] : [])))!;
}

function envelopeIn(texts: readonly string[]): string | undefined {
  for (const text of texts) {
    const { payload } = JSON.parse(text);
    if (typeof payload?.envelope === 'string') return payload.envelope;
  }
  return undefined;
}

function doNow(work: Work): WorkAnswer {
  switch (work.op) {
    case 'pbkdf2-sha256': {
      const key = nodeCrypto().pbkdf2Sync(work.password, work.salt, work.iterations, work.length, 'sha256');
      return { op: work.op, key: new Uint8Array(key) };
    }
    case 'rsa-envelope-open':
      return { op: work.op, plaintext: openEnvelopeNow(work) };
    default:
      throw new HandfastError('INTERNAL', `work of ${work.op} in a recording`);
  }
}

function keyIn(answer: WorkAnswer): string | undefined {
  const key = answer.op === 'pbkdf2-sha256' ? answer.key : answer.op === 'rsa-envelope-open' ? answer.plaintext : undefined;
  return key instanceof Uint8Array ? Array.from(key, (byte) => byte.toString(16).padStart(2, '0')).join('') : undefined;
}

const NOW = 1_790_000_000_000;
