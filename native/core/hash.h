// Hashes and derivations; all but BLAKE2b (blake2b.h) are libsodium's. Sizes are the caller's to have checked; `out` has room.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

namespace handfast {

// RFC 7693. out 1 to 64 bytes, key 0 to 64; salt and personal are 16 bytes or absent. The parts are hashed as if joined.
void Blake2b(Bytes out, const Bytes* parts, size_t count, Bytes key, const uint8_t* salt, const uint8_t* personal);
// libsodium's crypto_kdf_derive_from_key: keyed BLAKE2b of nothing, the id for salt, the context to personalize. key and out 32 bytes, context 8.
void Kdf(uint8_t out[32], const uint8_t key[32], uint64_t id, const uint8_t context[8]);
// The same for several ids, which is quicker than one by one where there are lanes.
void KdfMany(uint8_t* const out[], const uint8_t key[32], const uint64_t id[], size_t count, const uint8_t context[8]);

void Sha256(uint8_t out[32], Bytes message);
void Sha512(uint8_t out[64], Bytes message);
void HmacSha256(uint8_t out[32], Bytes key, Bytes message);
void HmacSha512(uint8_t out[64], Bytes key, Bytes message);
// RFC 5869. out 1 to 8,160 bytes.
void HkdfSha256(Bytes out, Bytes ikm, Bytes salt, Bytes info);

}  // namespace handfast
