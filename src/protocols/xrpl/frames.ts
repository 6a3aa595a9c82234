/** Frames of the overlay: a header of 6 bytes, or of 10 where the payload is LZ4, and one payload (section 13). */
import type { Bytes } from '../../core/core.ts';
import { lz4Compress } from '../../core/legacy/lz4.ts';
import { readU32 } from '../../wire/reader.ts';
import { writeU32 } from '../../wire/writer.ts';
import { LIMITS } from './limits.ts';
import { isCompressible } from './types.ts';

/** What a header says; written over by each read. */
export interface FrameHeader {
  /** 6 or 10. */
  headerBytes: number;
  /** On the wire, at most 67,108,863. */
  payloadBytes: number;
  type: number;
  compressed: boolean;
  /** After decompression; as on the wire where it is not compressed. */
  inflatedBytes: number;
}

/** `protocol-error`: a compressed header with an unknown algorithm or reserved bits. `no-message`: the first byte begins no frame. */
export type HeaderRead = 'whole' | 'short' | 'protocol-error' | 'no-message';

export function emptyHeader(): FrameHeader {
  return { headerBytes: 0, payloadBytes: 0, type: 0, compressed: false, inflatedBytes: 0 };
}

/** A bad plain first byte is refused at once, a compressed header once all its 10 bytes are there. */
export function readHeader(bytes: Bytes, at: number, end: number, into: FrameHeader): HeaderRead {
  if (at >= end) return 'short';
  const first = bytes[at];
  const compressed = (first & 0x80) !== 0;
  if (!compressed && (first & 0xfc) !== 0) return 'no-message';
  const headerBytes = compressed ? COMPRESSED_HEADER : PLAIN_HEADER;
  if (end - at < headerBytes) return 'short';
  if (compressed && ((first & 0x0c) !== 0 || first >> 4 !== LZ4)) return 'protocol-error';
  into.headerBytes = headerBytes;
  into.payloadBytes = readU32(bytes, at) & SIZE_MASK;
  into.type = (bytes[at + 4] << 8) | bytes[at + 5];
  into.compressed = compressed;
  into.inflatedBytes = compressed ? readU32(bytes, at + 6) : into.payloadBytes;
  return 'whole';
}

/** @param inflatedBytes of a compressed frame: the size of its payload after decompression. */
export function writeHeader(payloadBytes: number, type: number, inflatedBytes?: number): Bytes {
  const header = new Uint8Array(inflatedBytes === undefined ? PLAIN_HEADER : COMPRESSED_HEADER);
  writeU32(header, 0, payloadBytes);
  header[4] = type >> 8;
  header[5] = type;
  if (inflatedBytes !== undefined) {
    header[0] |= LZ4 << 4;
    writeU32(header, 6, inflatedBytes);
  }
  return header;
}

/** One whole frame; compressed when the link may, the type is one of those, and it is worth it. */
export function writeFrame(type: number, payload: Bytes, compr: boolean): Bytes {
  if (compr && payload.length > LIMITS.uncompressed && isCompressible(type)) {
    const packed = lz4Compress(payload);
    if (packed && packed.length < payload.length - (COMPRESSED_HEADER - PLAIN_HEADER))
      return frame(writeHeader(packed.length, type, payload.length), packed);
  }
  return frame(writeHeader(payload.length, type), payload);
}

function frame(header: Bytes, payload: Bytes): Bytes {
  const bytes = new Uint8Array(header.length + payload.length);
  bytes.set(header);
  bytes.set(payload, header.length);
  return bytes;
}

const PLAIN_HEADER = 6;
const COMPRESSED_HEADER = 10;
const LZ4 = 9;
const SIZE_MASK = 0x03ffffff;
