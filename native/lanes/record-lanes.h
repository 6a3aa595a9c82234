// What the vector kernels of ChaCha20-Poly1305 (RFC 8439) work on: blocks of key stream and tags of different records at once. All records are under one key, their nonces are four
// zero bytes and a 64-bit number, little-endian.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

constexpr size_t kChaChaBlock = 64;
constexpr size_t kMostBlocks = 16;

// Up to sixteen uses of one block of key stream: its first `bytes` bytes (1 to 64) are xored into what lies `at`, and nothing beside them is written.
struct alignas(64) StreamUses {
  uint32_t block[kMostBlocks];                             // the block counter of RFC 8439, section 2.3
  uint32_t nonceLow[kMostBlocks], nonceHigh[kMostBlocks];  // the halves of the number in the nonce
  uint8_t* at[kMostBlocks];
  uint8_t bytes[kMostBlocks];
};

// A tag to compute. The associated data are the bytes that lie right before the text.
struct TagWork {
  const uint8_t* text;  // ciphertext
  size_t size;
  const uint8_t* key;  // the one-time key, 32 bytes
  uint8_t* tag;        // 16 bytes
};

}  // namespace handfast
