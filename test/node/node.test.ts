import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cores } from '../support/cores.ts';
import { NodeStory } from '../support/network.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (answer: Uint8Array | string): string => (typeof answer === 'string' ? answer : new TextDecoder().decode(answer));

describe.each(cores.map((core) => [core.name, core] as const))('nodes, %s core', (_name, core) => {
  let story: NodeStory;

  beforeEach(() => {
    story = new NodeStory(core);
  });

  afterEach(async () => {
    expect(await story.finish()).toEqual({ timers: 0, secrets: 0, slabs: 0 });
  });

  it('two of them: connected by one dialling, each sees the other, and asks it', async () => {
    const a = await story.node('a', { agent: 'first/1' });
    const b = await story.node('b');
    b.handle('echo', ({ bytes: payload }) => payload);
    a.handle('', () => bytes('default'));
    const connected = a.connect('b:1', { peer: b.id });
    await story.settle();
    expect(await connected).toMatchObject({ id: b.id, direction: 'outbound', address: 'b:1', info: { node: true } });
    expect(b.peers()).toMatchObject([{ id: a.id, direction: 'inbound', info: { agent: 'first/1' } }]);
    expect(a.peers()[0].latencyMs).toBe(0);
    expect(text(await story.outcome(a.request(b.id, bytes('hello'), { topic: 'echo' })))).toBe('hello');
    expect(text(await story.outcome(b.request(a.id, bytes(''))))).toBe('default');
    expect(await story.outcome(b.request(a.id, bytes(''), { topic: 'none' }))).toBe('HF_NO_HANDLER');
    expect(story.taken()).toEqual(['b peer a inbound', 'a peer b outbound']);
    const closed = a.close();
    await story.settle();
    await closed;
    expect(story.taken()).toEqual(['b peerGone a well', 'a peerGone b well']);
    expect(b.peers()).toEqual([]);
  });
});
