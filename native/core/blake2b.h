// BLAKE2b of RFC 7693, with salt and personalization as in the BLAKE2 paper. Ours, since a handshake hashes short things one after the other: libsodium 1.0.18 picks its AVX2 code wherever
// it can, whose steps wait for each other; a derivation takes a fifth to a quarter longer with it (measured on one Zen 5). With AVX-512, whose rotations are one step, rows do pay:
// lanes/blake2b-avx512.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

namespace handfast {

class Blake2bState {
 public:
  // A digest of 1 to 64 bytes, a key of 0 to 64; salt and personal are 16 bytes or absent.
  Blake2bState(size_t digestBytes, Bytes key, const uint8_t* salt, const uint8_t* personal);
  // Wiped.
  ~Blake2bState();
  Blake2bState(const Blake2bState&) = delete;
  Blake2bState& operator=(const Blake2bState&) = delete;

  void Add(Bytes part);
  // The digest; nothing may be added after it.
  void End(uint8_t* digest);

 private:
  static constexpr size_t kBlock = 128;

  void Compress(const uint8_t block[kBlock], size_t bytes, bool last);

  uint64_t chain_[8];
  uint64_t counted_ = 0;  // bytes compressed: 2^64 of them are never hashed
  size_t digestBytes_;
  size_t waiting_ = 0;  // bytes of block_: the last block is known only once there is an end
  uint8_t block_[kBlock];
};

}  // namespace handfast
