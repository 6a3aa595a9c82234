// ECDSA on secp256k1 over digests of 32 bytes, by libsecp256k1. Without that library at build nothing here is available.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"
#include "core/fault.h"

namespace handfast {

bool Secp256k1Available();

// Compressed. bad_key when the secret key is not from 1 to n-1.
Fault Secp256k1Public(uint8_t publicKey[33], const uint8_t secretKey[32]);
// Deterministic (RFC 6979, SHA-256) and low-S; *size is 8 to 72. bad_key as above.
Fault Secp256k1Sign(uint8_t der[72], size_t* size, const uint8_t digest[32], const uint8_t secretKey[32]);
// Any lengths; a digest that is not 32 bytes is not valid. High-S is accepted unless lowS.
bool Secp256k1Verify(Bytes der, Bytes digest, Bytes publicKey, bool lowS);
// By its form: 33 bytes that begin with 02 or 03.
bool Secp256k1IsCompressed(Bytes publicKey);
// x and y of the base point times `times`, which is not zero.
void Secp256k1Multiple(uint8_t xy[64], uint8_t times);

}  // namespace handfast
