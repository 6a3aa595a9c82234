import { expect, it } from 'vitest';
import { hasToken, splitCommas } from '../../../src/protocols/xrpl/grammar.ts';
import { highestCommon, onlyCommon, readVersions } from '../../../src/protocols/xrpl/versions.ts';

it('versions are read in ascending order, each once, however they were written', () => {
  expect(readVersions('XRPL/2.1, XRPL/2.2')).toEqual(['XRPL/2.1', 'XRPL/2.2']);
  expect(readVersions('XRPL/2.10,XRPL/2.2')).toEqual(['XRPL/2.2', 'XRPL/2.10']);
  expect(readVersions('XRPL/2.2, XRPL/2.1, XRPL/2.2, XRPL/2.1')).toEqual(['XRPL/2.1', 'XRPL/2.2']);
  expect(readVersions('XRPL/2.2, XRPL/2.2')).toEqual(['XRPL/2.2']);
  expect(readVersions('XRPL/2.65536, XRPL/65536.1, XRPL/65535.65535')).toEqual(['XRPL/65535.65535']);
  expect(readVersions('xrpl/2.2, XRPL/1.9, XRPL/02.1, XRPL/2.01, RTXP/1.2, ')).toEqual([]);
});

it('the highest that both speak is taken, and an answer has exactly one', () => {
  expect(highestCommon(readVersions('XRPL/2.2, XRPL/2.1, XRPL/3.0'))).toBe('XRPL/2.2');
  expect(highestCommon(readVersions('XRPL/3.0'))).toBeUndefined();
  expect(onlyCommon('XRPL/2.1')).toBe('XRPL/2.1');
  expect(onlyCommon('XRPL/2.1, XRPL/2.2')).toBeUndefined();
  expect(onlyCommon('XRPL/2.2, XRPL/2.2')).toBe('XRPL/2.2');
  expect(onlyCommon(undefined)).toBeUndefined();
});

it('blanks and tabs vanish from the elements of a list, inside them too', () => {
  expect(splitCommas(' a\tb , c d,, \t,e')).toEqual(['ab', 'cd', 'e']);
});

it('a token is found in any case, alone and among others, and not inside another', () => {
  for (const list of ['Upgrade', 'keep-alive, UPGRADE', ' upgrade ', 'a,upgrade,b']) expect(hasToken(list, 'upgrade')).toBe(true);
  for (const list of [undefined, '', 'upgrades', 'upgrad,', 'up,rade', 'no-upgrade']) expect(hasToken(list, 'upgrade')).toBe(false);
});
