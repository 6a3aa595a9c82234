// Multiples of the base point of edwards25519 (RFC 8032 section 5.1), in constant time: what X25519 key pairs and Ed25519 signatures spend most of their time on.
#pragma once

#include <cstdint>

#include "core/field25519.h"

namespace handfast {

// Extended coordinates: the affine point is (x/z, y/z), and t = xy/z. All reduced.
struct EdwardsPoint {
  Field x, y, z, t;
};

// scalar * B for any scalar of 256 bits, little-endian. The first call in a process also computes a table of 39 KiB (about 0.2 ms).
// Secrets are wiped but for what the compiler spilled to the stack: EdwardsWipe() clears that too, and the result.
void EdwardsMultiplyBase(EdwardsPoint* out, const uint8_t scalar[32]);
void EdwardsWipe(EdwardsPoint* point);

// The 32 bytes of RFC 8032: y, and the lowest bit of x on top. One inversion.
void EdwardsEncode(uint8_t out[32], const EdwardsPoint& point);
// The u of RFC 7748 that belongs to the point: (z + y) / (z - y), 0 for the neutral element. One inversion.
void EdwardsEncodeMontgomery(uint8_t out[32], const EdwardsPoint& point);

}  // namespace handfast
