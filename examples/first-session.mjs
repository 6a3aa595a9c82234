import { connect, Identity, listen } from 'handfast';

const alice = Identity.generate();
const bob = Identity.generate();

// Bob listens, lets Alice in and nobody else, and says everything back.
const server = await listen({ protocol: 'handfast', host: '127.0.0.1', port: 0, identity: bob, network: 'demo', allow: [alice.id] });
server.on('session', async (session) => {
  for await (const message of session) await session.send(message.copy());
});

// Alice dials, and takes nobody but Bob for an answer.
const { port } = server.address;
const session = await connect({ protocol: 'handfast', host: '127.0.0.1', port, identity: alice, network: 'demo', peer: bob.id });
console.log('authenticated Bob:', session.peer.id === bob.id);

await session.send(new TextEncoder().encode('hello'));
for await (const message of session) {
  console.log('Bob says:', message.text());
  await session.close();
}
await server.close();
