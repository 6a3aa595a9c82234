import { subscribe } from 'node:diagnostics_channel';
import { connect, Identity, listen } from 'handfast';
import { handfastMetrics, serveMetrics } from 'handfast/metrics';

// First, so that nothing is missed: metrics, and a line for each thing that happens.
const metrics = await handfastMetrics();
const page = await serveMetrics({ register: metrics.register, port: 0 });
const began = performance.now();
const trace = (channel, detail) =>
  console.log(`${(performance.now() - began).toFixed(1).padStart(6)} ms  ${channel.padEnd(15)}  ${detail}`);
const tell = (channel, detail) => subscribe(`handfast:${channel}`, (message) => trace(channel, detail(message)));
tell('handshake:start', ({ handshake: { role } }) => role);
tell('handshake:end', ({ handshake: { role }, durationMs, info }) => `${role}, ${info.suite}, took ${durationMs.toFixed(1)} ms`);
tell('handshake:error', ({ handshake: { role }, error: { code, remote = 'found here' } }) => `${role}, ${code}, ${remote}`);
tell('session:open', ({ session: { protocol } }) => protocol);
tell(
  'session:close',
  ({ session: { received, sent }, error }) => `${received.messages} received, ${sent.messages} sent, ${error?.code ?? 'ended well'}`,
);

// Bob lets Alice in, and says everything back.
const [alice, bob, stranger] = [1, 2, 3].map(() => Identity.generate());
const common = { protocol: 'handfast', host: '127.0.0.1', network: 'demo', suites: ['chacha20-poly1305'] };
const server = await listen({ ...common, port: 0, identity: bob, allow: [alice.id] });
server.on('session', async (session) => {
  for await (const message of session) await session.send(message.copy());
});

const { port } = server.address;
const session = await connect({ ...common, port, identity: alice, peer: bob.id });
for (const text of ['one', 'two', 'three']) await session.send(new TextEncoder().encode(text));
let answers = 0;
for await (const _ of session) if (++answers === 3) void session.close();
await session.closed;
await connect({ ...common, port, identity: stranger, peer: bob.id }).catch(() => {});
await server.close();

const scraped = await (await fetch(page.url)).text();
console.log(
  scraped
    .split('\n')
    .filter((line) => line.startsWith('handfast_') && !line.includes('_bucket'))
    .join('\n'),
);
await page.close();
