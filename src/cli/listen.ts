/** `handfast listen`: waits for peers of any protocol. */
import '../core/choose.ts';
import type { Command } from './command.ts';
import { METRICS_OPTION, metricsPage } from './metrics-page.ts';
import { chosenProtocol, namesWhere, partsFor } from './protocols/index.ts';
import { serve } from './serve.ts';
import { SUMMARIES } from './summaries.ts';

export const listen: Command = {
  name: 'listen',
  summary: SUMMARIES.listen,
  usage: '[--protocol NAME] [options]',
  help: [
    'Listens until Ctrl-C and tells who came, who was refused and why. Each message is sent back as it came (--mode echo) or printed (--mode print).',
    'With handfast, the default, it runs a node: each message of a plain session (handfast connect) is echoed or printed, requests are answered (--handle), broadcasts are passed on, and printed where they were subscribed to. The node takes orders from other terminals of yours over its control socket: handfast peers, request, broadcast, subscribe, ban, unban, bans. Only you can reach it.',
    'Nobody can connect? --host must be an address that the dialler reaches: 127.0.0.1, the default, is this machine only; 0.0.0.0 or :: is every network it is on. With handfast the dialler must name the same --network, its id must be among --allow where that is given (without --allow, every node with a valid id is let in), and both clocks must agree within 30 s. Each refusal is printed with its reason.',
    'With --json one line is printed for each event: listening, session, message, closed, refused, and with handfast request, broadcast, dial-failed, ban, unban, warning too.',
  ],
  options: {
    host: { type: 'string', value: 'ADDRESS', help: 'Address to listen on; 127.0.0.1 unless given.' },
    port: {
      type: 'string',
      value: 'PORT',
      help: 'Port to listen on; unless given the usual one of the protocol, 7600 with handfast. 0 takes any that is free.',
    },
    mode: {
      type: 'string',
      value: 'echo|print',
      help: `Send messages back as they came, or print them. Unless given: echo, and print with ${namesWhere(({ messages }) => messages?.mode === 'print')}, whose peers want nothing back.`,
    },
    metrics: METRICS_OPTION,
  },
  protocols: partsFor('listen'),
  examples: [],
  positionals: [0, 0],
  interruptible: true,
  async run(call) {
    const protocol = chosenProtocol(call);
    await using _metrics = await metricsPage(call);
    return await (protocol.listen ? protocol.listen(call) : serve(protocol, call));
  },
};
