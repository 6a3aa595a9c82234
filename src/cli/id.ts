/** `handfast id`: the id of an identity file. */
import type { Command } from './command.ts';
import { openIdentity, PASSPHRASE_OPTION } from './passphrase.ts';
import { print, printJson } from './terminal.ts';

export const id: Command = {
  name: 'id',
  summary: 'print the id of an identity file',
  usage: 'FILE [options]',
  help: [
    'Opens FILE and prints the id of the key in it: 52 characters that begin with 12D3KooW. Give it to those who dial you (--peer) and to those you dial (--allow).',
    'It also proves that the file is whole, is yours alone and opens: a file that others can read is refused, with the chmod line that cures it.',
  ],
  options: { 'passphrase-file': PASSPHRASE_OPTION },
  examples: ['handfast id alice.key'],
  positionals: [1, 1],
  async run(call) {
    const [path] = call.positionals;
    const identity = await openIdentity(path, call);
    identity.wipe();
    if (call.flag('json')) printJson({ id: identity.id, publicKey: Buffer.from(identity.publicKey).toString('hex'), file: path });
    else print(identity.id);
    return 0;
  },
};
