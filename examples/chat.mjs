import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createNode, Identity } from 'handfast';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean' }, name: { type: 'string', default: 'somebody' }, room: { type: 'string', default: 'kitchen' } },
});
if (values.help) {
  console.log(`usage: node chat.mjs [--name NAME] [--room ROOM] [HOST:PORT ID]

Opens a room, and says how others join it. With HOST:PORT and ID it joins the room of whoever has that id there.
Each line you type goes to all who are in the room. Ctrl-C or the end of the input leaves it.`);
  process.exit(0);
}

try {
  await chat();
} catch (error) {
  console.error(`${error.code ?? error.name}: ${error.message}`);
  process.exitCode = 1;
}

async function chat() {
  const [address, peer] = positionals;
  // Everybody who names the room may come in; `allow: [ids]` would choose. Who says what is signed, also what comes through others.
  const node = await createNode({
    identity: Identity.generate(),
    network: `chat: ${values.room}`,
    listen: { host: '127.0.0.1', port: 0 },
    peers: address === undefined ? [] : [{ address, peer }],
  });
  node.on('peer', ({ id }) => console.log(`* ${shortened(id)} is here`));
  node.on('peerGone', ({ id }) => console.log(`* ${shortened(id)} has gone`));
  node.on('dialFailed', (error, where, retryMs) => console.log(`* ${where}: ${error.code}, again in ${Math.ceil(retryMs / 1000)} s`));
  console.log(`others join with: node chat.mjs --room ${values.room} ${node.address} ${node.id}`);

  const heard = listen(node);
  const stopped = new AbortController();
  process.once('SIGINT', () => stopped.abort());
  // What is typed before anybody is there would be heard by nobody.
  if (address !== undefined && node.peers().length === 0) await once(node, 'peer', { signal: stopped.signal }).catch(() => {});
  const lines = createInterface({ input: process.stdin, signal: stopped.signal });
  for await (const line of lines) {
    if (line.trim() !== '') await node.broadcast('chat', new TextEncoder().encode(JSON.stringify({ name: values.name, line })));
  }
  await node.close();
  await heard;
}

async function listen(node) {
  for await (const { origin, bytes } of node.subscribe('chat')) {
    try {
      const { name, line } = JSON.parse(new TextDecoder().decode(bytes));
      // A name is whatever its owner likes; the id behind it is proved.
      console.log(`${harmless(name)} (${shortened(origin)}): ${harmless(line)}`);
    } catch {
      console.log(`* ${shortened(origin)} says something that is no line of a chat`);
    }
  }
}

/** What comes from others may move the cursor or set the title of the window: that stays out of the terminal. */
function harmless(text) {
  return String(text)
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .slice(0, 1000);
}

function shortened(id) {
  return `..${id.slice(-6)}`;
}
