/** `handfast listen --protocol handfast`: a running node. It echoes or prints what it is sent, answers requests, keeps its peers, and takes orders over its control socket. */
import '../core/choose.ts';
import cluster from 'node:cluster';
import { HandfastError } from '../errors.ts';
import { ControlServer } from '../node/control/control.ts';
import { createNode, type Node } from '../node/node.ts';
import type { GivenPeer, NodeOptions } from '../node/options.ts';
import type { Handler } from '../node/requests/handlers.ts';
import { type Channel, primaryStore } from '../node/store/primary.ts';
import { redisStore } from '../node/store/redis.ts';
import type { Store } from '../node/store/store.ts';
import { publicKeyOf } from '../wire/peer-id.ts';
import { type Call, describeError, Failure, hostAndPort, UsageError } from './command.ts';
import { keyLogOf } from './key-log.ts';
import { aborted, listenOn } from './listening.ts';
import { NodeLog } from './node-log.ts';
import { openIdentity } from './passphrase.ts';
import { checkedForMany, runProcesses, tellReady, WORKER_CONTROL, workerPort } from './processes.ts';
import { defaultControlPath } from './running-node.ts';
import { note, packageVersion } from './terminal.ts';

/** @returns the exit code. */
export async function runNode(call: Call): Promise<number> {
  try {
    return await run(call);
  } finally {
    // The channel to its primary would keep it for ever.
    cluster.worker?.disconnect();
  }
}

async function run(call: Call): Promise<number> {
  const network = call.needed('network', 'demo');
  const options = optionsOf(call, network);
  const handlers = handlersOf(call);
  const file = call.needed('identity', 'node.key');
  const log = new NodeLog(call.flag('json'), call.choice('mode', ['echo', 'print']) ?? 'echo');
  const count = call.whole('processes', 1, 256) ?? 1;
  const store = storeOf(call, count);
  if (count > 1 && !cluster.isWorker) return runMany(call, log, count, file);
  const identity = await openIdentity(file, call);
  try {
    await using node = await createNode({ ...options, identity, store, data: log.data });
    log.follow(node);
    for (const [topic, handle] of handlers) node.handle(topic, handlerOf(handle, log));
    for (const topic of call.list('subscribe')) void printBroadcasts(node, topic, log);
    await using control = await controlOf(call, node, file);
    if (count > 1) {
      log.begin();
      await tellReady(node);
    } else log.listening(node, control?.path);
    await aborted(call.signal);
    return 0;
  } finally {
    identity.wipe();
  }
}

/** Of this command's own processes the first one keeps what they share, unless a Redis does. @throws Failure, HF_BAD_ARGUMENT */
function storeOf(call: Call, count: number): Store | undefined {
  const url = call.text('store');
  if (url !== undefined || count > 1) checkedForMany(call);
  if (url !== undefined) return redisStore(url);
  return count > 1 && cluster.isWorker ? primaryStore(process as Channel) : undefined;
}

async function runMany(call: Call, log: NodeLog, count: number, file: string): Promise<number> {
  const identity = await openIdentity(file, call);
  const { id } = identity;
  identity.wipe();
  const path = call.text('control') ?? (await defaultControlPath(file, id, call.needed('network', 'demo')));
  return runProcesses(call, log, {
    count,
    ...listenOn(call, 7600),
    control: call.flag('no-control') ? undefined : path,
    ownControl: (worker) => `${path}.${worker}`,
  });
}

function optionsOf(call: Call, network: string): Omit<NodeOptions, 'identity'> {
  return {
    network,
    agent: `handfast ${packageVersion()}`,
    listen: { ...listenOn(call, 7600), ...(cluster.isWorker && { port: workerPort() ?? listenOn(call, 7600).port }) },
    peers: call.list('connect').map(givenPeer),
    allow: allowed(call),
    bansFile: call.text('bans'),
    maxPeers: call.whole('max-peers', 1, 65_536),
    signal: call.signal,
    unsafeKeyLog: keyLogOf(call),
  };
}

function allowed(call: Call): readonly string[] | undefined {
  const ids = call.list('allow');
  for (const id of ids) if (!publicKeyOf(id)) throw new UsageError(`--allow ${id}: expected ${AN_ID}`);
  return ids.length > 0 ? ids : undefined;
}

/** `HOST:PORT` or `ID@HOST:PORT`. */
function givenPeer(text: string): GivenPeer {
  const at = text.indexOf('@');
  const { host, port } = hostAndPort(text.slice(at + 1));
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (at < 0) return address;
  const peer = text.slice(0, at);
  if (!publicKeyOf(peer)) throw new UsageError(`--connect ${text}: expected ${AN_ID} before the @`);
  return { address, peer };
}

type Handle = 'echo' | 'print';

/** By topic; requests without one are echoed unless that was said otherwise. */
function handlersOf(call: Call): Map<string, Handle> {
  const handlers = new Map<string, Handle>();
  for (const text of call.list('handle')) {
    const cut = text.lastIndexOf('=');
    const topic = cut < 0 ? '' : text.slice(0, cut);
    const handle = text.slice(cut + 1);
    if (handle !== 'echo' && handle !== 'print')
      throw new UsageError(`--handle ${text}: expected echo or print, or a topic before it as in time=echo`);
    if (handlers.has(topic))
      throw new UsageError(`--handle ${text}: ${topic ? `topic ${topic} has` : 'requests without a topic have'} one already`);
    handlers.set(topic, handle);
  }
  if (!handlers.has('')) handlers.set('', 'echo');
  return handlers;
}

function handlerOf(handle: Handle, log: NodeLog): Handler {
  return ({ topic, bytes }, from) => {
    if (handle === 'echo') return bytes;
    log.request(topic, bytes, from.id);
    return undefined;
  };
}

async function printBroadcasts(node: Node, topic: string, log: NodeLog): Promise<void> {
  const subscription = node.subscribe(topic);
  for await (const message of subscription) log.broadcast(message, subscription.dropped);
}

/** A default place that cannot be had is no reason not to run: everything but the commands works without. One that a running node has is. */
async function controlOf(call: Call, node: Node, identityFile: string): Promise<ControlServer | undefined> {
  const ofWorker = process.env[WORKER_CONTROL];
  if (cluster.isWorker && ofWorker !== undefined) return ControlServer.open(ofWorker, node);
  const named = call.text('control');
  if (call.flag('no-control')) return undefined;
  if (named !== undefined) return ControlServer.open(named, node);
  try {
    return await ControlServer.open(await defaultControlPath(identityFile, node.id, node.network), node);
  } catch (error) {
    if (error instanceof HandfastError && error.code === 'HF_LISTEN_FAILED')
      throw new Failure(error.message, 'Two nodes of one network must not share an identity; where they must, give --control another path');
    note(`no control socket: ${describeError(error).message}. --control PATH puts it elsewhere`);
    return undefined;
  }
}

const AN_ID = 'the id of a node, 12D3KooW... with 52 characters';
