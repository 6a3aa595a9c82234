// Arithmetic modulo 2^255 - 19 in constant time: just enough to turn a point of the Edwards curve into one of the Montgomery curve.
#pragma once

#include <cstdint>

namespace handfast {

// Five limbs of 51 bits, least significant first; limbs may exceed 51 bits by a few between reductions.
struct Field {
  uint64_t limb[5];
};

// The low 255 bits; values from 2^255 - 19 upwards are taken modulo it.
Field FieldFromBytes(const uint8_t in[32]);
// The canonical encoding.
void FieldToBytes(uint8_t out[32], const Field& a);

Field FieldAdd(const Field& a, const Field& b);
Field FieldSubtract(const Field& a, const Field& b);
Field FieldMultiply(const Field& a, const Field& b);
Field FieldSquare(const Field& a);
// a^(p-2): the inverse, and 0 for 0.
Field FieldInvert(const Field& a);

}  // namespace handfast
