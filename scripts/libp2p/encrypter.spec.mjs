/** js-libp2p's suite for connection encrypters over ours, and two of its nodes. Run by check-libp2p.mjs, with mocha, in a folder that has the packages. */
import './with-resolvers.mjs';
import assert from 'node:assert';
import { yamux } from '@chainsafe/libp2p-yamux';
import suite from '@libp2p/interface-compliance-tests/connection-encryption';
import { tcp } from '@libp2p/tcp';
import { handfast } from 'handfast/adapters/libp2p';
import { createLibp2p } from 'libp2p';

describe('handfast/adapters/libp2p', () => {
  suite({ setup: async (components) => handfast()(components), teardown: async () => {} });

  it('two nodes talk over TCP', async () => {
    const [dialling, listening] = await Promise.all(
      [[], ['/ip4/127.0.0.1/tcp/0']].map((listen) =>
        createLibp2p({ addresses: { listen }, transports: [tcp()], connectionEncrypters: [handfast()], streamMuxers: [yamux()] }),
      ),
    );
    await listening.handle('/echo', async (stream) => {
      for await (const part of stream) if (!stream.send(part)) await stream.onDrain();
      await stream.close();
    });
    const connection = await dialling.dial(listening.getMultiaddrs()[0]);
    assert.equal(connection.encryption, '/handfast/1');
    assert.ok(connection.remotePeer.equals(listening.peerId));
    const stream = await connection.newStream('/echo');
    const sent = Buffer.alloc(1_000_000, 'handfast ');
    const returned = (async () => {
      const parts = [];
      for await (const part of stream) parts.push(part.subarray());
      return Buffer.concat(parts);
    })();
    for (let at = 0; at < sent.length; at += 50_000) if (!stream.send(sent.subarray(at, at + 50_000))) await stream.onDrain();
    await stream.close();
    assert.ok((await returned).equals(sent));
    await Promise.all([dialling.stop(), listening.stop()]);
  });
});
