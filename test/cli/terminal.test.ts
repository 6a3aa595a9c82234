import { describe, expect, it } from 'vitest';
import { hostAndPort } from '../../src/cli/command.ts';
import { duration, nearest, shortId, shownPayload, size, span, table, thousands, wrap } from '../../src/cli/terminal.ts';

describe('the nearest word', () => {
  const commands = ['keygen', 'id', 'listen', 'connect', 'probe', 'bench', 'doctor', 'conformance', 'demo'];

  it.each([
    ['keygne', 'keygen'],
    ['lisen', 'listen'],
    ['conn', 'connect'],
    ['dcotor', 'doctor'],
    ['conformence', 'conformance'],
    ['prob', 'probe'],
  ])('to %s is %s', (typed, meant) => {
    expect(nearest(typed, commands)).toBe(meant);
  });

  it.each(['frobnicate', 'xylophone', ''])('to %j is none', (typed) => {
    expect(
      nearest(
        typed,
        commands.filter((word) => word.length > 3),
      ),
    ).toBeUndefined();
  });
});

describe('figures for people', () => {
  it('sizes', () => {
    expect([59, 2048, 1_049_600, 16 * 2 ** 20, 3 * 2 ** 30].map(size)).toEqual(['59 B', '2 KiB', '1.0 MiB', '16 MiB', '3 GiB']);
  });

  it('durations', () => {
    expect([0.0124, 1.5, 9.9994, 12.34, 3412].map(duration)).toEqual(['12 us', '1,500 us', '9,999 us', '12.3 ms', '3.41 s']);
  });

  it('spans of time', () => {
    expect([0, 90_000, 600_000, 7_140_000, 47 * 3_600_000, 7 * 86_400_000].map(span)).toEqual([
      '0 s',
      '90 s',
      '10 min',
      '119 min',
      '47 h',
      '7 d',
    ]);
  });

  it('numbers and ids', () => {
    expect(thousands(1_234_567.4)).toBe('1,234,567');
    expect(shortId('12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5')).toBe('12D3KooWK9..KPH5');
  });
});

describe('layout', () => {
  it('pads by what is seen, not by escape codes', () => {
    const rows = [
      ['a', '1'],
      ['\u001b[31mlonger\u001b[39m', '22'],
    ];
    expect(table(rows, [1])).toEqual(['  a        1', '  \u001b[31mlonger\u001b[39m  22']);
  });

  it('cuts text at spaces, and nowhere else', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('unbreakable', 4)).toEqual(['unbreakable']);
  });
});

describe('payloads in JSON', () => {
  const shown = (bytes: Iterable<number>) => shownPayload(Uint8Array.from(bytes));

  it('are text where that is safe to show, else base64', () => {
    expect(shown(Buffer.from('wörld'))).toEqual({ bytes: 6, text: 'wörld' });
    expect(shown([0xff, 0xfe])).toEqual({ bytes: 2, base64: '//4=' });
    expect(shown(Buffer.from('\u001b[2J'))).toEqual({ bytes: 4, base64: 'G1sySg==' });
    expect(shown([])).toEqual({ bytes: 0, text: '' });
  });
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1:7600', '127.0.0.1', 7600],
    ['node.example.org:1', 'node.example.org', 1],
    ['[::1]:65535', '::1', 65_535],
    [':7600', '127.0.0.1', 7600],
  ])('%s', (text, host, port) => {
    expect(hostAndPort(text)).toEqual({ host, port });
  });

  it.each(['localhost', '::1:7600', '1.2.3.4:0', '1.2.3.4:65536', 'a b:1', '1.2.3.4:x', ''])('%j is none', (text) => {
    expect(() => hostAndPort(text)).toThrow('expected host:port');
  });
});
