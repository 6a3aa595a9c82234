/** The clients that a master knows, and what each may do: section 9. */
import { HandfastError } from '../../errors.ts';
import { utf8 } from '../../wire/text.ts';
import { LIMITS } from './limits.ts';
import { checkPassword } from './password.ts';
import { checkKey } from './sealing.ts';
import { noiseKeyOf } from './v3-options.ts';

export interface HiveMindClient {
  /** Names the client; travels in clear. No colon. */
  accessKey: string;
  /** Shown in peer names; the access key's first eight characters by default. */
  name?: string | undefined;
  password?: string | undefined;
  /** 16, 24 or 32 bytes of UTF-8: skips the handshake, and gives up all that the handshake gives. */
  presharedKey?: string | undefined;
  /** The client's Noise key, 64 hexadecimal digits: with it every other key is refused, and the shorter handshake KKpsk0 is offered. `session.info.noiseKey` shows it. */
  noiseKey?: string | undefined;
  /** The client's RSA key, PEM: with it the RSA handshake is refused to every other key. */
  publicKey?: string | undefined;
  /** May broadcast, and use the session `default`. */
  admin?: boolean | undefined;
  /** Types of bus messages it may send; `recognizer_loop:utterance` alone by default. */
  allowedTypes?: readonly string[] | undefined;
  canPropagate?: boolean | undefined;
  canEscalate?: boolean | undefined;
}

/** Where a master looks clients up. */
export interface ClientStore {
  /** Called once for each connection; at once, and without effects. */
  find(accessKey: string): HiveMindClient | undefined;
}

/** @throws HF_BAD_ARGUMENT, HF_BAD_KEY that name the client's fault; see {@link checkClient}. */
export function memoryClients(clients: Iterable<HiveMindClient>, { weakPasswords = false } = {}): ClientStore {
  const known = new Map<string, HiveMindClient>();
  for (const client of clients) {
    if (known.has(client.accessKey)) throw new HandfastError('BAD_ARGUMENT', 'clients: an access key is there twice');
    known.set(client.accessKey, checkClient(client, { weakPasswords }));
  }
  return { find: (accessKey) => known.get(accessKey) };
}

/** @returns a copy. @throws HF_BAD_ARGUMENT for a misshapen name or key, HF_BAD_KEY for a password that can be guessed, a pre-shared key of another length, a Noise key that is none. */
export function checkClient(client: HiveMindClient, { weakPasswords = false } = {}): HiveMindClient {
  const { accessKey, name, password, presharedKey, noiseKey } = client;
  checkName('accessKey', accessKey);
  if (name !== undefined) checkName('name', name);
  if (password !== undefined) {
    if (typeof password !== 'string' || password === '')
      throw new HandfastError('BAD_ARGUMENT', 'password: text of at least one character');
    if (!weakPasswords) checkPassword(password, 'password');
  }
  if (presharedKey !== undefined) checkKey('AES-GCM', utf8(presharedKey));
  if (noiseKey !== undefined && (typeof noiseKey !== 'string' || !noiseKeyOf(noiseKey)))
    throw new HandfastError('BAD_KEY', 'noiseKey: 64 hexadecimal digits, as session.info.noiseKey shows them');
  return { ...client };
}

/** What goes into a token or a peer's name. @throws HF_BAD_ARGUMENT: a colon would cut either. */
export function checkName(option: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > LIMITS.name || /[:\p{Cc}]/u.test(value)) {
    throw new HandfastError('BAD_ARGUMENT', `${option}: 1 to ${LIMITS.name} characters without a colon or control characters`);
  }
  return value;
}
