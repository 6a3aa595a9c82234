/** The process of honest nodes: each from an address of its own, each asks the target something as soon as it is there. */
import { createNode } from '../../dist/index.js';
import { addressOf, carriersFrom, identityOf, NETWORK, obey } from './cast.mjs';

const nodes = new Map();
const QUESTION = new TextEncoder().encode('are you there?');

obey({
  /** So many arrive, evenly over a time. @returns for each how long it took to a session, and what its attempts before that came to. */
  async arrive({ address, peer, first, count, overMs, localAddresses }) {
    const arrivals = [];
    for (let i = first; i < first + count; i++) {
      const at = ((i - first) * overMs) / count;
      const from = localAddresses?.[i - first] ?? addressOf(i);
      arrivals.push(new Promise((resolve) => setTimeout(resolve, at)).then(() => arrive(nameOf(i, localAddresses), from, address, peer)));
    }
    return Promise.all(arrivals);
  },
  /** One attempt only. @returns its code, or `in`. */
  async tryOnce({ names, address, peer, localAddresses }) {
    return Promise.all(names.map((name, i) => once(name, localAddresses[i], address, peer)));
  },
  async leave() {
    await Promise.all([...nodes.values()].map((node) => node.close()));
  },
});

const nameOf = (i, shared) => `${shared ? 'shared' : 'honest'} ${i}`;

async function arrive(name, localAddress, address, peer) {
  const node = await nodeOf(name, localAddress);
  const failures = [];
  node.on('dialFailed', (error) => failures.push(error.code));
  const began = performance.now();
  await node.connect(address, { peer, keep: true });
  const sessionMs = performance.now() - began;
  const answer = await outcome(node.request(peer, QUESTION, { deadlineMs: 60_000 }));
  return { name, sessionMs, failures, answered: answer === 'yes' };
}

async function once(name, localAddress, address, peer) {
  const node = await nodeOf(name, localAddress);
  const reached = await outcome(node.connect(address, { peer }).then(() => new TextEncoder().encode('in')));
  return reached;
}

async function nodeOf(name, localAddress) {
  let node = nodes.get(name);
  if (!node) {
    node = await createNode({ identity: identityOf(name), network: NETWORK, carriers: carriersFrom(localAddress) });
    node.handle('', () => new TextEncoder().encode(`yes, ${name}`));
    nodes.set(name, node);
  }
  return node;
}

const outcome = (promise) =>
  promise.then(
    (bytes) => new TextDecoder().decode(bytes),
    (error) => error.code ?? String(error),
  );
