// Views of memory that belongs to somebody else.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;
};

inline void StoreLittle64(uint8_t out[8], uint64_t value) {
  for (int i = 0; i < 8; i++) out[i] = static_cast<uint8_t>(value >> (8 * i));
}

inline void StoreBig64(uint8_t out[8], uint64_t value) {
  for (int i = 0; i < 8; i++) out[i] = static_cast<uint8_t>(value >> (56 - 8 * i));
}

inline uint64_t LoadLittle64(const uint8_t in[8]) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; i--) value = value << 8 | in[i];
  return value;
}

}  // namespace handfast
