import { expect, it } from 'vitest';
import { handfast } from '../../src/protocols/handfast/index.ts';
import { protocolNames, protocolOf, registerProtocol } from '../../src/protocols/registry.ts';
import { toy } from '../support/toy.ts';

it('finds protocols by name and alias; a protocol is itself', () => {
  expect(protocolOf('handfast')).toBe(handfast);
  expect(protocolOf('handfast/1')).toBe(handfast);
  expect(protocolOf(toy)).toBe(toy);
  expect(protocolNames()).toContain('handfast');
});

it('refuses a name it does not know, and lists those it does', () => {
  for (const wrong of ['Handfast', '', 'constructor', 7, null, undefined, {}]) {
    expect(() => protocolOf(wrong as string)).toThrow(
      expect.objectContaining({ code: 'HF_BAD_ARGUMENT', message: expect.stringContaining('handfast') }),
    );
  }
});

it('takes a new protocol once, and no name twice', () => {
  registerProtocol(toy);
  registerProtocol(toy);
  expect(protocolOf('plaything')).toBe(toy);
  expect(() => registerProtocol({ ...toy, name: 'other' })).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
  expect(() => protocolOf('other')).toThrow();
});
