/** Whole sessions in memory: machines, drivers and links together, moved by hand. */
import { describe, expect, it } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import { Cluster, Slots } from '../../../src/protocols/xrpl/index.ts';
import { cores, pure } from '../../support/cores.ts';
import { type DialOptions, type ServeOptions, Story } from '../../support/pair.ts';
import { ALICE_SECRET, BOB_SECRET, factsOf, identityOf } from '../../support/xrpl.ts';

function begin(core: Core, dial: DialOptions = {}, listen: ServeOptions = {}): Promise<Story> {
  return Story.begin({
    core,
    protocol: 'xrpl',
    dial: { identity: identityOf(ALICE_SECRET, core), ...dial },
    listen: { identity: identityOf(BOB_SECRET, core), ...listen },
    pair: { facts: [...factsOf()] },
  });
}

describe.each(cores.map((core) => [core.name, core] as const))('on the %s core', (_name, core) => {
  it('messages go both ways with their kinds, compressed where that was agreed', async () => {
    const story = await begin(core, { features: ['compr'] }, { features: ['compr'], start: { manifests: new Uint8Array(500).fill(1) } });
    const [dialled, accepted] = await story.sessions();
    expect([dialled.peer.id, accepted.peer.id]).toEqual([identityOf(BOB_SECRET).id, identityOf(ALICE_SECRET).id]);
    expect(dialled.binding).toEqual(accepted.binding);
    expect(dialled.info).toMatchObject({ protocolVersion: 'XRPL/2.2', features: 'compr', direction: 'outbound' });
    await story.pass(1);
    const sent = [dialled.send(new Uint8Array(2000), { kind: 'transaction' }), dialled.send(Uint8Array.of(1, 2), { kind: 'validation' })];
    await story.settle();
    await Promise.all(sent);
    const heard: [string | undefined, number][] = [];
    void (async () => {
      for await (const message of accepted) heard.push([message.kind, message.bytes.length]);
    })();
    const start: [string | undefined, number][] = [];
    void (async () => {
      for await (const message of dialled) start.push([message.kind, message.bytes.length]);
    })();
    await story.settle();
    expect(heard).toEqual([
      ['transaction', 2000],
      ['validation', 2],
    ]);
    expect(start).toEqual([['manifests', 500]]);
    await story.finish();
    expect(core.slabs.leased).toBe(0);
  });

  it('pings go by themselves, and whoever does not answer is gone after two minutes', async () => {
    const story = await begin(core);
    const [dialled, accepted] = await story.sessions();
    const events: unknown[] = [];
    for (const session of [dialled, accepted]) session.on('event', (name, detail) => events.push([name, detail.latencyMs]));
    await story.pass(60_000);
    await story.pass(10);
    expect(events).toEqual([
      ['ping', 0],
      ['ping', 0],
    ]);
    // Nothing moves any more: the ping is not answered.
    story.clock.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(dialled.error).toBeUndefined();
    story.clock.advance(60_000);
    expect(dialled.error).toMatchObject({ code: 'HF_PING_TIMEOUT' });
    await story.finish();
  });

  it('a link that is closed ends in peace on both sides', async () => {
    const slots = new Slots();
    const story = await begin(core, {}, { slots });
    const [dialled, accepted] = await story.sessions();
    expect(slots.active.inbound).toBe(1);
    const closed = Promise.all([dialled.close(), accepted.closed]);
    await story.settle();
    await closed;
    expect([dialled.error, accepted.error]).toEqual([undefined, undefined]);
    expect(slots.active.inbound).toBe(0);
    await story.finish();
  });
});

it('a refused handshake is told on both sides, and its 503 names others', async () => {
  const story = await begin(pure, {}, { bans: new Set([identityOf(ALICE_SECRET).id]), redirects: ['10.0.0.9:51235'] });
  const refused = expect(story.dial()).rejects.toMatchObject({
    code: 'HF_TOO_MANY_CONNECTIONS',
    remote: 'claimed',
    redirects: ['10.0.0.9:51235'],
  });
  await story.settle();
  await refused;
  expect(story.errors).toMatchObject([{ code: 'HF_BANNED' }]);
  await story.finish();
});

it('a member of the cluster needs no room', async () => {
  const full = { limits: { sessions: 0 }, slots: new Slots({ inbound: 0 }) };
  const story = await begin(pure, {}, full);
  const refused = expect(story.dial()).rejects.toMatchObject({ code: 'HF_TOO_MANY_CONNECTIONS' });
  await story.settle();
  await refused;
  await story.finish();
  const open = await begin(pure, {}, { ...full, cluster: new Cluster([`${identityOf(ALICE_SECRET).id} alice`], { core: pure }) });
  const [, accepted] = await open.sessions();
  expect(accepted.info.clusterName).toBe('alice');
  await open.finish();
});

it('frames that come with the 101 are messages, and what comes before it ends the link', async () => {
  const story = await begin(pure);
  const wire = story.wire();
  const errors = story.errors;
  wire.attach({ ready() {}, data() {}, end() {}, drained() {}, closed() {} });
  wire.write(new TextEncoder().encode('GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: XRPL/2.2\r\n\r\n\0'));
  await story.settle();
  expect(errors).toMatchObject([{ code: 'HF_EARLY_DATA' }]);
  await story.finish();
});

it('a head that never ends is cut at the deadline of 15 s', async () => {
  const story = await begin(pure);
  const wire = story.wire();
  const gone: boolean[] = [];
  wire.attach({ ready() {}, data() {}, end() {}, drained() {}, closed: () => gone.push(true) });
  for (let i = 0; i < 14; i++) {
    wire.write(new TextEncoder().encode('GET / HTTP/1.1\r\n'[i]));
    await story.pass(1000);
  }
  expect(story.errors).toEqual([]);
  await story.pass(1000);
  expect(story.errors).toMatchObject([{ code: 'HF_HANDSHAKE_TIMEOUT' }]);
  wire.end();
  await story.pass(2000);
  expect(gone).toEqual([true]);
  await story.finish();
});
