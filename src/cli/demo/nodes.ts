/** Three nodes, each connected to both others: a request, thousands of broadcasts, a ban and its end, and one that is killed and comes back. */
import { clearProgress, colour, duration, progress, shortId, thousands } from '../terminal.ts';
import { BROADCAST_LIMITS } from './node-orders.ts';
import type { Refused, Sum } from './orders.ts';
import type { CoreName } from './process.ts';
import { mark, type Report } from './report.ts';
import type { Actor, Stage } from './stage.ts';

interface Player extends Actor {
  readonly address: string;
}

interface Three {
  nina: Player;
  otto: Player;
  paul: Player;
}

export async function playNodes(report: Report, stage: Stage, core: CoreName): Promise<void> {
  report.heading(`Three nodes (${core})`);
  await report.scene('nodes meet', async () => {
    const three = await meet(report, stage, core);
    await report.scene('request', () => ask(report, three));
    await report.scene('broadcasts', () => tell(report, three, BROADCASTS[core]));
    await report.scene('ban', () => ban(report, three));
    await report.scene('killed and back', () => killAndReturn(report, stage, core, three));
  });
}

/** Nina waits, otto dials her, paul dials both. */
async function meet(report: Report, stage: Stage, core: CoreName): Promise<Three> {
  const names = ['nina', 'otto', 'paul'] as const;
  await Promise.all(names.map((name) => stage.identity(name)));
  const [first, second, third] = await Promise.all(names.map((name) => stage.enter(name, core)));
  const nina = await start(stage, first, 0, []);
  const otto = await start(stage, second, 0, [nina]);
  const paul = await start(stage, third, 0, [nina, otto]);
  await together(nina, otto, paul);
  const three = { nina, otto, paul };
  for (const { name, id } of Object.values(three)) report.say(`   ${name}    ${colour.cyan(shortId(id))}, 2 peers`);
  report.add('nodes meet', true, { nodes: names.map((name) => three[name].id), sessions: 3 });
  return three;
}

async function start(stage: Stage, actor: Actor, port: number, others: readonly Player[]): Promise<Player> {
  const allow = ['nina', 'otto', 'paul'].map((name) => stage.idOf(name));
  const peers = others.map(({ address, id }) => ({ address, peer: id }));
  const { address } = await actor.process.ask('startNode', { port, allow, peers });
  return { ...actor, address };
}

/** Until each has a session with each other. */
async function together(...players: readonly Player[]): Promise<void> {
  await Promise.all(
    players.map(({ id, process }) =>
      process.ask('together', { peers: players.filter((other) => other.id !== id).map((other) => other.id) }),
    ),
  );
}

async function ask(report: Report, { otto, paul }: Three): Promise<void> {
  const { ms, text, refused } = await answered(paul, otto, 'how are you?');
  const ok = text === 'you said: how are you?';
  report.say();
  report.say(`   paul asks otto, who answers after ${duration(ms)}: ${JSON.stringify(text ?? refused?.code)}  ${mark(ok)}`);
  report.add('request', ok, { from: paul.id, to: otto.id, us: Math.round(ms * 1000) }, `got ${text ?? refused?.message}`);
}

async function answered(from: Player, to: Player, text: string): Promise<{ ms: number; text?: string; refused?: Refused }> {
  return from.process.ask('request', { peer: to.id, text });
}

/** In portions, of which two are under way at a time: how fast it goes is decided by the slowest. */
async function tell(report: Report, { nina, otto, paul }: Three, broadcasts: number): Promise<void> {
  const readers = [otto, paul];
  await Promise.all(readers.map(({ process }) => process.ask('subscribe', { topic: 'news' })));
  const startedAt = performance.now();
  let sent: Sum | undefined;
  let heard: Sum[] = [];
  for (let count = PORTION; count <= broadcasts; count += PORTION) {
    sent = await nina.process.ask('broadcast', { topic: 'news', count: PORTION, size: BROADCAST_BYTES });
    const due = count < broadcasts ? count - PORTION : broadcasts;
    heard = await Promise.all(readers.map(({ process }) => process.ask('heard', { count: due })));
    progress(`${thousands(count)} of ${thousands(broadcasts)} broadcasts...`);
  }
  clearProgress();
  const ms = performance.now() - startedAt;
  const once = heard.every(({ count, different }) => count === broadcasts && different === broadcasts);
  const same = heard.every(({ sha256 }) => sha256 === sent?.sha256);
  const rate = broadcasts / (ms / 1000);
  report.say(
    `   nina tells everybody ${thousands(broadcasts)} x ${BROADCAST_BYTES} B    ${duration(ms).padStart(9)} ${thousands(rate).padStart(7)}/s  each came once to both, SHA-256 ${sent?.sha256.slice(0, 8)}..  ${mark(once && same)}`,
  );
  report.say(colour.dim(`   limit raised for it: ${thousands(BROADCAST_LIMITS.publishedPerSecond)} own broadcasts a second`));
  const figures = {
    limits: BROADCAST_LIMITS,
    from: nina.id,
    broadcasts,
    broadcastBytes: BROADCAST_BYTES,
    ms: Math.round(ms),
    received: heard,
    sha256: sent?.sha256,
  };
  const counts = heard.map(({ count, different }) => `${count} came, ${different} different`).join('; ');
  report.add('broadcasts', once && same, figures, same ? counts : `${counts}; the contents differ`);
}

async function ban(report: Report, { nina, otto, paul }: Three): Promise<void> {
  const startedAt = performance.now();
  const [ended] = await Promise.all([
    paul.process.ask('parted', { peer: nina.id }),
    nina.process.ask('ban', { peer: paul.id, ms: BAN_MS }),
  ]);
  const ms = performance.now() - startedAt;
  const again = await paul.process.ask('dial', { address: nina.address, peer: nina.id });
  const bystander = await answered(otto, nina, 'still there?');
  const told = (refused: Refused | undefined): boolean => refused?.code === 'HF_BANNED' && refused.remote === 'proved';
  const ok = told(ended.error) && told(again.refused) && bystander.text !== undefined;
  report.say();
  report.say(`   nina bans paul for ${BAN_MS / 1000} s`);
  report.say(`     paul    ${colour.yellow(ended.error?.code ?? 'was let go')} after ${duration(ms)}: the session there was is over`);
  report.say(
    `     paul    ${colour.yellow(again.refused?.code ?? 'got in')}: told when he dials again; otto is still answered  ${mark(ok)}`,
  );
  const why = `the session ended with ${ended.error?.code ?? 'no error'}, a new one with ${again.refused?.code ?? 'none'}, otto got ${bystander.text ?? bystander.refused?.code}`;
  report.add('ban', ok, { code: 'HF_BANNED', banned: paul.id, by: nina.id, us: Math.round(ms * 1000) }, why);

  const lifted = await nina.process.ask('unban', { peer: paul.id });
  const dialled = await paul.process.ask('dial', { address: nina.address, peer: nina.id });
  const welcome = await answered(paul, nina, 'may I?');
  const back = lifted.found && dialled.refused === undefined && welcome.text === 'you said: may I?';
  report.say(`   nina lifts the ban; paul dials, asks and is answered  ${mark(back)}`);
  report.add(
    'readmission',
    back,
    { readmitted: paul.id, by: nina.id },
    `${dialled.refused?.code ?? welcome.refused?.code ?? 'there was no ban'}`,
  );
}

/** Paul was given otto's address and dials it until somebody is there again; it is otto's key that tells him who. */
async function killAndReturn(report: Report, stage: Stage, core: CoreName, { nina, otto, paul }: Three): Promise<void> {
  const [seen] = await Promise.all([paul.process.ask('parted', { peer: otto.id }), otto.process.kill()]);
  const port = Number(otto.address.slice(otto.address.lastIndexOf(':') + 1));
  const actor = await stage.enter('otto', core);
  const startedAt = performance.now();
  const reborn = await start(stage, actor, port, [nina]);
  await together(nina, reborn, paul);
  const ms = performance.now() - startedAt;
  const { text, refused } = await answered(paul, reborn, 'is it you?');
  const ok = seen.error?.code === 'HF_TRUNCATED' && reborn.id === otto.id && text === 'you said: is it you?';
  report.say();
  report.say(`   otto dies by SIGKILL: paul has ${colour.yellow(seen.error?.code ?? 'nothing')}, and dials for as long as it takes`);
  report.say(`   otto is started again with his key: both have him back after ${duration(ms)}, and he answers  ${mark(ok)}`);
  const why = `paul saw ${seen.error?.code ?? 'no error'}, then ${text ?? refused?.code}`;
  report.add('killed and back', ok, { code: 'HF_TRUNCATED', node: reborn.id, backMs: Math.round(ms) }, why);
}

// Each is signed once and verified twice, which takes the pure core some fifty times as long.
const BROADCASTS: Readonly<Record<CoreName, number>> = { native: 5_000, pure: 1_000 };
const BROADCAST_BYTES = 256;
const PORTION = 500;
const BAN_MS = 60_000;
