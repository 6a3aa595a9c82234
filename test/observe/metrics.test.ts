/** Metrics of real sessions and nodes, read as Prometheus reads them. */
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import { BanList } from '../../src/node/bans/bans.ts';
import { Charges } from '../../src/node/bans/charges.ts';
import { handfastMetrics, type Metrics } from '../../src/observe/metrics.ts';
import { HandClock } from '../support/clock.ts';
import { pure } from '../support/cores.ts';
import { NodeStory } from '../support/network.ts';
import { Story } from '../support/pair.ts';
import { toy, toyCore } from '../support/toy.ts';

let metrics: Metrics;

beforeEach(async () => {
  metrics = await handfastMetrics();
  return () => metrics.close();
});

/** Samples of a page, by what stands before their value. */
async function scraped(prefix = 'handfast_'): Promise<Record<string, number>> {
  const page = await metrics.register.metrics();
  const lines = page.split('\n').filter((line) => line.startsWith(prefix));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

describe('handshakes and sessions', () => {
  let story: Story;
  beforeEach(async () => {
    story = await Story.begin({ protocol: toy, core: toyCore(), listen: { allow: ['ann'] } });
    return () => story.finish();
  });

  it('are counted by protocol, role and result, and timed when they went well', async () => {
    const [dialled] = await story.sessions({ name: 'ann' });
    const refused = story.dial({ name: 'eve' });
    await story.settle();
    await expect(refused).rejects.toThrow();
    expect(await scraped('handfast_handshakes_total')).toEqual({
      'handfast_handshakes_total{protocol="toy",role="initiator",result="ok"}': 1,
      'handfast_handshakes_total{protocol="toy",role="responder",result="ok"}': 1,
      'handfast_handshakes_total{protocol="toy",role="initiator",result="HF_UNKNOWN_NODE"}': 1,
      'handfast_handshakes_total{protocol="toy",role="responder",result="HF_UNKNOWN_NODE"}': 1,
    });
    expect(await scraped('handfast_handshake_seconds_count')).toEqual({
      'handfast_handshake_seconds_count{protocol="toy",role="initiator"}': 1,
      'handfast_handshake_seconds_count{protocol="toy",role="responder"}': 1,
    });
    expect(await scraped('handfast_sessions')).toEqual({ 'handfast_sessions{protocol="toy"}': 2 });
    dialled.destroy(new HandfastError('PING_TIMEOUT', 'gone'));
    await story.settle();
    expect(await scraped('handfast_sessions')).toEqual({
      'handfast_sessions_closed_total{protocol="toy",result="HF_PING_TIMEOUT"}': 1,
      'handfast_sessions_closed_total{protocol="toy",result="HF_TRUNCATED"}': 1,
    });
  });

  it('are half open until they end', async () => {
    story.wire();
    expect(await scraped('handfast_half_open')).toEqual({ 'handfast_half_open{protocol="toy",role="responder"}': 1 });
    void story.server.close({ drainMs: 0 });
    await story.settle();
    expect(await scraped('handfast_half_open')).toEqual({});
  });

  it('say what they carry, and what those that are gone carried', async () => {
    const [dialled] = await story.sessions({ name: 'ann' });
    for (const size of [10, 20]) void dialled.send(new Uint8Array(size));
    await story.settle();
    const expected = {
      'handfast_frames_total{protocol="toy",direction="received"}': 2,
      'handfast_frames_total{protocol="toy",direction="sent"}': 2,
    };
    expect(await scraped('handfast_frames_total')).toEqual(expected);
    for (const session of [dialled, ...story.accepted]) session.destroy();
    await story.settle();
    for (let i = 0; i < 2; i++) expect(await scraped('handfast_frames_total')).toEqual(expected);
    expect(await scraped('handfast_payload_bytes_total')).toEqual({
      'handfast_payload_bytes_total{protocol="toy",direction="received"}': 30,
      'handfast_payload_bytes_total{protocol="toy",direction="sent"}': 30,
    });
  });
});

describe('nodes', () => {
  it('say how many peers and bans there are, charges by code, and no id or address anywhere', async () => {
    const story = new NodeStory(pure);
    const ann = await story.node('ann', {}, '10.0.0.77');
    await story.node('bob', { peers: ['ann:1'] }, '10.0.0.78');
    await story.settle();
    ann.ban('10.0.0.9');
    const bans = await BanList.open({ clock: new HandClock() });
    new Charges({ clock: new HandClock(), bans }).charge({ address: '10.0.0.8' }, new HandfastError('BAD_TAG', 'a fault'));
    expect(await scraped('handfast_peers')).toEqual({ handfast_peers: 2 });
    expect(await scraped('handfast_bans')).toEqual({ handfast_bans: 1 });
    expect(await scraped('handfast_charge')).toEqual({
      'handfast_charges_total{reason="HF_BAD_TAG"}': 1,
      'handfast_charge_points_total{reason="HF_BAD_TAG"}': 3_000,
    });
    expect(await metrics.register.metrics()).not.toMatch(/12D3KooW|10\.0\.0\./);
    await story.finish();
    expect(await scraped('handfast_peers')).toEqual({ handfast_peers: 0 });
  });
});

describe('a registry', () => {
  it('may be the caller’s, has them once, and is as it was afterwards', async () => {
    const register = new Registry();
    const own = await handfastMetrics({ register });
    const names = register.getMetricsAsArray().map(({ name }) => name);
    expect(names).toContain('handfast_handshakes_total');
    await expect(handfastMetrics({ register })).rejects.toMatchObject({ code: 'HF_BAD_ARGUMENT' });
    own.close();
    expect(register.getMetricsAsArray()).toEqual([]);
    (await handfastMetrics({ register })).close();
  });
});

it('without prom-client says what to install', async () => {
  vi.doMock('prom-client', () => {
    throw new Error('Cannot find package');
  });
  vi.resetModules();
  const { handfastMetrics: fresh } = await import('../../src/observe/metrics.ts');
  await expect(fresh()).rejects.toMatchObject({
    code: 'HF_UNSUPPORTED',
    message: expect.stringMatching(/npm install prom-client@\d+\.\d+\.\d+$/),
  });
  vi.doUnmock('prom-client');
});
