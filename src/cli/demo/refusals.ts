/** Those who must not get in: each is refused, for its own reason, and both sides say so where the protocol tells. */
import { createServer, connect as dial, type Socket } from 'node:net';
import { colour, shortId } from '../terminal.ts';
import type { Answer, Refused } from './orders.ts';
import type { Listening } from './pairs.ts';
import type { CoreName } from './process.ts';
import { mark, type Report } from './report.ts';
import type { Actor, Stage } from './stage.ts';

/** Who plays: alice dials, bob listens and lets only alice in; both are honest. */
export interface Honest {
  alice: Actor;
  bob: Listening;
}

export async function playRefusals(report: Report, stage: Stage, core: CoreName, { alice, bob }: Honest): Promise<void> {
  report.heading('Those who must not get in');
  await report.scene('impostor answers', async () => {
    const mallory = await stage.enter('mallory', core);
    const { port } = await mallory.process.ask('listen', {});
    const [dialled, seen] = await Promise.all([alice.process.ask('connect', { port, peer: bob.id }), mallory.process.ask('refusal', {})]);
    const story = `mallory answers at bob's address; alice wants ${shortId(bob.id)}`;
    judge(
      report,
      'impostor answers',
      story,
      { finder: alice.name, found: refusedOf(dialled), told: seen, teller: 'mallory' },
      'HF_UNEXPECTED_PEER',
      'proved',
    );
  });
  await report.scene('stranger dials', async () => {
    const trudy = await stage.enter('trudy', core);
    const story = 'trudy dials with a key of her own; bob allows only alice and carol';
    await dialBob(report, 'stranger dials', story, trudy, bob, 'HF_UNKNOWN_NODE', 'proved');
  });
  await report.scene('impostor dials', async () => {
    const eve = await stage.enter('eve', core, { claims: alice.id });
    const story = "eve dials with alice's id and signs with her own key";
    await dialBob(report, 'impostor dials', story, eve, bob, 'HF_INVALID_SIGNATURE', 'proved');
  });
  await report.scene('wrong network', async () => {
    const walter = await stage.enter('walter', core, { network: 'another' });
    const story = 'walter dials from network "another"';
    await dialBob(report, 'wrong network', story, walter, bob, 'HF_WRONG_NETWORK', 'claimed');
  });
  await report.scene('stale clock', async () => {
    // Its own check of bob's clock is opened wide, so that it is bob who finds the fault.
    const rip = await stage.enter('rip', core, { clockShiftMs: -STALE_MS, clockWindowMs: 10 * STALE_MS });
    const story = `rip dials with a clock ${STALE_MS / 1000} s behind`;
    await dialBob(report, 'stale clock', story, rip, bob, 'HF_EXPIRED_TIMESTAMP', 'proved');
  });
  await report.scene('replayed recording', () => replay(report, alice, bob));
}

async function dialBob(
  report: Report,
  step: string,
  story: string,
  dialler: Actor,
  bob: Listening,
  code: string,
  how: 'proved' | 'claimed',
): Promise<void> {
  const [dialled, found] = await Promise.all([
    dialler.process.ask('connect', { port: bob.port, peer: bob.id }),
    bob.process.ask('refusal', {}),
  ]);
  judge(report, step, story, { finder: bob.name, found, told: refusedOf(dialled), teller: dialler.name }, code, how);
}

interface Verdicts {
  finder: string;
  found: Refused | undefined;
  teller: string;
  told: Refused | undefined;
}

/** One side finds the fault, the other is told: the same code, and how sure it can be of it. */
function judge(
  report: Report,
  step: string,
  story: string,
  { finder, found, teller, told }: Verdicts,
  code: string,
  how: 'proved' | 'claimed',
): void {
  const ok = found?.code === code && found.remote === undefined && told?.code === code && told.remote === how;
  report.say();
  report.say(`   ${story}`);
  report.say(`     ${finder.padEnd(8)}${colour.yellow(found?.code ?? 'let it in')}: found`);
  report.say(
    `     ${teller.padEnd(8)}${colour.yellow(told?.code ?? 'got in')}: told, ${how === 'proved' ? 'under the keys of the exchange' : 'in clear, so only a hint'}  ${mark(ok)}`,
  );
  const why = `expected ${code}; ${finder} has ${found?.code ?? 'nothing'}, ${teller} has ${told?.code ?? 'nothing'} (${told?.remote ?? 'its own'})`;
  report.add(`refused: ${step}`, ok, { code, foundBy: finder, toldTo: teller, told: how }, why);
}

function refusedOf(dialled: Answer['connect']): Refused | undefined {
  return 'refused' in dialled ? dialled.refused : undefined;
}

/** Records an honest handshake on the way, then plays the dialler's bytes to bob again, message by message. */
async function replay(report: Report, alice: Actor, bob: Listening): Promise<void> {
  const { hello, rest } = await recordHandshake(alice, bob);
  const [answers, found] = await Promise.all([playBack(bob.port, hello, rest), bob.process.ask('refusal', {})]);
  const ok = found.code === 'HF_BAD_TAG' && found.remote === undefined && answers.afterFinish === 0;
  report.say();
  report.say(`   a recording of alice's handshake (${hello.length + rest.length} bytes) is played to bob again`);
  report.say(`     ${'bob'.padEnd(8)}${colour.yellow(found.code)}: found; its keys are new, the old proof does not open`);
  report.say(`     ${'replay'.padEnd(8)}is told nothing: a fresh reply of ${answers.reply} bytes, then the end  ${mark(ok)}`);
  const why = `expected HF_BAD_TAG and silence; bob has ${found.code}, ${answers.afterFinish} bytes came after the finish`;
  report.add(
    'refused: replayed recording',
    ok,
    { code: 'HF_BAD_TAG', foundBy: 'bob', recordedBytes: hello.length + rest.length, told: 'nothing' },
    why,
  );
}

async function recordHandshake(alice: Actor, bob: Listening): Promise<{ hello: Buffer; rest: Buffer }> {
  const recorder = await record(bob.port);
  try {
    const [dialled] = await Promise.all([
      alice.process.ask('connect', { port: recorder.port, peer: bob.id }),
      bob.process.ask('accepted', {}),
    ]);
    if ('refused' in dialled) throw new Error(`the handshake to record failed: ${dialled.refused.message}`);
    await Promise.all([alice.process.ask('leave', {}), bob.process.ask('ended', {})]);
    return recorder.recorded();
  } finally {
    recorder.close();
  }
}

interface Recorder {
  port: number;
  /** The dialler's first frame, and all that it sent after it. */
  recorded(): { hello: Buffer; rest: Buffer };
  close(): void;
}

/** A wire tap: passes bytes on both ways and keeps those of the dialler. */
function record(port: number): Promise<Recorder> {
  const chunks: Buffer[] = [];
  const sockets: Socket[] = [];
  return new Promise((resolve, reject) => {
    const server = createServer((near) => {
      const far = dial({ host: '127.0.0.1', port });
      sockets.push(near, far);
      near.on('data', (chunk: Buffer) => chunks.push(chunk));
      near.pipe(far);
      far.pipe(near);
      for (const socket of [near, far]) socket.on('error', () => socket.destroy());
    });
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve({
        port: (server.address() as { port: number }).port,
        recorded() {
          const all = Buffer.concat(chunks);
          const end = 4 + all.readUInt32BE(0);
          return { hello: all.subarray(0, end), rest: all.subarray(end) };
        },
        close() {
          server.close();
          for (const socket of sockets) socket.destroy();
        },
      });
    });
  });
}

/** Plays the hello, waits for the reply, plays the rest. @returns how many bytes came before the rest was played, and after. */
function playBack(port: number, hello: Buffer, rest: Buffer): Promise<{ reply: number; afterFinish: number }> {
  return new Promise((resolve, reject) => {
    let reply = 0;
    let afterFinish = 0;
    let played = false;
    const socket = dial({ host: '127.0.0.1', port }, () => socket.write(hello));
    socket.setTimeout(10_000, () => socket.destroy(new Error('bob neither answered the replay nor ended it')));
    socket.on('data', (chunk: Buffer) => {
      if (played) {
        afterFinish += chunk.length;
        return;
      }
      reply += chunk.length;
      played = true;
      socket.write(rest);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve({ reply, afterFinish }));
  });
}

const STALE_MS = 120_000;
