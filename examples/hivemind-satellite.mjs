import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { connect, HiveMindHub, listen } from 'handfast';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean' }, hub: { type: 'string' }, 'access-key': { type: 'string' }, tls: { type: 'boolean' } },
});
if (values.help) {
  console.log(`usage: node hivemind-satellite.mjs [--hub HOST:PORT --access-key KEY [--tls]] [WORDS...]

Asks a HiveMind hub something and prints what it wants spoken. The password is taken from HIVEMIND_PASSWORD.
Without --hub it makes a hub of its own, which repeats what it is asked. WebSockets need the package ws beside handfast.`);
  process.exit(0);
}

const stopped = new AbortController();
process.once('SIGINT', () => stopped.abort());

const own = values.hub === undefined ? await ownHub() : undefined;
const [host, port] = own ? ['127.0.0.1', own.server.address.port] : splitAddress(values.hub);
const accessKey = own?.accessKey ?? values['access-key'];
const password = own?.password ?? process.env.HIVEMIND_PASSWORD;
try {
  // `noise: true` asks for version 3, which is better in every way, where the hub has it.
  const session = await connect({
    protocol: 'hivemind',
    host,
    port,
    accessKey,
    password,
    siteId: 'kitchen',
    secure: values.tls === true,
    signal: stopped.signal,
  });
  const { version, path, cipher } = session.info;
  console.log(`connected: version ${version}, by ${path}, ${cipher}`);
  stopped.signal.addEventListener('abort', () => session.close());
  await session.send(utterance(positionals.join(' ') || 'what time is it'));
  for await (const message of session) {
    if (message.kind !== 'bus') continue;
    const { type, data } = JSON.parse(message.text());
    if (type !== 'speak') continue;
    console.log('the hub says:', data.utterance);
    await session.close();
  }
} catch (error) {
  if (error.code !== 'HF_ABORTED') {
    console.error(`${error.code ?? error.name}: ${error.message}`);
    process.exitCode = 1;
  }
} finally {
  await own?.server.close();
}

function utterance(words) {
  const data = { utterances: [words], lang: 'en-us' };
  return new TextEncoder().encode(JSON.stringify({ type: 'recognizer_loop:utterance', data, context: {} }));
}

/** A hub for those who have none at hand. What a client may say is in its record; who it is, the hub writes into each message itself. */
async function ownHub() {
  // A password that can be guessed is none: each side shows a bare hash of it.
  const [accessKey, password] = ['kitchen-satellite', randomBytes(16).toString('base64url')];
  const clients = [{ accessKey, password, allowedTypes: ['recognizer_loop:utterance'] }];
  const server = await listen({ protocol: 'hivemind', host: '127.0.0.1', port: 0, clients });
  const hub = new HiveMindHub({ clients });
  server.on('session', (session) => hub.add(session));
  hub.on('refused', (error) => console.log('the hub refused a message:', error.code));
  hub.on('message', ({ bytes }) => {
    const { data, context } = JSON.parse(new TextDecoder().decode(bytes));
    const answer = { type: 'speak', data: { utterance: `you said: ${data.utterances[0]}` }, context: { destination: context.peer } };
    hub.send(new TextEncoder().encode(JSON.stringify(answer)));
  });
  return { server, accessKey, password };
}

function splitAddress(address) {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon).replace(/^\[|\]$/g, ''), Number(address.slice(colon + 1))];
}
