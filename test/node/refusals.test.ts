/** What can go wrong between two nodes that meet, each with its own code and its own answer: the table of docs/node.md. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Identity } from '../../src/core/identity.ts';
import { HandClock } from '../support/clock.ts';
import { cores } from '../support/cores.ts';
import { NodeStory } from '../support/network.ts';

const SILENT = { data() {}, end() {}, drained() {}, closed() {} };

describe.each(cores.map((core) => [core.name, core] as const))('what goes wrong when nodes meet, %s core', (_name, core) => {
  let story: NodeStory;

  beforeEach(() => {
    story = new NodeStory(core);
  });

  afterEach(async () => {
    expect(await story.finish()).toEqual({ timers: 0, secrets: 0, slabs: 0 });
  });

  /** Somebody with the id of `name` who cannot sign for it. */
  const impostor = (name: string): Identity =>
    Identity.from({ publicKey: story.identity(name).publicKey, sign: () => new Uint8Array(64) }, { core });

  /** `a` dials `b`, and what each was told. */
  async function meet(first = {}, second = {}): Promise<string[]> {
    const b = await story.node('b', second);
    const a = await story.node('a', first);
    const code = await story.outcome(a.connect('b:1'));
    expect(typeof code).toBe('string');
    expect([a.peers(), b.peers()]).toEqual([[], []]);
    return story.taken().sort();
  }

  it('invalid signature, of the dialler: told in a CLOSE', async () => {
    expect(await meet({ identity: impostor('a') })).toEqual([
      'a dialFailed HF_INVALID_SIGNATURE proved b:1',
      'b handshakeError HF_INVALID_SIGNATURE own',
      'b warn 10.0.0.1 HF_INVALID_SIGNATURE',
    ]);
  });

  it('invalid signature, of the listener: told in a sealed refusal', async () => {
    expect(await meet({}, { identity: impostor('b') })).toEqual([
      'a dialFailed HF_INVALID_SIGNATURE own b:1',
      'a warn 10.0.0.1 HF_INVALID_SIGNATURE',
      'b handshakeError HF_INVALID_SIGNATURE proved',
    ]);
  });

  it('expired timestamp, and one from the future', async () => {
    const slow = new HandClock(story.clock.now() - 30_001);
    expect(await meet({ clock: slow })).toEqual([
      'a dialFailed HF_FUTURE_TIMESTAMP own b:1',
      'b handshakeError HF_FUTURE_TIMESTAMP proved',
    ]);
    const a = await story.node('a2', { clock: new HandClock(story.clock.now() - 30_001), clockWindowMs: 60_000 });
    expect(await story.outcome(a.connect('b:1'))).toBe('HF_EXPIRED_TIMESTAMP');
    expect(story.taken().sort()).toEqual(['a2 dialFailed HF_EXPIRED_TIMESTAMP proved b:1', 'b handshakeError HF_EXPIRED_TIMESTAMP own']);
  });

  it('unknown node: only told once its signature has verified', async () => {
    expect(await meet({}, { allow: [] })).toEqual(['a dialFailed HF_UNKNOWN_NODE proved b:1', 'b handshakeError HF_UNKNOWN_NODE own']);
    expect(await meetAgain({ identity: impostor('c') })).toEqual([
      'b handshakeError HF_INVALID_SIGNATURE own',
      'b warn 10.0.0.1 HF_INVALID_SIGNATURE',
      'c dialFailed HF_INVALID_SIGNATURE proved b:1',
    ]);
  });

  async function meetAgain(options = {}): Promise<string[]> {
    const c = await story.node('c', options);
    await story.outcome(c.connect('b:1'));
    return story.taken().sort();
  }

  it('network timeout: a dialler that says nothing, a listener that says nothing', async () => {
    const b = await story.node('b');
    const wire = await story.network.carriers('x').dial('b:1', { signal: new AbortController().signal, deadlineMs: 1 });
    wire.attach(SILENT);
    await story.network.carriers('s').listen(
      (carrier) => carrier.attach(SILENT),
      () => {},
    );
    const a = await story.node('a');
    const dialled = story.outcome(a.connect('s:1'));
    await dialled;
    await story.pass(29_999, 29_999);
    expect(story.taken()).toEqual([]);
    await story.pass(1);
    expect(story.taken().sort()).toEqual(['a dialFailed HF_HANDSHAKE_TIMEOUT own s:1', 'b handshakeError HF_HANDSHAKE_TIMEOUT own']);
    expect(b.bans()).toEqual([]);
    await story.pass(2_000, 500);
  });

  it('protocol mismatch: told in clear, and only a hint', async () => {
    await story.node('b');
    const wire = await story.network.carriers('x').dial('b:1', { signal: new AbortController().signal, deadlineMs: 1 });
    const heard: number[] = [];
    wire.attach({ ...SILENT, data: (data) => heard.push(...data) });
    // A hello of a version to come, with the tag of this network.
    const hello = new Uint8Array(1 + 2 + 2 + 16 + 32 + 2);
    hello.set([1, 1, 2, 1, 1]);
    const tag = core.hash.blake2b([Buffer.from('handfast/1 network\0'), Buffer.from('demo')], { length: 64 }).subarray(0, 16);
    hello.set(tag, 5);
    wire.write(Uint8Array.of(0, 0, 0, hello.length));
    wire.write(hello);
    await story.settle();
    expect(story.taken()).toEqual(['b handshakeError HF_PROTOCOL_MISMATCH own']);
    expect(heard.slice(4, 7)).toEqual([0x7f, 0x02, 0x02]);
    wire.destroy();
  });

  it('another network: told in clear', async () => {
    expect(await meet({}, { network: 'other' })).toEqual([
      'a dialFailed HF_WRONG_NETWORK claimed b:1',
      'b handshakeError HF_WRONG_NETWORK own',
    ]);
  });

  it('another node than the one that was named: told without a word of whom', async () => {
    const b = await story.node('b');
    const a = await story.node('a');
    expect(await story.outcome(a.connect('b:1', { peer: story.id('c') }))).toBe('HF_UNEXPECTED_PEER');
    expect(story.taken().sort()).toEqual(['a dialFailed HF_UNEXPECTED_PEER own b:1', 'b handshakeError HF_UNEXPECTED_PEER proved']);
    expect(b.bans()).toEqual([]);
  });
});
