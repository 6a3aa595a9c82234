/** Bans in a file, so that they outlive the process: JSON of mode 0600, replaced whole. Written soon after a change, never once for each, and at the end. */
import { rename } from 'node:fs/promises';
import { HandfastError } from '../../errors.ts';
import type { Millis } from '../../protocols/machine.ts';
import type { Cancel, Clock } from '../../transport/clock.ts';
import { readPrivateFile, shellWord, writePrivateFile } from '../private-file.ts';
import type { Ban } from './bans.ts';

export interface BanFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** What is to be written, asked for at the moment of writing. */
  bans(): readonly Ban[];
  /** A write failed; it is tried again 30 s later, and at the end. */
  failed(error: HandfastError): void;
}

export class BanFile {
  readonly #options: BanFileOptions;
  #dirty = false;
  #failing = false;
  #closed = false;
  #writing: Promise<void> | undefined;
  #cancel: Cancel | undefined;

  constructor(options: BanFileOptions) {
    this.#options = options;
  }

  /** The bans changed: they are written a second later, however many changes follow. */
  changed(): void {
    this.#dirty = true;
    this.#schedule(SOON_MS);
  }

  /** Writes what is not written yet. A failure is told, not thrown. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#writing;
    if (this.#dirty) await this.#write();
  }

  #schedule(afterMs: number): void {
    if (this.#closed || this.#cancel || this.#writing) return;
    const { clock } = this.#options;
    this.#cancel = clock.at(clock.now() + afterMs, () => {
      this.#cancel = undefined;
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        if (this.#dirty) this.#schedule(this.#failing ? LATER_MS : SOON_MS);
      });
    });
  }

  async #write(): Promise<void> {
    this.#dirty = false;
    try {
      await writeBanFile(this.#options.path, this.#options.bans());
      this.#failing = false;
    } catch (error) {
      this.#dirty = true;
      this.#failing = true;
      this.#options.failed(unusable(this.#options.path, 'written', error));
    }
  }
}

/** @throws HF_BAD_ARGUMENT and errors of the file system. */
export async function writeBanFile(path: string, bans: readonly Ban[]): Promise<void> {
  const text = `${JSON.stringify({ handfast: 'bans', version: VERSION, bans }, null, 2)}\n`;
  await writePrivateFile(path, Buffer.from(text), (temporary) => rename(temporary, path));
}

/**
 * The bans in a file; one that is not there yet is made, so that a wrong path is found out now.
 * @param most how many there may be. @throws HF_BAD_ARGUMENT that says what is wrong with it.
 */
export async function readBanFile(path: string, most: number): Promise<Ban[]> {
  const refuse = (what: string): HandfastError => new HandfastError('BAD_ARGUMENT', `${path}: ${what}`);
  try {
    const { text, mode } = await readPrivateFile(path, { kind: 'a ban file', largest: 1024 + most * LARGEST_ENTRY, refuse });
    const bans = parse(text, refuse);
    // Who reads them learns little; who writes them decides who is let in.
    if ((mode & 0o022) !== 0)
      throw refuse(`others can change these bans (mode ${mode.toString(8).padStart(4, '0')}): chmod 600 ${shellWord(path)}`);
    return bans;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unusable(path, 'read', error);
  }
  await writeBanFile(path, []).catch((error: unknown) => {
    throw unusable(path, 'written', error);
  });
  return [];
}

function parse(text: string, refuse: (what: string) => HandfastError): Ban[] {
  let file: Record<string, unknown>;
  try {
    file = Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    throw refuse('it is not a ban file: move it away, or name another');
  }
  if (file.handfast !== 'bans' || !Array.isArray(file.bans)) throw refuse('it is not a ban file: move it away, or name another');
  if (file.version !== VERSION) throw refuse(`version ${String(file.version)} is not known: update handfast`);
  return file.bans.map((entry: unknown, index) => {
    const { subject, since, until, reason = '', automatic = false } = Object(entry) as Record<string, unknown>;
    if (typeof subject !== 'string' || typeof reason !== 'string' || typeof automatic !== 'boolean') {
      throw refuse(`ban ${index + 1} in it has no subject, or a reason that is no text`);
    }
    if (!isTime(since) || !(until === undefined || isTime(until))) throw refuse(`ban ${index + 1} in it has a time that is none`);
    return { subject, since, until, reason, automatic };
  });
}

function unusable(path: string, verb: 'read' | 'written', error: unknown): HandfastError {
  if (error instanceof HandfastError) return error;
  return new HandfastError('BAD_ARGUMENT', `${path}: cannot be ${verb}: ${(error as Error).message}`, { cause: error });
}

const isTime = (value: unknown): value is Millis => typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;

const VERSION = 1;
const SOON_MS = 1_000;
/** After a failure. */
const LATER_MS = 30_000;
/** Of the longest ban with the longest reason, all of it escaped. */
const LARGEST_ENTRY = 2048;
