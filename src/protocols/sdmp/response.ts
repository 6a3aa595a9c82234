/** Response objects: rules P, and the two refusals that are ever sent. */
import type { Bytes } from '../../core/core.ts';
import { HandfastError } from '../../errors.ts';
import { isJsonObject, type JsonObject } from '../../wire/json.ts';
import { type Reading, readContainer, type Shape, writeContainer } from './container.ts';
import { LIMITS } from './limits.ts';
import { broken, type RuleError } from './rules.ts';

export type RefusalStatus = 'bad_request' | 'not_found';

export function isResponse(root: JsonObject): boolean {
  return 'response' in root;
}

/** During a handshake. */
export function readResponse(root: JsonObject, reading: Reading): RefusalStatus | RuleError {
  const container = readContainer(root, SHAPE, reading);
  if (!('property' in container)) return container;
  const { property } = container;
  if (!isJsonObject(property) || typeof property.status !== 'string' || typeof property.identifier !== 'string') {
    return broken('P1', 'status or identifier is missing');
  }
  if (property.identifier.length > LIMITS.identifier) return broken('P1', 'the identifier is too long');
  const { status } = property;
  if (status !== 'ok' && status !== 'bad_request' && status !== 'not_found') return broken('P2', 'a status that is not known');
  if (status === 'ok') return broken('P3', '`ok` during a handshake');
  if ('data' in property) return broken('P4', 'data with a refusal');
  return status;
}

/** What a refusal of the other side is here. @param remote `claimed` in clear, `proved` under the key of the connection. */
export function refusedBy(root: JsonObject, reading: Reading, remote: 'claimed' | 'proved'): HandfastError {
  const status = readResponse(root, reading);
  if (typeof status !== 'string') return status;
  const [how, blame] =
    remote === 'claimed' ? (['refused (unauthenticated)', 'network'] as const) : (['refused by the peer', 'caller'] as const);
  return new HandfastError('REFUSED', `${how}: ${status}`, { remote, blame });
}

export function writeRefusal(status: RefusalStatus): Bytes {
  return writeContainer(SHAPE.schema, { status, identifier: '' });
}

const SHAPE: Shape = { property: 'response', schema: 'response', members: ['status', 'identifier', 'data'] };
