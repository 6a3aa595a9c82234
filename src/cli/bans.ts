/** `handfast ban`, `unban` and `bans`: who may not talk to a running node. */
import type { BanLine } from '../node/control/messages.ts';
import { type Command, Failure } from './command.ts';
import { CONTROL_OPTION, withNode } from './running-node.ts';
import { SUMMARIES } from './summaries.ts';
import { colour, harmless, print, printJson, span, table } from './terminal.ts';

const SUBJECT =
  'SUBJECT is the id of a node (12D3KooW...), an address (203.0.113.7), or a block of addresses (203.0.113.0/24, 2001:db8::/64).';

export const ban: Command = {
  name: 'ban',
  summary: SUMMARIES.ban,
  usage: 'SUBJECT [options]',
  help: [
    `Ends the sessions that the node of handfast listen on this machine has with SUBJECT and refuses new ones, with HF_BANNED, until handfast unban or the end of --for. ${SUBJECT}`,
    'A new ban of the same subject replaces the older one. Bans outlive the node only where handfast listen was given --bans FILE. Banning an address hits everybody behind it; an id cannot be changed by moving, but a new one costs nothing: where you know who may come in, use listen --allow.',
  ],
  options: {
    for: { type: 'string', value: 'TIME', help: 'How long: 30s, 10m, 2h, 7d. Until it is lifted when absent.' },
    reason: { type: 'string', value: 'TEXT', help: 'Why, for whoever lists the bans; the banned node is not told.' },
    control: CONTROL_OPTION,
  },
  examples: ['handfast ban 12D3KooW... --for 10m --reason "floods"', 'handfast ban 203.0.113.0/24'],
  positionals: [1, 1],
  async run(call) {
    const ms = call.time('for');
    const made = await withNode(call, (node) => node.ask('ban', { subject: call.positionals[0], ms, reason: call.text('reason') }));
    if (call.flag('json')) printJson(made);
    else print(`banned ${made.subject} ${ending(made)}`);
    return 0;
  },
};

export const unban: Command = {
  name: 'unban',
  summary: SUMMARIES.unban,
  usage: 'SUBJECT [options]',
  help: [
    `Lets SUBJECT talk to the node of handfast listen on this machine again. ${SUBJECT} It must be one that handfast bans lists, as it stands there.`,
  ],
  options: { control: CONTROL_OPTION },
  examples: ['handfast unban 12D3KooW...'],
  positionals: [1, 1],
  async run(call) {
    const [subject] = call.positionals;
    const { found } = await withNode(call, (node) => node.ask('unban', { subject }));
    if (!found) throw new Failure(`${subject} is not banned`, 'handfast bans lists those that are');
    if (call.flag('json')) printJson({ subject, found });
    else print(`${subject} is banned no more`);
    return 0;
  },
};

export const bans: Command = {
  name: 'bans',
  summary: SUMMARIES.bans,
  usage: '[options]',
  help: [
    'Lists whom the node of handfast listen on this machine has banned, by hand (handfast ban) or for what they did, until when and why.',
  ],
  options: { control: CONTROL_OPTION },
  examples: ['handfast bans', 'handfast bans --json'],
  positionals: [0, 0],
  async run(call) {
    const list = await withNode(call, (node) => node.all('bans', {}));
    if (call.flag('json')) printJson({ bans: list });
    else if (list.length === 0) print('nobody is banned');
    else for (const line of table(list.map((each) => [colour.bold(each.subject), ending(each), harmless(each.reason)]))) print(line);
    return 0;
  },
};

function ending({ until }: BanLine): string {
  return until === undefined ? 'until it is lifted' : `for ${span(Math.max(0, until - Date.now()))}`;
}
