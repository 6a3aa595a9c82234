/** A peer that dies in the middle: what came before stands, and the other side is told that it is not the whole. */
import { colour, size } from '../terminal.ts';
import type { Listening } from './pairs.ts';
import type { CoreName } from './process.ts';
import { mark, type Report } from './report.ts';
import type { Stage } from './stage.ts';

/** Killed once so much of what it sends has arrived. */
const KILL_AFTER = 4 * 1024 * 1024;

/** @param bob must let in the identity called `carol`. */
export async function playKilled(report: Report, stage: Stage, core: CoreName, bob: Listening): Promise<void> {
  report.heading('A peer killed in mid-transfer');
  await report.scene('killed in mid-transfer', async () => {
    const victim = await stage.enter('carol', core);
    const [dialled] = await Promise.all([victim.process.ask('connect', { port: bob.port, peer: bob.id }), bob.process.ask('accepted', {})]);
    if ('refused' in dialled) throw new Error(dialled.refused.message);
    await victim.process.ask('flood', {});
    const { bytes } = await bob.process.ask('arrived', { bytes: KILL_AFTER });
    await victim.process.kill();
    const end = await bob.process.ask('ended', {});
    const ok = bytes >= KILL_AFTER && end.error?.code === 'HF_TRUNCATED' && end.error.remote === undefined;
    report.say(`   carol sends to bob and dies by SIGKILL once ${size(KILL_AFTER)} have arrived`);
    report.say(
      `     bob     ${colour.yellow(end.error?.code ?? 'took it for the end')} after ${size(end.bytes)}: the stream was cut  ${mark(ok)}`,
    );
    report.add(
      'killed in mid-transfer',
      ok,
      { code: 'HF_TRUNCATED', seenBy: 'bob', bytesBefore: end.bytes },
      `bob has ${end.error?.code ?? 'no error'}`,
    );
  });
}
