/** HiveMind's scenes of the demo: one by password, one by Noise. */
import { randomBytes } from 'node:crypto';
import { HiveMindClientFile } from '../../node/hivemind-clients.ts';
import { writeKeyFile } from '../../node/key-file.ts';
import { writeCredentials } from '../credentials.ts';
import type { Cast, DemoForm } from './demo.ts';
import { newNoiseKey, noiseKeys } from './hivemind-noise.ts';
import { idOf, storedKey } from './keys.ts';

const UTTERANCE = '{"type":"recognizer_loop:utterance","data":{"utterances":["what time is it?"]},"context":{}}';
const SPEAK = '{"type":"speak","data":{"utterance":"a quarter past nine"},"context":{}}';

const scene: Omit<DemoForm, 'cast'> = {
  known: (peer, info, other) =>
    info.admin === undefined ? `knows that ${other} has the password of ${peer.slice(0, 8)}..` : `knows ${other} as ${info.name}`,
  words: (text) => {
    const { data } = JSON.parse(text) as { data: { utterance?: string; utterances?: string[] } };
    return data.utterance ?? data.utterances?.[0] ?? text;
  },
  messages: { dialler: { text: UTTERANCE, kind: 'bus' }, listener: { text: SPEAK, kind: 'bus' } },
};

export const hivemindDemos: readonly DemoForm[] = [
  { ...scene, cast: (path) => castOf((name) => path(`2-${name}`), [], []) },
  { ...scene, variant: 'version 3', cast: castWithNoise },
];

/** Under keys in files, of which each side has pinned the other's: KKpsk0. */
async function castWithNoise(path: (name: string) => string): Promise<Cast> {
  const [master, slave] = await Promise.all(
    ['master.noise', 'kitchen.noise'].map(async (name) => {
      const secret = newNoiseKey();
      const key = storedKey(noiseKeys, secret);
      await writeKeyFile(path(name), key, {});
      return { file: path(name), id: idOf(noiseKeys.forms(secret)) };
    }),
  );
  const dialling = ['--noise-key', slave.file, '--noise-master', master.id];
  return castOf((name) => path(`3-${name}`), ['--noise-key', master.file], dialling, slave.id);
}

/** A client of the master's list; mallory has its access key and another password. */
async function castOf(
  path: (name: string) => string,
  listening: readonly string[],
  dialling: readonly string[],
  noiseKey?: string,
): Promise<Cast> {
  const [accessKey, password, other] = Array.from({ length: 3 }, () => randomBytes(16).toString('hex'));
  const [clients, kitchen, wrong] = [path('clients.json'), path('kitchen.json'), path('mallory.json')];
  const store = await HiveMindClientFile.open(clients);
  await store.add({ accessKey, name: 'kitchen', password, noiseKey, allowedTypes: ['recognizer_loop:utterance', 'speak'] });
  await writeCredentials(kitchen, { accessKey, password });
  await writeCredentials(wrong, { accessKey, password: other });
  return {
    listen: ['--clients', clients, ...listening],
    connect: ['--credentials', kitchen, ...dialling],
    ids: { dialler: accessKey },
    wrong: {
      story: "mallory dials with kitchen's access key and another password",
      connect: ['--credentials', wrong, ...dialling],
      code: 'HF_WRONG_KEY',
      foundBy: 'listener',
    },
  };
}
