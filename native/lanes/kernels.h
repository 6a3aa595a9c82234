// Public-key operations eight at a time. No instruction of vectors appears here: callers include this header only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

namespace handfast {

constexpr size_t kKernelLanes = 8;

// Whether these kernels run here: built in, the processor and system can, and LanesInUse() is avx512.
bool LanesKernels();

// Each does `count` (1 to 8) independent operations; pointers need no alignment; outputs may not overlap inputs of other lanes.
void X25519PublicLanes(uint8_t* const out[], const uint8_t* const secret[], size_t count);  // constant time
void X25519SharedLanes(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count);  // ok false: all zero (weak); constant time
void Ed25519SignLanes(uint8_t* const signature[], const Bytes message[], const uint8_t* const secretKey[], size_t count);  // secretKey 64 bytes: seed, public key; constant time but for the length
void Ed25519VerifyLanes(bool valid[], const Bytes signature[], const Bytes message[], const Bytes publicKey[], size_t count);  // the rule of native/core/ed25519.cpp to the letter, eight single answers

}  // namespace handfast
