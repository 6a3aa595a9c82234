/** Arguments of commands that speak several protocols. */
import { describe, expect, it } from 'vitest';
import { type Command, helpOf, readArguments, UsageError } from '../../src/cli/command.ts';

const command: Command = {
  name: 'greet',
  summary: 'say hello',
  usage: '[options]',
  help: [],
  options: { loud: { type: 'boolean', help: 'Louder.' } },
  protocols: [
    {
      name: 'plain',
      aliases: ['plain/1'],
      summary: 'the usual one',
      options: { name: { type: 'string', value: 'X', help: 'Whom.' } },
      examples: ['greet'],
    },
    {
      name: 'secret',
      aliases: [],
      summary: 'the other one',
      options: {
        name: { type: 'string', value: 'X', help: 'Whom, in secret.' },
        key: { type: 'string', value: 'FILE', help: 'The key.' },
      },
      examples: ['greet --protocol secret'],
    },
    {
      name: 'third',
      aliases: [],
      summary: 'one more',
      options: { key: { type: 'string', value: 'FILE', help: 'Its key.' } },
      examples: [],
    },
  ],
  examples: [],
  positionals: [0, 0],
  run: async () => 0,
};

const read = (...args: string[]) => readArguments(command, args, new AbortController().signal);
const refusal = (...args: string[]): string => {
  try {
    read(...args);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'accepted';
};

describe('--protocol', () => {
  it('is the first one unless given, and may be an alias', () => {
    expect(read().text('protocol')).toBe('plain');
    expect(read('--protocol', 'plain/1').text('protocol')).toBe('plain');
    expect(read('--protocol', 'secret').text('protocol')).toBe('secret');
  });

  it('lets in its own options and the shared ones', () => {
    const call = read('--protocol', 'secret', '--key', 'a.key', '--name', 'bob', '--loud', '--json');
    expect([call.text('key'), call.text('name'), call.flag('loud'), call.flag('json')]).toEqual(['a.key', 'bob', true, true]);
  });

  it('refuses an option of another protocol, and says whose it is', () => {
    expect(refusal('--key', 'a.key')).toBe('--key is an option of --protocol secret and --protocol third; this is --protocol plain');
    expect(refusal('--protocol', 'third', '--name=bob')).toBe(
      '--name is an option of --protocol plain and --protocol secret; this is --protocol third',
    );
  });

  it('refuses a protocol that is none, with the one that was meant', () => {
    expect(refusal('--protocol', 'secert')).toBe('--protocol secert: expected plain, secret, third; did you mean secret?');
  });

  it('an option that nobody has is unknown, whatever the protocol', () => {
    expect(refusal('--protocol', 'plain', '--kye', 'x')).toBe('unknown option --kye; did you mean --key?');
  });
});

describe('help', () => {
  it('has the shared options first, then those of each protocol under its name', () => {
    const lines = helpOf(command).split('\n');
    const at = (line: string): number => lines.findIndex((each) => each.startsWith(line));
    const order = [
      'options:',
      '  --loud',
      '  --help',
      'with --protocol plain, the usual one:',
      'with --protocol secret, the other one:',
      '  --key',
      'with --protocol third',
    ];
    const places = order.map(at);
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(lines.slice(-2)).toEqual(['  greet', '  greet --protocol secret']);
  });

  it('of one protocol has nothing of the others', () => {
    const help = helpOf({ ...command, help: ['All speak.', 'plain: as usual.', 'secret: in a low voice.'] }, 'secret');
    expect(help).toContain('All speak.');
    expect(help).toContain('secret: in a low voice.');
    expect(help).not.toMatch(/plain: |with --protocol (?:plain|third)|Its key/);
    expect(help.split('\n').slice(-2)).toEqual(['example:', '  greet --protocol secret']);
  });

  it('is of one protocol only where that is asked for', () => {
    expect(read('--help').text('protocol')).toBeUndefined();
    expect(read('--help', '--protocol', 'secret').text('protocol')).toBe('secret');
  });
});
