/** Handshakes and records a second of both cores, measured in this process: what a demo can say without the benchmarks of the repository. */
import type { Core, Suite } from '../../core/core.ts';
import { Identity } from '../../core/identity.ts';
import { loadNative } from '../../core/native-load.ts';
import { core as pure } from '../../core/pure.ts';
import { handfast } from '../../protocols/handfast/index.ts';
import { converse, Side } from '../back-to-back.ts';

export interface Row {
  name: string;
  /** Operations a second, medians over the rounds; absent without a native core. */
  native?: number;
  pure: number;
}

/** One subject on one core: does some work and says how many operations that was. */
interface Subject {
  name: string;
  core: Core;
  run(): number;
  end(): void;
}

/** The subjects take turns, so that a busy moment hits them alike. Cost: about `totalMs`. @throws what `signal` was aborted with. */
export async function measureCores(totalMs: number, progress: (line: string) => void, signal: AbortSignal): Promise<Row[]> {
  const native = loadNative();
  const subjects = ('why' in native ? [pure] : [native.core, pure]).flatMap(subjectsOf);
  const rates = new Map<Subject, number[]>(subjects.map((subject) => [subject, []]));
  const turnMs = totalMs / (subjects.length * (ROUNDS + WARM_TURNS));
  try {
    for (const subject of subjects) await turn(subject, WARM_TURNS * turnMs);
    for (let round = 1; round <= ROUNDS; round++) {
      for (const subject of subjects) {
        signal.throwIfAborted();
        progress(`round ${round} of ${ROUNDS}: ${subject.name}, ${subject.core.name}...`);
        rates.get(subject)?.push(await turn(subject, turnMs));
      }
    }
  } finally {
    for (const subject of subjects) subject.end();
  }
  const rateOf = (name: string, core: string): number | undefined => {
    const subject = subjects.find((each) => each.name === name && each.core.name === core);
    return subject && median(rates.get(subject) ?? []);
  };
  return [...new Set(subjects.map(({ name }) => name))].map((name) => {
    const fast = rateOf(name, 'native');
    return { name, pure: rateOf(name, 'pure') ?? 0, ...(fast !== undefined && { native: fast }) };
  });
}

/** @returns operations a second. */
async function turn(subject: Subject, ms: number): Promise<number> {
  let operations = 0;
  const startedAt = performance.now();
  let now = startedAt;
  while (now - startedAt < ms) {
    operations += subject.run();
    now = performance.now();
  }
  // Ctrl-C and deadlines have their turn between two turns.
  await new Promise((resolve) => setImmediate(resolve));
  return operations / ((now - startedAt) / 1000);
}

function subjectsOf(core: Core): Subject[] {
  return [handshakes(core), records(core, 'chacha20-poly1305'), records(core, 'aes-256-gcm')];
}

/** One operation: both sides of a whole handshake. */
function handshakes(core: Core): Subject {
  const identities = [Identity.generate({ core }), Identity.generate({ core })];
  const machines = [handfast.initiator, handfast.responder].map((make, i) => {
    return make({ identity: identities[i], network: 'demo', core, suites: ['chacha20-poly1305'] });
  });
  return {
    name: 'handshakes, both sides, in memory',
    core,
    run() {
      const [a, b] = machines.map((machine) => new Side(core, machine, Date.now()));
      converse(a, b);
      if (a.opened?.peer.id !== identities[1].id || b.opened?.peer.id !== identities[0].id)
        throw new Error(`${core.name}: a handshake failed`);
      a.opened.traffic.wipe();
      b.opened.traffic.wipe();
      return 1;
    },
    end() {
      for (const identity of identities) identity.wipe();
    },
  };
}

/** One operation: one record of 256 bytes sealed and opened, 64 of them in a call. */
function records(core: Core, suite: Suite): Subject {
  const framing = { lengthBytes: 4, ad: 'length', rekeyEvery: 65_536 } as const;
  const key = core.random(32);
  const sealer = core.cipher({ suite, key, framing });
  const opener = core.cipher({ suite, key, framing });
  const table = core.frameTable(BATCH);
  const slab = core.slab(BATCH * FRAME);
  return {
    name: `256 B records sealed and opened, ${suite}`,
    core,
    run() {
      for (let i = 0; i < BATCH; i++) {
        table.entries[2 * i] = i * FRAME + 4;
        table.entries[2 * i + 1] = MESSAGE;
      }
      sealer.sealMany(slab, table, BATCH);
      const opened = opener.openMany(slab, 0, BATCH * FRAME, table, 65_536);
      if (opened !== BATCH) throw new Error(`${core.name}: ${opened} of ${BATCH} records opened`);
      return BATCH;
    },
    end() {
      sealer.wipe();
      opener.wipe();
      slab.release();
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

const ROUNDS = 5;
const WARM_TURNS = 1;
const BATCH = 64;
const MESSAGE = 256;
const FRAME = 4 + MESSAGE + 16;
