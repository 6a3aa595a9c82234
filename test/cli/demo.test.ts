import { mkdirSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { protocolNames } from '../../src/protocols/registry.ts';
import { native } from '../support/cores.ts';
import { handfast, temporary } from './run.ts';

interface Step {
  protocol: string;
  step: string;
  ok: boolean;
  [figure: string]: unknown;
}

describe('the main job', () => {
  it('keeps every promise, and says so in JSON', { timeout: 120_000 }, async () => {
    const room = temporary('room');
    mkdirSync(room);
    const { code, stdout, stderr } = await handfast(['demo', '--json', '--no-bench'], { env: { TMPDIR: room } });
    const all = JSON.parse(stdout) as Step[];
    expect(all.filter(({ ok }) => !ok)).toEqual([]);
    for (const name of protocolNames().filter((each) => each !== 'handfast')) {
      const scene = all.filter(({ protocol }) => protocol === name);
      const played = ['handshake', 'message, alice to erin', 'message, erin to alice', 'refused: wrong key'];
      const newer = name === 'hivemind' ? played.map((step) => `${step}, version 3`) : [];
      expect(scene.map(({ step }) => step)).toEqual([...played, ...newer]);
      const { dialler, listener } = scene[0].steps as { dialler: unknown[]; listener: unknown[] };
      expect(Math.min(dialler.length, listener.length)).toBeGreaterThan(2);
    }
    const steps = all.filter(({ protocol }) => protocol === 'handfast');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const pairs = native ? ['native-native', 'native-pure', 'pure-native'] : ['pure-pure'];
    const names = steps.map(({ step }) => step);
    for (const pair of pairs) {
      expect(names.filter((name) => name.endsWith(pair) || name.includes(`${pair},`))).toHaveLength(4);
      const handshake = steps.find(({ step }) => step === `handshake ${pair}`)!;
      expect(handshake.dialler).not.toBe(handshake.listener);
      expect(Object.values(handshake.steps as object).map((side: unknown[]) => side.length)).toEqual([6, 6]);
      const messages = pair === 'native-native' ? 100_000 : 20_000;
      expect(steps.find(({ step }) => step === `messages ${pair}`)).toMatchObject({ messages, messageBytes: 256 });
    }
    for (const file of steps.filter(({ step }) => step.startsWith('file'))) expect(file.bytes).toBe(16 * 1024 * 1024);
    expect(Object.fromEntries(steps.filter(({ code }) => code !== undefined).map(({ step, code }) => [step, code]))).toEqual({
      'refused: impostor answers': 'HF_UNEXPECTED_PEER',
      'refused: stranger dials': 'HF_UNKNOWN_NODE',
      'refused: impostor dials': 'HF_INVALID_SIGNATURE',
      'refused: wrong network': 'HF_WRONG_NETWORK',
      'refused: stale clock': 'HF_EXPIRED_TIMESTAMP',
      'refused: replayed recording': 'HF_BAD_TAG',
      'killed in mid-transfer': 'HF_TRUNCATED',
      ban: 'HF_BANNED',
      'killed and back': 'HF_TRUNCATED',
    });
    const broadcasts = steps.find(({ step }) => step === 'broadcasts')!;
    const each = { count: 5_000, different: 5_000, sha256: broadcasts.sha256 };
    expect(broadcasts).toMatchObject({ broadcasts: 5_000, broadcastBytes: 256, received: [each, each] });
    const nodes = steps.find(({ step }) => step === 'nodes meet')!.nodes as string[];
    const [nina, otto, paul] = nodes;
    expect(new Set(nodes).size).toBe(3);
    expect(steps.find(({ step }) => step === 'request')).toMatchObject({ from: paul, to: otto });
    expect(steps.find(({ step }) => step === 'readmission')).toMatchObject({ readmitted: paul, by: nina });
    expect(steps.find(({ step }) => step === 'killed and back')).toMatchObject({ node: otto });
    expect(readdirSync(room)).toEqual([]);
  });

  it('plays one protocol alone', { timeout: 60_000 }, async () => {
    const { code, stdout } = await handfast(['demo', '--json', '--protocol', 'lwstcp']);
    const steps = JSON.parse(stdout) as Step[];
    expect({ code, protocols: [...new Set(steps.map(({ protocol }) => protocol))] }).toEqual({ code: 0, protocols: ['lwstcp'] });
    expect(steps.find(({ step }) => step === 'refused: wrong key')).toMatchObject({ ok: true, code: 'HF_WRONG_KEY', foundBy: 'erin' });
  });
});
