/** LightweightSecureTCP on the command line. */
import { readFile } from 'node:fs/promises';
import { core } from '../../core/choose.ts';
import { writeKeyFile } from '../../node/key-file.ts';
import { handshakeKeyOfWords, type LwstcpOptions, lwstcp } from '../../protocols/lwstcp/index.ts';
import { fingerprintOf } from '../../protocols/lwstcp/key.ts';
import { type Call, Failure, type Options, UsageError } from '../command.ts';
import { PASSPHRASE_OPTION } from '../passphrase.ts';
import type { Cast, DemoForm } from './demo.ts';
import { type KeyForm, openSecret, storedKey } from './keys.ts';
import type { CommandProtocol, Found, Settings, Use } from './protocol.ts';

const SHARED: Options = {
  'handshake-key': {
    type: 'string',
    value: 'FILE',
    help: 'The key that all devices share; handfast keygen --protocol lwstcp makes a file of it.',
  },
  'allow-insecure': {
    type: 'boolean',
    help: 'Needed, since it must be said: nothing is protected against changes, old sessions are readable for whoever gets the key, and the listener proves nothing.',
  },
  rounds: { type: 'string', value: 'N', help: 'Rounds of the cipher, 1 to 128; 32 unless given. Both sides must be set alike.' },
  dialect: {
    type: 'string',
    value: 'current|older',
    help: 'older: for devices whose library has no keep-alive yet. current unless given.',
  },
  'passphrase-file': PASSPHRASE_OPTION,
};

const DELAY: Options = {
  'first-delay': {
    type: 'string',
    value: 'MS',
    help: 'Wait so many milliseconds before the first message; 0 unless given. Servers of the C++ library may lose what comes in their first 50 ms.',
  },
};

const keys: KeyForm = {
  type: 'xtea256',
  help: 'a key of 256 bits that all devices share. Its id only tells whether two files hold the same one; handfast id FILE --secret prints its eight words for the source of a device.',
  options: {
    import: {
      type: 'string',
      value: 'FILE',
      help: 'Take the key from the first line of FILE instead of making one: eight words as in 0x12345678, 0x9abcdef0, ..., or 64 hexadecimal digits.',
    },
  },
  examples: ['handfast keygen devices.key --protocol lwstcp', 'handfast keygen devices.key --protocol lwstcp --import words.txt'],
  make: async (call) => {
    const file = call.text('import');
    return file === undefined ? new Uint8Array(core.random(32)) : wordsOf(file, await readFile(file, 'utf8'));
  },
  forms: (secret) => ({ id: `lwstcp:${fingerprintOf(core, secret)}` }),
  reveal(secret) {
    const view = new DataView(secret.buffer, secret.byteOffset, secret.length);
    return Array.from(
      { length: 8 },
      (_, i) =>
        `0x${view
          .getUint32(4 * i, true)
          .toString(16)
          .padStart(8, '0')}`,
    ).join(', ');
  },
};

const demo: DemoForm = {
  cast,
  known: (peer, { peerProved }, other) =>
    peerProved ? `knows that ${other} has the key ${peer}` : `has no proof that ${other} has the key: this protocol gives none`,
  messages: { dialler: { text: 'temperature?' }, listener: { text: '21.5 C' } },
};

export const lwstcpCommands: CommandProtocol = {
  protocol: lwstcp,
  title: 'LightweightSecureTCP',
  summary: 'for devices that know nothing better; not secure',
  port: 7601,
  halfCloses: false,
  options: { connect: { ...SHARED, ...DELAY }, listen: SHARED, probe: SHARED },
  examples: {
    connect: ['handfast connect 192.168.1.20:5000 --protocol lwstcp --handshake-key devices.key --allow-insecure'],
    listen: ['handfast listen --protocol lwstcp --handshake-key devices.key --allow-insecure --mode print'],
    probe: ['handfast probe 192.168.1.20:5000 --protocol lwstcp --handshake-key devices.key --allow-insecure'],
  },
  settings,
  agreed: ({ rounds, dialect }) => `${rounds} rounds, ${dialect} dialect`,
  probe: { facts, advice },
  keys,
  demos: [demo],
};

async function settings(call: Call, use: Use): Promise<Settings> {
  const file = call.needed('handshake-key', 'devices.key');
  if (!call.flag('allow-insecure'))
    throw new UsageError(
      '--allow-insecure is needed: this protocol protects nothing against changes and does not prove the listener; between nodes of your own, --protocol handfast does',
    );
  const rounds = call.whole('rounds', 1, 128);
  const dialect = call.choice('dialect', ['current', 'older']);
  const firstMessageDelayMs = use === 'connect' ? call.whole('first-delay', 0, 5000) : undefined;
  const secret = await openSecret(keys, file, call);
  const options: LwstcpOptions = { handshakeKey: secret, allowInsecure: true, rounds, dialect, firstMessageDelayMs };
  return { options: { ...options }, wipe: () => void secret.fill(0) };
}

function facts({ peer, info }: Found): string[][] {
  if (!peer || !info) return [];
  return [
    ['key', `${peer.id} (ours; that the device has it is not proved: this protocol gives no proof)`],
    ['rounds', String(info.rounds)],
    ['dialect', String(info.dialect)],
  ];
}

function advice({ error, steps }: Found): string | undefined {
  const answered = steps.some(({ what, direction }) => what === 'response' && direction === 'sent');
  if (error?.code === 'HF_TRUNCATED' && answered)
    return 'It hung up on our answer: nearly always another handshake key, or another number of --rounds';
  if (error?.code === 'HF_HANDSHAKE_TIMEOUT' && !answered)
    return 'It says nothing: the device speaks first in this protocol, so another service listens there, or the device serves one client and has one';
  if (error?.code === 'HF_MALFORMED') return 'What answers there does not speak LightweightSecureTCP: check host and port';
  return undefined;
}

function wordsOf(path: string, text: string): Uint8Array {
  const words = text
    .split('\n')[0]
    .replace(/[{}[\];]|0[xX]/g, ' ')
    .trim()
    .split(/[\s,]+/);
  const digits = words.map((word) => (words.length === 8 ? word.padStart(8, '0') : word)).join('');
  if (!/^[0-9a-fA-F]{64}$/.test(digits))
    throw new Failure(
      `${path}: its first line is no key`,
      'Write eight words there, 0x12345678, 0x9abcdef0, ..., or 64 hexadecimal digits',
    );
  return handshakeKeyOfWords(digits);
}

/** A device and whoever dials it share one key; mallory has another. */
async function cast(path: (name: string) => string): Promise<Cast> {
  const [key, other] = [core.random(32), core.random(32)].map((secret) => storedKey(keys, new Uint8Array(secret)));
  const [shared, wrong] = [path('shared.key'), path('mallory.key')];
  await writeKeyFile(shared, key);
  await writeKeyFile(wrong, other);
  const as = (file: string): string[] => ['--handshake-key', file, '--allow-insecure'];
  return {
    listen: as(shared),
    connect: as(shared),
    ids: { dialler: key.id, listener: key.id },
    wrong: {
      story: 'somebody dials with another handshake key',
      connect: as(wrong),
      code: 'HF_WRONG_KEY',
      foundBy: 'listener',
      told: 'HF_TRUNCATED',
    },
  };
}
