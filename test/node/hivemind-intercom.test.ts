/** INTERCOM between nodes that know each other's keys: both forms, who is believed, what comes twice, and the recording of the reference. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Core } from '../../src/core/core.ts';
import { runLegacy } from '../../src/core/legacy/jobs.ts';
import { HiveMindIntercom } from '../../src/node/hivemind-intercom.ts';
import { innerText, readEnvelope, sealInner, writeEnvelope } from '../../src/protocols/hivemind/intercom.ts';
import type { JsonObject } from '../../src/wire/json.ts';
import { shownText, utf8 } from '../../src/wire/text.ts';
import { cores } from '../support/cores.ts';

const { keys, vectors } = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/hivemind.json'), 'utf8')) as {
  keys: Record<'alice2048' | 'bob2048' | 'carol3072', { private: string; public: string }>;
  vectors: { op: string; input: { payload: JsonObject }; expect: { plaintext: string } }[];
};
const { alice2048: alice, bob2048: bob, carol3072: carol } = keys;
const ALL = ['ciphertext', 'encrypted_key', 'nonce', 'signature', 'tag'];
const SPEAK = utf8('{"type": "speak", "data": {"utterance": "psst"}, "context": {}}');
const json = (bytes: Uint8Array): unknown => JSON.parse(shownText(bytes));
const refused = (code: string) => expect.objectContaining({ code });

const nodeOf = (core: Core, { private: privateKey }: { private: string }, ...trusted: { public: string }[]) =>
  new HiveMindIntercom({ core, privateKey, trusted: trusted.map((each) => each.public) });

describe.each(cores)('INTERCOM, on the $name core', (core) => {
  it.each([
    ['under RSA alone, while it is short', SPEAK, false, ['ciphertext', 'signature']],
    ['with a key of its own, where it is long', utf8(JSON.stringify({ type: 'speak', data: { utterance: 'x'.repeat(5000) } })), false, ALL],
    ['with a key of its own, where that is asked for', SPEAK, true, ALL],
  ] as const)('goes from one node to another %s', async (_, payload, hybrid, members) => {
    const [from, to] = [nodeOf(core, alice), nodeOf(core, bob, carol, alice)];
    const sealed = await from.seal(payload, { to: bob.public, hybrid, meta: { metadata: { k: 'å' } } });
    expect([sealed.kind, sealed.meta]).toEqual(['intercom', { target_pubkey: bob.public.trim() }]);
    expect(Object.keys(json(sealed.bytes) as object).sort()).toEqual([...members].sort());
    const opened = await to.open(sealed);
    expect(opened).toMatchObject({ kind: 'bus', from: alice.public.trim(), bound: true, meta: { metadata: { k: 'å' } } });
    expect(json(opened.bytes)).toEqual(json(payload));
  });

  it('of released peers is read: the recording', async () => {
    const { input, expect: expected } = vectors.find(({ op }) => op === 'intercom_open')!;
    const { kind, bytes } = await nodeOf(core, bob, alice).open({ bytes: utf8(JSON.stringify(input.payload)) });
    expect({ msg_type: kind, payload: json(bytes) }).toEqual(JSON.parse(expected.plaintext));
  });

  it('as later peers seal longer messages is read too, and said not to be bound to its recipient', async () => {
    const sealed = await nodeOf(core, alice).seal(SPEAK, { to: bob.public, hybrid: true });
    const theirs = await unboundBy(core, alice);
    expect(await nodeOf(core, bob, alice).open(theirs)).toMatchObject({ kind: 'bus', bound: false });
    expect(await nodeOf(core, bob, alice).open(sealed)).toMatchObject({ bound: true });
  });

  it('is believed only when a trusted key has signed it', async () => {
    const sealed = await nodeOf(core, alice).seal(SPEAK, { to: bob.public });
    const to = nodeOf(core, bob, carol);
    await expect(to.open(sealed)).rejects.toEqual(refused('HF_INVALID_SIGNATURE'));
    await expect(nodeOf(core, bob).open(sealed)).rejects.toEqual(refused('HF_INVALID_SIGNATURE'));
    to.trust(alice.public);
    await to.open(sealed);
    const again = await nodeOf(core, alice).seal(SPEAK, { to: bob.public });
    to.distrust(alice.public);
    await expect(to.open(again)).rejects.toEqual(refused('HF_INVALID_SIGNATURE'));
  });

  it('for another key is neither opened nor tried', async () => {
    const sealed = await nodeOf(core, alice).seal(SPEAK, { to: bob.public });
    await expect(nodeOf(core, carol, alice).open(sealed)).rejects.toEqual(refused('HF_UNEXPECTED_PEER'));
    await expect(nodeOf(core, carol, alice).open({ bytes: sealed.bytes })).rejects.toEqual(refused('HF_WRONG_KEY'));
  });

  it('comes once: a repeated one is refused, also while the first is being opened', async () => {
    const to = nodeOf(core, bob, alice);
    const sealed = await nodeOf(core, alice).seal(SPEAK, { to: bob.public });
    const both = await Promise.allSettled([to.open(sealed), to.open(sealed)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(to.open(sealed)).rejects.toEqual(refused('HF_REPLAYED'));
  });

  it('one that was refused does not keep the right one from being opened', async () => {
    const to = nodeOf(core, bob, alice);
    const sealed = await nodeOf(core, alice).seal(SPEAK, { to: bob.public });
    const forged = { ...(json(sealed.bytes) as JsonObject), signature: Buffer.alloc(256, 1).toString('base64') };
    await expect(to.open({ bytes: utf8(JSON.stringify(forged)) })).rejects.toEqual(refused('HF_INVALID_SIGNATURE'));
    await to.open(sealed);
  });

  it('that a recipient has wrapped again for somebody else is refused', async () => {
    const sealed = await nodeOf(core, alice).seal(SPEAK, { to: bob.public, hybrid: true });
    const rewrapped = await wrappedAgain(sealed.bytes, bob, carol);
    await expect(nodeOf(core, carol, alice).open({ bytes: rewrapped })).rejects.toEqual(refused('HF_UNEXPECTED_PEER'));
  });

  it.each(['', '[]', '{"ciphertext": "AA=="}', '{'])('of no shape is malformed: %s', async (text) => {
    await expect(nodeOf(core, bob, alice).open({ bytes: utf8(text) })).rejects.toEqual(refused('HF_MALFORMED'));
  });

  it('what cannot be sealed, and keys that are none, are said so', async () => {
    const from = nodeOf(core, alice);
    await expect(from.seal(SPEAK, { to: 'no key' })).rejects.toEqual(refused('HF_BAD_KEY'));
    await expect(from.seal(utf8('{'), { to: bob.public })).rejects.toEqual(refused('HF_BAD_ARGUMENT'));
    for (const kind of ['hello', 'shake', 'bin', 'nonsense'])
      await expect(from.seal(SPEAK, { to: bob.public, kind })).rejects.toEqual(refused('HF_BAD_ARGUMENT'));
    expect(() => from.trust('no key')).toThrow(refused('HF_BAD_KEY'));
    expect(() => new HiveMindIntercom({ core, privateKey: 'no key' })).toThrow(refused('HF_BAD_KEY'));
  });
});

/** A hybrid envelope that does not name its recipient inside. */
async function unboundBy(core: Core, sender: { private: string }): Promise<{ bytes: Uint8Array }> {
  const { key, sealed } = sealInner(core, innerText({ msg_type: 'bus', payload: json(SPEAK) as JsonObject }));
  const signed = sealed.ciphertext;
  const made = await runLegacy({ op: 'rsa-envelope-seal', privateKey: sender.private, publicKey: bob.public, plaintext: key, signed });
  return { bytes: utf8(JSON.stringify(writeEnvelope({ wrapped: made.ciphertext!, signature: made.signature!, signed, sealed }))) };
}

/** What a dishonest recipient does: opens the key and wraps it for `next`, under the signature that was there. */
async function wrappedAgain(bytes: Uint8Array, recipient: { private: string }, next: { public: string }): Promise<Uint8Array> {
  const envelope = readEnvelope(json(bytes) as JsonObject);
  if (envelope instanceof Error) throw envelope;
  const { wrapped: ciphertext, signature, signed } = envelope;
  const opened = await runLegacy({
    op: 'rsa-envelope-open',
    privateKey: recipient.private,
    publicKey: alice.public,
    ciphertext,
    signature,
    signed,
  });
  const plaintext = opened.plaintext as Uint8Array;
  const made = await runLegacy({ op: 'rsa-envelope-seal', privateKey: recipient.private, publicKey: next.public, plaintext });
  return utf8(JSON.stringify(writeEnvelope({ ...envelope, wrapped: made.ciphertext! })));
}
