/** Heavy work of the older protocols: known answers, and that only a few run at once. */
import { describe, expect, it } from 'vitest';
import { isLegacyJob, runLegacy } from '../../../src/core/legacy/jobs.ts';
import { ascii, toHex } from '../../support/bytes.ts';

describe('legacy jobs', () => {
  it('derive by PBKDF2 with HMAC-SHA-256 as RFC 7914, section 11 has it', async () => {
    const answer = await runLegacy({ op: 'pbkdf2-sha256', password: ascii('passwd'), salt: ascii('salt'), iterations: 1, length: 64 });
    expect(answer.op === 'pbkdf2-sha256' && toHex(answer.key)).toBe(
      '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc' +
        '49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783',
    );
  });

  it('are told from work of the cores', () => {
    expect(isLegacyJob({ op: 'pbkdf2-sha256' })).toBe(true);
    for (const op of ['keygen', 'dh', 'sign', 'verify', 'sign-elsewhere', 'toString', 'constructor'])
      expect(isLegacyJob({ op })).toBe(false);
  });
});
