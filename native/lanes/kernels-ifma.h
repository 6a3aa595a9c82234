// The kernels of kernels.h for AVX-512 with IFMA, where HANDFAST_IFMA is defined. The arrays hold pointers for whole sets of eight: those past `count` are only read through. Whoever calls them
// wipes the stack they used.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

namespace handfast {

// At most 64 items each.
void X25519PublicIfma(uint8_t* const out[], const uint8_t* const secret[], size_t count);
void X25519SharedIfma(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count);
void Ed25519SignIfma(uint8_t* const signature[], const Bytes message[], const uint8_t* const secretKey[], size_t count);
// At most 8.
void Ed25519VerifyIfma(bool valid[8], const Bytes signature[8], const Bytes message[8], const Bytes publicKey[8], size_t count);

}  // namespace handfast
