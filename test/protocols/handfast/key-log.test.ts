/** Keys that are logged are those of the recorded handshakes; nothing is logged, and no key made, unless it was asked for. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Identity } from '../../../src/core/identity.ts';
import { handfast } from '../../../src/protocols/handfast/index.ts';
import { settingsOf } from '../../../src/protocols/handfast/settings.ts';
import { codeOf } from '../../support/codes.ts';
import { cores } from '../../support/cores.ts';
import { Bench, hex } from '../../support/handfast.ts';
import { converse, Side } from '../../support/machines.ts';
import { type RecordedHandshake, type RecordedParty, recorded, unhex } from '../../support/vector-file.ts';

const unsafeKeyLog = (): void => {};

beforeEach(() => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  return () => warned.mockRestore();
});

/** Lines as they should be. */
function linesOf({ frames, network, values }: RecordedHandshake): { handshake: string; session: string } {
  const eA = frames.hello.slice(-68, -4);
  const line = (label: string, value: string): string => `HANDFAST_${label} ${eA} ${value}\n`;
  const tag = Buffer.from(network, 'utf8').toString('hex');
  return {
    handshake: line('NETWORK', tag) + line('REPLY', values.kB) + line('FINISH', values.kA) + line('REFUSAL', values.kR),
    session: line('A_TO_B', values.dialToListener) + line('B_TO_A', values.listenerToDialler) + line('BINDING', values.binding),
  };
}

describe.each(cores)('on the $name core', (core) => {
  it.each(recorded('handshake'))('both sides log the keys of "$id"', (vector) => {
    const identities: Identity[] = [];
    const side = (role: 'initiator' | 'responder', { seed, ephemeral, timestamp, suites, agent, maxMessage }: RecordedParty): Side => {
      const identity = Identity.fromSeed(unhex(seed), { core });
      identities.push(identity);
      const options = { identity, network: vector.network, core, suites, agent, maxMessage, unsafeKeyLog };
      return new Side({ core, machine: handfast[role](options), now: timestamp, ephemeralSeed: unhex(ephemeral) }).start();
    };
    const a = side('initiator', vector.dialler);
    const b = side('responder', vector.listener);
    converse(a, b);
    expect([hex(a.opened!.binding), hex(b.opened!.binding)]).toEqual([vector.values.binding, vector.values.binding]);
    const { handshake, session } = linesOf(vector);
    expect(a.keyLog).toBe(handshake + session);
    expect(b.keyLog).toBe(handshake + session);
    for (const each of [a, b]) each.dispose();
    for (const identity of identities) identity.wipe();
    expect(core.guarded.live).toBe(0);
  });

  it('a dialler that refuses logs what the handshake was sealed with, and a listener whose finish does not open no more than that', () => {
    const bench = new Bench(core);
    const refusing = bench.dialler({ unsafeKeyLog, judge: () => ({ code: 'NOT_ALLOWED', reason: '' }) }).start();
    const other = bench.listener({ unsafeKeyLog }).start();
    converse(refusing, other);
    expect(refusing.failed?.code).toBe('HF_NOT_ALLOWED');
    expect(other.failed?.code).toBe('HF_NOT_ALLOWED');
    const { handshake } = linesOf(recorded('handshake')[0]);
    expect([refusing.keyLog, other.keyLog]).toEqual([handshake, handshake]);

    const dialler = bench.dialler().start();
    const listener = bench.listener({ unsafeKeyLog }).start();
    converse(dialler, listener, (data, from) =>
      from === 'a' && data.length > 100 ? data.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) : data,
    );
    expect(listener.failed?.code).toBe('HF_BAD_TAG');
    expect(listener.keyLog).toBe(handshake);
    dialler.dispose();
    expect(bench.end()).toEqual({ secrets: 0, ciphers: 0 });
  });

  it('nobody else logs anything', () => {
    const bench = new Bench(core);
    const [a, b] = [bench.dialler().start(), bench.listener().start()];
    converse(a, b);
    expect(a.opened).toBeDefined();
    expect([a.keyLog, b.keyLog]).toEqual(['', '']);
    for (const each of [a, b]) each.dispose();
    bench.end();
  });
});

describe('the option', () => {
  const settings = (log: unknown): unknown =>
    settingsOf({ identity: Identity.generate({ core: cores[0] }), network: 'demo', core: cores[0], unsafeKeyLog: log as () => void });

  it('takes a function and nothing else', () => {
    for (const wrong of [true, 'keys.log', null]) expect(codeOf(() => settings(wrong))).toBe('HF_BAD_ARGUMENT');
  });

  it('warns, once', async () => {
    vi.resetModules();
    const { warnOfKeyLog } = await import('../../../src/protocols/handfast/key-log.ts');
    for (let i = 0; i < 3; i++) warnOfKeyLog();
    expect(vi.mocked(process.emitWarning).mock.calls).toEqual([[expect.stringContaining('unsafeKeyLog'), { code: 'HANDFAST_KEY_LOG' }]]);
  });
});
