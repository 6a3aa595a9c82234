/** Which way to a key is taken: the slave chooses among what the master's request allows and its own options ask for; the master follows what comes. Sections 3 and 6. */
import { HandfastError } from '../../errors.ts';
import { isJsonObject, type JsonObject } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import { AeadChannel, type Channel } from './channel.ts';
import { ClearChannel } from './clear-channel.ts';
import type { HiveMindClient } from './clients.ts';
import { malformed } from './faults.ts';
import { checkRequestLists, OLDEST_SUITE } from './offer.ts';
import type { CommonSettings, MasterSettings, SlaveSettings } from './options.ts';
import { masterPassword, slavePassword } from './password-path.ts';
import type { PathStep } from './path.ts';
import { masterRsa, slaveRsa } from './rsa-path.ts';
import { masterNoise, noiseOffer, type Said, slaveNoise } from './v3-path.ts';

/** The master's `shake` without an envelope. */
export function requestOf(settings: MasterSettings, client: HiveMindClient): JsonObject {
  const preshared = client.presharedKey !== undefined;
  const noise = noiseOffer(settings, client);
  if (noise && !settings.noise?.allowOlder) return noise;
  const handshake = !settings.insecure.noHandshake && (client.password !== undefined || settings.rsaKey !== undefined);
  return {
    handshake: handshake && !preshared,
    min_protocol_version: preshared || settings.insecure.clearText ? 0 : 1,
    max_protocol_version: handshake ? 2 : 0,
    binarize: settings.binarize,
    preshared_key: preshared,
    password: handshake && client.password !== undefined,
    crypto_required: !settings.insecure.clearText,
    encodings: settings.encodings,
    ciphers: settings.ciphers,
    ...(noise && { noise: noise.noise, max_protocol_version: 3 }),
  };
}

/** @param hello the payload of the master's HELLO. */
export function slavePath(settings: SlaveSettings, hello: JsonObject, request: JsonObject): PathStep {
  const bounds = boundsOf(request);
  if (bounds instanceof HandfastError) return { why: bounds };
  const [least, most] = bounds;
  if (settings.noise && isJsonObject(request.noise) && most >= 3) return slaveNoise(settings, settings.noise, hello, request);
  if (settings.noise && !settings.noise.allowOlder) {
    return { why: new HandfastError('PROTOCOL_MISMATCH', 'the master does not offer version 3, and nothing older is allowed') };
  }
  const allows = (from: number, to = from): boolean => from <= most && to >= least;
  const { password, presharedKey } = settings;
  if (request.password === true && password !== undefined && allows(1, 2)) {
    const lists = checkRequestLists(settings, request);
    return lists ? { why: lists } : slavePassword(settings, password, request);
  }
  if (request.preshared_key === true && presharedKey && allows(0)) return { shakes: [], keyed: presharedChannel(settings, presharedKey) };
  if (request.password !== true && settings.rsaKey !== undefined && request.handshake !== false && allows(1)) {
    return slaveRsa(settings, typeof hello.pubkey === 'string' ? hello.pubkey : '');
  }
  if (request.crypto_required === false && settings.insecure.clearText && allows(0))
    return { shakes: [], keyed: new ClearChannel(settings) };
  return {
    why: new HandfastError(
      'PROTOCOL_MISMATCH',
      `no way to a key in common: the master speaks versions ${least} to ${most}${wants(request)}`,
    ),
  };
}

/** What a shake of the slave asks for. @param said our greeting, where a first handshake follows it. */
export function masterPath(settings: MasterSettings, client: HiveMindClient, shake: JsonObject, said?: Said): PathStep {
  if (settings.noise && said && isJsonObject(shake.noise)) return masterNoise(settings, settings.noise, client, said, shake.noise);
  if (settings.noise && !settings.noise.allowOlder) {
    return { why: new HandfastError('PROTOCOL_MISMATCH', 'a handshake older than version 3, and none is allowed') };
  }
  if (settings.insecure.noHandshake) return { why: new HandfastError('NOT_ALLOWED', 'handshakes are off') };
  if (shake.pubkey !== undefined && (settings.rsaKey !== undefined || shake.envelope === undefined))
    return masterRsa(settings, client, shake);
  if (shake.envelope === undefined) return { why: new HandfastError('NOT_ALLOWED', 'a handshake with neither envelope nor public key') };
  if (client.password === undefined) return { why: new HandfastError('NOT_ALLOWED', 'a password handshake of a client without password') };
  return masterPassword(settings, client.password, shake);
}

/** Version 0: a key that both sides hold already, at once. */
export function presharedChannel({ core, random }: CommonSettings, key: Uint8Array | string): Channel {
  const bytes = typeof key === 'string' ? utf8(key) : key.slice();
  return new AeadChannel({ core, random, key: bytes, ...OLDEST_SUITE, binarize: false, info: { path: 'preshared', version: 0 } });
}

function boundsOf({
  min_protocol_version: least = 0,
  max_protocol_version: most = 1,
}: JsonObject): readonly [number, number] | HandfastError {
  if (!Number.isSafeInteger(least) || !Number.isSafeInteger(most) || (least as number) > (most as number))
    return malformed('protocol versions that are no range');
  return [least as number, most as number];
}

function wants({ password, preshared_key }: JsonObject): string {
  if (password === true) return ' and wants a password';
  return preshared_key === true ? ' and wants a pre-shared key' : '';
}
