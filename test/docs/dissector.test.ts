/** The dissector for Wireshark, run by tshark on captures of the recorded handshakes: what it shows is what was recorded. */
import { describe, expect, it } from 'vitest';
import { Identity } from '../../src/core/identity.ts';
import { CODES } from '../../src/errors.ts';
import { Kind } from '../../src/protocols/handfast/format.ts';
import { handfast } from '../../src/protocols/handfast/index.ts';
import { FRAMING } from '../../src/protocols/handfast/records.ts';
import { peerIdOf } from '../../src/wire/peer-id.ts';
import { pure } from '../support/cores.ts';
import { converse, Side } from '../support/machines.ts';
import { pcap, type Segment, type Sender } from '../support/pcap.ts';
import { dissected, run, tshark } from '../support/tshark.ts';
import { type RecordedHandshake, recorded, unhex } from '../support/vector-file.ts';

/** The envelope of the vectors, as it goes on the wire. */
const recordedBroadcast = (): { envelope: string } => recorded('broadcast')[0] as unknown as { envelope: string };
const text = (words: string): string => Buffer.from(words).toString('hex');
interface RecordedRekey {
  readonly suite: keyof typeof SUITE_NUMBERS;
  readonly changes: readonly {
    readonly key: string;
    readonly records: readonly { readonly counter: string; readonly plaintext: string; readonly record: string }[];
  }[];
}

const colons = (hex: string): string => hex.replace(/..(?!$)/g, '$&:');
const idOf = (hex: string): string => peerIdOf(unhex(hex));
const SUITE_NUMBERS = { 'chacha20-poly1305': '0x01', 'aes-256-gcm': '0x02' } as const;

/** What both sides log, playing a recorded handshake again. */
function keyLogOf({ network, dialler, listener, kind, code }: RecordedHandshake): string {
  const refusal = { code: code as keyof typeof CODES, reason: '' };
  const side = (role: 'initiator' | 'responder'): Side => {
    const { seed, ephemeral, timestamp, suites, agent, maxMessage } = role === 'initiator' ? dialler : listener;
    const identity = Identity.fromSeed(unhex(seed), { core: pure });
    const refuses = kind === (role === 'initiator' ? 'sealed-refusal' : 'close');
    return new Side({
      core: pure,
      machine: handfast[role]({ identity, network, core: pure, suites, agent, maxMessage, unsafeKeyLog: () => {} }),
      now: timestamp,
      ephemeralSeed: unhex(ephemeral),
      ...(refuses && { judge: () => refusal }),
    }).start();
  };
  const [a, b] = [side('initiator'), side('responder')];
  converse(a, b);
  for (const each of [a, b]) each.dispose();
  return a.keyLog;
}

/** Frames as packets: the finish and the OPEN behind it are one, as they are sent. */
function segmentsOf({ frames, records }: RecordedHandshake): Segment[] {
  const from = (sender: Sender, ...names: string[]): Segment[] => {
    const text = names.map((name) => frames[name] ?? '').join('');
    return text === '' ? [] : [{ from: sender, data: unhex(text) }];
  };
  return [
    ...from('dialler', 'hello'),
    ...from('listener', 'reply'),
    ...from('dialler', 'finish', 'openOfDialler'),
    ...from('listener', 'openOfListener', 'close'),
    ...(frames.reply ? from('dialler', 'refusal') : from('listener', 'refusal')),
    ...(records ?? []).map(({ from, record }) => ({ from, data: unhex(record) })),
  ];
}

describe.skipIf(!tshark.version)(`the dissector in tshark ${tshark.version ?? `(skipped: ${tshark.why})`}`, () => {
  it.each(recorded('handshake'))('shows "$id" as it was recorded', (vector) => {
    const { dialler, listener, frames, records, suite } = vector;
    const [hello, reply, finish, ...rest] = dissected(pcap(segmentsOf(vector)), { keyLog: keyLogOf(vector) });
    const ofHello = frames.hello.slice(8);
    const versions = Number.parseInt(ofHello.slice(2, 4), 16);
    const suites = [...new Set(dialler.suites)].map((name) => SUITE_NUMBERS[name].slice(2)).sort();
    expect(versions).toBe(1);
    expect(hello.fields).toEqual({
      sender: ['dialler'],
      length: [String(frames.hello.length / 2 - 4)],
      frame: ['0x01'],
      versions: ['01'],
      suites: [suites.join(':')],
      network_tag: [colons(vector.values.tag)],
      network: [vector.network],
      ephemeral: [colons(ofHello.slice(-68, -4))],
    });
    expect(reply.fields).toMatchObject({
      sender: ['listener'],
      frame: ['0x02'],
      version: ['1'],
      suite: [SUITE_NUMBERS[suite]],
      decrypted: ['1'],
      id: [idOf(listener.id)],
      timestamp: [
        expect.stringContaining(
          String(listener.timestamp % 1000)
            .padStart(3, '0')
            .concat('000000 UTC'),
        ),
      ],
    });
    expect(reply.fields.signature[0]).toMatch(/^(?:[0-9a-f]{2}:){63}[0-9a-f]{2}$/);
    expect(finish.fields).toMatchObject({ sender: ['dialler'], frame: ['0x03'], decrypted: ['1'], id: [idOf(dialler.id)] });
    expect(finish.shown).toBe(`handfast/1, finish ${idOf(dialler.id)}`);

    const opens = [dialler, listener].map(({ agent, maxMessage = 1024 * 1024 }, i) => ({
      sender: [i === 0 ? 'dialler' : 'listener'],
      counter: ['0'],
      decrypted: ['1'],
      kind: ['0x00'],
      largest_record: [String(maxMessage + 1024)],
      ...(agent && { agent: [agent] }),
    }));
    const counters = { dialler: 1, listener: 1 };
    const others = records.map(({ from, kind, payload }) => ({
      sender: [from],
      counter: [String(counters[from]++)],
      decrypted: ['1'],
      kind: [kind === 'data' ? '0x0a' : '0x07'],
      ...(kind === 'data' ? payload && { payload: [colons(payload)] } : { code: ['0x0000'] }),
    }));
    expect(rest).toHaveLength(opens.length + others.length);
    for (const [i, expected] of [...opens, ...others].entries()) expect(rest[i].fields).toMatchObject(expected);
  });

  it('shows what is in clear, and counts records, without a key log', () => {
    const [vector] = recorded('handshake');
    const frames = dissected(pcap(segmentsOf(vector)));
    expect(frames.map(({ shown }) => shown.replace('handfast/1, ', ''))).toEqual([
      'hello',
      'reply',
      'finish',
      ...frames.slice(3).map(() => 'record'),
    ]);
    const { fields } = frames[1];
    expect(fields.decrypted).toEqual(['0']);
    expect(Object.keys(fields)).not.toContain('id');
    const reply = vector.frames.reply;
    expect(fields.sealed).toEqual([colons(reply.slice(2 * (4 + 3 + 32 + 2)))]);
    expect(frames.slice(3).map(({ fields: { sender, counter } }) => `${sender} ${counter}`)).toEqual([
      'dialler 0',
      'listener 0',
      'dialler 1',
      'listener 1',
      'dialler 2',
      'listener 2',
      'dialler 3',
      'listener 3',
    ]);
  });

  it.each([...recorded('sealed-refusal'), ...recorded('close'), ...recorded('clear-refusal')])(
    'shows who refused and why: $id',
    (vector) => {
      const last = dissected(pcap(segmentsOf(vector)), { keyLog: vector.frames.reply ? keyLogOf(vector) : '' }).at(-1)!;
      const number = CODES[vector.code as keyof typeof CODES] as { wire: number };
      expect(last.fields.code).toEqual([`0x${number.wire.toString(16).padStart(4, '0')}`]);
      expect(last.fields.reason).toEqual([vector.reason]);
      expect(last.shown).toContain(vector.code);
    },
  );

  it('knows a connection by its hello, at any port, however it is cut, and looked at twice', () => {
    const [vector] = recorded('handshake');
    const keyLog = keyLogOf(vector);
    const whole = dissected(pcap(segmentsOf(vector)), { keyLog });
    expect(dissected(pcap(segmentsOf(vector), 4242), { keyLog })).toEqual(whole);
    // The first one whole, as a small first packet is; the others in pieces, and all of a side's at once where nobody waits.
    const [first, ...others] = segmentsOf(vector);
    const pieces = others.flatMap(({ from, data }) =>
      [7, 40, 100].map((at, i, cuts) => ({ from, data: data.subarray(cuts[i - 1] ?? 0, i === 2 ? undefined : at) })),
    );
    const cut = dissected(pcap([first, ...pieces.filter(({ data }) => data.length > 0)]), { keyLog, twice: true });
    expect(cut.map(({ fields }) => fields)).toEqual(whole.map(({ fields }) => fields));
  });

  it.each(recorded('handshake').slice(0, 2))('shows what nodes say to each other: $id', (vector) => {
    const broadcast = recordedBroadcast();
    const said: [number, string, Record<string, string[]>][] = [
      [Kind.open, '00100400000600020000'.concat('0003'), {}],
      [
        Kind.direct,
        `${'00'.repeat(7)}09000003e804${text('time')}${text('now?')}`,
        { request: ['0x0000000000000009'], milliseconds_left: ['1000'], topic: ['time'], payload: [colons(text('now?'))] },
      ],
      [Kind.direct, `${'00'.repeat(7)}0a000003e800`, { request: ['0x000000000000000a'], milliseconds_left: ['1000'] }],
      [Kind.response, `${'00'.repeat(7)}09${text('noon')}`, { request: ['0x0000000000000009'], payload: [colons(text('noon'))] }],
      [Kind.error, `${'00'.repeat(7)}0a0401`, { request: ['0x000000000000000a'], code: ['0x0401'] }],
      [
        Kind.broadcast,
        `10${broadcast.envelope}`,
        { hops: ['16'], sequence: ['1'], id: [idOf(broadcast.envelope.slice(0, 64))], topic: ['news'], payload: [colons(text('hello'))] },
      ],
      [Kind.ping, 'ff00000000000001', { ping: ['0xff00000000000001'] }],
      [Kind.pong, 'ff00000000000001', { ping: ['0xff00000000000001'] }],
      [Kind.ihave, '11'.repeat(32) + '22'.repeat(32), { message_id: [colons('11'.repeat(32)), colons('22'.repeat(32))] }],
      [Kind.data, '', {}],
      [Kind.close, `0209${text('gone')}`, { code: ['0x0209'], reason: ['gone'] }],
    ];
    const cipher = pure.cipher({ suite: vector.suite, key: unhex(vector.values.dialToListener), framing: FRAMING });
    const records = said.map(([kind, body]) => cipher.seal(unhex(kind.toString(16).padStart(2, '0') + body)));
    const [hello, reply] = segmentsOf(vector);
    const finish = { from: 'dialler' as const, data: unhex(vector.frames.finish) };
    // All in one packet: a turn's records leave together.
    const capture = pcap([hello, reply, finish, { from: 'dialler', data: new Uint8Array(Buffer.concat(records)) }]);
    const shown = dissected(capture, { keyLog: keyLogOf(vector) }).slice(3);
    for (const [i, [kind, , fields]] of said.entries()) {
      expect(shown[i].fields, `record ${i}`).toMatchObject({
        counter: [String(i)],
        kind: [`0x${kind.toString(16).padStart(2, '0')}`],
        ...fields,
      });
    }
    expect(shown).toHaveLength(said.length);
  });

  it.each(recorded('rekey') as unknown as RecordedRekey[])('has the key that is in force at each counter: $id', ({ suite, changes }) => {
    const number = SUITE_NUMBERS[suite];
    const asked = changes.flatMap(({ records }) => records);
    const lines = asked.map(
      ({ counter, record }) =>
        `tell(d.decipher(${number}, d.key_at(state, keys, "A_TO_B", ${counter}), ${counter}, unhex("${record.slice(8, -32)}")))`,
    );
    const said = run(`
      local function unhex(text) return (text:gsub("%x%x", function(two) return string.char(tonumber(two, 16)) end)) end
      local function tell(text) print("told " .. text:gsub(".", function(one) return string.format("%02x", one:byte()) end)) end
      local state, keys = { suite = ${number} }, { A_TO_B = unhex("${changes[0].key}") }
      ${lines.join('\n')}`);
    expect(said).toEqual(asked.map(({ plaintext }) => plaintext));
  });

  it('knows every code and every kind of record', async () => {
    const { readFileSync } = await import('node:fs');
    const source = readFileSync(new URL('../../docs/observability/handfast.lua', import.meta.url), 'utf8');
    const table = (name: string): Record<string, string> =>
      Object.fromEntries(
        [...new RegExp(`local ${name} = \\{([^}]*)\\}`).exec(source)![1].matchAll(/\[(0x[0-9a-f]+)\] = "([^"]+)"/g)].map(
          ([, number, word]) => [Number(number), word],
        ),
      );
    const onWire = Object.entries(CODES as Record<string, { wire?: number }>).filter(([, { wire }]) => wire !== undefined);
    expect(table('CODES')).toEqual(Object.fromEntries(onWire.map(([name, { wire }]) => [wire, name])));
    expect(table('KINDS')).toEqual(Object.fromEntries(Object.entries(Kind).map(([name, number]) => [number, name.toUpperCase()])));
  });

  it.each([
    [
      'the keys of another session',
      (keyLog: string) => keyLog.replace(/(A_TO_B|B_TO_A|REPLY|FINISH) (\S+) \S+/g, `$1 $2 ${'5a'.repeat(32)}`),
    ],
    ['keys that are too short', (keyLog: string) => keyLog.replace(/(A_TO_B|B_TO_A|REPLY|FINISH) (\S+) \S+/g, '$1 $2 5a5a')],
    ['no key log at all', () => '\u0000\u00ff HANDFAST_REPLY nothing\n'],
  ])('says so, and does not fail, with %s', (_, spoil) => {
    const [vector] = recorded('handshake');
    const frames = dissected(pcap(segmentsOf(vector)), { keyLog: spoil(keyLogOf(vector)) });
    expect(frames).toHaveLength(11);
    expect(frames.every(({ fields }) => fields.id === undefined || fields.id[0] !== idOf(vector.listener.id))).toBe(true);
  });

  it('calls malformed what is, and stays on its feet', () => {
    const [vector] = recorded('handshake');
    const [hello, reply] = segmentsOf(vector);
    for (const spoilt of [
      [{ ...hello, data: unhex('00000003010101') }],
      [hello, { ...reply, data: unhex('0000000402010100') }],
      [hello, { ...reply, data: unhex('0000000000000000') }],
      [hello, { ...reply, data: unhex('000000057f020a') }],
      [{ from: 'listener' as const, data: unhex('0000000c7f0302736c6f7720646f776e') }],
      [reply, hello],
    ])
      expect(() => dissected(pcap(spoilt))).not.toThrow();
    expect(dissected(pcap([hello, { ...reply, data: unhex('0000000402010100') }])).at(-1)!.shown).toBe('handfast/1, reply, malformed');
  });
});
