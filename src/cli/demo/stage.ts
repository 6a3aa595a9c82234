/** Where the demo plays: a directory of its own with identity files and a random file, and peers that are ended with it. */
import { createHash, randomFillSync } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Identity } from '../../core/identity.ts';
import { writeIdentityFile } from '../../node/identity-file.ts';
import type { Order } from './orders.ts';
import { type CoreName, PeerProcess } from './process.ts';

export const NETWORK = 'demo';
export const FILE_BYTES = 16 * 1024 * 1024;

/** A peer that has begun. */
export interface Actor {
  readonly name: string;
  readonly core: CoreName;
  readonly id: string;
  readonly lanes: string;
  readonly process: PeerProcess;
}

export class Stage {
  readonly directory: string;
  readonly #processes: PeerProcess[] = [];
  readonly #ids = new Map<string, string>();
  #cleared = false;

  /** For whoever cannot wait until `clear` is done. */
  readonly #atExit = (): void => rmSync(this.directory, { recursive: true, force: true });

  private constructor(directory: string) {
    this.directory = directory;
    process.once('exit', this.#atExit);
  }

  static async build(): Promise<Stage> {
    return new Stage(await mkdtemp(join(tmpdir(), 'handfast-demo-')));
  }

  /** A new key pair in a file, under a name. @returns its id. */
  async identity(name: string): Promise<string> {
    const identity = Identity.generate();
    try {
      await writeIdentityFile(this.#file(name), identity);
      this.#ids.set(name, identity.id);
      return identity.id;
    } finally {
      identity.wipe();
    }
  }

  idOf(name: string): string {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`nobody is called ${name}`);
    return id;
  }

  /** Starts a peer with the identity of `name`. */
  async enter(name: string, core: CoreName, options: Partial<Order['begin']> = {}): Promise<Actor> {
    if (!this.#ids.has(name)) await this.identity(name);
    if (this.#cleared) throw new Error(`${name} was to enter, but the demo is being ended`);
    const peer = new PeerProcess(name, core);
    this.#processes.push(peer);
    const { id, lanes, core: runs } = await peer.ask('begin', { identity: this.#file(name), network: NETWORK, ...options });
    if (runs !== core) throw new Error(`${name} was to run on the ${core} core and runs on ${runs}`);
    return { name, core, id, lanes, process: peer };
  }

  /** A file of random bytes. */
  async randomFile(): Promise<{ path: string; sha256: string }> {
    const bytes = randomFillSync(new Uint8Array(FILE_BYTES));
    const path = this.path('sent.bin');
    await writeFile(path, bytes, { mode: 0o600 });
    return { path, sha256: createHash('sha256').update(bytes).digest('hex') };
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Ends every process and removes every file. */
  async clear(): Promise<void> {
    this.#cleared = true;
    await Promise.all(this.#processes.map((peer) => peer.kill()));
    await rm(this.directory, { recursive: true, force: true, maxRetries: 3 });
    process.removeListener('exit', this.#atExit);
  }

  #file(name: string): string {
    return this.path(`${name}.key`);
  }
}
