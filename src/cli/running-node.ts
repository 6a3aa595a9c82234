/** How commands find the node that they are for: the place of its control socket, by default one that both sides know. */
import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HandfastError } from '../errors.ts';
import type { Greeting } from '../node/control/messages.ts';
import { type Call, Failure, type Option } from './command.ts';
import { ControlClient } from './control-client.ts';
import { shortId } from './terminal.ts';

export const CONTROL_OPTION: Option = {
  type: 'string',
  value: 'PATH',
  help: 'The control socket of the node, where several run or none is found. HANDFAST_CONTROL says the same for all commands.',
};

/** Gives `use` the running node that is meant, and leaves it afterwards; Ctrl-C leaves it at once, which cancels what was ordered. @throws Failure with what to do when there is none, or more than one. */
export async function withNode<T>(call: Call, use: (node: ControlClient) => Promise<T>): Promise<T> {
  const named = call.text('control') ?? process.env.HANDFAST_CONTROL;
  await using node = named ? await dialNamed(named) : await findNode();
  const leave = (): void => void node[Symbol.asyncDispose]();
  call.signal.addEventListener('abort', leave, { once: true });
  if (call.signal.aborted) leave();
  try {
    return await use(node);
  } finally {
    call.signal.removeEventListener('abort', leave);
  }
}

/** Where a node puts its control socket unless told otherwise; the directory is made. The same for the same identity and network, so that what a killed node left behind is replaced by the next one. */
export async function defaultControlPath(identityFile: string, id: string, network: string): Promise<string> {
  const directory = directoryBeside(dirname(identityFile));
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const tag = createHash('sha256').update(network).digest('hex').slice(0, 8);
  return join(directory, `${id.slice(-8)}-${tag}${ENDING}`);
}

function directoryBeside(folder: string): string {
  const runtime = process.env.XDG_RUNTIME_DIR;
  return runtime ? join(runtime, 'handfast') : join(folder, '.handfast');
}

async function dialNamed(path: string): Promise<ControlClient> {
  try {
    return await ControlClient.connect(path);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    throw new Failure(`no node runs at ${path}`, 'handfast listen starts one and says where its control socket is');
  }
}

async function findNode(): Promise<ControlClient> {
  const directory = resolve(directoryBeside('.'));
  const names = await readdir(directory).catch(() => []);
  const found: { path: string; node: ControlClient }[] = [];
  for (const name of names) {
    const path = join(directory, name);
    const node = name.endsWith(ENDING) && (await ControlClient.connect(path).catch(() => undefined));
    if (node) found.push({ path, node });
  }
  if (found.length === 1) return found[0].node;
  await Promise.all(found.map(({ node }) => node[Symbol.asyncDispose]()));
  if (found.length === 0)
    throw new Failure(
      `no running node was found in ${directory}`,
      'Start one with handfast listen, or give --control with the path that it said',
    );
  const choices = found.map(({ path, node }) => `--control ${path} (${said(node.node)})`);
  throw new Failure(`${found.length} nodes are running`, `Say which: ${choices.join(' or ')}`);
}

function said({ id, network, address }: Greeting): string {
  return `${shortId(id)}, network ${JSON.stringify(network)}${address ? `, ${address}` : ''}`;
}

const isAbsent = (error: unknown): boolean => error instanceof HandfastError && error.code === 'HF_CONNECT_FAILED';

const ENDING = '.sock';
