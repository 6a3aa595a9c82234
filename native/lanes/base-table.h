// Odd multiples of half the base point of edwards25519, for the multiplications of base-lanes.h. Nothing in it is secret, only which entry is read.
#pragma once

#include <cstdint>

namespace handfast {

// Digits of six bits: 43 of them hold a scalar of 256 bits and the constant added to it, and a window of 32 entries lies in four registers a limb. By count of operations, five
// bits (52 additions) would take a sixth more, and seven (37, from a table of 284 KiB) a twentieth less.
constexpr int kBaseWindows = 43, kBaseDigitBits = 6, kBaseEntries = 32;
constexpr int kBaseWindowWords = 15 * kBaseEntries;

// Word 480 i + 32 j + v is limb j of (2v + 1) 64^i B/2: limbs 0 to 4 are y + x, 5 to 9 y - x, 10 to 14 2dxy of the affine point, canonical in the limbs of
// field-lanes.h.
// 161 KiB, aligned to 64 bytes; the first call in a process makes it (about 1 ms).
const uint64_t* BaseTable();

}  // namespace handfast
