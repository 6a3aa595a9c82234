/** What runs in the page: put together by esbuild from the built package, by the same conditions as in a user's bundle. */
import { choice, core, handfast, Identity } from 'handfast';
import { converse, Side } from '../../dist/cli/back-to-back.js';
import { selfTest } from '../../dist/cli/self-test.js';
import { handfastKind } from '../../dist/conformance/handfast.js';
import { runVectors } from '../../dist/conformance/run.js';
import transcripts from '../vectors/handfast.json';

/** Both machines of handfast/1 with fresh keys, then messages there and back, then one with a flipped bit. */
function session(suite) {
  const [alice, bob] = [Identity.generate(), Identity.generate()];
  const a = new Side(core, handfast.initiator({ identity: alice, network: 'page', peer: bob.id, suites: [suite] }), Date.now());
  const b = new Side(core, handfast.responder({ identity: bob, network: 'page', suites: [suite] }), Date.now());
  converse(a, b);
  if (!a.opened || !b.opened) return { why: a.why ?? b.why };
  const messages = ['hello', '', 'x'.repeat(5_000)];
  return {
    peers: [a.opened.peer.id === bob.id, b.opened.peer.id === alice.id],
    sameBinding: String(a.opened.binding) === String(b.opened.binding),
    there: carried(a.opened.traffic, b.opened.traffic, messages).said.join() === messages.join(),
    back: carried(b.opened.traffic, a.opened.traffic, messages).said.join() === messages.join(),
    flipped: carried(a.opened.traffic, b.opened.traffic, ['hello'], true),
  };
}

/** Seals messages in a slab and opens them in another. */
function carried(from, to, messages, flip = false) {
  const slab = core.slab(65_536);
  const places = new Uint32Array(2 * messages.length);
  let end = 0;
  messages.forEach((message, i) => {
    const bytes = new TextEncoder().encode(message);
    places.set([end + from.before, bytes.length], 2 * i);
    slab.bytes.set(bytes, end + from.before);
    end += from.before + bytes.length + from.after;
  });
  from.seal(slab, places, messages.length, Date.now());
  if (flip) slab.bytes[end - 1] ^= 1;
  const said = [];
  const { count, places: found, outputs } = to.open(slab, 0, end, Date.now());
  for (let i = 0; i < count; i++) {
    said.push(new TextDecoder().decode(slab.bytes.subarray(found[2 * i], found[2 * i] + found[2 * i + 1])));
  }
  const why = outputs.find((output) => output.kind === 'ended')?.why?.code;
  slab.release();
  return { said, why };
}

globalThis.tried = () => ({
  core: [choice.core, core.name],
  node: typeof globalThis.process,
  selfTest: selfTest(core),
  transcripts: runVectors({ name: 'handfast.json', text: JSON.stringify(transcripts) }, core, [handfastKind]),
  sessions: ['chacha20-poly1305', 'aes-256-gcm'].map(session),
});
