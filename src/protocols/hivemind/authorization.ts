/** The token of section 1, in the request target: `useragent:access_key`, Base64. */
import { base64 } from '@scure/base';
import { strictText, utf8 } from '../../wire/text.ts';

export interface Credentials {
  userAgent: string;
  accessKey: string;
}

/** The token goes first and raw: released servers take all that follows these letters, and decode no percent signs. */
export function targetOf(credentials: Credentials): string {
  return `${PREFIX}${tokenOf(credentials)}`;
}

export function tokenOf({ userAgent, accessKey }: Credentials): string {
  return base64.encode(utf8(`${userAgent}:${accessKey}`));
}

/** Percent-encoded, URL-safe and unpadded tokens are read too; the first colon divides. @returns undefined for what holds no token. */
export function credentialsOf(target: string): Credentials | undefined {
  if (target.length > MOST_TARGET) return undefined;
  const query = target.slice(target.indexOf('?') + 1).split('&');
  const given = target.includes('?') ? query.find((part) => part.startsWith('authorization=')) : undefined;
  const token = given && unescaped(given.slice('authorization='.length));
  if (!token) return undefined;
  const standard = token.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  let text: string | undefined;
  try {
    text = strictText(base64.decode(standard.padEnd(Math.ceil(standard.length / 4) * 4, '=')));
  } catch {
    return undefined;
  }
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 0 || colon === text.length - 1) return undefined;
  return { userAgent: text.slice(0, colon), accessKey: text.slice(colon + 1) };
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const PREFIX = '/?authorization=';
const MOST_TARGET = 4096;
