/** Sessions as finished handshakes leave them, without the handshakes: both sides' traffic, made of keys, for whoever wants very many. */
import type { Core } from '../../src/core/core.ts';
import { FRAMING } from '../../src/protocols/handfast/records.ts';
import { settingsOf as handfastSettings } from '../../src/protocols/handfast/settings.ts';
import { HandfastTraffic } from '../../src/protocols/handfast/traffic.ts';
import { AeadChannel, type Channel } from '../../src/protocols/hivemind/channel.ts';
import { masterSettings, slaveSettings } from '../../src/protocols/hivemind/options.ts';
import { HiveTraffic } from '../../src/protocols/hivemind/traffic.ts';
import { NoiseChannel } from '../../src/protocols/hivemind/v3-channel.ts';
import { settingsOf as lwstcpSettings } from '../../src/protocols/lwstcp/settings.ts';
import { LwstcpTraffic } from '../../src/protocols/lwstcp/traffic.ts';
import type { Role, Traffic } from '../../src/protocols/machine.ts';
import { NoiseCipher } from '../../src/protocols/noise/cipher.ts';
import { BoundSealer } from '../../src/protocols/sdmp/bound.ts';
import { CbcSealer } from '../../src/protocols/sdmp/encrypted.ts';
import { Line } from '../../src/protocols/sdmp/line.ts';
import { settingsOf as sdmpSettings } from '../../src/protocols/sdmp/settings.ts';
import { SdmpTraffic } from '../../src/protocols/sdmp/traffic.ts';
import { settingsOf as xrplSettings } from '../../src/protocols/xrpl/settings.ts';
import { XrplTraffic } from '../../src/protocols/xrpl/traffic.ts';

/** Makes the traffic of one side, at this time; wipe each. */
export type Make = (now: number) => Traffic;

// biome-ignore lint/suspicious/noExplicitAny: options are each protocol's own
type Maker = (core: Core, role: Role, options: any) => Make;

/** Of the side that dials, then of the other. */
const KEYS = [new Uint8Array(32).fill(5), new Uint8Array(32).fill(6)] as const;
const HASH = new Uint8Array(32).fill(7);

/** Ours, for what we send and for what comes. */
const keysOf = (role: Role): readonly [Uint8Array, Uint8Array] => (role === 'initiator' ? KEYS : [KEYS[1], KEYS[0]]);

const makeHandfast: Maker = (core, role, options) => {
  const settings = handfastSettings(options);
  const suite = 'chacha20-poly1305';
  const cipherOf = (key: Uint8Array) => core.cipher({ suite, key, framing: FRAMING });
  return (now) => {
    const [sealer, opener] = keysOf(role).map(cipherOf);
    const source = { settings, suite, sealer: sealer!, opener: opener! } as const;
    return new HandfastTraffic(source, { largestRecord: settings.largestRecord, node: settings.node }, now);
  };
};

/** Of a session of version 3. */
export function noiseChannel(core: Core, role: Role): NoiseChannel {
  const [send, receive] = keysOf(role).map((key) => new NoiseCipher(core, 'ChaChaPoly', key));
  const split = { send: send!, receive: receive!, handshakeHash: HASH.slice(), remoteStatic: HASH };
  return new NoiseChannel(split, { binarize: true, limit: 1 << 20, info: { version: 3 } });
}

const makeHive =
  (channelOf: (core: Core, role: Role) => Channel): Maker =>
  (core, role, options) => {
    const session = { session_id: 'one' };
    if (role === 'initiator') {
      const settings = slaveSettings(options);
      return (now) =>
        new HiveTraffic({ role: 'slave', settings, hello: {}, channel: channelOf(core, role), session, siteId: 'unknown', now });
    }
    const settings = masterSettings(options);
    const [client] = options.clients;
    return (now) =>
      new HiveTraffic({ role: 'master', settings, client, peer: 'one', channel: channelOf(core, role), session, siteId: 'unknown', now });
  };

const makeSdmp: Maker = (core, role, options) => {
  const settings = sdmpSettings(options);
  return () => {
    const [send, receive] = keysOf(role);
    const sealer = settings.bound
      ? new BoundSealer(settings, core.guarded.import(send), core.guarded.import(receive))
      : new CbcSealer(core.guarded.import(KEYS[0]), settings);
    return new SdmpTraffic(settings, sealer, new Line(false));
  };
};

/** By the names of `attacked`. */
export const standing: Readonly<Record<string, Maker>> = {
  handfast: makeHandfast,
  'handfast, records': (core, role, options) => makeHandfast(core, role, { ...options, node: true, bootId: HASH.subarray(0, 16) }),
  xrpl: (_core, role, options) => {
    const settings = xrplSettings(options, role);
    return (now) => new XrplTraffic({ settings, role, version: 'XRPL/2.2', compr: true, binding: HASH, seat: undefined }, now);
  },
  'hivemind 2': makeHive(
    (core) =>
      new AeadChannel({
        core,
        random: core.random,
        cipher: 'CHACHA20-POLY1305',
        encoding: 'JSON-B64',
        key: KEYS[0].slice(),
        binarize: true,
        info: {},
      }),
  ),
  'hivemind 3': makeHive(noiseChannel),
  lwstcp: (core, role, options) => {
    const settings = lwstcpSettings(options);
    return (now) => new LwstcpTraffic(settings, role, core.guarded.import(KEYS[0]), now);
  },
  sdmp: makeSdmp,
  'sdmp, bound': makeSdmp,
};
