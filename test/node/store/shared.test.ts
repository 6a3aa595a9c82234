/** How long a process may go by the bans that it knows. */
import { expect, it } from 'vitest';
import { HandfastError } from '../../../src/errors.ts';
import { memoryStore } from '../../../src/node/store/memory.ts';
import { Shared } from '../../../src/node/store/shared.ts';
import { RESERVED_MS, type StoreConnection, type StoreOpening } from '../../../src/node/store/store.ts';
import { HandClock } from '../../support/clock.ts';

const clock = new HandClock();

/** A store whose calls may be held up, or fail. */
class Held {
  readonly #store = memoryStore();
  fault: HandfastError | undefined;
  let: Promise<void> | undefined;

  async open(opening: StoreOpening): Promise<StoreConnection> {
    const connection = await this.#store.open(opening);
    const trust = connection.trust.bind(connection);
    connection.trust = async () => {
      if (this.fault) throw this.fault;
      const version = await trust();
      await this.let;
      return version;
    };
    return connection;
  }
}

/** Whoever has asked, and is answered once `go` is called. */
async function asking(one: Shared, store: Held): Promise<{ asked: Promise<string>; go(): void }> {
  let go = (): void => {};
  store.let = new Promise((resolve) => {
    go = resolve;
  });
  const asked = one.trust();
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  return { asked, go };
}

async function shared(store: Held): Promise<Shared> {
  return Shared.open({
    ...{ open: (opening) => store.open(opening), network: 'demo', identity: 'i', process: 'p', clock, random: () => 'f'.repeat(32) },
    ...{ rate: { perSecond: 1, burst: 1 }, without: {} },
  });
}

it('bans are trusted for a while by whoever has asked, only those of the version that was found', async () => {
  const one = await shared(new Held());
  expect(one.trusts(undefined)).toBe(false);
  expect(one.trusts('')).toBe(false);
  const version = await one.trust();
  expect(one.trusts(version)).toBe(true);
  expect(one.trusts(`${version}1`)).toBe(false);
  clock.advance(RESERVED_MS - 1);
  expect(one.trusts(version)).toBe(true);
  clock.advance(1);
  expect(one.trusts(version)).toBe(false);
  expect(await one.enter('10.0.0.1')).toEqual({ version });
  expect(one.trusts(version)).toBe(true);
  await one.close();
});

it('they are not from the moment on that there is word of others, not even by what was asked for before', async () => {
  const store = new Held();
  const one = await shared(store);
  const version = await one.trust();
  one.doubt();
  expect(one.trusts(version)).toBe(false);
  const { asked, go } = await asking(one, store);
  one.doubt();
  go();
  expect(await asked).toBe(version);
  expect(one.trusts(version)).toBe(false);
  await one.trust();
  expect(one.trusts(version)).toBe(true);
  await one.close();
});

it('they count from the question on, and no more once the store is not to be had', async () => {
  const store = new Held();
  const one = await shared(store);
  const { asked, go } = await asking(one, store);
  clock.advance(RESERVED_MS);
  go();
  const version = await asked;
  expect(one.trusts(version)).toBe(false);
  await one.trust();
  expect(one.trusts(version)).toBe(true);
  store.fault = new HandfastError('STORE_LATE', '');
  await expect(one.trust()).rejects.toMatchObject({ code: 'HF_STORE_LATE' });
  expect(one.trusts(version)).toBe(false);
  await one.close();
});
