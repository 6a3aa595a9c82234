/** The clients of a HiveMind master in a file: JSON of mode 0600, since their passwords are in it. Replaced whole, and read again when it has changed, so that a running master lets in who was added. */
import { readFileSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { HandfastError } from '../errors.ts';
import { type ClientStore, checkClient, type HiveMindClient } from '../protocols/hivemind/index.ts';
import { readPrivateFile, shellWord, writePrivateFile } from './private-file.ts';

export interface ClientFileOptions {
  /** Takes passwords that can be guessed. */
  weakPasswords?: boolean | undefined;
}

export class HiveMindClientFile implements ClientStore {
  readonly path: string;
  readonly #weakPasswords: boolean;
  #clients = new Map<string, HiveMindClient>();
  #seen = '';

  private constructor(path: string, weakPasswords: boolean) {
    this.path = path;
    this.#weakPasswords = weakPasswords;
  }

  /** One that is not there yet is empty, and made by the first `add`. @throws HF_BAD_ARGUMENT that says what is wrong with it; errors of the file system as they are. */
  static async open(path: string, { weakPasswords = false }: ClientFileOptions = {}): Promise<HiveMindClientFile> {
    const file = new HiveMindClientFile(path, weakPasswords);
    await file.#read();
    return file;
  }

  /** Looks whether the file has changed first. A file that has become unusable changes nothing: the clients known before stay. */
  find(accessKey: string): HiveMindClient | undefined {
    this.#refresh();
    return this.#clients.get(accessKey);
  }

  list(): readonly HiveMindClient[] {
    return [...this.#clients.values()];
  }

  /** @throws HF_BAD_ARGUMENT when the access key is there already or something of the client is misshapen, HF_BAD_KEY for a password that can be guessed. */
  async add(client: HiveMindClient): Promise<void> {
    await this.#read();
    if (this.#clients.has(client.accessKey)) throw this.#bad(`the access key ${client.accessKey} is there already`);
    this.#clients.set(client.accessKey, checkClient(client, { weakPasswords: this.#weakPasswords }));
    await this.#write();
  }

  /** @returns whether it was there. */
  async remove(accessKey: string): Promise<boolean> {
    await this.#read();
    const found = this.#clients.delete(accessKey);
    if (found) await this.#write();
    return found;
  }

  async #read(): Promise<void> {
    try {
      const refuse = (what: string): HandfastError => this.#bad(what);
      const { text, mode } = await readPrivateFile(this.path, { kind: 'a file of clients', largest: LARGEST_FILE, refuse });
      const clients = this.#parse(text);
      if ((mode & 0o077) !== 0)
        throw this.#bad(`others can reach these passwords (mode ${mode.toString(8).padStart(4, '0')}): chmod 600 ${shellWord(this.path)}`);
      this.#clients = clients;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    this.#seen = stampOf(this.path);
  }

  #refresh(): void {
    const stamp = stampOf(this.path);
    if (stamp === this.#seen) return;
    this.#seen = stamp;
    try {
      this.#clients = this.#parse(readFileSync(this.path, 'utf8'));
    } catch {
      // Somebody is at it by hand: it will change once more.
    }
  }

  async #write(): Promise<void> {
    const text = `${JSON.stringify({ handfast: KIND, version: VERSION, clients: this.list() }, null, 2)}\n`;
    await writePrivateFile(this.path, Buffer.from(text), (temporary) => rename(temporary, this.path));
    this.#seen = stampOf(this.path);
  }

  #parse(text: string): Map<string, HiveMindClient> {
    let file: Record<string, unknown>;
    try {
      file = Object(JSON.parse(text)) as Record<string, unknown>;
    } catch {
      // The parser's own words would show parts of a password.
      throw this.#bad('it is not a file of clients: handfast hivemind add-client makes one');
    }
    if (file.handfast !== KIND || !Array.isArray(file.clients))
      throw this.#bad('it is not a file of clients: handfast hivemind add-client makes one');
    if (file.version !== VERSION) throw this.#bad(`version ${file.version} is not known: update handfast`);
    const clients = file.clients as HiveMindClient[];
    return new Map(clients.map((client) => [client.accessKey, checkClient(client, { weakPasswords: this.#weakPasswords })]));
  }

  #bad(what: string): HandfastError {
    return new HandfastError('BAD_ARGUMENT', `${this.path}: ${what}`);
  }
}

/** Changes whenever the file does: it is replaced, never written into. */
function stampOf(path: string): string {
  const about = statSync(path, { throwIfNoEntry: false, bigint: true });
  return about ? `${about.ino} ${about.size} ${about.mtimeNs}` : '';
}

const KIND = 'hivemind-clients';
const VERSION = 1;
const LARGEST_FILE = 4 * 1024 * 1024;
