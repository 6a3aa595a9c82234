// Integers modulo L = 2^252 + 27742317777372353535851937790883648493, the order of the base point (RFC 8032 section 5.1), in constant time. Little-endian; inputs need not be below L, results are.
// Whoever calculates with secrets wipes 512 bytes of stack afterwards.
#pragma once

#include <cstdint>

namespace handfast {

// What a hash of 64 bytes is modulo L. In place is allowed.
void ScalarReduce(uint8_t out[32], const uint8_t in[64]);
// a * b + c modulo L. In place is allowed.
void ScalarMultiplyAdd(uint8_t out[32], const uint8_t a[32], const uint8_t b[32], const uint8_t c[32]);

}  // namespace handfast
