/** The scene of any protocol: two processes shake hands, know who the other is, exchange a message each way, and a wrong key is refused. */
import type { Cast, DemoForm } from '../protocols/demo.ts';
import type { CommandProtocol } from '../protocols/protocol.ts';
import { colour, duration, harmless, shortId } from '../terminal.ts';
import type { Met, Refused } from './orders.ts';
import { plain, showSteps } from './pairs.ts';
import { mark, type Report } from './report.ts';
import type { Actor, Stage } from './stage.ts';

interface Two {
  readonly dialler: Actor;
  readonly listener: Actor;
}

/** All scenes of a protocol; nothing of one without. */
export async function playMeetings(report: Report, stage: Stage, commands: CommandProtocol, two: Two): Promise<void> {
  for (const demo of commands.demos ?? []) await playMeeting(report, stage, commands, demo, two);
}

async function playMeeting(report: Report, stage: Stage, commands: CommandProtocol, demo: DemoForm, two: Two): Promise<void> {
  const { name } = commands.protocol;
  const { dialler, listener } = two;
  const title = named(demo, commands.title);
  report.heading(`${title}: ${dialler.name} (${dialler.core}) dials ${listener.name} (${listener.core})`);
  await report.within(name, async () => {
    if (commands.protocol.carriers?.[0] === 'websocket' && !isInstalled('ws')) {
      report.say(`   ${colour.yellow('left out: WebSocket needs the package ws, which is not installed here')}`);
      report.add(named(demo, 'left out'), true, { missing: 'ws' });
      return;
    }
    await report.scene(named(demo, 'handshake'), async () => {
      const cast = await demo.cast((file) => stage.path(`${name}-${file}`));
      const { port } = await listener.process.ask('listen', { part: { protocol: name, args: cast.listen } });
      await meet(report, commands, demo, cast, two, port);
      await report.scene(named(demo, 'messages'), () => converse(report, demo, two));
      await Promise.all([dialler.process.ask('leave', {}), listener.process.ask('ended', {})]);
      await report.scene(named(demo, 'refused: wrong key'), () => refuse(report, commands, demo, cast, two, port));
      await listener.process.ask('retire', {});
    });
  });
}

async function meet(
  report: Report,
  commands: CommandProtocol,
  demo: DemoForm,
  { connect, ids }: Cast,
  { dialler, listener }: Two,
  port: number,
): Promise<void> {
  const { name } = commands.protocol;
  const [dialled, accepted] = await Promise.all([
    dialler.process.ask('connect', { port, part: { protocol: name, args: connect } }),
    listener.process.ask('accepted', {}),
  ]);
  if ('refused' in dialled) throw new Error(`${dialled.refused.message} (${dialled.refused.code})`);
  showSteps(report, dialler, dialled, listener, accepted);
  const ok = isAs(dialled, ids.dialler) && isAs(accepted, ids.listener) && dialled.binding === accepted.binding;
  const known = ({ peer, info }: Met, other: string): string =>
    demo.known?.(peer, info, other) ?? `knows ${colour.cyan(shortId(peer))} = ${other}`;
  report.say();
  report.say(`   ${dialler.name} ${known(dialled, listener.name)}; ${listener.name} ${known(accepted, dialler.name)}`);
  report.say(`   ${commands.agreed(dialled.info)}, binding ${dialled.binding.slice(0, 16)}.. on both sides  ${mark(ok)}`);
  const figures = {
    cores: { dialler: dialler.core, listener: listener.core },
    dialler: dialled.peer,
    listener: accepted.peer,
    binding: dialled.binding,
    info: { dialler: dialled.info, listener: accepted.info },
    steps: { dialler: plain(dialled.steps), listener: plain(accepted.steps) },
  };
  report.add(named(demo, 'handshake'), ok, figures, 'the two sides do not name each other, or their bindings differ');
}

const isAs = (met: Met, id: string | undefined): boolean => id === undefined || met.peer === id;

async function converse(report: Report, demo: DemoForm, { dialler, listener }: Two): Promise<void> {
  const { messages, words = (text) => text } = demo;
  const ways = [
    { from: dialler, to: listener, sent: messages.dialler },
    { from: listener, to: dialler, sent: messages.listener },
  ];
  for (const { from, to, sent } of ways) {
    const startedAt = performance.now();
    const [, heard] = await Promise.all([from.process.ask('say', sent), to.process.ask('hear', {})]);
    const ms = performance.now() - startedAt;
    const ok = words(heard.text) === words(sent.text) && heard.kind === (sent.kind ?? heard.kind);
    const kind = heard.kind === undefined ? '' : `${heard.kind} `;
    report.say(
      `   ${`${from.name} to ${to.name}:`.padEnd(15)} ${kind}${JSON.stringify(harmless(words(heard.text)))}, ${duration(ms)}  ${mark(ok)}`,
    );
    report.add(
      named(demo, `message, ${from.name} to ${to.name}`),
      ok,
      { sent, heard, us: Math.round(ms * 1000) },
      `${JSON.stringify(heard.text)} came`,
    );
  }
}

async function refuse(
  report: Report,
  { protocol: { name } }: CommandProtocol,
  demo: DemoForm,
  { wrong }: Cast,
  { dialler, listener }: Two,
  port: number,
): Promise<void> {
  const elsewhere = wrong.listen && (await listener.process.ask('listen', { part: { protocol: name, args: wrong.listen } })).port;
  const [dialled, refused] = await Promise.all([
    dialler.process.ask('connect', { port: elsewhere ?? port, part: { protocol: name, args: wrong.connect } }),
    listener.process.ask('refusal', {}),
  ]);
  const ended = 'refused' in dialled ? dialled.refused : undefined;
  const [found, told] = wrong.foundBy === 'dialler' ? [ended, refused] : [refused, ended];
  const ok = found?.code === wrong.code && found.remote === undefined && told !== undefined && told.code === (wrong.told ?? told.code);
  const finder = wrong.foundBy === 'dialler' ? dialler : listener;
  const other = wrong.foundBy === 'dialler' ? listener : dialler;
  report.say();
  report.say(`   ${wrong.story}`);
  report.say(`     ${finder.name.padEnd(8)}${colour.yellow(found?.code ?? 'let it in')}: found`);
  report.say(`     ${other.name.padEnd(8)}${colour.yellow(told?.code ?? 'got in')}: ${toldHow(told)}  ${mark(ok)}`);
  const why = `expected ${wrong.code}; ${finder.name} has ${found?.code ?? 'nothing'}, ${other.name} has ${told?.code ?? 'nothing'}`;
  report.add(named(demo, 'refused: wrong key'), ok, { code: wrong.code, foundBy: finder.name, seenBy: { [other.name]: told?.code } }, why);
}

function named({ variant }: DemoForm, what: string): string {
  return variant === undefined ? what : `${what}, ${variant}`;
}

/** How the side that did not find the fault knows of it. */
function toldHow(told: Refused | undefined): string {
  if (told?.remote === 'proved') return 'told, under the keys of the exchange';
  if (told?.remote === 'claimed') return 'told, though anybody could have said so';
  return 'told nothing: the other side was gone';
}

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}
