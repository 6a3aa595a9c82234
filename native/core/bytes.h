// Views of memory that belongs to somebody else.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;
};

// Written out, since compilers make one instruction of the expression but not of a loop.

inline void StoreLittle64(uint8_t out[8], uint64_t value) {
  out[0] = static_cast<uint8_t>(value);
  out[1] = static_cast<uint8_t>(value >> 8);
  out[2] = static_cast<uint8_t>(value >> 16);
  out[3] = static_cast<uint8_t>(value >> 24);
  out[4] = static_cast<uint8_t>(value >> 32);
  out[5] = static_cast<uint8_t>(value >> 40);
  out[6] = static_cast<uint8_t>(value >> 48);
  out[7] = static_cast<uint8_t>(value >> 56);
}

inline void StoreBig64(uint8_t out[8], uint64_t value) {
  for (int i = 0; i < 8; i++) out[i] = static_cast<uint8_t>(value >> (56 - 8 * i));
}

inline uint64_t LoadLittle64(const uint8_t in[8]) {
  return uint64_t{in[0]} | uint64_t{in[1]} << 8 | uint64_t{in[2]} << 16 | uint64_t{in[3]} << 24 | uint64_t{in[4]} << 32 | uint64_t{in[5]} << 40 | uint64_t{in[6]} << 48 |
         uint64_t{in[7]} << 56;
}

}  // namespace handfast
