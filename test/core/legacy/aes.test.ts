import { expect, it } from 'vitest';
import { aes256CbcDecrypt, aes256CbcEncrypt } from '../../../src/core/legacy/aes.ts';
import { hex, toHex } from '../../support/bytes.ts';

// NIST SP 800-38A, F.2.5 and F.2.6.
const KEY = hex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4');
const IV = hex('000102030405060708090a0b0c0d0e0f');
const PLAIN = '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51';
const SEALED = 'f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d';

it('AES-256-CBC gives what SP 800-38A says, without padding, and leaves what it is given', () => {
  const plain = hex(PLAIN);
  expect(toHex(aes256CbcEncrypt(KEY, IV, plain))).toBe(SEALED);
  expect(toHex(aes256CbcDecrypt(KEY, IV, hex(SEALED)))).toBe(PLAIN);
  expect(toHex(plain)).toBe(PLAIN);
});

it('tells nothing of a wrong key', () => {
  const other = KEY.map((byte) => byte ^ 1);
  expect(aes256CbcDecrypt(other, IV, hex(SEALED))).toHaveLength(32);
});
