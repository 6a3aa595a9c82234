// Public-key work on independent items, eight at a time, one to a lane. Results are bit for bit those of the functions of core/ that do one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

namespace handfast {

constexpr size_t kKernelLanes = 8;

// Whether these functions calculate in eight lanes: built in, the processor and the system can, and LanesInUse() is avx512. Otherwise they do one item after the other, but for
// X25519SharedLanes, which with avx2 takes four at once.
bool LanesKernels();

// Of all: a call costs the same for 1 to 8 items, and up to 64 at once share some of the work. Pointers need no alignment; an output may be its own item's input, not another's. What the items point
// to is secret as it is in core/, the pointers and the count are not.

// 32 bytes each (core/x25519.h). Constant time.
void X25519PublicLanes(uint8_t* const out[], const uint8_t* const secret[], size_t count);
// ok[i] is false when the result is all zero: the peer's key is weak. Constant time.
void X25519SharedLanes(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count);
// 64 bytes of signature; secretKey is seed, then public key (core/ed25519.h). Constant time but for the length of the messages.
void Ed25519SignLanes(uint8_t* const signature[], const Bytes message[], const uint8_t* const secretKey[], size_t count);
// Each answer is that of Ed25519Verify alone. Variable time.
void Ed25519VerifyLanes(bool valid[], const Bytes signature[], const Bytes message[], const Bytes publicKey[], size_t count);
// Each answer is that of Secp256k1Verify alone, with high S accepted. Variable time. Only where Secp256k1Available().
void Secp256k1VerifyLanes(bool valid[], const Bytes signature[], const Bytes digest[], const Bytes publicKey[], size_t count);
// SHA-512 of each. Time depends on the lengths alone.
void MessageHashLanes(uint8_t hash[][64], const Bytes message[], size_t count);

}  // namespace handfast
