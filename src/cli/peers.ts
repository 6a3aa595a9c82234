/** `handfast peers`: whom a running node is connected to. */
import { printable } from '../errors.ts';
import type { PeerLine } from '../node/control/messages.ts';
import type { Command } from './command.ts';
import { CONTROL_OPTION, withNode } from './running-node.ts';
import { SUMMARIES } from './summaries.ts';
import { colour, duration, print, printJson, span, table } from './terminal.ts';

export const peers: Command = {
  name: 'peers',
  summary: SUMMARIES.peers,
  usage: '[options]',
  help: [
    'Lists the sessions of the node that handfast listen runs on this machine: who it is (proved), whether it dialled us (in) or was dialled (out), its address, for how long, how long a ping takes, and what software it says it is.',
    'A peer that you expect is missing? The node retries those it was given with --connect for ever and prints why each try failed; handfast probe shows how far a handshake gets.',
  ],
  options: { control: CONTROL_OPTION },
  examples: ['handfast peers', 'handfast peers --json'],
  positionals: [0, 0],
  async run(call) {
    const { node, peers } = await withNode(call, async (client) => ({ node: client.node, peers: await client.all('peers', {}) }));
    const { id, network, address } = node;
    if (call.flag('json')) {
      printJson({ node: { id, network, ...(address !== undefined && { address }) }, peers });
      return 0;
    }
    const count = `${peers.length || 'no'} ${peers.length === 1 ? 'peer' : 'peers'}`;
    print(`${colour.bold(id)}\nnetwork ${network}${address ? `, listens on ${address}` : ''}, ${count}`);
    if (peers.length === 0) return 0;
    const head = ['', '', 'address', 'open for', 'ping', 'software'].map(colour.dim);
    const now = Date.now();
    for (const line of table([head, ...peers.map((peer) => row(peer, now))], [3, 4])) print(line);
    return 0;
  },
};

function row({ id, direction, address = '', since, latencyMs, info }: PeerLine, now: number): string[] {
  const software = typeof info.agent === 'string' ? printable(info.agent) : '';
  return [
    id,
    direction === 'inbound' ? 'in' : 'out',
    address,
    span(Math.max(0, now - since)),
    latencyMs === undefined ? '' : duration(latencyMs),
    software,
  ];
}
