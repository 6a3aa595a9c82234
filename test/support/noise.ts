/** Noise handshakes without a carrier: both sides of one, their work done at once by the core. */
import type { Core, GuardedKeyPair } from '../../src/core/core.ts';
import { NoiseHandshake, type NoiseOptions, type NoiseSplit, type NoiseStep } from '../../src/protocols/noise/index.ts';

/** Does what a step asks for until it gives a result. */
export function settle(core: Core, side: NoiseHandshake, step: NoiseStep): Exclude<NoiseStep, { work: unknown }> {
  let at = step;
  while ('work' in at) at = side.answered(core.run(at.work));
  return at;
}

export interface Told {
  message: Uint8Array;
  payload: Uint8Array;
}

/** Both sides to the end; throws what either refuses. */
export function converse(
  core: Core,
  [initiator, responder]: readonly [NoiseHandshake, NoiseHandshake],
  payloads: readonly Uint8Array[] = [],
): { told: Told[]; splits: [NoiseSplit, NoiseSplit] } {
  const told: Told[] = [];
  const splits = new Map<NoiseHandshake, NoiseSplit>();
  for (let i = 0; initiator.writes !== undefined; i++) {
    const [writer, reader] = initiator.writes ? [initiator, responder] : [responder, initiator];
    const written = settle(core, writer, writer.write(payloads[i]));
    if (!('message' in written)) throw 'why' in written ? written.why : new Error('no message');
    const read = settle(core, reader, reader.read(written.message));
    if (!('payload' in read)) throw 'why' in read ? read.why : new Error('no payload');
    told.push({ message: written.message, payload: read.payload });
    if (written.split) splits.set(writer, written.split);
    if (read.split) splits.set(reader, read.split);
  }
  return { told, splits: [splits.get(initiator)!, splits.get(responder)!] };
}

/** Everything a pattern may need, chosen by its name; fixed keys. `wipe` wipes those that stay the caller's. */
export function noisePair(
  core: Core,
  name: string,
  { psk = filled(9), prologue }: { psk?: Uint8Array; prologue?: Uint8Array } = {},
): { sides: [NoiseHandshake, NoiseHandshake]; options: [NoiseOptions, NoiseOptions]; wipe(): void } {
  const keys = [filled(1), filled(2)].map((seed) => core.guarded.x25519KeyPair(seed)) as [GuardedKeyPair, GuardedKeyPair];
  const pattern = name.slice(6, 8);
  const psks = Array.from({ length: name.split('psk').length - 1 }, () => psk);
  const options = ([0, 1] as const).map((i): NoiseOptions => {
    const knows = pattern === 'KK' || (pattern === 'IK' && i === 0);
    return {
      core,
      name,
      role: i === 0 ? 'initiator' : 'responder',
      prologue,
      psks,
      staticKey: pattern === 'NN' ? undefined : keys[i],
      remoteStatic: knows ? keys[1 - i]!.publicKey : undefined,
    };
  }) as [NoiseOptions, NoiseOptions];
  return {
    sides: options.map((each) => new NoiseHandshake(each)) as [NoiseHandshake, NoiseHandshake],
    options,
    wipe() {
      for (const { secretKey } of keys) secretKey.wipe();
    },
  };
}

export const filled = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte);
