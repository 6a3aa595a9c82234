/** Published vectors of Noise. Not part of the repository: `HANDFAST_NOISE_VECTORS` names a file in the form of flynn/noise (`vectors.txt`), as Debian's golang-github-flynn-noise-dev has it. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import { NoiseHandshake, parseNoiseName } from '../../../src/protocols/noise/index.ts';
import { cores } from '../../support/cores.ts';
import { converse } from '../../support/noise.ts';

const path = process.env.HANDFAST_NOISE_VECTORS;

describe.runIf(path)('published vectors of Noise', () => {
  const vectors = path ? readFileSync(path, 'utf8').split('\n\n').map(fieldsOf).filter(isOurs) : [];

  it('are found', () => {
    expect(vectors.length).toBeGreaterThan(50);
  });

  describe.each(cores.map((core) => [core.name, core] as const))('on the %s core', (_name, core) => {
    it.each(vectors.map((vector) => [titleOf(vector), vector] as const))('%s', (_title, vector) => play(core, vector));
  });
});

type Vector = Record<string, string>;

function fieldsOf(block: string): Vector {
  return Object.fromEntries(
    block
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

function isOurs({ handshake = '' }: Vector): boolean {
  return /^Noise_(NN|KK|XX|IK)(psk\d)*_25519_(ChaChaPoly|AESGCM)_(SHA256|SHA512|BLAKE2b)$/.test(handshake);
}

function titleOf({ handshake, prologue, msg_0_payload }: Vector): string {
  return `${handshake}${prologue ? ' with a prologue' : ''}${msg_0_payload ? ' with payloads' : ''}`;
}

function play(core: Core, vector: Vector): void {
  const { known, messages } = parseNoiseName(vector.handshake!);
  const bytes = (name: string) => (vector[name] === undefined ? undefined : hex(vector[name]));
  const statics = (['init_static', 'resp_static'] as const).map((name) => {
    const seed = bytes(name);
    return seed && core.guarded.x25519KeyPair(seed);
  });
  const psk = bytes('preshared_key');
  const sides = (['initiator', 'responder'] as const).map((role, i) => {
    const other = role === 'initiator' ? 'responder' : 'initiator';
    const ephemeralSeed = bytes(i === 0 ? 'gen_init_ephemeral' : 'gen_resp_ephemeral');
    return new NoiseHandshake({
      core,
      name: vector.handshake!,
      role,
      prologue: bytes('prologue'),
      staticKey: statics[i],
      remoteStatic: known[other] ? statics[1 - i]!.publicKey : undefined,
      psks: psk && [psk],
      ephemeralSeed,
    });
  }) as [NoiseHandshake, NoiseHandshake];
  const { told, splits } = converse(
    core,
    sides,
    messages.map((_, i) => hex(vector[`msg_${i}_payload`]!)),
  );
  told.forEach(({ message, payload }, i) => {
    expect(text(message)).toBe(vector[`msg_${i}_ciphertext`]);
    expect(text(payload)).toBe(vector[`msg_${i}_payload`]);
  });
  let compared = 0;
  for (let i = messages.length; vector[`msg_${i}_payload`] !== undefined; i++) {
    // The initiator begins again, whoever had the last word of the handshake.
    const [from, to] = (i - messages.length) % 2 === 0 ? splits : [splits[1], splits[0]];
    const sealed = from.send.seal(hex(vector[`msg_${i}_payload`]!));
    expect(text(sealed)).toBe(vector[`msg_${i}_ciphertext`]);
    expect(text(to.receive.open(sealed))).toBe(vector[`msg_${i}_payload`]);
    compared++;
  }
  expect(compared).toBeGreaterThan(0);
  for (const { send, receive } of splits) {
    send.wipe();
    receive.wipe();
  }
  for (const pair of statics) pair?.secretKey.wipe();
}

const hex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, 'hex'));
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
