/** Readers of what comes from outside, each with what it promises besides not throwing: what it reads it reads the same again once written, and never more than there is. */
import { lz4Compress, lz4Decompress } from '../../src/core/legacy/lz4.ts';
import { countIds, readBroadcast } from '../../src/protocols/handfast/envelope.ts';
import {
  readHello,
  readOpen,
  readProof,
  readRefusal,
  readReply,
  takeFrame,
  writeHello,
  writeOpen,
} from '../../src/protocols/handfast/format.ts';
import { directRecord, readAnswer, readDirect, readPing } from '../../src/protocols/handfast/requests.ts';
import { credentialsOf } from '../../src/protocols/hivemind/authorization.ts';
import { readFrame as readHiveFrame } from '../../src/protocols/hivemind/frames.ts';
import { readMessage } from '../../src/protocols/hivemind/message.ts';
import { type Held, NOTHING_HELD, readRequest, readResponse, takeHead } from '../../src/protocols/xrpl/http-head.ts';
import { decodeBase64url, encodeBase64url } from '../../src/wire/base64url.ts';
import { decodeBase91, encodeBase91 } from '../../src/wire/base91.ts';
import { parseJson } from '../../src/wire/json.ts';
import { JsonStream } from '../../src/wire/json-stream.ts';
import { peerIdOf, publicKeyOf } from '../../src/wire/peer-id.ts';
import { shownText, strictText, utf8 } from '../../src/wire/text.ts';
import { decodeZ85b, decodeZ85p, encodeZ85b } from '../../src/wire/z85.ts';
import { holds, Input, seed, type Target } from './target.ts';

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const JSON_LIMITS = { bytes: 4096, depth: 16, members: 64 };
const JSON_SEEDS = [
  '{"a":[1,-2.5e3,"x\\u00e9\\n",null,true,{}],"b":{"c":"\u{1f600}"}}',
  '[]',
  '{"sdmp":{"version":"0.12.0","schemas":["message"]},"message":"hi"}',
];

function reader(name: string, seeds: readonly (string | Uint8Array)[], run: (bytes: Uint8Array) => void): Target {
  return { name, seeds: () => seeds.map((one) => (typeof one === 'string' ? utf8(one) : one)), run };
}

export const readers: readonly Target[] = [
  reader('json', JSON_SEEDS, (bytes) => {
    const read = parseJson(bytes, JSON_LIMITS);
    if (!('value' in read)) return;
    // What is read here JSON.parse reads too, and to the same.
    holds(JSON.stringify(JSON.parse(new TextDecoder().decode(bytes))) === JSON.stringify(read.value), 'JSON is read as others read it');
    const again = parseJson(utf8(JSON.stringify(read.value)), { ...JSON_LIMITS, bytes: 1 << 20 });
    holds('value' in again && JSON.stringify(again.value) === JSON.stringify(read.value), 'JSON written is JSON read');
  }),
  {
    name: 'json-stream',
    seeds: () => JSON_SEEDS.map((text) => seed(utf8(text + text), [7, 64], [11, 64])),
    run(bytes) {
      const input = new Input(bytes);
      const cuts = Array.from({ length: 4 }, () => 1 + input.number(64));
      const all = input.bytes();
      const whole = taken(all, [all.length || 1]);
      holds(JSON.stringify(whole) === JSON.stringify(taken(all, cuts)), 'cuts change nothing of what a stream of JSON is');
    },
  },
  reader('base64url', ['AQID_-0', ''], (bytes) => {
    const text = latin1(bytes);
    const read = decodeBase64url(text);
    if (read) holds(encodeBase64url(read) === text, 'one text for one array');
    holds(same(decodeBase64url(encodeBase64url(bytes)) ?? utf8('?'), bytes), 'base64url there and back');
  }),
  reader('base91', ['>OwJh>Io0Tv!8PE', ''], (bytes) => {
    decodeBase91(latin1(bytes));
    holds(same(decodeBase91(encodeBase91(bytes)) ?? utf8('?'), bytes), 'base91 there and back');
  }),
  reader('z85', ['HelloWorld', ''], (bytes) => {
    decodeZ85b(latin1(bytes));
    decodeZ85p(latin1(bytes));
    holds(same(decodeZ85b(encodeZ85b(bytes)) ?? utf8('?'), bytes), 'Z85 there and back');
  }),
  reader('text', ['text', Uint8Array.of(0xf0, 0x9f, 0x98, 0x80)], (bytes) => {
    const text = strictText(bytes);
    if (text !== undefined) holds(same(utf8(text), bytes), 'UTF-8 there and back');
    shownText(bytes);
  }),
  reader('peer-id', [peerIdOf(new Uint8Array(32).fill(7))], (bytes) => {
    const text = latin1(bytes);
    const key = publicKeyOf(text);
    if (key) holds(key.length === 32 && peerIdOf(key) === text, 'one id for one key');
  }),
  {
    name: 'http-head',
    seeds: () => [
      seed(
        utf8('GET / HTTP/1.1\r\nUser-Agent: x\r\nUpgrade: XRPL/2.0, XRPL/2.2\r\nConnect-As: Peer\r\nPublic-Key: n9\r\n\r\nrest'),
        [5, 64],
      ),
      seed(utf8('HTTP/1.1 101 Switching Protocols\r\nUpgrade: XRPL/2.2\r\n\r\n'), [9, 64]),
    ],
    run(bytes) {
      const input = new Input(bytes);
      const cut = 1 + input.number(64);
      const all = input.bytes();
      let held: Held = NOTHING_HELD;
      for (let at = 0; at < all.length; at += cut) {
        const step = takeHead(held, all.subarray(at, at + cut));
        if ('fault' in step) return;
        if ('head' in step) {
          holds(step.bytes <= 8192 && step.bytes <= all.length, 'a head is bounded');
          for (const read of [readRequest(step.head), readResponse(step.head)]) holds((read?.fields.size ?? 0) <= 64, 'fields are bounded');
          return;
        }
        held = step.held;
      }
    },
  },
  {
    name: 'lz4',
    seeds: () => [seed(lz4Compress(new Uint8Array(300).fill(5))!, [300, 65_536]), seed(utf8('\u0050hello'), [5, 65_536])],
    run(bytes) {
      const input = new Input(bytes);
      const size = input.number(65_536);
      const block = input.bytes();
      const opened = lz4Decompress(block, size);
      if (opened) holds(opened.length === size, 'a block is as long as declared');
      const compressed = lz4Compress(block);
      if (compressed) holds(same(lz4Decompress(compressed, block.length)!, block), 'LZ4 there and back');
    },
  },
  reader(
    'handfast-frames',
    [
      writeHello(Uint8Array.of(1), Uint8Array.of(2, 1), new Uint8Array(16), new Uint8Array(32)),
      writeOpen({ largestRecord: 70_000, agent: 'x/1', node: true, bootId: new Uint8Array(16) }),
      directRecord(7n, utf8('topic'), utf8('payload')),
    ],
    (bytes) => {
      takeFrame(bytes, 1024);
      for (const read of [readHello, readReply, readProof, readRefusal, readOpen, readDirect, readPing, readBroadcast, countIds])
        read(bytes.slice());
      for (let kind = 0; kind < 12; kind++) readAnswer(kind, bytes);
    },
  ),
  reader('hivemind-frames', [Uint8Array.of(0x80, 0x01, 0x02), utf8('{"msg_type":"bus","payload":{"type":"x"}}')], (bytes) => {
    readHiveFrame(bytes, 4096);
    readMessage(bytes, JSON_LIMITS);
    credentialsOf(`/?${latin1(bytes)}`);
    credentialsOf(`/?authorization=${encodeURIComponent(Buffer.from(bytes).toString('base64'))}`);
  }),
];

/** What a stream of JSON objects comes to in these cuts. */
function taken(all: Uint8Array, cuts: readonly number[]): string[] {
  const stream = new JsonStream({ bytes: 2048, depth: 16, gap: 64 });
  const told: string[] = [];
  for (let at = 0, turn = 0; at < all.length; turn++) {
    const piece = all.subarray(at, at + cuts[turn % cuts.length]!);
    at += piece.length;
    for (let from = 0; from < piece.length; ) {
      const step = stream.take(piece, from);
      if ('fault' in step) return [...told, step.fault];
      if (step.object) told.push(latin1(step.object));
      holds(step.next > from && step.next <= piece.length, 'a stream moves on');
      from = step.next;
    }
  }
  return told;
}
