/**
 * handfast/1 as js-libp2p's connection encrypter. The first four tests assert what the connection-encryption suite of @libp2p/interface-compliance-tests does, which
 * `npm run check:libp2p` runs as it is; the others, what it leaves open.
 */
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { ConnectionEncrypter, MessageStream, PrivateKey, SecuredConnection } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { multiaddrConnectionPair } from '@libp2p/utils';
import { describe, expect, it } from 'vitest';
import { handfast, type Libp2pOptions } from '../../src/adapters/libp2p.ts';
import { toHex } from '../support/bytes.ts';
import { cores } from '../support/cores.ts';
import { Random, seedOfRun } from '../support/random.ts';

const seed = seedOfRun();
const { key: dialler, id: diallerId } = await made();
const { key: listener, id: listenerId } = await made();
const { id: strangerId } = await made();

async function made() {
  const key = await generateKeyPair('Ed25519');
  return { key, id: peerIdFromPrivateKey(key) };
}

/** Every message a stream gives, in a row, until its end. */
async function all(stream: MessageStream): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part.subarray());
  return Buffer.concat(parts);
}

const event = (stream: MessageStream, name: 'drain' | 'close'): Promise<Event & { error?: Error; local?: boolean }> =>
  new Promise((resolve) => stream.addEventListener(name, resolve, { once: true }));

/** Sends at the pace that the stream asks for. */
async function send(stream: MessageStream, parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) if (!stream.send(part)) await event(stream, 'drain');
}

async function echo(stream: MessageStream): Promise<void> {
  for await (const part of stream) await send(stream, [part.subarray()]);
  await stream.close();
}

describe.each(cores.map((core) => [core.name, core] as const))(`libp2p by the %s core, seed ${seed}`, (name, core) => {
  const random = new Random(seed, name);
  const ours = handfast({ core })({ privateKey: dialler });
  const theirs = handfast({ core })({ privateKey: listener });

  async function secured(
    [a, b]: [ConnectionEncrypter, ConnectionEncrypter] = [ours, theirs],
    below = multiaddrConnectionPair(),
  ): Promise<[SecuredConnection, SecuredConnection]> {
    return Promise.all([a.secureOutbound(below[0], { remotePeer: listenerId }), b.secureInbound(below[1])]);
  }

  /** What became of both sides. */
  async function failures(
    [a, b]: [ConnectionEncrypter, ConnectionEncrypter],
    { dial = {}, accept = {} }: { dial?: object; accept?: object },
    below = multiaddrConnectionPair(),
  ) {
    const settled = await Promise.allSettled([a.secureOutbound(below[0], dial), b.secureInbound(below[1], accept)]);
    return settled.map((one) => (one.status === 'rejected' ? one.reason : undefined));
  }

  it('names its protocol', () => {
    expect(ours.protocol).toBe('/handfast/1');
  });

  it('carries ten thousand chunks there and back, in order, to an end that both see', async () => {
    const [outbound, inbound] = await secured();
    const echoing = echo(inbound.connection);
    const input = Array.from({ length: 10_000 }, (_, i) => new TextEncoder().encode(`data to encrypt, chunk ${i}`));
    const returned = all(outbound.connection);
    await send(outbound.connection, input);
    await outbound.connection.close();
    expect((await returned).equals(Buffer.concat(input))).toBe(true);
    await echoing;
    expect([outbound.connection.status, inbound.connection.status]).toEqual(['closed', 'closed']);
  });

  it('tells each side who the other is', async () => {
    const [outbound, inbound] = await secured();
    expect(outbound.remotePeer.equals(listenerId)).toBe(true);
    expect(inbound.remotePeer.equals(diallerId)).toBe(true);
    expect(outbound.remotePeer.publicKey?.equals(listener.publicKey)).toBe(true);
  });

  it('refuses whom it did not expect, on either side', async () => {
    const [outbound, inbound] = await failures([ours, theirs], { dial: { remotePeer: listenerId }, accept: { remotePeer: strangerId } });
    expect(inbound).toMatchObject({ name: 'UnexpectedPeerError' });
    expect(outbound).toMatchObject({ name: 'UnexpectedPeerError', cause: { code: 'HF_UNKNOWN_NODE', remote: 'proved' } });
    const [dialling, accepting] = await failures([ours, theirs], { dial: { remotePeer: strangerId } });
    expect(dialling).toMatchObject({ name: 'UnexpectedPeerError', cause: { code: 'HF_UNEXPECTED_PEER' } });
    expect(accepting.code).toMatch(/^HF_/);
  });

  it('shows nothing of what is said, and not one changed bit of it gets through', async () => {
    const below = multiaddrConnectionPair();
    const seen: Uint8Array[] = [];
    const { send: sendBelow } = below[0];
    let flip = false;
    below[0].send = (data) => {
      const bytes = data.slice();
      seen.push(bytes.slice());
      if (flip) bytes[bytes.length - 1 - random.below(16)] ^= 1 << random.below(8);
      return sendBelow.call(below[0], bytes);
    };
    const [outbound, inbound] = await secured(undefined, below);
    const secret = random.bytes(64);
    const came = new Promise<string>((resolve) =>
      inbound.connection.addEventListener('message', ({ data }) => resolve(toHex(data.subarray())), { once: true }),
    );
    outbound.connection.send(secret);
    expect(await came).toBe(toHex(secret));
    expect(Buffer.concat(seen).indexOf(Buffer.from(secret))).toBe(-1);
    const closed = event(inbound.connection, 'close');
    flip = true;
    outbound.connection.send(secret);
    expect((await closed).error).toMatchObject({ code: 'HF_BAD_TAG' });
  });

  it('sends what is larger than any record, in several pieces or in one', async () => {
    const [outbound, inbound] = await secured();
    const large = random.bytes(3 * 1024 * 1024 + 5);
    const came = all(inbound.connection);
    await send(outbound.connection, [large.subarray(0, 7), large.subarray(7)]);
    await outbound.connection.close();
    expect((await came).equals(large)).toBe(true);
  });

  it('hands over nothing while it is paused, loses nothing, and lets the other side wait', async () => {
    const below = multiaddrConnectionPair();
    const [outbound, inbound] = await secured(undefined, below);
    const waits = new Promise<void>((resolve) => {
      const pause = below[1].pause.bind(below[1]);
      below[1].pause = () => resolve(pause());
    });
    const parts = Array.from({ length: 200 }, () => random.bytes(16_384));
    let paused = true;
    const came: Uint8Array[] = [];
    inbound.connection.addEventListener('message', ({ data }) => {
      expect(paused).toBe(false);
      came.push(data.subarray());
    });
    inbound.connection.pause();
    let stopped = false;
    for (const part of parts) stopped = !outbound.connection.send(part) || stopped;
    expect(stopped).toBe(true);
    const closed = event(inbound.connection, 'close');
    const closing = outbound.connection.close();
    await waits;
    expect(inbound.connection.readBufferLength).toBe(0);
    paused = false;
    inbound.connection.resume();
    await closing;
    expect((await closed).error).toBeUndefined();
    expect(Buffer.concat(came).equals(Buffer.concat(parts))).toBe(true);
  });

  it('takes a connection that is cut for a reset, not for an end', async () => {
    const below = multiaddrConnectionPair();
    const [outbound, inbound] = await secured(undefined, below);
    const closed = Promise.all([event(outbound.connection, 'close'), event(inbound.connection, 'close')]);
    await below[0].close();
    for (const { error, local } of await closed) expect([error?.name, local]).toEqual(['StreamResetError', false]);
    expect(() => outbound.connection.send(new Uint8Array(1))).toThrow();
  });

  it('an abort ends both sides with an error', async () => {
    const [outbound, inbound] = await secured();
    const closed = Promise.all([event(outbound.connection, 'close'), event(inbound.connection, 'close')]);
    outbound.connection.abort(new Error('enough'));
    const [own, other] = await closed;
    expect([own.error?.message, own.local]).toEqual(['enough', true]);
    expect(other.error).toBeDefined();
  });

  it('is called off by a signal, before and in the middle', async () => {
    const below = multiaddrConnectionPair();
    await expect(ours.secureOutbound(below[0], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'HF_ABORTED' });
    const controller = new AbortController();
    const dialling = ours.secureOutbound(below[0], { signal: controller.signal });
    setImmediate(() => controller.abort(new Error('not today')));
    await expect(dialling).rejects.toMatchObject({ code: 'HF_ABORTED', cause: { message: 'not today' } });
    // The other side was never there; the connection is given up.
    if (below[0].status === 'open') await event(below[0], 'close');
  });

  it('fails on both sides when they name different networks, and when the other side speaks something else', async () => {
    const elsewhere = handfast({ core, network: 'another' })({ privateKey: listener });
    const [dialling, accepting] = await failures([ours, elsewhere], {});
    expect([dialling.code, accepting.code]).toEqual(['HF_WRONG_NETWORK', 'HF_WRONG_NETWORK']);
    const below = multiaddrConnectionPair();
    below[1].send(new TextEncoder().encode('\x13/multistream/1.0.0\n'));
    await expect(ours.secureOutbound(below[0])).rejects.toMatchObject({ code: expect.stringMatching(/^HF_/), blame: 'peer' });
  });

  it('the other side closing in the middle fails the handshake', async () => {
    const below = multiaddrConnectionPair();
    const dialling = ours.secureOutbound(below[0]);
    void below[1].close();
    await expect(dialling).rejects.toMatchObject({ code: 'HF_TRUNCATED' });
  });
});

it('refuses keys that are not Ed25519, and options that are wrong, before there is any connection', async () => {
  const privateKey: PrivateKey = await generateKeyPair('secp256k1');
  expect(() => handfast()({ privateKey })).toThrow(expect.objectContaining({ code: 'HF_UNSUPPORTED' }));
  const wrong = { network: '' } satisfies Libp2pOptions;
  expect(() => handfast(wrong)({ privateKey: dialler })).toThrow(expect.objectContaining({ code: 'HF_BAD_ARGUMENT' }));
  const below = multiaddrConnectionPair();
  const remotePeer = peerIdFromPrivateKey(privateKey);
  await expect(handfast()({ privateKey: dialler }).secureOutbound(below[0], { remotePeer })).rejects.toMatchObject({
    code: 'HF_UNSUPPORTED',
  });
});
