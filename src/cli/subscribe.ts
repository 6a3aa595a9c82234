/** `handfast subscribe`: prints what a running node hears. */

import type { Heard } from '../node/control/messages.ts';
import { shownText } from '../wire/text.ts';
import type { Command } from './command.ts';
import { CONTROL_OPTION, withNode } from './running-node.ts';
import { SUMMARIES } from './summaries.ts';
import { colour, harmless, note, print, printJson, shortId, shownPayload, thousands } from './terminal.ts';

export const subscribe: Command = {
  name: 'subscribe',
  summary: SUMMARIES.subscribe,
  usage: 'TOPIC [options]',
  help: [
    'Prints each broadcast of TOPIC that the node of handfast listen on this machine hears, with the id of the node that signed it, until Ctrl-C or --count. Only what comes after the command has begun is printed.',
    'A reader that is slower than the messages come loses some, and is told how many; the node is never slowed down by it.',
  ],
  options: {
    count: { type: 'string', value: 'N', help: 'End after so many messages.' },
    control: CONTROL_OPTION,
  },
  examples: ['handfast subscribe news', 'handfast subscribe news --count 1 --json'],
  positionals: [1, 1],
  interruptible: true,
  async run(call) {
    const [topic] = call.positionals;
    const count = call.whole('count', 1, Number.MAX_SAFE_INTEGER) ?? Number.POSITIVE_INFINITY;
    const json = call.flag('json');
    const enough = new AbortController();
    let heard = 0;
    let lost = 0;
    const done = withNode(call, async (node) => {
      const listening = node.each(
        'subscribe',
        { topic },
        (message) => {
          if (heard >= count) return;
          if (!json && message.dropped > lost)
            note(colour.yellow(`${thousands(message.dropped - lost)} messages were lost: they came faster than they were read`));
          lost = message.dropped;
          show(message, json);
          if (++heard === count) enough.abort();
        },
        AbortSignal.any([call.signal, enough.signal]),
      );
      // Orders are taken up one after the other: once this is answered, the subscription is there.
      listening.catch(() => {});
      const peers = await node.all('peers', {});
      if (json) printJson({ event: 'subscribed', node: node.node.id, topic, peers: peers.length });
      else
        note(`${shortId(node.node.id)} with ${peers.length} ${peers.length === 1 ? 'peer' : 'peers'} listens to ${topic}; Ctrl-C ends it`);
      await listening;
    });
    await done.catch((error) => {
      // Ctrl-C is the usual end.
      if (!call.signal.aborted) throw error;
    });
    return 0;
  },
};

function show({ message, origin, topic, payload, timestamp, dropped }: Heard, json: boolean): void {
  const bytes = Buffer.from(payload, 'base64');
  if (json) printJson({ event: 'broadcast', message, origin, topic, ...shownPayload(bytes), timestamp, dropped });
  else print(`${shortId(origin)}  ${harmless(shownText(bytes))}`);
}
