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
void Ed25519VerifyIfma(bool valid[], const Bytes signature[], const Bytes message[], const Bytes publicKey[], size_t count);
void Secp256k1VerifyIfma(bool valid[], const Bytes signature[], const Bytes digest[], const Bytes publicKey[], size_t count);
void MessageHashIfma(uint8_t hash[][64], const Bytes message[], size_t count);

}  // namespace handfast
