/**
 * Connections in memory, both ends in one thread: Noise by the package's own cryptography, Noise by ours, handfast/1. Rounds of one after the other, medians, ratios to the first.
 * Run by `check-libp2p.mjs --measure` in a folder that has the packages.
 */
import './with-resolvers.mjs';
import { noise } from '@chainsafe/libp2p-noise';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { defaultLogger } from '@libp2p/logger';
import { multiaddrConnectionPair } from '@libp2p/utils';
import { handfast } from 'handfast/adapters/libp2p';
import { crypto } from 'handfast/adapters/libp2p-noise';
import { choice } from 'handfast/core';

const [ROUNDS, HANDSHAKES, CHUNKS] = [9, 30, 400];
const CHUNK = new Uint8Array(16_384);
const keys = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')];
const components = { logger: defaultLogger(), upgrader: { getStreamMuxers: () => new Map() } };
const subjects = Object.entries({ noise: noise(), 'noise, our crypto': noise({ crypto }), 'handfast/1': handfast() }).map(
  ([name, make]) => ({
    name,
    sides: keys.map((privateKey) => make({ ...components, privateKey })),
    handshakes: [],
    megabytes: [],
  }),
);

async function secured([dialling, listening]) {
  const [a, b] = multiaddrConnectionPair();
  const both = await Promise.all([dialling.secureOutbound(a), listening.secureInbound(b)]);
  return both.map(({ connection }) => connection);
}

async function carry(from, to) {
  let came = 0;
  const all = new Promise((resolve) =>
    to.addEventListener('message', ({ data }) => {
      came += data.byteLength;
      if (came === CHUNKS * CHUNK.length) resolve();
    }),
  );
  for (let i = 0; i < CHUNKS; i++) {
    if (!from.send(CHUNK)) await new Promise((resolve) => from.addEventListener('drain', resolve, { once: true }));
  }
  await all;
}

for (let round = 0; round < ROUNDS; round++) {
  for (const { sides, handshakes, megabytes } of subjects) {
    let started = performance.now();
    for (let i = 0; i < HANDSHAKES; i++) (await secured(sides))[0].abort(new Error('measured'));
    handshakes.push((HANDSHAKES / (performance.now() - started)) * 1_000);
    const [from, to] = await secured(sides);
    started = performance.now();
    await carry(from, to);
    megabytes.push((CHUNKS * CHUNK.length) / (performance.now() - started) / 1_000);
    from.abort(new Error('measured'));
  }
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
const [first] = subjects;
console.log(`Node ${process.versions.node}, the ${choice.core} core`);
for (const { name, handshakes, megabytes } of subjects) {
  const [ratio, times] = [median(handshakes) / median(first.handshakes), median(megabytes) / median(first.megabytes)];
  console.log(
    `${name.padEnd(18)} ${median(handshakes).toFixed(0).padStart(6)} handshakes/s ${ratio.toFixed(2)} x  ${median(megabytes).toFixed(0).padStart(6)} MB/s ${times.toFixed(2)} x`,
  );
}
process.exit(0);
