/** The files that we write: how each is written in an old and a new version, and what of it a reader finds. */
import { Identity } from '../../dist/index.js';
import { readBanFile, writeBanFile } from '../../dist/node/bans/ban-file.js';
import { HiveMindClientFile } from '../../dist/node/hivemind-clients.js';
import { readIdentityFile, writeIdentityFile } from '../../dist/node/identity-file.js';

const SUBJECTS = { old: '10.0.0.1', new: '10.0.0.2' };
const bans = (version) =>
  Array.from({ length: 50 }, (_, i) => ({ subject: SUBJECTS[version], since: i, until: 2 * i, reason: 'x'.repeat(100), automatic: false }));
const clients = { old: ['one'], new: ['one', 'two'] };

export const FILES = {
  bans: {
    replaces: true,
    write: (path, version) => writeBanFile(path, bans(version)),
    /** @returns `old`, `new`, or what is wrong. */
    async read(path) {
      const found = await readBanFile(path, 1000);
      const version = Object.keys(SUBJECTS).find((each) => found[0]?.subject === SUBJECTS[each]);
      return version !== undefined && JSON.stringify(found) === JSON.stringify(bans(version)) ? version : `${found.length} bans`;
    },
  },
  identity: {
    // Never overwritten: there is none, or a whole one.
    replaces: false,
    async write(path) {
      const identity = Identity.fromSeed(new Uint8Array(32).fill(7));
      await writeIdentityFile(path, identity);
      identity.wipe();
    },
    async read(path) {
      const identity = await readIdentityFile(path);
      return identity.id === Identity.fromSeed(new Uint8Array(32).fill(7)).id ? 'new' : identity.id;
    },
  },
  clients: {
    replaces: true,
    async write(path, version) {
      const file = await HiveMindClientFile.open(path);
      const name = clients[version].at(-1);
      await file.add({ accessKey: name, password: `correct horse battery ${name}` });
    },
    async read(path) {
      const file = await HiveMindClientFile.open(path);
      const found = file.list().map(({ accessKey }) => accessKey);
      return Object.keys(clients).find((version) => clients[version].join() === found.join()) ?? `clients ${found.join()}`;
    },
  },
};
