/** `handfast keygen`: a new key in a file, for any protocol. */
import '../core/choose.ts';
import { type StoredKey, writeKeyFile } from '../node/key-file.ts';
import { type Call, type Command, Failure, UsageError } from './command.ts';
import { askPassphrase, givenPassphrase } from './passphrase.ts';
import { keyPartsFor, protocolsWithKeys } from './protocols/index.ts';
import { type PublicForms, storedKey } from './protocols/keys.ts';
import { SUMMARIES } from './summaries.ts';
import { clearProgress, print, printJson, progress } from './terminal.ts';

export const keygen: Command = {
  name: 'keygen',
  summary: SUMMARIES.keygen,
  usage: 'FILE [--protocol NAME] [options]',
  help: [
    'Makes a key and writes it to FILE, which only you can read (mode 0600). FILE is never overwritten. What others need of it is printed: the id.',
    ...protocolsWithKeys().map(
      ({ protocol, keys }) => `${protocol.name}: ${keys.help}${keys.also ? ` ${upperFirst(keys.also.help)}` : ''}`,
    ),
    'With a passphrase the key is sealed in the file (scrypt and XChaCha20-Poly1305); opening it then costs some 0.4 s and 128 MiB. On a terminal you are asked for one; an empty answer writes the key in clear, as do --no-passphrase and a program that gives none. The passphrase is never an argument, since every user of the machine can read those.',
    'There is no way to get a lost key or passphrase back: keep a copy of the file.',
  ],
  options: {
    'passphrase-file': {
      type: 'string',
      value: 'FILE',
      help: 'Seal the key with the first line of FILE. Otherwise with HANDFAST_PASSPHRASE where it is set.',
    },
    'no-passphrase': { type: 'boolean', help: 'Write the key in clear without asking.' },
  },
  protocols: keyPartsFor(),
  examples: ['handfast keygen alice.key', 'HANDFAST_PASSPHRASE="$(pass node)" handfast keygen alice.key --json'],
  positionals: [1, 1],
  async run(call) {
    const [path] = call.positionals;
    const { keys: usual } = protocolsWithKeys().find(({ protocol }) => protocol.name === call.text('protocol'))!;
    const keys = usual.also && call.flag(usual.also.flag) ? usual.also : usual;
    const passphrase = await newPassphrase(call);
    const secret = await keys.make(call).catch((error) => {
      passphrase?.fill(0);
      throw error;
    });
    let forms: PublicForms;
    let key: StoredKey;
    try {
      forms = keys.forms(secret);
      key = storedKey(keys, secret);
      if (passphrase) progress('sealing the key...');
      await writeKeyFile(path, key, { passphrase });
      clearProgress();
    } finally {
      passphrase?.fill(0);
      secret.fill(0);
    }
    if (call.flag('json')) printJson({ ...forms, id: key.id, type: key.type, file: path, sealed: passphrase !== undefined });
    else {
      print(key.id);
      if (process.stdout.isTTY)
        print(`written to ${path}, ${passphrase ? 'sealed with your passphrase' : 'in clear: whoever can read the file has the key'}`);
    }
    return 0;
  },
};

async function newPassphrase(call: Call): Promise<Uint8Array | undefined> {
  if (call.flag('no-passphrase')) {
    if (call.text('passphrase-file') !== undefined) throw new UsageError('--no-passphrase and --passphrase-file exclude each other');
    return undefined;
  }
  const given = await givenPassphrase(call);
  if (given) return given;
  const first = await askPassphrase('Passphrase (empty: none): ');
  if (!first) return undefined;
  const second = await askPassphrase('The same again: ');
  const same = second?.length === first.length && first.every((byte, i) => byte === second[i]);
  second?.fill(0);
  if (same) return first;
  first.fill(0);
  throw new Failure('the two passphrases differ', 'Nothing was written: try again');
}

function upperFirst(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
