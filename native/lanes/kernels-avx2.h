// What AVX2 does of kernels.h, four items at a time, where HANDFAST_AVX2 is defined and LanesInUse() is avx2 or more. As kernels-ifma.h, but for sets of four.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

// At most 32.
void X25519SharedAvx2(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count);

}  // namespace handfast
