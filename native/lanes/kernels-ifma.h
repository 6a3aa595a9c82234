// The kernels of kernels.h for AVX-512 with IFMA, where HANDFAST_IFMA is defined. Unused lanes repeat another: every pointer of the eight is one that may be read, and
// outputs are written for the first `count`.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

namespace handfast {

void X25519SharedIfma(uint8_t* const out[8], const uint8_t* const secret[8], const uint8_t* const publicKey[8], bool ok[8], size_t count);
void Ed25519VerifyIfma(bool valid[8], const Bytes signature[8], const Bytes message[8], const Bytes publicKey[8], size_t count);

}  // namespace handfast
