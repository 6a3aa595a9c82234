/** The table of protocols: what commands rely on. */
import { describe, expect, it } from 'vitest';
import { COMMON, type Option } from '../../../src/cli/command.ts';
import { connect } from '../../../src/cli/connect.ts';
import { listen } from '../../../src/cli/listen.ts';
import { probe } from '../../../src/cli/probe.ts';
import { PROTOCOLS } from '../../../src/cli/protocols/index.ts';
import { protocolNames } from '../../../src/protocols/registry.ts';

describe('the table of protocols', () => {
  it('has every protocol of the library, handfast first', () => {
    expect(PROTOCOLS.map(({ protocol }) => protocol.name).sort()).toEqual(protocolNames().sort());
    expect(PROTOCOLS[0].protocol.name).toBe('handfast');
  });

  it.each([connect, listen, probe])(
    'options of $name with the same name have the same type, and none hides a shared one',
    ({ options, protocols }) => {
      const seen = new Map<string, { type: Option['type']; multiple: boolean }>();
      for (const part of protocols!) {
        for (const [name, { type, multiple = false }] of Object.entries(part.options)) {
          expect(Object.keys({ ...COMMON, ...options, protocol: {} })).not.toContain(name);
          expect({ name, type, multiple }).toEqual({ name, ...(seen.get(name) ?? { type, multiple }) });
          seen.set(name, { type, multiple });
        }
        expect(part.examples.length).toBeGreaterThan(0);
      }
    },
  );
});
