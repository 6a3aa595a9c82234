/** The channels of nodes: charges, bans, and the nodes themselves. */
import { describe, expect, it } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import { BanList } from '../../src/node/bans/bans.ts';
import { Charges } from '../../src/node/bans/charges.ts';
import { listenTo } from '../support/channels.ts';
import { HandClock } from '../support/clock.ts';
import { pure } from '../support/cores.ts';
import { NodeStory } from '../support/network.ts';

describe('charges and bans', () => {
  it('are told of with who, what for and how much, a ban behind the charge that made it', async () => {
    const clock = new HandClock();
    const bans = await BanList.open({ clock });
    const counted: unknown[] = [];
    const charges = new Charges({ clock, bans, counted: (...charge) => counted.push(charge) });
    const told = listenTo('peer:charge', 'peer:ban');
    const error = new HandfastError('INVALID_SIGNATURE', 'a fault');
    for (let i = 0; i < 3; i++) charges.charge({ address: '10.0.0.1:77' }, error);
    charges.charge({ address: '10.0.0.1:77' }, new HandfastError('UNKNOWN_NODE', 'free'));
    bans.ban('10.0.0.2', { ms: 1_000, reason: 'by hand' });
    expect(told).toEqual([
      { channel: 'peer:charge', message: { subject: '10.0.0.1', points: 6_000, balance: 6_000, verdict: 'warn', error } },
      { channel: 'peer:charge', message: { subject: '10.0.0.1', points: 6_000, balance: 12_000, verdict: 'nothing', error } },
      { channel: 'peer:charge', message: { subject: '10.0.0.1', points: 6_000, balance: 18_000, verdict: 'ban', error } },
      { channel: 'peer:ban', message: { ban: expect.objectContaining({ subject: '10.0.0.1', automatic: true }) } },
      { channel: 'peer:ban', message: { ban: expect.objectContaining({ subject: '10.0.0.2', automatic: false, reason: 'by hand' }) } },
    ]);
    expect(counted).toEqual(new Array(3).fill([6_000, error]));
    await bans.close();
  });
});

describe('a node', () => {
  it('is told of when it is there and when it is gone, and counts what it sees', async () => {
    const told = listenTo('node:open', 'node:close');
    const story = new NodeStory(pure);
    const ann = await story.node('ann', { allow: [story.id('bob')] });
    const bob = await story.node('bob', { peers: ['ann:1'] });
    const eve = await story.node('eve', { peers: ['ann:1'] });
    await story.settle();
    expect(told.map(({ channel, message }) => [channel, message.node])).toEqual([
      ['node:open', ann],
      ['node:open', bob],
      ['node:open', eve],
    ]);
    expect(ann.status()).toMatchObject({
      opened: { inbound: 1, outbound: 0 },
      refused: { HF_UNKNOWN_NODE: 1 },
      charged: {},
      points: 0,
      bans: 0,
      halfOpen: 0,
      core: 'pure',
    });
    expect(eve.status()).toMatchObject({ opened: { inbound: 0, outbound: 0 }, dialsFailed: { HF_UNKNOWN_NODE: 1 } });
    ann.ban('10.9.9.9');
    expect(ann.status().bans).toBe(1);
    const [peer] = bob.peers();
    const before = peer.sent.messages;
    await Promise.all([bob.send(ann.id, new Uint8Array(40)), story.settle()]);
    expect(peer.sent.messages).toBe(before + 1);
    await story.finish();
    expect(told.filter(({ channel }) => channel === 'node:close')).toHaveLength(3);
  });
});
