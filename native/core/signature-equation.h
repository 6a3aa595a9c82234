// The equation of an Ed25519 signature, R = sB - kA without cofactor, for one signature at a time. All of it is public: nothing here is in constant time.
#pragma once

#include "core/edwards25519.h"

namespace handfast {

// s and k: 32 bytes below L, little-endian. The first call in a process also computes a table of 15 KiB.
bool SignatureEquationHolds(const EdwardsPoint& r, const EdwardsPoint& a, const uint8_t s[32], const uint8_t k[32]);

}  // namespace handfast
