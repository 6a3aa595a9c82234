// BLAKE2b with the rows of its state in registers, so that the four mixes of half a round are one; and keys that are derived of one another's neighbour, four at a time, one to a lane.
// Bytes are those of core/blake2b.h and core/hash.h, which is what others call.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

// All only where LanesInUse() is avx512, in constant time.

// One block into the chain; `counted` bytes with it.
void Blake2bCompressAvx512(uint64_t chain[8], const uint8_t block[128], uint64_t counted, bool last);

constexpr size_t kKdfLanes = 4;
// As Kdf of core/hash.h, of one key under one context, an id to each lane.
void KdfAvx512(uint8_t* const out[kKdfLanes], const uint8_t key[32], const uint64_t id[kKdfLanes], const uint8_t context[8]);

}  // namespace handfast
