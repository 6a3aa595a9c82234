/** The protocol versions of the Upgrade field, and which one is spoken (section 9). */
import { splitCommas } from './grammar.ts';

/** What is spoken here, ascending; never more is advertised. */
export const SPOKEN: readonly Version[] = ['XRPL/2.1', 'XRPL/2.2'];

export type Version = 'XRPL/2.1' | 'XRPL/2.2';

/** The versions in the text of an Upgrade field, ascending, each once. */
export function readVersions(text: string): string[] {
  const found: { number: number; element: string }[] = [];
  let last = 0;
  let ascending = true;
  for (const element of splitCommas(text)) {
    const match = VERSION.exec(element);
    if (!match) continue;
    const major = Number(match[1]);
    const minor = Number(match[2]);
    if (major > 0xffff || minor > 0xffff) continue;
    const number = major * 0x10000 + minor;
    ascending &&= number > last;
    last = number;
    found.push({ number, element });
  }
  // As peers write them, as a rule.
  if (!ascending) return [...new Map(found.sort((a, b) => a.number - b.number).map(({ number, element }) => [number, element])).values()];
  return found.map(({ element }) => element);
}

/** What a server answers with: the highest that both speak. */
export function highestCommon(offered: readonly string[]): Version | undefined {
  return SPOKEN.findLast((version) => offered.includes(version));
}

/** What a client takes from an answer: exactly one version, and one that is spoken here. */
export function onlyCommon(text: string | undefined): Version | undefined {
  const versions = readVersions(text ?? '');
  return versions.length === 1 ? SPOKEN.find((version) => version === versions[0]) : undefined;
}

const VERSION = /^XRPL\/([2-9]|[1-9][0-9]+)\.(0|[1-9][0-9]*)$/;
