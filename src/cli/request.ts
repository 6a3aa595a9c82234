/** `handfast request`: a running node asks a peer something, and its answer is printed. */
import { writeFile } from 'node:fs/promises';
import { publicKeyOf } from '../wire/peer-id.ts';
import { shownText } from '../wire/text.ts';
import { type Command, UsageError } from './command.ts';
import { FILE_OPTION, payloadOf } from './payload.ts';
import { CONTROL_OPTION, withNode } from './running-node.ts';
import { SUMMARIES } from './summaries.ts';
import { clearProgress, duration, harmless, note, print, printJson, progress, shortId, shownPayload, size } from './terminal.ts';

export const request: Command = {
  name: 'request',
  summary: SUMMARIES.request,
  usage: 'PEER-ID [TEXT | --file FILE | -] [options]',
  help: [
    'Sends TEXT, a file or standard input (-) as a request to the node PEER-ID, over the sessions of the node that handfast listen runs on this machine, and prints the answer. It waits for a session with that peer until the deadline, and outlives one that breaks: the other side handles the request at most once.',
    'Every request ends with an answer or a code. HF_NOT_CONNECTED: no session came in time; handfast peers lists those there are. HF_NO_HANDLER: nobody handles that --topic there. HF_DEADLINE_EXCEEDED: it may have been handled, but no answer came.',
  ],
  options: {
    topic: { type: 'string', value: 'TOPIC', help: 'What it is about; the default handler of the other node when absent.' },
    file: FILE_OPTION,
    deadline: { type: 'string', value: 'MS', help: 'Give up after so many milliseconds; 10000 unless given.' },
    idempotent: { type: 'boolean', help: 'It may be handled twice: ask again if the other node was restarted meanwhile.' },
    out: { type: 'string', value: 'FILE', help: 'Write the bytes of the answer to this new file instead of printing it.' },
    control: CONTROL_OPTION,
  },
  examples: [
    'handfast request 12D3KooW... "what time is it?"',
    'handfast request 12D3KooW... --topic thumbnail --file photo.jpg --out small.jpg',
  ],
  positionals: [1, 2],
  interruptible: true,
  async run(call) {
    const [peer, ...words] = call.positionals;
    if (!publicKeyOf(peer))
      throw new UsageError(`${peer}: expected the id of a node, 12D3KooW... with 52 characters; handfast peers lists them`);
    const topic = call.text('topic');
    const deadlineMs = call.whole('deadline', 1, 600_000);
    const payload = (await payloadOf(call, words)) ?? new Uint8Array();
    const startedAt = performance.now();
    progress(`asking ${shortId(peer)}...`);
    const answer = await withNode(call, (node) =>
      node.ask('request', {
        peer,
        topic,
        deadlineMs,
        idempotent: call.flag('idempotent') || undefined,
        payload: Buffer.from(payload).toString('base64'),
      }),
    );
    clearProgress();
    const ms = performance.now() - startedAt;
    const bytes = Buffer.from(answer.payload, 'base64');
    const file = call.text('out');
    if (file !== undefined) await writeFile(file, bytes, { flag: 'wx' });
    if (call.flag('json'))
      printJson({
        peer,
        ...(topic !== undefined && { topic }),
        ms,
        ...(file === undefined ? shownPayload(bytes) : { bytes: bytes.length, file }),
      });
    else if (file === undefined) print(harmless(shownText(bytes)));
    else note(`${size(bytes.length)} in ${duration(ms)}, written to ${file}`);
    return 0;
  },
};
