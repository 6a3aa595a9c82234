/** Containers, `{"sdmp":{"version","schemas"},"<property>":{...}}`: rules F4, F5 and C, and how ours are written. */
import type { Bytes } from '../../core/core.ts';
import { hasExactly, isJsonObject, type JsonFault, type JsonObject, type JsonValue, jsonText, parseJsonText } from '../../wire/json.ts';
import { utf8 } from '../../wire/text.ts';
import { readForm } from './form.ts';
import { LIMITS } from './limits.ts';
import { broken, type Rule, type RuleError } from './rules.ts';

/** What our writer writes, or what others may write as well; never anything that weakens a check. */
export type Reading = 'strict' | 'tolerant';

/** Of the objects of this protocol: which entry of `schemas`, and which members where. */
export interface Shape {
  readonly property: string;
  readonly schema: string;
  /** Read only by the tolerant reader. */
  readonly otherSchema?: string;
  readonly members: readonly string[];
  /** Members of each element of the member of this name. */
  readonly elements?: { readonly of: string; readonly members: readonly string[] };
}

/** F4 and F5, F2 and F3 where the whole object is there at once. */
export function readJson(bytes: Bytes, limit: number, members: number): JsonObject | RuleError {
  const limits = { bytes: limit, depth: LIMITS.depth, members };
  const text = jsonText(bytes, limits);
  const written = typeof text === 'string' && members >= LIMITS.handshakeMembers ? readForm(text) : undefined;
  if (written) return written;
  const parsed = typeof text === 'string' ? parseJsonText(text, limits) : text;
  if ('fault' in parsed) return broken(RULE_OF[parsed.fault], `the object is ${parsed.fault}`);
  return isJsonObject(parsed.value) ? parsed.value : broken('F1', 'not an object');
}

/** C1 to C4. @returns what the property holds; undefined where there is none. */
export function readContainer(root: JsonObject, shape: Shape, reading: Reading): { property: JsonValue | undefined } | RuleError {
  const { sdmp } = root;
  if (!isJsonObject(sdmp)) return broken('C1', 'no member `sdmp`');
  const property = root[shape.property];
  if (!hasNoOther(root, ['sdmp', shape.property]) || !hasNoOther(sdmp, ['version', 'schemas']) || !ownMembers(property, shape)) {
    return broken('C4', `a member that a container of \`${shape.schema}\` does not have`);
  }
  if (!knownVersion(sdmp.version, reading)) return broken('C2', 'a version that is not known');
  const { schemas } = sdmp;
  const [schema] = Array.isArray(schemas) && schemas.length === 1 ? schemas : [];
  const known = schema === shape.schema || (reading === 'tolerant' && schema !== undefined && schema === shape.otherSchema);
  return known ? { property } : broken('C3', `\`schemas\` is not [${JSON.stringify(shape.schema)}]`);
}

/**
 * Rules C for a container of the application: one schema or more, and no more properties than schemas.
 * @returns the first schema.
 */
export function readApplication(root: JsonObject, reading: Reading): string | RuleError {
  const { sdmp } = root;
  if (!isJsonObject(sdmp)) return broken('C1', 'no member `sdmp`');
  if (!hasNoOther(sdmp, ['version', 'schemas'])) return broken('C4', 'a member of `sdmp` that it does not have');
  if (!knownVersion(sdmp.version, reading)) return broken('C2', 'a version that is not known');
  const { schemas } = sdmp;
  if (!Array.isArray(schemas) || schemas.length === 0 || !schemas.every((schema) => typeof schema === 'string')) {
    return broken('C3', '`schemas` is no list of names');
  }
  if (Object.keys(root).length > 1 + schemas.length) return broken('C4', 'more members than schemas');
  return schemas[0] as string;
}

/** @param value anything that JSON can say. */
export function writeContainer(schema: string, value: unknown, property = schema): Bytes {
  return utf8(JSON.stringify({ sdmp: { version: VERSION, schemas: [schema] }, [property]: value }));
}

/** Whether the object has all of these, of this type. */
export function texts<Name extends string>(
  object: JsonObject,
  names: readonly Name[],
): object is JsonObject & { readonly [N in Name]: string } {
  return names.every((name) => typeof object[name] === 'string');
}

function ownMembers(property: JsonValue | undefined, { members, elements }: Shape): boolean {
  // What is no object at all is for the object's own rules to refuse.
  if (!isJsonObject(property)) return true;
  if (!hasNoOther(property, members)) return false;
  const list = elements && property[elements.of];
  return !Array.isArray(list) || list.every((element) => !isJsonObject(element) || hasNoOther(element, elements!.members));
}

function hasNoOther(object: JsonObject, names: readonly string[]): boolean {
  return hasExactly(object, [], names);
}

function knownVersion(version: JsonValue | undefined, reading: Reading): boolean {
  if (typeof version !== 'string' || version.length > 16) return false;
  return (reading === 'strict' ? STRICT_VERSION : TOLERANT_VERSION).test(version);
}

const VERSION = '0.12.0';
const STRICT_VERSION = /^0\.12\.(?:0|[1-9][0-9]*)$/;
const TOLERANT_VERSION = /^0\.1[123](?:\.(?:0|[1-9][0-9]*))?$/;
const RULE_OF: Readonly<Record<JsonFault, Rule>> = {
  'too-large': 'F2',
  'too-deep': 'F3',
  'not-utf8': 'F4',
  'not-json': 'F5',
  'duplicate-name': 'F5',
  'too-many-members': 'F5',
};
