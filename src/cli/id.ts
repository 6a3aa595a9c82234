/** `handfast id`: what may be known of a key in a file. */
import '../core/choose.ts';
import type { StoredKey } from '../node/key-file.ts';
import { type Command, Failure, UsageError } from './command.ts';
import { openKey, PASSPHRASE_OPTION } from './passphrase.ts';
import { keyForms } from './protocols/index.ts';
import { checkedForms, type KeyForm } from './protocols/keys.ts';
import { SUMMARIES } from './summaries.ts';
import { print, printJson, table } from './terminal.ts';

export const id: Command = {
  name: 'id',
  summary: SUMMARIES.id,
  usage: 'FILE [options]',
  help: [
    'Opens FILE and prints the id of the key in it, whatever protocol it is for. Of a handfast node that is 52 characters that begin with 12D3KooW: give it to those who dial you (--peer) and to those you dial (--allow).',
    'Keys of other protocols have further public forms: --all lists them, --form NAME prints one. A key that both sides share has none: its id only tells whether two files hold the same one, and --secret prints it for the other side.',
    'It also proves that the file is whole, is yours alone and opens: a file that others can read is refused, with the chmod line that cures it.',
  ],
  options: {
    all: { type: 'boolean', help: 'All public forms, each with its name.' },
    form: { type: 'string', value: 'NAME', help: 'Only this one of them.' },
    secret: { type: 'boolean', help: 'The shared key itself, as the other side wants it. Whoever sees it has it.' },
    'passphrase-file': PASSPHRASE_OPTION,
  },
  examples: ['handfast id alice.key', 'handfast id validator.key --all'],
  positionals: [1, 1],
  async run(call) {
    const [path] = call.positionals;
    const key = await openKey(path, call);
    try {
      const keys = formOf(path, key);
      const forms = checkedForms(keys, path, key);
      const one = call.choice('form', Object.keys(forms));
      if (call.flag('secret')) {
        if (!keys.reveal) throw new UsageError("--secret is for keys that both sides share; this private key is nobody else's");
        const secret = keys.reveal(key.secret);
        if (call.flag('json')) printJson({ id: key.id, type: key.type, file: path, secret });
        else print(secret);
      } else if (call.flag('json')) printJson({ ...forms, id: key.id, type: key.type, file: path });
      else if (one !== undefined) print(forms[one]);
      else if (call.flag('all')) for (const line of table(Object.entries(forms), [], 0)) print(line);
      else print(key.id);
      return 0;
    } finally {
      key.secret.fill(0);
    }
  },
};

function formOf(path: string, { type }: StoredKey): KeyForm {
  const found = keyForms().find((keys) => keys.type === type);
  if (!found) throw new Failure(`${path}: type ${type} is not known`, 'Update handfast');
  return found;
}
