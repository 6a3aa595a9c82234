/** `handfast connect`: dials somebody and talks to them, in any protocol: lines from standard input, or a file. */
import '../core/choose.ts';
import { createHash } from 'node:crypto';
import { open as openFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { HandfastError } from '../errors.ts';
import { connect as dial } from '../transport/connect.ts';
import type { Session } from '../transport/session.ts';
import { type Call, type Command, hostAndPort } from './command.ts';
import { aboutOf, outgoing, send, shownMessage } from './messages.ts';
import { chosenProtocol, namesWhere, partsFor } from './protocols/index.ts';
import type { CommandProtocol } from './protocols/protocol.ts';
import { SUMMARIES } from './summaries.ts';
import { clearProgress, colour, duration, note, print, printJson, progress, shownPayload, size } from './terminal.ts';

export const connect: Command = {
  name: 'connect',
  summary: SUMMARIES.connect,
  usage: 'HOST:PORT [--protocol NAME] [options]',
  help: [
    'Dials HOST:PORT and, once the handshake is done, sends each line of standard input as one message and prints what comes back. Ctrl-D ends it in peace. With --file a file is sent instead, in messages of 64,000 bytes, and its SHA-256 is printed.',
    'Give --peer where the protocol has it: the id that must answer. Without it you learn who answered, but not that it is the one you meant.',
    'Does not connect? "connection refused" means nothing listens there. Other errors name the check that failed and what to do; handfast probe shows how far the handshake gets.',
  ],
  options: {
    file: { type: 'string', value: 'FILE', help: 'Send this file instead of standard input.' },
    wait: {
      type: 'string',
      value: 'MS',
      help: `After the end of the input, go on until nothing has come for so many milliseconds. Unless given: 0 with ${namesWhere(({ halfCloses }) => halfCloses)}, in which all answers come anyway, 1000 with the others.`,
    },
  },
  protocols: partsFor('connect'),
  examples: [],
  positionals: [1, 1],
  interruptible: true,
  async run(call) {
    const json = call.flag('json');
    const { host, port } = hostAndPort(call.positionals[0]);
    const protocol = chosenProtocol(call);
    const waitMs = call.whole('wait', 0, 3_600_000) ?? (protocol.halfCloses ? 0 : WAIT_MS);
    const file = call.text('file');
    // Before dialling: a misspelled name must not reach the other side as a session that broke off.
    if (file !== undefined) await (await openFile(file, 'r')).close();
    const settings = await protocol.settings(call, 'connect');
    try {
      progress(`dialling ${host}:${port}...`);
      const session = await dial({ ...settings.options, protocol: protocol.protocol, host, port, signal: call.signal });
      clearProgress();
      if (json) printJson({ event: 'session', ...session.info, peer: session.peer.id, address: session.remoteAddress });
      else {
        const compared = call.text('peer') !== undefined || !Object.hasOwn(protocol.options.connect, 'peer');
        const doubt = compared ? '' : ' (not compared: no --peer was given)';
        note(`${colour.green('open')} ${session.peer.id}, ${protocol.agreed(session.info)}${doubt}`);
      }
      await converse(session, protocol, call, waitMs);
      return call.signal.aborted ? 130 : 0;
    } finally {
      settings.wipe();
    }
  },
};

async function converse(session: Session, protocol: CommandProtocol, call: Call, waitMs: number): Promise<void> {
  const stop = (): void => void session.close({ drainMs: 1000 });
  call.signal.addEventListener('abort', stop, { once: true });
  const file = call.text('file');
  const json = call.flag('json');
  let heardAt = performance.now();
  const received = receive(session, protocol, json, () => (heardAt = performance.now()));
  // A failure while sending is told by whoever receives, which waits for the end of the session.
  const sent = file === undefined ? sendLines(session, protocol, call) : sendFile(session, protocol, file, call);
  try {
    await sent;
    heardAt = performance.now();
    for (let left = waitMs; left > 0 && session.writable && !call.signal.aborted; left = heardAt + waitMs - performance.now()) {
      await Promise.race([session.closed, delay(left, undefined, { signal: call.signal }).catch(() => {})]);
    }
    await session.close({ drainMs: 5000 });
  } catch (error) {
    if (session.writable) throw error;
  } finally {
    if (session.writable) session.destroy();
  }
  await received;
  if (session.error) throw session.error;
}

async function receive(session: Session, protocol: CommandProtocol, json: boolean, heard: () => void): Promise<void> {
  try {
    for await (const message of session) {
      heard();
      clearProgress();
      const about = aboutOf(message);
      if (json) printJson({ event: 'message', ...about, ...shownPayload(message.bytes) });
      else print(shownMessage(protocol, message.bytes, about));
    }
  } catch {
    // `session.error` says it.
  }
}

async function sendLines(session: Session, protocol: CommandProtocol, call: Call): Promise<void> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  const stop = (): void => lines.close();
  call.signal.addEventListener('abort', stop, { once: true });
  session.once('close', stop);
  session.once('peerDone', stop);
  for await (const line of lines) {
    if (!session.writable) break;
    await send(session, outgoing(protocol, Buffer.from(line), call));
  }
  process.stdin.unref?.();
}

async function sendFile(session: Session, protocol: CommandProtocol, path: string, call: Call): Promise<void> {
  const handle = await openFile(path, 'r');
  try {
    const { size: total } = await handle.stat();
    const hash = createHash('sha256');
    const chunk = new Uint8Array(Math.min(CHUNK, session.largestPayload));
    const startedAt = performance.now();
    let done = 0;
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, chunk.length);
      if (bytesRead === 0) break;
      const part = chunk.subarray(0, bytesRead);
      hash.update(part);
      await send(session, outgoing(protocol, part, call));
      done += bytesRead;
      progress(`${size(done)} of ${size(total)}`);
    }
    clearProgress();
    const ms = performance.now() - startedAt;
    const sha256 = hash.digest('hex');
    if (call.flag('json')) printJson({ event: 'sent', file: path, bytes: done, sha256, ms });
    else note(`sent ${size(done)} in ${duration(ms)}, SHA-256 ${sha256}`);
  } catch (error) {
    throw session.error instanceof HandfastError ? session.error : error;
  } finally {
    await handle.close();
  }
}

const CHUNK = 64_000;
const WAIT_MS = 1000;
