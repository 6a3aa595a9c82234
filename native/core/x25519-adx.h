// X25519 on the arithmetic of words25519-adx.h.
#pragma once

#include <cstdint>

namespace handfast {

bool X25519AdxAvailable();

// The function X25519 of RFC 7748 section 5, in constant time. Zeros for a peer of small order, which the caller refuses.
void X25519Adx(uint8_t shared[32], const uint8_t secretKey[32], const uint8_t publicKey[32]);

}  // namespace handfast
