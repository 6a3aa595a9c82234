/**
 * The three objects of a handshake exactly as our writer has them: texts that never change, and base64url between them. What is written like this needs no writer of JSON, and what
 * came like this no reader: it is the same as the reader makes of it. Anything else, if by one octet, is left to the reader.
 */
import { looksLikeBase64url } from '../../core/legacy/base64url.ts';
import type { JsonObject, JsonValue } from '../../wire/json.ts';

/** What is between the fields, in turn: one text more than there are fields. Fields are base64url and end at the first quotation mark. */
export interface Form {
  readonly pieces: readonly string[];
  /** @param fields in their order. @returns as `parseJson` does. */
  read(fields: readonly string[]): JsonObject;
}

/** p, N. */
export const SESSION: Form = {
  pieces: ['{"sdmp":{"version":"0.12.0","schemas":["connection"]},"connection":{"g":2,"p":"', '","N":"', '"}}'],
  read: ([p, N]) => members({ sdmp: sdmp('connection'), connection: members({ g: 2, p, N }) }),
};

/** identifier, payload, protected, signature. */
export const SIGNATURE: Form = {
  pieces: [
    '{"sdmp":{"version":"0.12.0","schemas":["signature"]},"signature":{"identifier":"',
    '","payload":"',
    '","signatures":[{"protected":"',
    '","signature":"',
    '"}]}}',
  ],
  read: ([identifier, payload, header, signature]) =>
    members({
      sdmp: sdmp('signature'),
      signature: members({ identifier, payload, signatures: [members({ protected: header, signature })] }),
    }),
};

/** iv, payload. */
export const ENCRYPTED: Form = {
  pieces: ['{"sdmp":{"version":"0.12.0","schemas":["encrypted"]},"encrypted":{"iv":"', '","payload":"', '","recipients":[]}}'],
  read: ([iv, payload]) => members({ sdmp: sdmp('encrypted'), encrypted: members({ iv, payload, recipients: [] }) }),
};

export function writeForm({ pieces }: Form, ...fields: readonly string[]): string {
  let text = pieces[0];
  for (let i = 0; i < fields.length; i++) text += fields[i] + pieces[i + 1];
  return text;
}

/** @returns undefined unless the text is one of the forms, with base64url in each of its fields. */
export function readForm(text: string): JsonObject | undefined {
  const form = FORMS.find(({ pieces }) => text.startsWith(pieces[0]));
  if (!form) return undefined;
  const { pieces } = form;
  const fields: string[] = [];
  let at = pieces[0].length;
  for (let i = 1; i < pieces.length; i++) {
    const end = text.indexOf('"', at);
    const field = text.slice(at, end);
    if (end < 0 || !text.startsWith(pieces[i], end) || !looksLikeBase64url(field)) return undefined;
    fields.push(field);
    at = end + pieces[i].length;
  }
  return at === text.length ? form.read(fields) : undefined;
}

function sdmp(schema: string): JsonObject {
  return members({ version: '0.12.0', schemas: [schema] });
}

/** Without a prototype that would lend it members, as the reader's objects are. */
function members(of: Record<string, JsonValue>): JsonObject {
  return Object.setPrototypeOf(of, null);
}

const FORMS = [ENCRYPTED, SIGNATURE, SESSION];
