/** docs/architecture.md leads to files that are there, in rooms that the picture shows. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const house = readFileSync(join(root, 'docs/diagrams/house.svg'), 'utf8');
const named = [...page.matchAll(/`((?:src|native|test|scripts|bench)\/[^`]*|[A-Z]\w+\.txt)`/g)].map(([, path]) => path);
const commands = [...page.matchAll(/`npm run ([\w:]+)`/g)].map(([, name]) => name);

describe('the page about the architecture', () => {
  it('names files and folders that there are', () => {
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('names commands that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(commands.length).toBeGreaterThan(3);
    expect(commands.filter((name) => !(name in scripts))).toEqual([]);
  });

  it.each([
    ['src/protocols/machine.ts', ['CarrierName', 'CarrierFacts', 'Protocol<']],
    ['src/transport/carrier.ts', ['interface Carrier ', 'attach(', 'borders?']],
    ['src/protocols/registry.ts', ['interface ProtocolOptions', 'registerProtocol']],
    ['src/transport/carriers.ts', ['dialOver', 'acceptOver']],
    ['src/conformance/run.ts', ['KINDS']],
    ['src/protocols/handfast/traffic.ts', ['openMany', 'sealMany']],
  ])('%s has what the page says is there', (path, parts) => {
    const text = readFileSync(join(root, path), 'utf8');
    expect(parts.filter((part) => !text.includes(part))).toEqual([]);
  });
});

describe('the picture of the house', () => {
  it('has each room, and nobody in src who uses a room above', () => {
    const [, told = ''] = /<desc id="desc">Rooms from top to bottom\. (.*)<\/desc>/.exec(house) ?? [];
    const uses = [...told.matchAll(/(\S+) uses (?:no other room|([^.]+))\./g)].map(([, room, used]) => ({
      room,
      used: used?.split(', ') ?? [],
    }));
    const order = uses.map(({ room }) => room);
    expect(order).toContain('wire');
    const upward = uses.flatMap(({ room, used }) =>
      used.filter((other) => order.indexOf(other) < order.indexOf(room)).map((other) => [room, other]),
    );
    expect(upward.filter(([room]) => !room.startsWith('native/'))).toEqual([]);
  });
});
