import crypto from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Core } from '../../../src/core/core.ts';
import type { HandfastError } from '../../../src/errors.ts';
import type { Received, Role, Traffic } from '../../../src/protocols/machine.ts';
import { cores } from '../../support/cores.ts';
import { converse } from '../../support/machines.ts';
import { container, message, refusal, type Scripted, SdmpSide, type SideChanges, standing } from '../../support/sdmp.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/** Gives bytes to a traffic, as a driver does. */
function open(
  core: Core,
  traffic: Traffic,
  data: string | Uint8Array,
): { messages: string[]; kinds: (string | undefined)[]; received: Received } {
  const octets = Buffer.from(data);
  const slab = core.slab(Math.max(octets.length, 1));
  slab.bytes.set(octets);
  const received = traffic.open(slab, 0, octets.length, 0);
  const own = received.own ?? [];
  const found = { messages: own.map(({ bytes }) => text(bytes)), kinds: own.map(({ kind }) => kind), received };
  slab.release();
  return found;
}

const ended = ({ outputs }: Received) => {
  const output = outputs.find(({ kind }) => kind === 'ended') as
    | { why?: HandfastError; close?: { code: number }; lingerMs: number }
    | undefined;
  return (
    output && { code: output.why?.code, rule: output.why?.message.split(':')[0], unproved: output.why?.unproved, close: output.close?.code }
  );
};

describe.each(cores)('the traffic of an SDMP session, $name core', (core) => {
  const sides: SdmpSide[] = [];
  afterEach(() => {
    for (const side of sides.splice(0)) side.dispose();
    expect(core.guarded.live).toBe(0);
  });
  const session = (role: Role = 'responder', changes: SideChanges = {}) => {
    const { side, peer } = standing(core, role, 'open', changes);
    sides.push(side);
    return { traffic: side.opened!.traffic, peer };
  };

  it('is read wherever it is cut, one object or many in a chunk, with the octets that are not whole kept once', () => {
    const { traffic, peer } = session();
    const objects = ['one', 'tw}o', 'th"ree'].map((each) => peer.seal(message(each)));
    expect(open(core, traffic, `${objects[0]}\n \r\n${objects[1]}${objects[2]}`).messages).toEqual(['one', 'tw}o', 'th"ree'].map(message));
    const last = peer.seal(message('in pieces'));
    for (let at = 0; at < last.length - 1; at++) {
      const { messages, received } = open(core, traffic, last[at]);
      expect([messages, received.next, received.outputs]).toEqual([[], 1, []]);
    }
    expect(open(core, traffic, '}').messages).toEqual([message('in pieces')]);
  });

  it('takes padding of zeros, of PKCS #7, of both, and none, and gives the container alone', () => {
    const { traffic, peer } = session();
    const bare = Buffer.from(message('x'.repeat(64 - (message('').length % 16))));
    const whole = Buffer.concat([bare, Buffer.alloc((16 - (bare.length % 16)) % 16)]);
    const seal = (plaintext: Uint8Array, pad: boolean) => JSON.stringify(peer.encrypted(plaintext, { pad }));
    expect(bare.length % 16).toBe(0);
    for (const object of [
      seal(bare, true),
      seal(bare, false),
      seal(Buffer.concat([whole, Buffer.alloc(16)]), false),
      seal(Buffer.concat([whole, Buffer.alloc(8_192)]), true),
    ]) {
      expect(open(core, traffic, object).messages).toEqual([text(bare)]);
    }
  });

  it('names the first schema, and takes containers of several', () => {
    const { traffic, peer } = session();
    const both = { sdmp: { version: '0.12.0', schemas: ['node', 'other'] }, information: {}, more: [] };
    const { messages, kinds } = open(core, traffic, peer.seal(both) + peer.seal(refusal('not_found')));
    expect(messages).toEqual([JSON.stringify(both), refusal('not_found')]);
    expect(kinds).toEqual(['node', 'response']);
  });

  const bad: [string, string, string, number, (peer: Scripted) => string | Uint8Array][] = [
    ['octets that begin no object', 'F1', 'MALFORMED', 1008, () => 'x'],
    ['an object beyond the limit', 'F2', 'TOO_LARGE', 1009, () => `{"a":"${'x'.repeat(1_500_000)}`],
    ['a depth bomb', 'F3', 'MALFORMED', 1008, () => '{"a":'.repeat(17)],
    ['octets that are not UTF-8', 'F4', 'MALFORMED', 1007, () => Buffer.from([0x7b, 0xff, 0x7d])],
    ['what is no JSON', 'F5', 'MALFORMED', 1007, () => '{]'],
    ['white space without end', 'F7', 'MALFORMED', 1008, () => ' '.repeat(65)],
    ['a refusal in clear', 'C4', 'MALFORMED', 1008, () => refusal('not_found')],
    ['a message in clear', 'C4', 'MALFORMED', 1008, () => message('x')],
    ['another member', 'C4', 'MALFORMED', 1008, (peer) => peer.seal(message('x')).replace('"iv":', '"tag":"","iv":')],
    ['no iv', 'E1', 'MALFORMED', 1008, () => JSON.stringify(container('encrypted', { payload: '', recipients: [] }))],
    ['another key', 'E5', 'BAD_TAG', 1008, (peer) => peer.sealedWith(Buffer.alloc(32), message('x'))],
    ['a plaintext that is no container', 'E6', 'BAD_TAG', 1008, (peer) => peer.seal('{"a":1}')],
    ['a plaintext of another version', 'E6', 'BAD_TAG', 1008, (peer) => peer.seal(message('x').replace('0.12.0', '2.0.0'))],
    ['a plaintext with members of no schema', 'E6', 'BAD_TAG', 1008, (peer) => peer.seal({ ...container('a', 1), b: 2 })],
    ['a plaintext without schemas', 'E6', 'BAD_TAG', 1008, (peer) => peer.seal({ sdmp: { version: '0.12.0', schemas: [] } })],
    [
      'a plaintext with a member of sdmp',
      'E6',
      'BAD_TAG',
      1008,
      (peer) => peer.seal({ sdmp: { version: '0.12.0', schemas: ['a'], x: 1 } }),
    ],
    [
      'a plaintext with a name twice',
      'E6',
      'BAD_TAG',
      1008,
      (peer) => peer.seal(message('x').replace('"message":', '"message":1,"message":')),
    ],
    ['a plaintext beyond the limit', 'E6', 'BAD_TAG', 1008, (peer) => peer.seal(message('x'.repeat(1_048_576)))],
  ];
  it('takes a message of 65,536 members and elements, and ends at one more', () => {
    const list = (count: number) => container('message', Array(count).fill(0));
    const { traffic, peer } = session();
    // sdmp, version, schemas with its element, and message.
    expect(open(core, traffic, peer.seal(list(65_536 - 5))).messages).toHaveLength(1);
    expect(ended(open(core, traffic, peer.seal(list(65_536 - 4))).received)).toMatchObject({ code: 'HF_BAD_TAG', rule: 'E6' });
  });

  it.each(bad)('ends at %s, without a word: %s', (_name, rule, code, close, says) => {
    const { traffic, peer } = session();
    const { messages, received } = open(core, traffic, `${peer.seal(message('before'))}`);
    expect(messages).toHaveLength(1);
    expect(received.outputs).toEqual([]);
    const last = open(core, traffic, Buffer.concat([Buffer.from(peer.seal(message('beside'))), Buffer.from(says(peer))]));
    expect(last.messages).toEqual([message('beside')]);
    expect(ended(last.received)).toEqual({ code: `HF_${code}`, rule, unproved: true, close });
    expect(last.received.outputs).toHaveLength(1);
    // Nothing behind it is read, and nothing more is sealed.
    expect(open(core, traffic, peer.seal(message('after'))).received).toMatchObject({ own: [], outputs: [] });
    expect(() => traffic.writer!.write(Buffer.from(message('x')), {}, 0)).toThrow('closed');
  });

  it.each(['responder', 'initiator'] as const)(
    'refuses an iv that came before, the handshake included, or that is our own (%s)',
    (role) => {
      const replays = (pick: (peer: Scripted, own: string) => string) => {
        const { traffic, peer } = session(role);
        const { data } = traffic.writer!.write(Buffer.from(message('ours')), {}, 0);
        return ended(open(core, traffic, pick(peer, text(data))).received);
      };
      const refused = { code: 'HF_REPLAYED', rule: 'E7', unproved: true, close: 1008 };
      expect(replays((_peer, own) => own)).toEqual(refused);
      expect(replays((peer) => peer.seal(message('x')).repeat(2))).toEqual(refused);
      // Another object under an old iv is refused as well.
      const iv = Buffer.alloc(16, 3);
      expect(
        replays((peer) => JSON.stringify(peer.encrypted(message('x'), { iv })) + JSON.stringify(peer.encrypted(message('y'), { iv }))),
      ).toEqual(refused);
    },
  );

  it('ends well between two objects, and not inside of one', () => {
    const { traffic, peer } = session();
    expect(traffic.end(0)).toEqual([{ kind: 'peer-done' }]);
    expect(traffic.close(0)).toMatchObject([{ kind: 'ended', lingerMs: 1000, close: { code: 1000 } }]);
    expect(traffic.end(0)).toEqual([]);
    const cut = session();
    open(core, cut.traffic, peer.seal(message('x')).slice(0, -1));
    expect(cut.traffic.end(0)).toMatchObject([{ kind: 'ended', why: { code: 'HF_TRUNCATED' } }]);
  });

  it('closes for a reason that stays here, since there is no word for it', () => {
    const { traffic } = session();
    expect(traffic.close(0, { code: 'BANNED', reason: 'go' })).toMatchObject([
      { kind: 'ended', why: { code: 'HF_BANNED' }, close: { code: 1008 } },
    ]);
    expect(traffic.tick(0)).toEqual([]);
    expect(traffic.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(() => traffic.seal(core.slab(16), new Uint32Array(2), 1, 0)).toThrow('writer');
  });

  it('writes a line for each message, sealed anew each time, of a multiple of 8,192 where lengths are hidden', () => {
    const { traffic, peer } = session('responder', { padding: 'pad8192' });
    const lines = [1, 2].map(() => text(traffic.writer!.write(Buffer.from(message('x')), {}, 0).data));
    expect(lines[0]).not.toBe(lines[1]);
    for (const line of lines) {
      expect(line.endsWith('}\n')).toBe(true);
      expect(Buffer.from(JSON.parse(line).encrypted.payload, 'base64url')).toHaveLength(8_192 + 16);
      expect(peer.decrypt(line).replace(/\0+$/, '')).toBe(message('x'));
    }
  });

  it('in the profile bound: nothing is dropped, repeated, reordered or sent back', () => {
    const pairs = () => {
      const a = new SdmpSide(core, 'initiator', { profile: 'bound' }).begin();
      const b = new SdmpSide(core, 'responder', { profile: 'bound' }).begin();
      sides.push(a, b);
      converse(a, b);
      const sealed = ['one', 'two'].map((each) => a.opened!.traffic.writer!.write(Buffer.from(message(each)), {}, 0).data);
      return { a: a.opened!.traffic, b: b.opened!.traffic, sealed: sealed.map(text) };
    };
    const refused = { code: 'HF_BAD_TAG', rule: 'E5', unproved: true, close: 1008 };
    const honest = pairs();
    expect(open(core, honest.b, honest.sealed.join('')).messages).toEqual(['one', 'two'].map(message));
    expect(ended(open(core, honest.b, honest.sealed[1]).received)).toEqual(refused);
    for (const spoilt of [
      ({ b, sealed }: ReturnType<typeof pairs>) => open(core, b, sealed[1]),
      ({ b, sealed }: ReturnType<typeof pairs>) => open(core, b, sealed[0].repeat(2)),
      ({ a, sealed }: ReturnType<typeof pairs>) => open(core, a, sealed[0]),
      ({ b, sealed }: ReturnType<typeof pairs>) =>
        open(
          core,
          b,
          sealed[0].replace(/"payload":"./, (found) => found.slice(0, -1) + (found.endsWith('A') ? 'B' : 'A')),
        ),
    ]) {
      expect(ended(spoilt(pairs()).received)).toEqual(refused);
    }
    const short = pairs();
    const object = JSON.parse(short.sealed[0]);
    object.encrypted.payload = Buffer.alloc(15).toString('base64url');
    expect(ended(open(core, short.b, JSON.stringify(object)).received)).toMatchObject({ rule: 'E3' });
  });
});

describe.each(cores)('the profile bound, $name core', (core) => {
  it('does not open towards a peer without it, on either side, and never falls back', () => {
    for (const [ours, theirs] of [
      [{ profile: 'bound' }, {}],
      [{}, { profile: 'bound' }],
    ] as const) {
      const a = new SdmpSide(core, 'initiator', ours).begin();
      const b = new SdmpSide(core, 'responder', theirs).begin();
      converse(a, b);
      expect(b.failed?.message).toContain('E2');
      expect(a.failed?.message ?? '').toContain('E2');
    }
    expect(core.guarded.live).toBe(0);
  });

  it('takes no proof that is signed as the plain protocol signs, and none of the other role', () => {
    for (const role of ['initiator', 'responder'] as const) {
      // The liar's signature is over other octets: what it asks to have signed is changed on the way.
      const asked: Uint8Array[] = [];
      const lying = new SdmpSide(core, role, {
        profile: 'bound',
        work: (work) => {
          if (work.op !== 'rsa-sign') return undefined;
          asked.push(work.message);
          const changed = work.message.slice();
          changed[10] ^= 3;
          return { op: 'rsa-sign', signature: new Uint8Array(crypto.sign('sha512', changed, work.key.handle)) };
        },
      }).begin();
      const honest = new SdmpSide(core, role === 'initiator' ? 'responder' : 'initiator', { profile: 'bound' }).begin();
      converse(role === 'initiator' ? lying : honest, role === 'initiator' ? honest : lying);
      expect(text(asked[0].subarray(0, 10))).toBe('sdmp-bound');
      expect(asked[0][10]).toBe(role === 'initiator' ? 1 : 2);
      expect(honest.failed?.message).toContain('G9');
      lying.dispose();
    }
    expect(core.guarded.live).toBe(0);
  });
});
