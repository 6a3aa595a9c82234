/** A hub and its clients over real WebSockets: what they say to each other arrives by site, key and name, as far as each one's record allows. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Core } from '../../src/core/core.ts';
import { HiveMindHub, type HubMessage, type HubOptions } from '../../src/node/hivemind-hub.ts';
import { HiveMindIntercom } from '../../src/node/hivemind-intercom.ts';
import type { HiveMindClient, HiveMindOptions } from '../../src/protocols/hivemind/index.ts';
import { connect } from '../../src/transport/connect.ts';
import { listen } from '../../src/transport/listen.ts';
import type { Message } from '../../src/transport/message.ts';
import type { Session } from '../../src/transport/session.ts';
import { shownText, utf8 } from '../../src/wire/text.ts';
import { cores } from '../support/cores.ts';

const HOST = '127.0.0.1';
const PASSWORD = 'correct horse battery staple';
const { keys } = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/hivemind.json'), 'utf8')) as {
  keys: Record<'alice2048' | 'bob2048' | 'carol3072', { private: string; public: string }>;
};
const MAY: Partial<HiveMindClient> = { canPropagate: true, canEscalate: true, admin: true, allowedTypes: ['say'] };
const SAY = (text: string, context: object = {}) => ({ msg_type: 'bus', payload: { type: 'say', data: { text }, context } });

const open: { close(): unknown }[] = [];
const readers = new WeakMap<Session, AsyncIterator<Message>>();
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** A hub, and a client for each record. */
async function hubOf(
  core: Core,
  records: Record<string, Partial<HiveMindClient>>,
  options: Partial<HubOptions> = {},
  of: Record<string, HiveMindOptions> = {},
) {
  const clients: HiveMindClient[] = Object.entries(records).map(([accessKey, record]) => ({
    accessKey,
    name: accessKey,
    password: PASSWORD,
    ...record,
  }));
  const known = new Map(clients.map((client) => [client.accessKey, client]));
  const store = { find: (accessKey: string) => known.get(accessKey) };
  const server = await listen({ protocol: 'hivemind', host: HOST, port: 0, core, clients: store });
  open.push({ close: () => server.close({ drainMs: 0 }) });
  const hub = new HiveMindHub({ clients: store, nodeId: 'hub', ...options });
  const heard: { kind: string; outer: string | undefined; text: string; from: string }[] = [];
  const refusals: string[] = [];
  hub.on('message', ({ kind, outer, bytes }: HubMessage, { peer }) => heard.push({ kind, outer, text: shownText(bytes), from: peer.id }));
  hub.on('refused', ({ code }) => refusals.push(code));
  server.on('session', (session) => hub.add(session));
  const dial = (accessKey: string): Promise<Session> =>
    connect({
      protocol: 'hivemind',
      host: HOST,
      port: server.address!.port,
      core,
      accessKey,
      password: PASSWORD,
      siteId: accessKey,
      ...of[accessKey],
    });
  const sessions = Object.fromEntries(await Promise.all(Object.keys(records).map(async (name) => [name, await dial(name)] as const)));
  // HELLO of the last one may still be on its way.
  while (hub.sessions.length < clients.length) await new Promise((resolve) => server.once('session', resolve));
  return { hub, heard, refusals, known, sessions: sessions as Record<string, Session> };
}

const send = (session: Session, payload: unknown, kind: string, meta = {}): Promise<void> =>
  session.send(utf8(JSON.stringify(payload)), { kind, meta });
const next = async (session: Session) => {
  const reader = readers.get(session) ?? session[Symbol.asyncIterator]();
  readers.set(session, reader);
  const { value } = await reader.next();
  return { kind: value!.kind, meta: value!.meta, payload: JSON.parse(value!.text()) };
};

describe.each(cores)('a HiveMind hub, on the $name core', (core) => {
  it('sends on a broadcast to all others, a propagate to the site that it names, and says from whom', async () => {
    const { hub, heard, sessions } = await hubOf(core, { kitchen: MAY, hall: {}, garage: {} });
    const { kitchen, hall, garage } = sessions;
    await send(kitchen!, SAY('to all'), 'broadcast');
    await send(kitchen!, SAY('to the hall'), 'propagate', { target_site_id: 'hall' });
    await send(kitchen!, SAY('to the garage'), 'propagate', { target_site_id: 'garage' });
    const peer = String(hub.sessions.find(({ info }) => info.name === 'kitchen')!.info.peer);
    const first = await next(hall!);
    expect(first).toMatchObject({ kind: 'bus', payload: { type: 'say', data: { text: 'to all' }, context: { source: 'hive', peer } } });
    expect(first.meta).toEqual({ source_peer: 'hub', route: [{ source: peer, targets: [peer] }] });
    expect((await next(hall!)).payload.data).toEqual({ text: 'to the hall' });
    expect((await next(garage!)).payload.data).toEqual({ text: 'to all' });
    expect((await next(garage!)).payload.data).toEqual({ text: 'to the garage' });
    expect(heard.map(({ kind, outer, from }) => [kind, outer, from])).toEqual([['bus', 'broadcast', 'kitchen']]);
  });

  it('carries an INTERCOM between two clients, and cannot read it', async () => {
    const { alice2048: alice, bob2048: bob } = keys;
    const of = { kitchen: { publicKey: alice.public }, hall: { publicKey: bob.public } };
    const { heard, sessions } = await hubOf(core, { kitchen: MAY, hall: {}, garage: {} }, {}, of);
    const from = new HiveMindIntercom({ core, privateKey: alice.private });
    const to = new HiveMindIntercom({ core, privateKey: bob.private, trusted: [alice.public] });
    const { bytes, ...about } = await from.seal(utf8('{"type": "say", "data": {"text": "psst"}}'), { to: to.publicKey });
    await sessions.kitchen!.send(bytes, about);
    await send(sessions.kitchen!, SAY('after'), 'broadcast');
    const [message] = await Promise.all([next(sessions.hall!), next(sessions.garage!)]);
    expect(message.kind).toBe('intercom');
    const opened = await to.open({ bytes: utf8(JSON.stringify(message.payload)), kind: message.kind, meta: message.meta });
    expect([opened.from, JSON.parse(shownText(opened.bytes)).data]).toEqual([alice.public.trim(), { text: 'psst' }]);
    expect(heard.map(({ kind, text }) => [kind, text.includes('psst')])).toEqual([['bus', false]]);
  });

  it('answers one peer by its name, all by none, and a site', async () => {
    const { hub, sessions } = await hubOf(core, { kitchen: {}, hall: {} });
    const peer = hub.sessions.find(({ info }) => info.name === 'hall')!.info.peer;
    expect(hub.send(utf8(JSON.stringify({ type: 'speak', data: { n: 1 }, context: { destination: peer } })))).toBe(1);
    expect(hub.send(utf8(JSON.stringify({ type: 'speak', data: { n: 2 } })))).toBe(2);
    expect(hub.send(utf8('{"type": "speak"}'), { meta: { target_site_id: 'nowhere' } })).toBe(0);
    expect((await next(sessions.hall!)).payload.data).toEqual({ n: 1 });
    expect((await next(sessions.hall!)).payload.data).toEqual({ n: 2 });
    expect((await next(sessions.kitchen!)).payload.data).toEqual({ n: 2 });
    expect(() => hub.send(utf8('{'))).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
  });

  it('goes by the record as it is now: a permission taken away counts for the next message', async () => {
    const { hub, known, refusals, heard, sessions } = await hubOf(core, { kitchen: MAY, hall: {} });
    known.set('kitchen', { ...known.get('kitchen')!, allowedTypes: ['other'] });
    const told = new Promise((resolve) => hub.once('refused', resolve));
    await send(sessions.kitchen!, SAY('x'), 'propagate');
    await told;
    known.delete('kitchen');
    const again = new Promise((resolve) => hub.once('refused', resolve));
    await send(sessions.kitchen!, SAY('x'), 'propagate');
    await again;
    expect([refusals, heard]).toEqual([['HF_NOT_ALLOWED', 'HF_NOT_ALLOWED'], []]);
    expect(hub.sessions).toHaveLength(2);
  });

  it('knows a client by the key in its record, not by the one that it shows', async () => {
    const { alice2048: alice, bob2048: bob } = keys;
    const of = { kitchen: {}, hall: { publicKey: bob.public }, garage: { publicKey: bob.public } };
    const records = { kitchen: MAY, hall: { publicKey: bob.public }, garage: { publicKey: alice.public } };
    const { sessions } = await hubOf(core, records, {}, of);
    await send(sessions.kitchen!, { ciphertext: 'AA==' }, 'intercom', { target_pubkey: bob.public });
    await send(sessions.kitchen!, SAY('after'), 'broadcast');
    expect((await next(sessions.hall!)).kind).toBe('intercom');
    expect((await next(sessions.garage!)).kind).toBe('bus');
  });

  it('forgets a client that leaves, and a listener that fails ends one session alone', async () => {
    const { hub, sessions } = await hubOf(core, { kitchen: MAY, hall: MAY });
    let left = new Promise((resolve) => hub.once('leave', resolve));
    await sessions.hall!.close();
    await left;
    expect(hub.sessions.map(({ peer }) => peer.id)).toEqual(['kitchen']);
    hub.on('message', () => {
      throw new Error('of the application');
    });
    left = new Promise((resolve) => hub.once('leave', resolve));
    await send(sessions.kitchen!, SAY('x').payload, 'bus');
    await left;
    expect(hub.sessions).toEqual([]);
  });

  it('does not wait for a client that does not read, and does not keep more for it than was said', async () => {
    const { hub, sessions } = await hubOf(core, { kitchen: {}, hall: {} }, { mostHeldBytes: 64 * 1024 });
    const dropped: string[] = [];
    hub.on('dropped', ({ info }) => dropped.push(String(info.name)));
    const payload = utf8(JSON.stringify({ type: 'say', data: { text: 'x'.repeat(50_000) } }));
    // Nobody reads: what both take until they are paused, and what the system takes, is bounded too.
    for (let i = 0; i < 2000 && dropped.length === 0; i++) {
      hub.send(payload);
      if (i % 20 === 19) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(dropped.length).toBeGreaterThan(0);
    expect(hub.sessions.every(({ heldBytes }) => heldBytes < 64 * 1024 + 2 * payload.length * 2)).toBe(true);
    sessions.kitchen!.destroy();
  });

  it('takes sessions of masters alone', async () => {
    const { hub, sessions } = await hubOf(core, { kitchen: {} });
    expect(() => hub.add(sessions.kitchen!)).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
  });
});
