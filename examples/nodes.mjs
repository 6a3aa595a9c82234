import { createNode, Identity } from 'handfast';

// Three nodes; the second and the third dial the first, and nobody dials the other.
const listen = { host: '127.0.0.1', port: 0 };
const hub = await createNode({ identity: Identity.generate(), network: 'demo', listen });
const peers = [{ address: hub.address, peer: hub.id }];
const left = await createNode({ identity: Identity.generate(), network: 'demo', listen, peers });
const right = await createNode({ identity: Identity.generate(), network: 'demo', listen, peers });

// A direct request: an answer or a coded error, always. It waits for the session.
hub.handle('upper', (message) => new TextEncoder().encode(message.text().toUpperCase()));
const reply = await left.request(hub.id, new TextEncoder().encode('hello'), { topic: 'upper' });
console.log('the hub answers:', new TextDecoder().decode(reply));

// A broadcast: to all, through others too, once each, without an answer.
const news = right.subscribe('news');
while (hub.peers().length < 2) await new Promise((resolve) => hub.once('peer', resolve));
await left.broadcast('news', new TextEncoder().encode('it works'));
for await (const message of news) {
  console.log('from left, by way of the hub:', message.origin === left.id, new TextDecoder().decode(message.bytes));
  break;
}

await Promise.all([left.close(), right.close(), hub.close()]);
