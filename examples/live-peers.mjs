import { once } from 'node:events';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { createNode, Identity } from 'handfast';

const { values } = parseArgs({ options: { help: { type: 'boolean' }, port: { type: 'string', default: '0' } } });
if (values.help) {
  console.log(`usage: node live-peers.mjs [--port PORT]

A node with three peers that talk, and a page on 127.0.0.1 that shows who is connected and how far away. Ctrl-C ends it.`);
  process.exit(0);
}

const listen = { host: '127.0.0.1', port: 0 };
const node = await createNode({ identity: Identity.generate(), network: 'demo', listen });
const others = await Promise.all(
  [1, 2, 3].map(() =>
    createNode({ identity: Identity.generate(), network: 'demo', listen, peers: [{ address: node.address, peer: node.id }] }),
  ),
);
while (node.peers().length < others.length) await once(node, 'peer');
const chatter = setInterval(() => {
  for (const other of others) other.broadcast('news', new TextEncoder().encode('still here')).catch(() => {});
}, 500);

const page = await servePeers(node, Number(values.port));
console.log(`peers of ${node.id}: ${page.url}`);

await once(process, 'SIGINT');
clearInterval(chatter);
await page.close();
await Promise.all([node, ...others].map((each) => each.close()));

/**
 * A page that shows the peers of a node, for whoever sits at this machine: it says who talks with whom, so it is not for everybody.
 * All of it is made here, the page only puts it in its place; without scripts it loads itself anew.
 */
async function servePeers(node, port) {
  const watchers = new Set();
  let timer;
  const tell = () => {
    // Who does not read what was sent gets nothing more until it has: nothing piles up for it.
    for (const watcher of watchers) if (!watcher.writableNeedDrain) watcher.write(`data: ${peersOf(node).replaceAll('\n', '')}\n\n`);
  };
  const watch = (response) => {
    if (watchers.size >= 16) return response.writeHead(503).end();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    watchers.add(response);
    // As long as nobody looks, nothing is done.
    timer ??= setInterval(tell, 1000);
    response.on('close', () => {
      watchers.delete(response);
      if (watchers.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    });
    tell();
  };
  const files = {
    '/': ['text/html', () => pageOf(node)],
    '/page.css': ['text/css', style],
    '/page.js': ['text/javascript', script],
  };
  const server = createServer((request, response) => {
    const { url = '/', method, headers } = request;
    // Pages of others, whose names lead to this machine, do not get to see it.
    if (headers.host !== `127.0.0.1:${server.address().port}`) return response.writeHead(403).end();
    if (method !== 'GET') return response.writeHead(405).end();
    if (url === '/events') return watch(response);
    if (!Object.hasOwn(files, url)) return response.writeHead(404).end();
    const [type, text] = files[url];
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': "default-src 'self'; img-src data:" });
    response.end(text());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}

function peersOf(node) {
  const rows = node.peers().map(({ id, address, direction, since, latencyMs, received, sent }) => {
    const near =
      latencyMs === undefined
        ? '<td class="number">not yet</td>'
        : `<td class="number">${latencyMs.toFixed(1)} ms<meter max="200" low="50" high="150" optimum="0" value="${latencyMs}">${latencyMs} ms</meter></td>`;
    return `<tr><th scope="row"><code>${escaped(id.slice(0, 8))}..${escaped(id.slice(-6))}</code><small>${direction}, ${escaped(address ?? 'no address')}</small></th>
${near}<td class="number">${received.messages} in<small>${sent.messages} out</small></td><td class="number">${Math.round((Date.now() - since) / 1000)} s</td></tr>`;
  });
  return rows.join('') || '<tr><td colspan="4">Nobody is connected.</td></tr>';
}

function escaped(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function pageOf(node) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Peers</title>
<link rel="stylesheet" href="page.css">
<link rel="icon" href="data:,">
<noscript><meta http-equiv="refresh" content="2"></noscript>
<h1>Peers</h1>
<p>of <code>${escaped(node.id)}</code>, network ${escaped(node.network)}</p>
<table>
<thead><tr><th scope="col">Peer</th><th scope="col">There and back</th><th scope="col">Messages</th><th scope="col">Here for</th></tr></thead>
<tbody id="peers">${peersOf(node)}</tbody>
</table>
<p id="state" role="status"></p>
<script src="page.js"></script>
</html>`;
}

function script() {
  return `const events = new EventSource('events');
const state = document.getElementById('state');
events.onmessage = ({ data }) => { document.getElementById('peers').innerHTML = data; };
events.onopen = () => { state.textContent = 'Live.'; };
events.onerror = () => { state.textContent = 'The node does not answer; this is how it was.'; };
`;
}

function style() {
  return `:root { color-scheme: light dark; }
body { margin: 2rem auto; max-width: 52rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; background: light-dark(#fbfcfd, #12171c); color: light-dark(#1f2933, #e8edf2); }
h1 { margin: 0; }
p, small { color: light-dark(#52606d, #a3b0bd); }
p code { overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 0.6rem 0.5rem; border-bottom: 1px solid light-dark(#e1e7ed, #303a44); text-align: left; font-weight: normal; vertical-align: top; }
thead th { font-weight: 600; }
.number, thead th + th { text-align: right; font-variant-numeric: tabular-nums; }
small, meter { display: block; }
meter { width: 100%; max-width: 8rem; margin-left: auto; }
@media (max-width: 34rem) { th, td { padding: 0.5rem 0.25rem; font-size: 0.85rem; } code { font-size: 0.8rem; } }
`;
}
