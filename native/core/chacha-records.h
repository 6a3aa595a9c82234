// ChaCha20-Poly1305 of many records under one key at once: blocks of different records in the lanes of one register, by the kernels of native/lanes. What comes out is what one at a
// time gives, by core/chacha.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

// Records to a call. Stack: some 12 KiB.
constexpr size_t kMostRecords = 64;

struct ChaChaRecord {
  uint8_t* text;  // worked on in place; its tag, 16 bytes, lies right behind it, its associated data right before it
  size_t size;
  uint64_t number;  // the nonce is four zero bytes and this, little-endian
};

// Whether LanesInUse() has kernels for this.
bool ChaChaRecordsThere();
// The size up to which `count` records together are faster than one at a time; 0 where they never are. Not above kLongestRecord.
constexpr size_t kLongestRecord = 4096;
size_t ChaChaRecordsLongest(size_t count);
// count: 1 to kMostRecords. adBytes, of each: 0 to 8. Records must not overlap.
void ChaChaSealRecords(const uint8_t key[32], const ChaChaRecord records[], size_t count, size_t adBytes);
// How many opened before the first whose tag is wrong; that one and all behind it are left as they were.
size_t ChaChaOpenRecords(const uint8_t key[32], const ChaChaRecord records[], size_t count, size_t adBytes);

}  // namespace handfast
