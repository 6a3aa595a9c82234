/** A capture of one TCP connection, as a file for Wireshark: classic pcap, raw IPv4, no checksums. */
export type Sender = 'dialler' | 'listener';

export interface Segment {
  readonly from: Sender;
  readonly data: Uint8Array;
}

const ENDS = { dialler: { address: [10, 0, 0, 1], port: 50_000 }, listener: { address: [10, 0, 0, 2], port: 7600 } } as const;

/** @param port of the listener. @returns the file. */
export function pcap(segments: readonly Segment[], port: number = ENDS.listener.port): Uint8Array {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(262_144, 16);
  // Raw IP.
  head.writeUInt32LE(101, 20);
  const next = { dialler: 1, listener: 1 };
  const packets = segments.flatMap(({ from, data }, i) => {
    const to = from === 'dialler' ? 'listener' : 'dialler';
    const ports = { dialler: ENDS.dialler.port, listener: port };
    const ip = Buffer.alloc(20);
    ip.writeUInt8(0x45, 0);
    ip.writeUInt16BE(40 + data.length, 2);
    ip.writeUInt8(64, 8);
    ip.writeUInt8(6, 9);
    ip.set(ENDS[from].address, 12);
    ip.set(ENDS[to].address, 16);
    const tcp = Buffer.alloc(20);
    tcp.writeUInt16BE(ports[from], 0);
    tcp.writeUInt16BE(ports[to], 2);
    tcp.writeUInt32BE(next[from], 4);
    tcp.writeUInt32BE(next[to], 8);
    // Header of 20 bytes; PSH and ACK.
    tcp.writeUInt16BE(0x5018, 12);
    tcp.writeUInt16BE(65_535, 14);
    next[from] += data.length;
    const about = Buffer.alloc(16);
    about.writeUInt32LE(1_700_000_000, 0);
    about.writeUInt32LE(i, 4);
    about.writeUInt32LE(40 + data.length, 8);
    about.writeUInt32LE(40 + data.length, 12);
    return [about, ip, tcp, data];
  });
  return new Uint8Array(Buffer.concat([head, ...packets]));
}
