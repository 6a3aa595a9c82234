/** `handfast connect`: dials a node and talks to it: lines from standard input, or a file. */
import '../core/choose.ts';
import { createHash } from 'node:crypto';
import { open as openFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { HandfastError } from '../errors.ts';
import { type HandfastOptions, handfast } from '../protocols/handfast/index.ts';
import { connect as dial } from '../transport/connect.ts';
import type { Session } from '../transport/session.ts';
import { type Call, type Command, hostAndPort } from './command.ts';
import { openIdentity, PASSPHRASE_OPTION } from './passphrase.ts';
import {
  clearProgress,
  colour,
  duration,
  harmless,
  note,
  packageVersion,
  print,
  printJson,
  progress,
  shownPayload,
  size,
} from './terminal.ts';

export const connect: Command = {
  name: 'connect',
  summary: 'dial a node, send lines or a file, print its answers',
  usage: 'HOST:PORT --identity FILE --network NAME [options]',
  help: [
    'Dials HOST:PORT and, once both sides have proved who they are, sends each line of standard input as one message and prints what comes back. Ctrl-D ends it in peace.',
    'Give --peer: the id that must answer. Without it you learn who answered, but not that it is the one you meant. With --file a file is sent instead, in messages of 64,000 bytes, and its SHA-256 is printed.',
    'Does not connect? "connection refused" means nothing listens there. WRONG_NETWORK, UNEXPECTED_PEER, UNKNOWN_NODE and EXPIRED_TIMESTAMP each come with what to do; handfast probe shows how far the handshake gets.',
  ],
  options: {
    identity: { type: 'string', value: 'FILE', help: 'Who this node is; handfast keygen makes one.' },
    network: { type: 'string', value: 'NAME', help: 'The network; both sides must name the same.' },
    peer: { type: 'string', value: 'ID', help: 'The id that must answer; anybody else is refused.' },
    file: { type: 'string', value: 'FILE', help: 'Send this file instead of standard input.' },
    'passphrase-file': PASSPHRASE_OPTION,
  },
  examples: [
    'handfast connect 127.0.0.1:7600 --identity alice.key --network demo --peer 12D3KooW...',
    'echo hello | handfast connect node.example.org:7600 --identity alice.key --network demo --json',
  ],
  positionals: [1, 1],
  interruptible: true,
  async run(call) {
    const json = call.flag('json');
    const { host, port } = hostAndPort(call.positionals[0]);
    const network = call.needed('network', 'demo');
    const file = call.text('file');
    // Before dialling: a misspelled name must not reach the other side as a session that broke off.
    if (file !== undefined) await (await openFile(file, 'r')).close();
    const identity = await openIdentity(call.needed('identity', 'node.key'), call);
    const protocol: HandfastOptions = { identity, network, peer: call.text('peer'), agent: `handfast ${packageVersion()}` };
    try {
      progress(`dialling ${host}:${port}...`);
      const session = await dial({ ...protocol, protocol: handfast, host, port, signal: call.signal });
      clearProgress();
      if (json) printJson({ event: 'session', peer: session.peer.id, address: session.remoteAddress, ...session.info });
      else
        note(
          `${colour.green('open')} ${session.peer.id}, ${session.info.suite}${call.text('peer') ? '' : ' (not compared: no --peer was given)'}`,
        );
      await converse(session, call);
      return call.signal.aborted ? 130 : 0;
    } finally {
      identity.wipe();
    }
  },
};

async function converse(session: Session, call: Call): Promise<void> {
  const stop = (): void => void session.close({ drainMs: 1000 });
  call.signal.addEventListener('abort', stop, { once: true });
  const file = call.text('file');
  const json = call.flag('json');
  const received = receive(session, json);
  // A failure while sending is told by whoever receives, which waits for the end of the session.
  const sent = file === undefined ? sendLines(session, call.signal) : sendFile(session, file, json);
  try {
    await sent;
    await session.close({ drainMs: 5000 });
  } catch (error) {
    if (session.writable) throw error;
  } finally {
    if (session.writable) session.destroy();
  }
  await received;
  if (session.error) throw session.error;
}

async function receive(session: Session, json: boolean): Promise<void> {
  try {
    for await (const message of session) {
      clearProgress();
      if (json) printJson({ event: 'message', ...shownPayload(message.bytes) });
      else print(harmless(message.text()));
    }
  } catch {
    // `session.error` says it.
  }
}

async function sendLines(session: Session, signal: AbortSignal): Promise<void> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  const stop = (): void => lines.close();
  signal.addEventListener('abort', stop, { once: true });
  session.once('close', stop);
  session.once('peerDone', stop);
  for await (const line of lines) {
    if (!session.writable) break;
    await session.send(Buffer.from(line));
  }
  process.stdin.unref?.();
}

async function sendFile(session: Session, path: string, json: boolean): Promise<void> {
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
      await session.send(part);
      done += bytesRead;
      progress(`${size(done)} of ${size(total)}`);
    }
    clearProgress();
    const ms = performance.now() - startedAt;
    const sha256 = hash.digest('hex');
    if (json) printJson({ event: 'sent', file: path, bytes: done, sha256, ms });
    else note(`sent ${size(done)} in ${duration(ms)}, SHA-256 ${sha256}`);
  } catch (error) {
    throw session.error instanceof HandfastError ? session.error : error;
  } finally {
    await handle.close();
  }
}

const CHUNK = 64_000;
