// Multiples of the base point of edwards25519 for the verification of signatures in lanes: B and 2^126 B, since the multiplier is cut in two there (verify-lanes.h).
#pragma once

#include <cstdint>

namespace handfast {

constexpr int kVerifySplit = 126;
// Digits from -2^(w-1) to 2^(w-1), so that the multiples 0 to 2^(w-1) are wanted.
constexpr int kVerifyBaseWidth = 8, kVerifyBaseMultiples = (1 << (kVerifyBaseWidth - 1)) + 1;
// A multiple takes 16 words: five limbs of 52 bits, canonical, of y + x, y - x and 2dxy each, and nothing.
constexpr int kVerifyMultipleWords = 16;

struct VerifyTable {
  alignas(64) uint64_t low[kVerifyBaseMultiples * kVerifyMultipleWords], high[kVerifyBaseMultiples * kVerifyMultipleWords];
};

// The first call in a process makes it: 33 KiB.
const VerifyTable& VerifyBaseTable();

}  // namespace handfast
