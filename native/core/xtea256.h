// XTEA256, the cipher of LightweightSecureTCP (docs/protocols/lwstcp.md): XTEA with eight key words, each block of 8 bytes on its own. Numbers are little-endian.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

constexpr size_t kXteaBlock = 8;
constexpr size_t kXteaMostRounds = 128;

// `size` is whole blocks, rounds 1 to kXteaMostRounds. out has room for as much, and is where the data are or does not touch them.
void Xtea256Encrypt(uint8_t* out, const uint8_t* data, size_t size, const uint8_t key[32], size_t rounds);
void Xtea256Decrypt(uint8_t* out, const uint8_t* data, size_t size, const uint8_t key[32], size_t rounds);

}  // namespace handfast
