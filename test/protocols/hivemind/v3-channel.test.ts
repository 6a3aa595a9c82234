/** Pieces of messages of version 3, over a channel whose seals are taken away: what may follow what, and how much of it. */
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/core/core.ts';
import { HandfastError } from '../../../src/errors.ts';
import { NoiseChannel } from '../../../src/protocols/hivemind/v3-channel.ts';
import type { NoiseSplit } from '../../../src/protocols/noise/index.ts';

const [WHOLE_JSON, FIRST_JSON, FIRST_FRAME, MIDDLE, LAST] = [0, 2, 3, 4, 5] as const;

function channel(limit = 1000): NoiseChannel {
  const open = { seal: (bytes: Bytes) => bytes, open: (bytes: Bytes) => bytes.slice(), wipe() {} };
  const split = { send: open, receive: open, handshakeHash: new Uint8Array(32) } as unknown as NoiseSplit;
  return new NoiseChannel(split, { binarize: true, limit, info: {} });
}

/** What becomes of one piece after the other: `more`, a code, or the form and bytes of a whole message. */
function told(target: NoiseChannel, ...pieces: readonly [marker: number, body: string][]): string[] {
  return pieces.map(([marker, body]) => {
    const came = target.open(Uint8Array.of(marker, ...Buffer.from(body)), false);
    if (came instanceof HandfastError) return came.code;
    if (came === 'more' || came.form === 'clear') return String(came);
    return `${came.form} ${Buffer.from(came.plaintext).toString()}`;
  });
}

describe('pieces of a message', () => {
  it('come together in order, of either form, and again', () => {
    const target = channel();
    expect(told(target, [FIRST_JSON, 'a'], [MIDDLE, 'b'], [MIDDLE, 'c'], [LAST, 'd'])).toEqual(['more', 'more', 'more', 'json abcd']);
    expect(told(target, [FIRST_FRAME, 'x'], [LAST, 'y'], [WHOLE_JSON, 'z'])).toEqual(['more', 'frame xy', 'json z']);
  });

  it.each([
    ['a whole message between them', [FIRST_JSON, WHOLE_JSON]],
    ['another first one between them', [FIRST_JSON, FIRST_FRAME]],
    ['a middle one of nothing', [MIDDLE]],
    ['a last one of nothing', [LAST]],
  ] as const)('end the session out of turn: %s', (_what, markers) => {
    const pieces = markers.map((marker): [number, string] => [marker, 'x']);
    expect(told(channel(), ...pieces).at(-1)).toBe('HF_OUT_OF_TURN');
  });

  it('with nothing in them, or with a marker that is none, are malformed', () => {
    expect(told(channel(), [FIRST_JSON, ''])).toEqual(['HF_MALFORMED']);
    expect(told(channel(), [FIRST_JSON, 'a'], [MIDDLE, ''])).toEqual(['more', 'HF_MALFORMED']);
    expect(told(channel(), [6, 'a'], [255, 'a'])).toEqual(['HF_MALFORMED', 'HF_MALFORMED']);
  });

  it('are as much together as the limit says, and not a byte more', () => {
    expect(told(channel(4), [FIRST_JSON, 'ab'], [LAST, 'cd'])).toEqual(['more', 'json abcd']);
    expect(told(channel(4), [FIRST_JSON, 'ab'], [LAST, 'cde'])).toEqual(['more', 'HF_TOO_LARGE']);
  });

  it('are no text once there is a key', () => {
    expect(channel().open(Uint8Array.of(WHOLE_JSON), true)).toMatchObject({ code: 'HF_OUT_OF_TURN', unproved: true });
  });
});
