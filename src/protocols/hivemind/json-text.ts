/** JSON as released peers write it: `, ` and `: ` between, and either raw UTF-8 or ASCII alone. */

export type Writable = null | boolean | number | string | undefined | readonly Writable[] | { readonly [name: string]: Writable };

/** Members that are undefined are left out. */
export function jsonText(value: Writable): string {
  if (Array.isArray(value)) return `[${value.map((each) => jsonText(each)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value as { readonly [name: string]: Writable });
  return `{${members.flatMap(([name, each]) => (each === undefined ? [] : [`${JSON.stringify(name)}: ${jsonText(each)}`])).join(', ')}}`;
}

/** With everything beyond ASCII escaped. */
export function asciiJson(value: Writable): string {
  return jsonText(value).replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
