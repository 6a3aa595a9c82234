/** The clients of a HiveMind master in a file: JSON, mode 0600, replaced whole. */
import { rename } from 'node:fs/promises';
import { HandfastError } from '../errors.ts';
import { type ClientStore, checkClient, type HiveMindClient } from '../protocols/hivemind/clients.ts';
import { isJsonObject, type JsonObject, parseJson } from '../wire/json.ts';
import { utf8 } from '../wire/text.ts';
import { readPrivateFile, shellWord, writePrivateFile } from './private-file.ts';

export interface ClientFileOptions {
  /** Takes passwords that can be guessed; not by default. */
  weakPasswords?: boolean;
}

/** A store for `listen`, and what may be changed in it. Changes are on the disk when their promise is kept; they come one after the other. */
export class ClientFile implements ClientStore {
  readonly #path: string;
  readonly #options: ClientFileOptions;
  #clients: ReadonlyMap<string, HiveMindClient>;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, options: ClientFileOptions, clients: ReadonlyMap<string, HiveMindClient>) {
    this.#path = path;
    this.#options = options;
    this.#clients = clients;
  }

  /** A file that is not there yet has no clients. @throws HF_BAD_KEY, with the line that cures it, when others may read it or it is no such file; errors of the file system as they are. */
  static async open(path: string, options: ClientFileOptions = {}): Promise<ClientFile> {
    return new ClientFile(path, options, await read(path, options));
  }

  find(accessKey: string): HiveMindClient | undefined {
    return this.#clients.get(accessKey);
  }

  /** As they were added, passwords and all. */
  list(): HiveMindClient[] {
    return [...this.#clients.values()];
  }

  /** @throws HF_BAD_ARGUMENT when the access key is there already or misshapen, HF_BAD_KEY for a password that can be guessed. */
  add(client: HiveMindClient): Promise<void> {
    return this.#change((clients) => {
      if (clients.has(client.accessKey)) throw new HandfastError('BAD_ARGUMENT', 'accessKey: a client has it already');
      clients.set(client.accessKey, checkClient(client, this.#options));
    });
  }

  /** @throws HF_BAD_ARGUMENT when nobody has the access key. */
  remove(accessKey: string): Promise<void> {
    return this.#change((clients) => {
      if (!clients.delete(accessKey)) throw new HandfastError('BAD_ARGUMENT', 'accessKey: no client has it');
    });
  }

  #change(change: (clients: Map<string, HiveMindClient>) => void): Promise<void> {
    const changed = this.#last.then(async () => {
      const clients = new Map(this.#clients);
      change(clients);
      const bytes = utf8(`${JSON.stringify({ type: TYPE, version: 1, clients: [...clients.values()] }, undefined, 2)}\n`);
      await writePrivateFile(this.#path, bytes, (temporary) => rename(temporary, this.#path));
      this.#clients = clients;
    });
    this.#last = changed.catch(() => {});
    return changed;
  }
}

async function read(path: string, options: ClientFileOptions): Promise<ReadonlyMap<string, HiveMindClient>> {
  const refuse = (what: string): HandfastError => new HandfastError('BAD_KEY', `${path}: ${what}`);
  let file: { text: string; mode: number };
  try {
    file = await readPrivateFile(path, { kind: 'a file of clients', largest: LIMITS.bytes, refuse });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  if ((file.mode & 0o077) !== 0) throw refuse(`others may read the passwords in it: chmod 600 ${shellWord(path)}`);
  const parsed = parseJson(utf8(file.text), LIMITS);
  const value = 'value' in parsed && isJsonObject(parsed.value) ? parsed.value : undefined;
  if (value?.type !== TYPE || value.version !== 1 || !Array.isArray(value.clients)) throw refuse('it is no file of clients');
  const clients = new Map<string, HiveMindClient>();
  for (const each of value.clients) {
    if (!isJsonObject(each)) throw refuse('a client in it has another shape');
    const client = clientOf(each, refuse);
    if (clients.has(client.accessKey)) throw refuse('an access key is in it twice');
    clients.set(client.accessKey, checkClient(client, options));
  }
  return clients;
}

function clientOf(value: JsonObject, refuse: (what: string) => HandfastError): HiveMindClient {
  for (const [name, each] of Object.entries(value)) {
    const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name as keyof HiveMindClient] : undefined;
    const fits = shape === 'names' ? Array.isArray(each) && each.every((type) => typeof type === 'string') : typeof each === shape;
    if (!fits) throw refuse(`a client in it has ${JSON.stringify(name)} of another shape`);
  }
  return { ...value } as unknown as HiveMindClient;
}

const TYPE = 'hivemind-clients';
const LIMITS = { bytes: 16 * 1024 * 1024, depth: 8, members: 1_000_000 };
const SHAPES: Readonly<Record<keyof HiveMindClient, 'string' | 'boolean' | 'names'>> = {
  accessKey: 'string',
  name: 'string',
  password: 'string',
  presharedKey: 'string',
  publicKey: 'string',
  admin: 'boolean',
  allowedTypes: 'names',
  canPropagate: 'boolean',
  canEscalate: 'boolean',
};
