/** `handfast hivemind ...`: the clients that a HiveMind master lets in. */
import '../core/choose.ts';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { HiveMindClientFile } from '../node/hivemind-clients.ts';
import { checkClient, type HiveMindClient } from '../protocols/hivemind/index.ts';
import { type Command, Failure, type Options, UsageError } from './command.ts';
import { writeCredentials } from './credentials.ts';
import { firstLine } from './passphrase.ts';
import { SUMMARIES } from './summaries.ts';
import { note, print, printJson, table } from './terminal.ts';

const CLIENTS: Options = {
  clients: {
    type: 'string',
    value: 'FILE',
    help: 'Where the clients are kept; hivemind-clients.json unless given. Only its owner can read it: their passwords are in it.',
  },
};

const DEFAULT_FILE = 'hivemind-clients.json';

const addClient: Command = {
  name: 'hivemind add-client',
  summary: 'let one more client in',
  usage: 'NAME [options]',
  help: [
    'Makes an access key and a password, puts both into the clients of a master, and into a file of credentials for the client, which only you can read. The access key is printed; the password is not.',
    'Take the file to the client: handfast connect --protocol hivemind --credentials FILE. Another program wants the access key and the password that are in it. A master that runs lets the client in at once.',
  ],
  options: {
    ...CLIENTS,
    out: { type: 'string', value: 'FILE', help: 'The file of credentials; NAME.credentials.json unless given.' },
    'password-file': {
      type: 'string',
      value: 'FILE',
      help: 'The password is the first line of FILE, instead of a random one of 128 bits.',
    },
    'public-key': {
      type: 'string',
      value: 'FILE',
      help: 'The RSA key of the client, PEM, instead of a password: handfast id FILE --form publicKey prints it on its side.',
    },
    'noise-key': {
      type: 'string',
      value: 'KEY',
      help: 'The Noise key of the client, 64 hexadecimal digits, which is then pinned (version 3): handfast id FILE prints it on its side.',
    },
    'access-key': { type: 'string', value: 'KEY', help: 'Its access key, instead of a random one.' },
    admin: { type: 'boolean', help: 'May broadcast, and use the session of the master itself.' },
    'allow-type': {
      type: 'string',
      multiple: true,
      value: 'TYPE',
      help: 'A type of bus messages that it may send; may be repeated. recognizer_loop:utterance unless given.',
    },
  },
  examples: ['handfast hivemind add-client kitchen', 'handfast hivemind add-client kitchen --allow-type speak --clients master.json'],
  positionals: [1, 1],
  async run(call) {
    const [name] = call.positionals;
    const file = call.text('password-file');
    const publicKey = call.text('public-key');
    const types = call.list('allow-type');
    if (file !== undefined && publicKey !== undefined) throw new UsageError('either --password-file or --public-key');
    const client: HiveMindClient = {
      accessKey: call.text('access-key') ?? randomBytes(16).toString('hex'),
      name,
      ...(publicKey === undefined
        ? { password: file === undefined ? randomBytes(16).toString('hex') : await firstLine(file) }
        : { publicKey: (await readFile(publicKey, 'utf8')).trim() }),
      ...(call.text('noise-key') !== undefined && { noiseKey: call.text('noise-key') }),
      ...(call.flag('admin') && { admin: true }),
      ...(types.length > 0 && { allowedTypes: types }),
    };
    const out = call.text('out') ?? `${name}.credentials.json`;
    const clients = await HiveMindClientFile.open(call.text('clients') ?? DEFAULT_FILE);
    if (clients.list().some((each) => each.name === name))
      throw new Failure(`a client called ${name} is in ${clients.path} already`, `handfast hivemind remove-client ${name} takes it out`);
    const { accessKey, password } = checkClient(client);
    // First what may not be possible: a file is never overwritten.
    await writeCredentials(out, { accessKey, password });
    await clients.add(client);
    if (call.flag('json')) printJson({ name, accessKey, credentials: out, clients: clients.path });
    else {
      print(accessKey);
      note(`written to ${clients.path}; the client needs ${out}`);
    }
    return 0;
  },
};

const listClients: Command = {
  name: 'hivemind list-clients',
  summary: 'list the clients that a master lets in',
  usage: '[options]',
  help: ['Lists names, access keys and what each may do. Passwords are not shown.'],
  options: CLIENTS,
  examples: ['handfast hivemind list-clients'],
  positionals: [0, 0],
  async run(call) {
    const clients = (await HiveMindClientFile.open(call.text('clients') ?? DEFAULT_FILE))
      .list()
      .map(({ password, presharedKey, publicKey, noiseKey, ...shown }) => ({
        ...shown,
        ...(noiseKey !== undefined && { noiseKey }),
        secrets: [
          password !== undefined && 'password',
          presharedKey !== undefined && 'pre-shared key',
          publicKey !== undefined && 'RSA key',
          noiseKey !== undefined && 'Noise key',
        ].filter((each) => each !== false),
      }));
    if (call.flag('json')) printJson({ clients });
    else if (clients.length === 0) note('no clients: handfast hivemind add-client NAME makes one');
    else {
      const rows = clients.map(({ name = '', accessKey, secrets, admin, allowedTypes = ['recognizer_loop:utterance'] }) => {
        return [name, accessKey, secrets.join(', ') || 'no password', admin ? 'admin' : '', allowedTypes.join(', ')];
      });
      for (const line of table(rows, [], 0)) print(line);
    }
    return 0;
  },
};

const removeClient: Command = {
  name: 'hivemind remove-client',
  summary: 'let a client in no more',
  usage: 'NAME|ACCESS-KEY [options]',
  help: [
    'Takes a client out of the file. A master that runs refuses it from its next connection on; a session that it has goes on until it ends.',
  ],
  options: CLIENTS,
  examples: ['handfast hivemind remove-client kitchen'],
  positionals: [1, 1],
  async run(call) {
    const [named] = call.positionals;
    const clients = await HiveMindClientFile.open(call.text('clients') ?? DEFAULT_FILE);
    const found = clients.list().find(({ name, accessKey }) => name === named || accessKey === named);
    if (!found) throw new Failure(`nobody in ${clients.path} is called ${named}`, 'handfast hivemind list-clients lists them');
    await clients.remove(found.accessKey);
    if (call.flag('json')) printJson({ name: found.name, accessKey: found.accessKey });
    else note(`${found.name ?? found.accessKey} is let in no more`);
    return 0;
  },
};

export const hivemind: Command = {
  name: 'hivemind',
  summary: SUMMARIES.hivemind,
  usage: 'add-client|list-clients|remove-client ...',
  help: ['Keeps the clients of a HiveMind master in a file, which handfast listen --protocol hivemind --clients FILE reads.'],
  options: {},
  examples: ['handfast hivemind add-client kitchen', 'handfast hivemind list-clients'],
  positionals: [0, 1],
  commands: { 'add-client': addClient, 'list-clients': listClients, 'remove-client': removeClient },
  async run() {
    throw new UsageError('which one? handfast hivemind add-client, list-clients or remove-client');
  },
};
