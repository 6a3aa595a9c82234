// Ed25519 of RFC 8032 with one acceptance rule: s below the group order, A and R canonical and not of small order, R compared as bytes with sB - kA, no cofactor.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

namespace handfast {

// secretKey is seed, then public key; it may not lie where the seed lies.
void Ed25519KeyPair(uint8_t publicKey[32], uint8_t secretKey[64], const uint8_t seed[32]);
void Ed25519Sign(uint8_t signature[64], const uint8_t* message, size_t size, const uint8_t secretKey[64]);

// Lengths other than 64 and 32 are simply not valid.
bool Ed25519Verify(Bytes signature, Bytes message, Bytes publicKey);

// What costs nothing of verification: lengths, s below the order, key and R usable.
bool Ed25519WorthVerifying(Bytes signature, Bytes publicKey);

// y below 2^255 - 19 and not of small order; whether the point is on the curve is left to verification.
bool Ed25519Usable(const uint8_t publicKey[32]);

}  // namespace handfast
