// The kernels of kernels.h for AVX-512 with IFMA, where HANDFAST_IFMA is defined. The arrays hold pointers for whole sets of eight: those past `count` are only read through. Whoever calls them
// wipes the stack they used.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

// At most 64.
void X25519SharedIfma(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count);

}  // namespace handfast
