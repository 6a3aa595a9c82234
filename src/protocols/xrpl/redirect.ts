/** The body of a 503: where to go instead, as far as it can be read. */
import type { Bytes } from '../../core/core.ts';
import { endpointText, readEndpoint } from './address.ts';
import { type Fields, latin1 } from './http-head.ts';
import { LIMITS } from './limits.ts';

/** What has come of a body. */
export interface Body {
  readonly text: string;
  /** All of it is there, or no more of it will be read. */
  readonly over: boolean;
}

/** The body by Content-Length, by chunks, or until the stream ends. A broken one is over where it breaks. */
export function readBody(fields: Fields, bytes: Bytes): Body {
  const full = bytes.length >= LIMITS.body;
  if (/(?:^|[ \t,])chunked$/i.test(fields.get('transfer-encoding') ?? '')) {
    const body = unchunked(latin1(bytes));
    return { text: body.text, over: body.over || full };
  }
  const length = fields.get('content-length');
  if (length === undefined) return { text: latin1(bytes), over: full };
  if (!/^[0-9]{1,15}$/.test(length)) return { text: '', over: true };
  return { text: latin1(bytes.subarray(0, Number(length))), over: bytes.length >= Number(length) || full };
}

/** At most 30 addresses of the list; whatever is none is passed over. */
export function readRedirects(text: string): string[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return [];
  }
  const list = Object(document)['peer-ips'] as unknown;
  if (!Array.isArray(list)) return [];
  const endpoints: string[] = [];
  for (const entry of list) {
    const endpoint = typeof entry === 'string' ? readEndpoint(entry) : undefined;
    if (endpoint) endpoints.push(endpointText(endpoint.address, endpoint.port));
    if (endpoints.length === LIMITS.redirectsTaken) break;
  }
  return endpoints;
}

function unchunked(text: string): Body {
  let body = '';
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at);
    if (line < 0) return { text: body, over: text.length - at > LONGEST_SIZE_LINE };
    const size = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?$/.exec(text.slice(at, line));
    if (!size) return { text: body, over: true };
    const length = Number.parseInt(size[1], 16);
    // What follows the last chunk is of no interest.
    if (length === 0) return { text: body, over: true };
    const from = line + 2;
    if (text.length < from + length + 2) return { text: body, over: false };
    if (text.slice(from + length, from + length + 2) !== '\r\n') return { text: body, over: true };
    body += text.slice(from, from + length);
    at = from + length + 2;
  }
}

const LONGEST_SIZE_LINE = 256;
