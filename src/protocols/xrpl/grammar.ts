/** What the values of header fields may be: sections 8.1 to 8.4 and 9. Nothing here throws; what does not fit is undefined. */
import type { Bytes } from '../../core/core.ts';
import { lenientBase64 } from './base64.ts';

/** One optional `+`, then digits, at most 4,294,967,295; no blanks. */
export function readUint32(text: string): number | undefined {
  if (!/^\+?[0-9]+$/.test(text)) return undefined;
  const value = Number(text);
  return value <= 0xffffffff ? value : undefined;
}

/** 4 to 128 characters: labels of 1 to 63 letters, digits and inner hyphens, each with a dot behind it, then 2 to 63 letters. */
export function isServerDomain(text: string): boolean {
  if (text.length < 4 || text.length > 128) return false;
  const labels = text.split('.');
  const last = labels.pop()!;
  return labels.length > 0 && labels.every((label) => LABEL.test(label)) && /^[A-Za-z]{2,63}$/.test(last);
}

/** 64 hexadecimal digits, the single character 0, or base64 of 32 bytes. @returns 32 bytes. */
export function readLedgerHash(text: string): Bytes | undefined {
  if (text === '0') return new Uint8Array(32);
  if (/^[0-9A-Fa-f]{64}$/.test(text)) {
    return Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
  }
  const bytes = lenientBase64(text);
  return bytes.length === 32 ? bytes : undefined;
}

/** The elements between commas as the reference cuts them: blanks and tabs vanish everywhere, a double-quoted string is an element, empty ones are dropped. */
export function splitCommas(text: string): string[] {
  if (!text.includes('"')) {
    const plain = text.replace(/[ \t]+/g, '').split(',');
    return plain.includes('') ? plain.filter((element) => element !== '') : plain;
  }
  const elements: string[] = [];
  let element = '';
  const finish = (): void => {
    if (element !== '') elements.push(element);
    element = '';
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) {
        if (text[at] === '\\') at++;
        element += text[at] ?? '';
      }
      finish();
    } else if (character === ',') finish();
    else if (character !== ' ' && character !== '\t') element += character;
  }
  finish();
  return elements;
}

/** Whether a list of tokens, as `Connection` is one, holds `token` (lower case), in any case. */
export function hasToken(list: string | undefined, token: string): boolean {
  if (list === undefined) return false;
  // Mostly it is the whole list.
  if (list.length === token.length) return list.toLowerCase() === token;
  return list.split(',').some((element) => element.trim().toLowerCase() === token);
}

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
