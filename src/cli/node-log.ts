/** What a running node tells: a line for each event, for people beside the output, or as JSON. */
import { HandfastError } from '../errors.ts';
import { parseAddress } from '../node/address.ts';
import type { Ban } from '../node/bans/bans.ts';
import type { GossipMessage } from '../node/gossip/message.ts';
import type { Node } from '../node/node.ts';
import type { PeerSnapshot } from '../node/peers.ts';
import { shownText } from '../wire/text.ts';
import { refusal, words } from './listening.ts';
import { colour, harmless, note, print, printJson, shortId, shownPayload, span, thousands } from './terminal.ts';

/** What came over one session, in messages without an answer. */
interface Count {
  messages: number;
  bytes: number;
}

export class NodeLog {
  readonly #json: boolean;
  readonly #mode: 'echo' | 'print';
  readonly #counts = new Map<PeerSnapshot, Count>();
  /** What happened before `listening`, which is told first. */
  #held: (() => void)[] | undefined = [];

  constructor(json: boolean, mode: 'echo' | 'print') {
    this.#json = json;
    this.#mode = mode;
  }

  /** Tells of everything that happens to a node from now on. */
  follow(node: Node): void {
    node.on('peer', (peer) => void this.#count(peer));
    node.on('peerGone', (peer, error) => this.#gone(peer, error));
    node.on('handshakeError', (error, address) => this.#refused(error, address));
    node.on('dialFailed', (error, address, nextTryInMs) => this.#dialFailed(error, address, nextTryInMs));
    node.on('ban', (ban) => this.#banned(ban));
    node.on('unban', ({ subject }) => this.#say({ event: 'unban', subject }, `${colour.green('unban')}   ${subject}`));
    node.on('warn', ({ subject, balance, error: { code } }) => {
      const event = { event: 'warning', subject, balance: Math.round(balance), code };
      this.#say(event, `${colour.yellow('warning')} ${subject} will be banned if it goes on (${code})`);
    });
    node.on('handlerFailed', (error) => this.#fault(error as Error));
    node.on('bansNotWritten', (error) => this.#fault(error));
    node.on('storeDown', (error) => {
      const { code, message } = error;
      this.#say(
        { event: 'store-down', code, message },
        `${colour.yellow('store')}   cannot be reached: ${message} (${code}). Nobody new is let in until it can`,
      );
    });
    node.on('storeUp', () => this.#say({ event: 'store-up' }, `${colour.green('store')}   can be reached again`));
  }

  /** For `createNode`: takes what comes over plain sessions. */
  readonly data = (bytes: Uint8Array, from: PeerSnapshot, reply: (bytes: Uint8Array) => Promise<void>): void | Promise<void> => {
    const count = this.#count(from);
    count.messages++;
    count.bytes += bytes.length;
    if (this.#mode === 'print')
      this.#put({ event: 'message', peer: from.id, ...shownPayload(bytes) }, `${shortId(from.id)}  ${shown(bytes)}`);
    // Whoever has gone needs no answer, and is told of below.
    else return reply(bytes).catch(() => {});
  };

  /** @param processes how many there are of it, where it is not the only one. */
  listening({ id, network, address }: Pick<Node, 'id' | 'network' | 'address'>, control: string | undefined, processes?: number): void {
    const { host, port } = parseAddress(address!)!;
    const many = processes !== undefined && { processes };
    if (this.#json) printJson({ event: 'listening', id, network, host, port, ...(control !== undefined && { control }), ...many });
    else {
      const by = many ? ` by ${processes} processes` : '';
      note(`${colour.bold(id)}\nlistens on ${address}${by}, network ${network}; Ctrl-C ends it`);
      if (control !== undefined) note(colour.dim(`takes orders at ${control}`));
    }
    this.begin();
  }

  /** Nothing is held back any more. */
  begin(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const tell of held) tell();
  }

  workerReady(pid: number | undefined): void {
    this.#say({ event: 'process-ready', pid }, colour.dim(`process ${pid} is ready`));
  }

  /** @param how its exit code, or the signal that ended it. */
  workerGone(pid: number | undefined, how: number | string, nextInMs: number): void {
    const next = `another one in ${thousands(nextInMs / 1000, 1)} s`;
    this.#say({ event: 'process-gone', pid, how, nextInMs }, `${colour.yellow('process')} ${pid} has ended (${how}); ${next}`);
  }

  request(topic: string, bytes: Uint8Array, peer: string): void {
    const about = topic ? ` ${harmless(topic)}` : '';
    this.#put({ event: 'request', peer, topic, ...shownPayload(bytes) }, `${shortId(peer)}  asks${about}: ${shown(bytes)}`);
  }

  /** @param dropped of this subscription so far. */
  broadcast({ id, origin, topic, bytes, timestamp }: GossipMessage, dropped: number): void {
    const message = Buffer.from(id).toString('hex');
    const event = { event: 'broadcast', message, origin, topic, ...shownPayload(bytes), timestamp, dropped };
    this.#put(event, `${shortId(origin)}  ${harmless(topic)}: ${shown(bytes)}`);
  }

  /** Of a session that is told of here, at the latest: its first message may come before the node says that it is there. */
  #count(peer: PeerSnapshot): Count {
    const known = this.#counts.get(peer);
    if (known) return known;
    const count = { messages: 0, bytes: 0 };
    this.#counts.set(peer, count);
    const { id, address, direction, info } = peer;
    const way = direction === 'inbound' ? 'from' : 'at';
    this.#say(
      { event: 'session', peer: id, address, direction, ...info },
      `${colour.green('open')}    ${id} ${way} ${address}, ${info.suite}`,
    );
    return count;
  }

  #gone(peer: PeerSnapshot, error: HandfastError | undefined): void {
    const { messages, bytes } = this.#count(peer);
    this.#counts.delete(peer);
    const { id } = peer;
    const event = { event: 'closed', peer: id, messages, bytes, ...(error && { code: error.code, message: words(error) }) };
    const why = error ? `: ${words(error)} (${error.code})` : '';
    this.#say(event, `${error ? colour.yellow('lost') : 'closed'}  ${shortId(id)} after ${thousands(messages)} messages${why}`);
  }

  #refused(error: HandfastError, address: string | undefined): void {
    const { event, line } = refusal(error, address);
    this.#say(event, line);
  }

  #dialFailed(error: HandfastError, address: string, nextTryInMs: number | undefined): void {
    const { code, remote } = error;
    const message = words(error);
    const event = { event: 'dial-failed', address, code, message, ...(remote && { saidBy: 'peer' }), nextTryInMs };
    const what = message.startsWith(address) ? message : `${address}: ${message}`;
    const next = nextTryInMs === undefined ? '' : `; again in ${thousands(nextTryInMs / 1000, 1)} s`;
    this.#say(event, `${colour.yellow('failed')}  ${what} (${code})${next}`);
  }

  #banned({ subject, until, since, reason, automatic }: Ban): void {
    const ms = until === undefined ? undefined : until - since;
    const long = ms === undefined ? 'until it is lifted' : `for ${span(ms)}`;
    this.#say(
      { event: 'ban', subject, ms, reason, automatic },
      `${colour.red('ban')}     ${subject} ${long}${reason ? `: ${harmless(reason)}` : ''}`,
    );
  }

  #fault(error: Error): void {
    const code = error instanceof HandfastError ? error.code : 'HF_INTERNAL';
    this.#say({ event: 'fault', code, message: error.message }, `${colour.red('fault')}   ${error.message} (${code})`);
  }

  /** What others sent: standard output. */
  #put(event: object, forPeople: string): void {
    this.#tell(() => (this.#json ? printJson(event) : print(forPeople)));
  }

  /** What happened: for people beside the output. */
  #say(event: object, forPeople: string): void {
    this.#tell(() => (this.#json ? printJson(event) : note(forPeople)));
  }

  #tell(tell: () => void): void {
    if (this.#held) this.#held.push(tell);
    else tell();
  }
}

const shown = (bytes: Uint8Array): string => harmless(shownText(bytes));
