// Multiples of the base point of edwards25519 for the verification of signatures in lanes: B and 2^126 B, since the multiplier is cut in two there (equation-lanes.h).
#pragma once

#include <cstdint>

namespace handfast {

constexpr int kEquationSplit = 126;
// Digits from -2^(w-1) to 2^(w-1), so that the multiples 0 to 2^(w-1) are wanted.
constexpr int kBaseWindow = 8, kBaseMultiples = (1 << (kBaseWindow - 1)) + 1;
// A multiple takes 16 words: five limbs of 52 bits, canonical, of y + x, y - x and 2dxy each, and nothing.
constexpr int kBaseMultipleWords = 16;

struct EquationTable {
  alignas(64) uint64_t low[kBaseMultiples * kBaseMultipleWords], high[kBaseMultiples * kBaseMultipleWords];
};

// The first call in a process makes it: 33 KiB.
const EquationTable& BaseOfEquations();

}  // namespace handfast
