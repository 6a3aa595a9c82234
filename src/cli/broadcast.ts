/** `handfast broadcast`: a running node tells everybody. */
import { createInterface } from 'node:readline';
import type { Call, Command } from './command.ts';
import type { ControlClient } from './control-client.ts';
import { FILE_OPTION, payloadOf } from './payload.ts';
import { CONTROL_OPTION, withNode } from './running-node.ts';
import { SUMMARIES } from './summaries.ts';
import { note, print, printJson } from './terminal.ts';

export const broadcast: Command = {
  name: 'broadcast',
  summary: SUMMARIES.broadcast,
  usage: 'TOPIC [TEXT... | --file FILE | -] [options]',
  help: [
    'Signs TEXT (several words are joined by spaces), a file or the whole of standard input (-) with the key of the node that handfast listen runs on this machine, and spreads it to every node that is connected to it, directly or over others. Without any of them each line of standard input is a broadcast of its own.',
    'Prints the id of each message. There is no answer, and no promise that it arrives: whoever listens to TOPIC (handfast subscribe, or handfast listen --subscribe) gets it once.',
  ],
  options: { file: FILE_OPTION, control: CONTROL_OPTION },
  examples: ['handfast broadcast news "block 7 is final"', 'tail -f log | handfast broadcast log'],
  positionals: [1, Number.POSITIVE_INFINITY],
  interruptible: true,
  async run(call) {
    const [topic, ...words] = call.positionals;
    const payload = await payloadOf(call, words);
    await withNode(call, (node) => (payload ? send(call, node, topic, payload) : sendLines(call, node, topic)));
    return call.signal.aborted ? 130 : 0;
  },
};

async function send(call: Call, node: ControlClient, topic: string, payload: Uint8Array): Promise<void> {
  const { message, peers } = await node.ask('broadcast', { topic, payload: Buffer.from(payload).toString('base64') });
  if (call.flag('json')) printJson({ topic, message, bytes: payload.length, peers });
  else print(message);
  if (peers === 0) note('no peer is connected: nobody has heard it yet');
}

async function sendLines(call: Call, node: ControlClient, topic: string): Promise<void> {
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  call.signal.addEventListener('abort', () => lines.close(), { once: true });
  try {
    for await (const line of lines) await send(call, node, topic, Buffer.from(line));
  } finally {
    process.stdin.unref?.();
  }
}
