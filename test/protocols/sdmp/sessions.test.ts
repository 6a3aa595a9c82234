/** Sessions of SDMP through the drivers: in memory, with and without borders of messages, and over TCP. */
import { connect as netConnect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import type { HandfastError } from '../../../src/errors.ts';
import { type SdmpOptions, SdmpPeers, sdmp, sdmpContainer } from '../../../src/protocols/sdmp/index.ts';
import { connect } from '../../../src/transport/connect.ts';
import { listen, type Server } from '../../../src/transport/listen.ts';
import type { Session } from '../../../src/transport/session.ts';
import { cores, native, pure } from '../../support/cores.ts';
import { readAll, Story } from '../../support/pair.ts';
import { identityOf, type KeyName, message, NAMES, other, publicPem, refusal, Scripted } from '../../support/sdmp.ts';

const HOST = '127.0.0.1';

const optionsOf = (core: Core, role: 'initiator' | 'responder', name: KeyName = NAMES[role]): SdmpOptions => ({
  core,
  identity: identityOf(name, core),
  peers: new SdmpPeers([publicPem(NAMES[other(role)])], { core }),
  group: 'ffdhe2048',
});
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

describe.each(cores)('a session of SDMP in memory, $name core', (core) => {
  let story: Story;
  afterEach(async () => {
    await story.finish();
    expect(core.guarded.live).toBe(0);
  });

  /** Its work takes turns of the event loop, which settling may outrun. */
  async function sessions(): Promise<[Session, Session]> {
    const dialled = story.dial();
    let over = false;
    const done = dialled.finally(() => {
      over = true;
    });
    done.catch(() => {});
    while (!over) await story.settle();
    await story.settle();
    return [await dialled, story.accepted.at(-1)!];
  }

  for (const borders of [false, true]) {
    it(`carries containers both ways and ends well, ${borders ? 'with' : 'without'} borders`, async () => {
      story = await Story.begin({
        core,
        protocol: sdmp,
        dial: optionsOf(core, 'initiator') as object,
        listen: optionsOf(core, 'responder') as object,
        pair: { borders, ...(borders && { facts: [{}, {}] as never }) },
      });
      const [a, b] = await sessions();
      expect(a.binding).toEqual(b.binding);
      const heard = [readAll(a), readAll(b)];
      for (let i = 0; i < 20; i++) {
        void a.send(bytes(message(`there ${i}`)));
        void b.send(sdmpContainer('message', `back ${i}`));
      }
      await story.settle();
      void a.close();
      await story.settle();
      await story.pass(1_000);
      expect(await heard[0]).toEqual(Array.from({ length: 20 }, (_, i) => message(`back ${i}`)));
      expect(await heard[1]).toEqual(Array.from({ length: 20 }, (_, i) => message(`there ${i}`)));
      expect([a.error, b.error]).toEqual([undefined, undefined]);
    });
  }

  it('refuses what is no container before it leaves, and stays open', async () => {
    story = await Story.begin({
      core,
      protocol: sdmp,
      dial: optionsOf(core, 'initiator') as object,
      listen: optionsOf(core, 'responder') as object,
    });
    const [a, b] = await sessions();
    for (const bad of ['hello', '[]', '{}', '{"sdmp":{"version":"0.12.0","schemas":[]}}', `${message('x')}${message('y')}`]) {
      await expect(a.send(bytes(bad))).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    }
    await expect(a.send(bytes(message('x'.repeat(1_048_576))))).rejects.toMatchObject({ code: 'HF_TOO_LARGE', blame: 'caller' });
    void a.send(bytes(message('fine')));
    const heard = readAll(b);
    await story.settle();
    void a.close();
    await story.pass(1_000);
    expect(await heard).toEqual([message('fine')]);
  });
});

describe('over TCP', () => {
  let server: Server;
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.close({ drainMs: 0 });
  });

  async function serve(changes: Partial<SdmpOptions> = {}): Promise<{ port: number; accepted: Session[]; errors: HandfastError[] }> {
    server = await listen({ protocol: 'sdmp', ...optionsOf(pure, 'responder'), host: HOST, port: 0, ...changes });
    const accepted: Session[] = [];
    const errors: HandfastError[] = [];
    server.on('session', async (session) => {
      accepted.push(session);
      try {
        for await (const { bytes: echoed } of session) await session.send(echoed);
      } catch {}
    });
    server.on('handshakeError', (error) => errors.push(error));
    return { port: server.address!.port, accepted, errors };
  }

  /** A bare socket that says something, and resolves with all it heard once the other side has closed it. */
  function knock(port: number, said: string | Uint8Array): Promise<string> {
    const socket = netConnect({ host: HOST, port }, () => socket.write(said));
    sockets.push(socket);
    return new Promise((resolve) => {
      let heard = '';
      socket.on('data', (chunk) => {
        heard += chunk;
      });
      socket.on('end', () => socket.end());
      socket.on('error', () => {});
      socket.on('close', () => resolve(heard));
    });
  }

  const dial = (port: number, changes: Partial<SdmpOptions> = {}) =>
    connect({ protocol: 'sdmp', ...optionsOf(native ?? pure, 'initiator'), host: HOST, port, ...changes });

  async function echoes(session: Session, text: string): Promise<string> {
    await session.send(bytes(message(text)));
    for await (const each of session) return each.text();
    return '';
  }

  it.each([
    ['plain', {}],
    ['bound', { profile: 'bound' }],
    ['strict, 3,072 bits', { reading: 'strict', group: 'ffdhe3072' }],
    ['hidden lengths', { padding: 'pad8192' }],
  ] satisfies [string, Partial<SdmpOptions>][])('two cores shake hands and talk: %s', async (_name, changes: Partial<SdmpOptions>) => {
    const { port, accepted } = await serve(changes);
    const session = await dial(port, changes);
    expect(session.peer.id).toBe(identityOf(NAMES.responder, pure).id);
    expect(accepted[0].peer.id).toBe(identityOf(NAMES.initiator, pure).id);
    const long = 'x'.repeat(300_000);
    expect(await echoes(session, long)).toBe(message(long));
    await session.close();
    await accepted[0].closed;
    expect([session.error, accepted[0].error]).toEqual([undefined, undefined]);
  });

  it.each(['plain', 'bound'] as const)('two cores shake hands and talk over WebSocket: %s', async (profile) => {
    server = await listen({ protocol: 'sdmp', ...optionsOf(pure, 'responder'), profile, carrier: 'websocket', host: HOST, port: 0 });
    const heard = new Promise<string[]>((resolve) => server.on('session', (session) => resolve(readAll(session))));
    const { port } = server.address!;
    const session = await connect({
      protocol: 'sdmp',
      ...optionsOf(native ?? pure, 'initiator'),
      profile,
      carrier: 'websocket',
      host: HOST,
      port,
    });
    await session.send(bytes(message('x'.repeat(100_000))));
    await session.send(bytes(message('last')));
    await session.close();
    expect((await heard).map((text) => text.length)).toEqual([message('').length + 100_000, message('last').length]);
    expect(session.error).toBeUndefined();
  });

  it('a WebSocket that says something else is closed with the code for it, one object refused for each', async () => {
    server = await listen({ protocol: 'sdmp', ...optionsOf(pure, 'responder'), carrier: 'websocket', host: HOST, port: 0 });
    const { WebSocket } = await import('ws');
    for (const [said, code] of [
      ['{}{}', 1007],
      [`{"a":"${'x'.repeat(9_000)}"}`, 1009],
      ['{}', 1008],
    ] as const) {
      const socket = new WebSocket(`ws://${HOST}:${server.address!.port}/`, 'sdmp-0.12');
      const answers: string[] = [];
      socket.on('open', () => socket.send(said));
      socket.on('message', (data) => answers.push(String(data)));
      expect(await new Promise((resolve) => socket.on('close', resolve))).toBe(code);
      expect(answers).toEqual([refusal('bad_request')]);
    }
  });

  it('a stranger, a false key and a node that was not meant are refused; each knows as much as the specification lets it know', async () => {
    const { port, errors } = await serve();
    await expect(dial(port, { identity: identityOf('spec-bob', pure) })).rejects.toMatchObject({ code: 'HF_REFUSED', remote: 'proved' });
    expect(errors.at(-1)).toMatchObject({ code: 'HF_UNKNOWN_NODE' });
    const peers = new SdmpPeers([publicPem('spec-bob'), publicPem(NAMES.responder)], { core: pure });
    await expect(dial(port, { peers, peer: identityOf('spec-bob', pure).id })).rejects.toMatchObject({ code: 'HF_UNEXPECTED_PEER' });
    await expect(dial(port, { profile: 'bound' })).rejects.toMatchObject({ code: 'HF_MALFORMED' });
    expect(errors.at(-1)).toMatchObject({ code: 'HF_MALFORMED', message: expect.stringContaining('E2') });
    await expect(dial(port, { derivation: 'sha256' })).rejects.toMatchObject({ code: 'HF_BAD_TAG' });
    expect(errors.at(-1)).toMatchObject({ code: 'HF_BAD_TAG' });
  });

  it('hostile strangers end alone, with one answer each, and others go on', async () => {
    const { port, errors } = await serve();
    const honest = await dial(port);
    const own = new Scripted('initiator');
    const offer = own.offer();
    const hostile: [string | Uint8Array, string][] = [
      ['GET / HTTP/1.1\r\n\r\n', 'HF_MALFORMED'],
      ['nope', 'HF_REFUSED'],
      ['{"a":'.repeat(50), 'HF_MALFORMED'],
      [`{"a":"${'x'.repeat(200_000)}`, 'HF_TOO_LARGE'],
      [offer.replace('"g":2', '"g":2,"__proto__":{}'), 'HF_MALFORMED'],
      [offer.replace('"g":2', '"g":2,"g":2'), 'HF_MALFORMED'],
      [offer + offer, 'HF_OUT_OF_TURN'],
      [own.offer((object) => Object.assign(object.connection as object, { N: 'AQ' })), 'HF_WEAK_KEY'],
      [Uint8Array.from({ length: 5_000 }, (_, i) => (i * 37) % 256), 'HF_MALFORMED'],
      [refusal('bad_request'), 'HF_REFUSED'],
    ];
    for (const [said, code] of hostile) {
      const heard = await knock(port, said);
      expect(errors.at(-1)?.code, String(said).slice(0, 20)).toBe(code);
      expect(heard).toBe(code === 'HF_REFUSED' ? '' : `${refusal('bad_request')}\n`);
    }
    expect(errors).toHaveLength(hostile.length);
    expect(await echoes(honest, 'still here')).toBe(message('still here'));
    await honest.close();
  });

  it('an authenticated peer that turns hostile ends its own session alone, with a coded error that charges nobody', async () => {
    const { port, accepted } = await serve();
    const honest = await dial(port);
    const socket = netConnect({ host: HOST, port });
    sockets.push(socket);
    const lines = (async function* () {
      let held = '';
      for await (const chunk of socket) {
        held += chunk;
        for (let end = held.indexOf('\n'); end >= 0; end = held.indexOf('\n')) {
          yield held.slice(0, end);
          held = held.slice(end + 1);
        }
      }
    })();
    const next = async () => (await lines.next()).value as string;
    const peer = new Scripted('initiator');
    socket.write(`${peer.offer()}\n`);
    peer.derive(await next());
    socket.write(peer.seal(peer.proof()));
    await next();
    const one = peer.seal(message('one'));
    socket.write(one);
    expect(peer.decrypt(await next())).toBe(message('one'));
    socket.write(one);
    await next();
    const session = accepted.find((each) => each.error);
    expect(session?.error).toMatchObject({ code: 'HF_REPLAYED', unproved: true });
    expect(await echoes(honest, 'still here')).toBe(message('still here'));
    await honest.close();
  });
});
