/** What a command is, how its arguments are read, and how its help is written: from the same table of options, so that neither can say what the other does not. */
import { parseArgs } from 'node:util';
import { nearest, wrap } from './terminal.ts';

export { describeError } from './describe-error.ts';

export interface Option {
  type: 'string' | 'boolean';
  multiple?: boolean;
  /** Stands for the value in the help: FILE. */
  value?: string;
  /** One letter that means the same, without its dash. */
  short?: string;
  help: string;
}

export type Options = Readonly<Record<string, Option>>;

/** What a command has for one protocol only. */
export interface ProtocolPart {
  name: string;
  /** Further names of it. */
  aliases: readonly string[];
  /** As a heading says it. */
  title?: string;
  /** What it is, in a line of help. */
  summary: string;
  options: Options;
  examples: readonly string[];
}

export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** What follows the name: `FILE [options]`. */
  usage: string;
  /** Paragraphs, written for somebody who is stuck there. */
  help: readonly string[];
  options: Options;
  /** What --protocol chooses from; the first where it is not given. Each adds options of its own to those that all share. */
  protocols?: readonly ProtocolPart[];
  examples: readonly string[];
  /** Least and most arguments that are not options. */
  positionals: readonly [number, number];
  /** Ctrl-C aborts `call.signal` and waits for the command to end; otherwise it ends the process at once. */
  interruptible?: boolean;
  /** Commands of its own, by the argument that comes first. */
  commands?: Readonly<Record<string, Command>>;
  /** @returns the exit code. */
  run(call: Call): Promise<number>;
}

/** The command line was wrong: exit code 2. */
export class UsageError extends Error {}

/** It did not work out, and this is what to do: exit code 1. */
export class Failure extends Error {
  readonly advice: string | undefined;
  constructor(message: string, advice?: string) {
    super(message);
    this.advice = advice;
  }
}

/** Ctrl-C where the terminal does not turn it into a signal: exit code 130. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
  }
}

/** Arguments of one run, read and checked against the table of options. */
export class Call {
  readonly positionals: readonly string[];
  readonly signal: AbortSignal;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>, positionals: readonly string[], signal: AbortSignal) {
    this.#values = values;
    this.positionals = positionals;
    this.signal = signal;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined;
  }

  /** @throws UsageError when it was not given. */
  needed(name: string, example: string): string {
    const value = this.text(name);
    if (value === undefined) throw new UsageError(`--${name} is needed, as in --${name} ${example}`);
    return value;
  }

  list(name: string): readonly string[] {
    return (this.#values[name] as string[] | undefined) ?? [];
  }

  /** @throws UsageError unless an integer from `least` to `most`. */
  whole(name: string, least: number, most: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) throw new UsageError(`--${name} ${value}: expected an integer from ${least} to ${most}`);
    return number;
  }

  /** `30s`, `10m`, `2h`, `7d`, in milliseconds. @throws UsageError */
  time(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const [, count, unit] = /^([1-9]\d{0,8})(s|m|h|d)$/.exec(value) ?? [];
    if (count === undefined) throw new UsageError(`--${name} ${value}: expected a time as in 30s, 10m, 2h or 7d`);
    return Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
  }

  /** @throws UsageError unless one of `known`. */
  choice<Name extends string>(name: string, known: readonly Name[]): Name | undefined {
    const value = this.text(name);
    if (value === undefined || known.includes(value as Name)) return value as Name | undefined;
    throw new UsageError(`--${name} ${value}: expected ${known.join(', ')}${meant(value, known)}`);
  }
}

export const COMMON: Options = {
  json: { type: 'boolean', help: 'Print JSON for programs instead of text for people.' },
  help: { type: 'boolean', help: 'Print this and exit.' },
};

/** @throws UsageError that names the argument and, where one is near, the option that was meant. */
export function readArguments(command: Command, args: readonly string[], signal: AbortSignal): Call {
  const { protocols = [] } = command;
  const shared = { ...COMMON, ...command.options, ...choiceOf(protocols) };
  const options: Options = Object.assign({}, ...protocols.map((part) => part.options), shared);
  const known = Object.keys(options);
  const types = Object.fromEntries(
    Object.entries(options).map(([name, { type, multiple, short }]) => [
      name,
      { type, multiple: multiple ?? false, ...(short && { short }) },
    ]),
  );
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: { ...types, h: { type: 'boolean' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind !== 'option' || token.rawName === '-h') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (!option) throw new UsageError(`unknown option ${token.rawName}${meant(token.name, known, '--')}`);
    if (option.type === 'boolean' && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
    const missing = token.value === undefined || (!token.inlineValue && token.value.startsWith('--'));
    if (option.type === 'string' && missing) throw new UsageError(`${token.rawName} needs a value: ${token.rawName} ${option.value}`);
  }
  const named = values.protocol;
  if (protocols.length > 0) {
    const chosen = chosenOf(protocols, values.protocol as string | undefined);
    values.protocol = chosen.name;
    for (const token of tokens) {
      if (token.kind === 'option' && token.rawName !== '-h' && !Object.hasOwn(shared, token.name))
        refuseForeign(token.name, chosen, protocols);
    }
  }
  if (values.help || values.h) return new Call({ ...values, protocol: named && values.protocol, help: true }, positionals, signal);
  const [least, most] = command.positionals;
  if (positionals.length < least) throw new UsageError(`too few arguments: handfast ${command.name} ${command.usage}`);
  if (positionals.length > most)
    throw new UsageError(`what is ${JSON.stringify(positionals[most])} for? handfast ${command.name} ${command.usage}`);
  return new Call(values, positionals, signal);
}

function choiceOf(protocols: readonly ProtocolPart[]): Options {
  if (protocols.length === 0) return {};
  const names = protocols.map(({ name }) => name).join(', ');
  return {
    protocol: {
      type: 'string',
      value: 'NAME',
      help: `The protocol to speak: ${names}; ${protocols[0].name} unless given. With --help: tell of this one alone.`,
    },
  };
}

function chosenOf(protocols: readonly ProtocolPart[], named: string | undefined): ProtocolPart {
  if (named === undefined) return protocols[0];
  const found = protocols.find(({ name, aliases }) => name === named || aliases.includes(named));
  if (found) return found;
  const names = protocols.map(({ name }) => name);
  throw new UsageError(`--protocol ${named}: expected ${names.join(', ')}${meant(named, names)}`);
}

/** An option that another protocol has is told by whose it is: most often --protocol was forgotten. */
function refuseForeign(option: string, chosen: ProtocolPart, protocols: readonly ProtocolPart[]): void {
  if (Object.hasOwn(chosen.options, option)) return;
  const owners = protocols.filter((part) => Object.hasOwn(part.options, option)).map(({ name }) => `--protocol ${name}`);
  throw new UsageError(`--${option} is an option of ${owners.join(' and ')}; this is --protocol ${chosen.name}`);
}

/** @param only of this protocol alone, by its name. */
export function helpOf(command: Command, only?: string): string {
  const all = command.protocols ?? [];
  const protocols = only === undefined ? all : all.filter(({ name }) => name === only);
  const others = all.filter((part) => !protocols.includes(part));
  const lines = [`handfast ${command.name}: ${command.summary}`, '', `usage: handfast ${command.name} ${command.usage}`];
  for (const paragraph of command.help) {
    if (!others.some(({ name }) => paragraph.startsWith(`${name}: `))) lines.push('', ...wrap(paragraph, 78));
  }
  lines.push('', 'options:', ...optionLines({ ...choiceOf(all), ...command.options, ...missing(command) }));
  for (const { name, summary, options } of protocols) {
    lines.push('', ...wrap(`with --protocol ${name}, ${summary}:`, 78));
    lines.push(...(Object.keys(options).length > 0 ? optionLines(options) : ['  no further options']));
  }
  for (const { name, summary, usage } of Object.values(command.commands ?? {})) lines.push('', `handfast ${name} ${usage}`, `  ${summary}`);
  const own = protocols.flatMap((part) => part.examples);
  const examples = only !== undefined && own.length > 0 ? own : [...command.examples, ...own];
  lines.push('', examples.length === 1 ? 'example:' : 'examples:', ...examples.map((line) => `  ${line}`));
  return lines.join('\n');
}

function optionLines(options: Options): string[] {
  return Object.entries(options).flatMap(([name, { short, value, help }]) => {
    const head = `  ${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`;
    const [first, ...rest] = wrap(help, 52);
    const lines = head.length > 24 ? [head, `${' '.repeat(26)}${first}`] : [`${head.padEnd(26)}${first}`];
    return [...lines, ...rest.map((line) => `${' '.repeat(26)}${line}`)];
  });
}

/** The common options, but for those that the command has of its own. */
function missing(command: Command): Options {
  return Object.fromEntries(Object.entries(COMMON).filter(([name]) => !Object.hasOwn(command.options, name)));
}

export function meant(typed: string, known: readonly string[], prefix = ''): string {
  const word = nearest(typed, known);
  return word === undefined ? '' : `; did you mean ${prefix}${word}?`;
}

/** `127.0.0.1:7600`, `[::1]:7600`, `:7600`, `example.org:7600`. @throws UsageError */
export function hostAndPort(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.%a-z]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port < 1 || port > 65_535)
    throw new UsageError(`${JSON.stringify(text)}: expected host:port, as in 127.0.0.1:7600 or [::1]:7600`);
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port };
}

const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
