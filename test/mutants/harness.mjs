/**
 * Stands for vitest where tests run against mutants: the same words, in one bundle and one process, so that starting takes a third of a second and not several. One test after the other; the
 * first that fails ends it. With `matching` of vitest itself.
 */
import { chai, GLOBAL_EXPECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend, setState } from '@vitest/expect';

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);
export const expect = Object.assign((value, message) => chai.expect(value, message), chai.expect);
Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: expect, writable: true, configurable: true });
setState({ assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null, environment: 'node' }, expect);
expect.fail = (message) => chai.assert.fail(message);

const root = { name: '', parent: undefined, before: [], after: [], beforeEach: [], afterEach: [], children: [] };
let suite = root;
let finished = [];
const waiting = [];

export function describe(name, fn) {
  const outer = suite;
  suite = { name: String(name), parent: outer, before: [], after: [], beforeEach: [], afterEach: [], children: [] };
  outer.children.push(suite);
  const made = fn();
  if (made instanceof Promise) waiting.push(made);
  suite = outer;
}
export function it(name, ...rest) {
  const run = rest.find((each) => typeof each === 'function');
  suite.children.push({ name: String(name), run, suite });
}
/** A row that is a list is given one by one. */
const each =
  (to) =>
  (rows) =>
  (name, ...rest) => {
    const run = rest.find((one) => typeof one === 'function');
    for (const row of [...rows]) to(name, () => (Array.isArray(row) ? run(...row) : run(row)));
  };
const where = (to) => (condition) => (condition ? to : () => {});
for (const to of [describe, it]) {
  const not = () => {};
  Object.assign(to, {
    each: each(to),
    runIf: where(to),
    skipIf: (condition) => where(to)(!condition),
    skip: Object.assign(not, { each: () => not }),
  });
}
export const test = it;
export const beforeAll = (fn) => suite.before.push(fn);
export const afterAll = (fn) => suite.after.push(fn);
export const beforeEach = (fn) => suite.beforeEach.push(fn);
export const afterEach = (fn) => suite.afterEach.push(fn);
export const onTestFinished = (fn) => finished.push(fn);
export const vi = {};

/**
 * @param {(id: number) => boolean} chosen tests by their place in the order of all.
 * @param {(id: number) => void} begins is told of each before it runs.
 * @returns the first error, or undefined; `times` of those that ran, in milliseconds of the processor, by id.
 */
export async function runTests(chosen, begins) {
  await Promise.all(waiting);
  let next = 0;
  const times = {};
  const walk = async (node) => {
    const ids = count(node);
    const first = next;
    // Hooks of what nobody runs are not run.
    if (!Array.from({ length: ids }, (_, i) => first + i).some(chosen)) {
      next += ids;
      return;
    }
    for (const hook of node.before) await hook();
    for (const child of node.children) {
      if (child.children) {
        await walk(child);
        continue;
      }
      const id = next++;
      if (!chosen(id) || !child.run) continue;
      begins(id);
      const began = used();
      const chain = [];
      for (let at = child.suite; at; at = at.parent) chain.unshift(at);
      finished = [];
      try {
        for (const at of chain) for (const hook of at.beforeEach) await hook();
        await child.run({ expect });
        for (const at of [...chain].reverse()) for (const hook of at.afterEach) await hook();
      } catch (error) {
        throw Object.assign(error instanceof Error ? error : new Error(String(error)), { test: nameOf(child) });
      }
      for (const hook of finished) await hook();
      times[id] = used() - began;
    }
    for (const hook of node.after) await hook();
  };
  await walk(root);
  return times;
}

/** Not by the clock: a machine may have other things to do. */
const used = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const count = (node) => (node.children ? node.children.reduce((sum, child) => sum + count(child), 0) : 1);
function nameOf({ name, suite }) {
  const names = [name];
  for (let at = suite; at?.name; at = at.parent) names.unshift(at.name);
  return names.join(' > ');
}
