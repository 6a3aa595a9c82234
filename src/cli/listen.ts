/** `handfast listen`: a listening node that echoes or prints what it is sent. */
import '../core/choose.ts';
import type { HandfastError } from '../errors.ts';
import { type ListenOptions, listen as open } from '../transport/listen.ts';
import type { Session } from '../transport/session.ts';
import { publicKeyOf } from '../wire/peer-id.ts';
import { type Call, type Command, UsageError } from './command.ts';
import { openIdentity, PASSPHRASE_OPTION } from './passphrase.ts';
import { colour, note, packageVersion, print, printJson, shortId, shownPayload, thousands } from './terminal.ts';

export const listen: Command = {
  name: 'listen',
  summary: 'wait for peers, and echo or print what they send',
  usage: '--identity FILE --network NAME [options]',
  help: [
    'Listens for handfast/1 peers until Ctrl-C. Each message is sent back as it came (--mode echo) or printed (--mode print).',
    'Nobody can connect? The dialler must name the same --network, its id must be among --allow where that is given (without --allow, every node with a valid id is let in), both clocks must agree within 30 s, and --host must be an address that the dialler reaches: 127.0.0.1, the default, is this machine only; 0.0.0.0 or :: is every network it is on. Each refusal is printed with its reason.',
    'With --json one line is printed for each event: listening, session, message, closed, refused.',
  ],
  options: {
    identity: { type: 'string', value: 'FILE', help: 'Who this node is; handfast keygen makes one.' },
    network: { type: 'string', value: 'NAME', help: 'The network; both sides must name the same.' },
    host: { type: 'string', value: 'ADDRESS', help: 'Address to listen on; 127.0.0.1.' },
    port: { type: 'string', value: 'PORT', help: 'Port to listen on; 7600. 0 takes any that is free.' },
    allow: { type: 'string', multiple: true, value: 'ID', help: 'Let this id in; may be repeated. Without it everybody is let in.' },
    mode: { type: 'string', value: 'echo|print', help: 'What becomes of messages; echo.' },
    'passphrase-file': PASSPHRASE_OPTION,
  },
  examples: ['handfast listen --identity bob.key --network demo --allow 12D3KooW...'],
  positionals: [0, 0],
  interruptible: true,
  async run(call) {
    const json = call.flag('json');
    const mode = call.choice('mode', ['echo', 'print']) ?? 'echo';
    const port = call.whole('port', 0, 65_535) ?? 7600;
    const network = call.needed('network', 'demo');
    const allow = allowed(call);
    const identity = await openIdentity(call.needed('identity', 'node.key'), call);
    const options: ListenOptions = {
      protocol: 'handfast',
      identity,
      network,
      agent: `handfast ${packageVersion()}`,
      host: call.text('host') ?? '127.0.0.1',
      port,
      allow,
      signal: call.signal,
    };
    try {
      const server = await open(options);
      const { address, port: bound } = server.address!;
      const closed = new Promise<void>((resolve) => server.once('close', resolve));
      server.on('session', (session) => void serve(session, mode, json));
      server.on('handshakeError', (error, from) => refused(error, from, json));
      if (json) printJson({ event: 'listening', id: identity.id, network, host: address, port: bound });
      else note(`${colour.bold(identity.id)}\nlistens on ${address}:${bound}, network ${network}; Ctrl-C ends it`);
      await closed;
      return 0;
    } finally {
      identity.wipe();
    }
  },
};

function allowed(call: Call): readonly string[] | undefined {
  const ids = call.list('allow');
  for (const id of ids)
    if (!publicKeyOf(id)) throw new UsageError(`--allow ${id}: expected the id of a node, 12D3KooW... with 52 characters`);
  return ids.length > 0 ? ids : undefined;
}

async function serve(session: Session, mode: 'echo' | 'print', json: boolean): Promise<void> {
  const { id } = session.peer;
  let count = 0;
  let bytes = 0;
  if (json) printJson({ event: 'session', peer: id, address: session.remoteAddress, ...session.info });
  else note(`${colour.green('open')}    ${id} from ${session.remoteAddress}, ${session.info.suite}`);
  try {
    for await (const message of session) {
      count++;
      bytes += message.length;
      if (mode === 'echo') await session.send(message.bytes);
      else if (json) printJson({ event: 'message', peer: id, ...shownPayload(message.bytes) });
      else print(`${shortId(id)}  ${message.text()}`);
    }
  } catch {
    // Told below: the session knows why it ended.
  }
  await session.closed;
  const error = session.error as HandfastError | undefined;
  if (json) printJson({ event: 'closed', peer: id, messages: count, bytes, ...(error && { code: error.code, message: error.message }) });
  else
    note(
      `${error ? colour.yellow('lost') : 'closed'}  ${shortId(id)} after ${thousands(count)} messages${error ? `: ${error.message} (${error.code})` : ''}`,
    );
}

function refused(error: HandfastError, address: string | undefined, json: boolean): void {
  const { code, message, blame, remote } = error;
  if (json) printJson({ event: 'refused', address, code, message, blame, ...(remote && { saidBy: 'peer' }) });
  else note(`${colour.red('refused')} ${address ?? 'somebody'}: ${message} (${code})`);
}
