/** Loaded into every test file by `npm run coverage`: writes down which states of machines and which codes of errors are reached, and by which test. It changes nothing. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, expect } from 'vitest';
import { HandfastError } from '../../src/errors.ts';
import { handfast } from '../../src/protocols/handfast/index.ts';
import { hivemind } from '../../src/protocols/hivemind/index.ts';
import { lwstcp } from '../../src/protocols/lwstcp/index.ts';
import type { Input, Machine, Protocol } from '../../src/protocols/machine.ts';
import { sdmp } from '../../src/protocols/sdmp/index.ts';
import { xrpl } from '../../src/protocols/xrpl/index.ts';

const folder = process.env.HANDFAST_REACHED!;
const reached = new Map<string, string>();
/** Tests that go through the whole table of codes reach none of them. */
const MAKES_ALL = [
  'costs points exactly when its code is marked',
  'those that are charged are the starred ones',
  'comes through with what to do',
];

/** Notes for the test that runs now. */
function noter(): (what: string) => void {
  const { testPath, currentTestName } = expect.getState();
  if (!testPath || !currentTestName || MAKES_ALL.some((title) => currentTestName.includes(title))) return () => {};
  const by = `${relative(process.cwd(), testPath)} > ${currentTestName}`;
  return (what) => {
    const before = reached.get(what);
    if (before === undefined || by < before) reached.set(what, by);
  };
}

for (const protocol of [handfast, xrpl, hivemind, lwstcp, sdmp] as Protocol<never>[]) {
  for (const role of ['initiator', 'responder'] as const) {
    const make = protocol[role];
    protocol[role] = (options): Machine => {
      const { initial, step } = make(options);
      return {
        initial,
        step(state, input: Input) {
          const result = step(state, input);
          const from = (state as { at: string }).at;
          const to = (result[0] as { at: string }).at;
          if (from !== to) noter()(`transition ${protocol.name} ${role} ${from} ${to} ${input.kind}`);
          return result;
        },
      };
    };
  }
}

// The name is the first thing that an error is given, its code comes right behind it.
Object.defineProperty(HandfastError.prototype, 'name', {
  configurable: true,
  set(this: HandfastError, value: string) {
    Object.defineProperty(this, 'name', { value, writable: true, configurable: true, enumerable: true });
    const noted = noter();
    queueMicrotask(() => noted(`code ${this.codeName}`));
  },
});

afterAll(() => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${process.pid}-${Date.now()}.json`), JSON.stringify([...reached]));
});
