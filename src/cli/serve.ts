/** `handfast listen` of protocols without a node layer: sessions are echoed or printed, and everything that happens is told. */
import { HandfastError } from '../errors.ts';
import type { MessageAbout } from '../protocols/machine.ts';
import { listen, type Server } from '../transport/listen.ts';
import type { Session } from '../transport/session.ts';
import type { Call } from './command.ts';
import { aborted, listenOn, refusal, words } from './listening.ts';
import { aboutOf, send, shownMessage } from './messages.ts';
import type { CommandProtocol } from './protocols/protocol.ts';
import { colour, harmless, note, print, printJson, shortId, shownPayload, thousands } from './terminal.ts';

/** @returns the exit code. */
export async function serve(protocol: CommandProtocol, call: Call): Promise<number> {
  const mode = call.choice('mode', ['echo', 'print']) ?? protocol.messages?.mode ?? 'echo';
  const where = listenOn(call, protocol.port);
  const settings = await protocol.settings(call, 'listen');
  try {
    const server = await listen({ ...settings.options, ...where, protocol: protocol.protocol, signal: call.signal });
    await using log = new ServerLog(server, protocol, call.flag('json'), mode);
    log.listening();
    await aborted(call.signal);
    return 0;
  } finally {
    settings.wipe();
  }
}

class ServerLog implements AsyncDisposable {
  readonly #server: Server;
  readonly #protocol: CommandProtocol;
  readonly #json: boolean;
  readonly #mode: 'echo' | 'print';

  constructor(server: Server, protocol: CommandProtocol, json: boolean, mode: 'echo' | 'print') {
    this.#server = server;
    this.#protocol = protocol;
    this.#json = json;
    this.#mode = mode;
    server.on('session', (session) => void this.#serve(session));
    server.on('handshakeError', (error, address) => this.#refused(error, address));
  }

  listening(): void {
    const { address: host, port } = this.#server.address!;
    const { name } = this.#protocol.protocol;
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    if (this.#json) printJson({ event: 'listening', protocol: name, host, port });
    else note(`listens on ${colour.bold(address)}, ${this.#protocol.title}; Ctrl-C ends it`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close({ drainMs: 1000 });
  }

  async #serve(session: Session): Promise<void> {
    const { peer, remoteAddress: address, info } = session;
    const agreed = this.#protocol.agreed(info);
    // The protocol's own word for either is not what the other events say.
    this.#say({ event: 'session', ...info, peer: peer.id, address }, `${colour.green('open')}    ${peer.id} from ${address}, ${agreed}`);
    let messages = 0;
    let bytes = 0;
    let failed: Error | undefined;
    try {
      for await (const message of session) {
        messages++;
        bytes += message.length;
        const about = aboutOf(message);
        if (this.#mode === 'echo') await send(session, { ...about, bytes: message.copy() });
        else this.#received(peer.id, message.bytes, about);
      }
    } catch (error) {
      // Where the session itself is well, it was our answer that could not be sent.
      failed = error as Error;
    }
    if (session.writable) await session.close({ drainMs: 5000 }).catch(() => {});
    await session.closed;
    const error = session.error ?? failed;
    const why = error && { code: error instanceof HandfastError ? error.code : 'HF_INTERNAL', message: words(error) };
    const tail = why ? `: ${harmless(why.message)} (${why.code})` : '';
    this.#say(
      { event: 'closed', peer: peer.id, messages, bytes, ...why },
      `${error ? colour.yellow('lost') : 'closed'}  ${shortId(peer.id)} after ${thousands(messages)} messages${tail}`,
    );
  }

  #received(peer: string, bytes: Uint8Array, about: MessageAbout): void {
    if (this.#json) printJson({ event: 'message', peer, ...about, ...shownPayload(bytes) });
    else print(`${shortId(peer)}  ${shownMessage(this.#protocol, bytes, about)}`);
  }

  #refused(error: HandfastError, address: string | undefined): void {
    const { event, line } = refusal(error, address);
    this.#say(event, line);
  }

  #say(event: object, forPeople: string): void {
    if (this.#json) printJson(event);
    else note(forPeople);
  }
}
