/** What each command is for, in a line: apart from the commands, so that the overview waits for none of them to be loaded. In the order in which it lists them. */
export const SUMMARIES = {
  keygen: 'make a new key and write it to a file',
  id: 'print the id of an identity file',
  listen: 'wait for peers, and echo or print what they send',
  connect: 'dial a node, send lines or a file, print its answers',
  probe: 'shake hands with a node and say what it is',
  request: 'let a running node ask a peer, and print the answer',
  broadcast: 'let a running node tell every node of its network',
  subscribe: 'print the broadcasts that a running node hears',
  peers: 'list the peers of a running node',
  top: 'watch a running node: peers, rates, latency, bans',
  ban: 'ban an id or an address from a running node',
  unban: 'lift a ban of a running node',
  bans: 'list the bans of a running node',
  hivemind: 'add, list and remove the clients of a HiveMind master',
  bench: 'measure this machine, compare two runs, make a page of one',
  doctor: 'say which core runs and why, and test both',
  conformance: 'run files of test vectors and count',
  demo: 'the main job on one screen: everything real, all on this machine',
} as const;

export type CommandName = keyof typeof SUMMARIES;

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(SUMMARIES, name);
}
