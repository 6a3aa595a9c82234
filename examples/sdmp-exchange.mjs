import { connect, listen } from 'handfast';
import { SdmpIdentity, SdmpPeers, sdmpContainer } from 'handfast/protocols';

// RSA identities. SDMP never sends a key: whoever is to be let in, or to be dialled, is known beforehand by its public key.
const [alice, bob, mallory] = await Promise.all([1, 2, 3].map(() => SdmpIdentity.generate()));
const knownToBob = new SdmpPeers([alice.exportPublicPem()]);
const knownToAlice = new SdmpPeers([bob.exportPublicPem()]);

// 'bound' mends what is weak in SDMP, but both ends have to be handfast for it; leave it out to speak with others.
const common = { protocol: 'sdmp', host: '127.0.0.1', profile: 'bound' };
const server = await listen({ ...common, port: 0, identity: bob, peers: knownToBob });
server.on('handshakeError', (error) => console.log('Bob refused somebody:', error.code));
server.on('session', async (session) => {
  console.log('Bob knows Alice:', session.peer.id === alice.id);
  try {
    for await (const message of session) {
      // A message is the text of one container; its kind is the schema that it names.
      const { message: text } = JSON.parse(message.text());
      console.log(`Bob got a ${message.kind}:`, text);
      await session.send(sdmpContainer('message', `${text} yourself`));
    }
  } catch (error) {
    console.log('the session ended badly:', error.code);
  }
});

const { port } = server.address;
const session = await connect({ ...common, port, identity: alice, peers: knownToAlice, peer: bob.id });
console.log('Alice knows Bob:', session.peer.id === bob.id);
await session.send(sdmpContainer('message', 'hello'));
for await (const message of session) {
  console.log('Alice got:', JSON.parse(message.text()).message);
  await session.close();
}

// Mallory knows Bob's key, but Bob does not know hers. The answer is the same for every fault of proof: it tells her nothing.
try {
  await connect({ ...common, port, identity: mallory, peers: knownToAlice, peer: bob.id });
} catch (error) {
  console.log('Mallory was told:', error.code);
}
await server.close();
