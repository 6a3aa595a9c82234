// The operations of vector-ifma.h on a single word, in portable C++: the same templates over it are checked where AVX-512 cannot be run, and watched by valgrind for
// branches and indices that depend on secrets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/opaque.h"
#include "lanes/inline.h"

namespace handfast {
namespace {

struct VectorScalar {
  static constexpr size_t kLanes = 1;
  using Mask = uint8_t;
  static constexpr Mask kAll = 1;

  uint64_t words;

  LANES_INLINE static VectorScalar Zero() { return {0}; }
  LANES_INLINE static VectorScalar Broadcast(uint64_t word) { return {word}; }
  LANES_INLINE static VectorScalar Load(const uint64_t* words) { return {*words}; }
  LANES_INLINE void Store(uint64_t* out) const { *out = words; }
  LANES_INLINE static VectorScalar LoadFrom(const uint8_t* const strings[kLanes], size_t offset) {
    VectorScalar out{0};
    for (int i = 7; i >= 0; i--) out.words = out.words << 8 | strings[0][offset + i];
    return out;
  }
  LANES_INLINE void StoreTo(uint8_t* const strings[kLanes], size_t offset, Mask mask) const {
    if (mask == 0) return;  // which lanes are used is no secret
    for (int i = 0; i < 8; i++) strings[0][offset + i] = static_cast<uint8_t>(words >> (8 * i));
  }
  LANES_INLINE static VectorScalar Gather(const uint64_t* table, VectorScalar index) { return {table[index.words]}; }
  // Every word is read, whatever the index is.
  LANES_INLINE static VectorScalar LookUp32(const uint64_t* table, VectorScalar index) {
    uint64_t out = 0;
    for (uint64_t i = 0; i < 32; i++) {
      const uint64_t none = ((index.words & 31) ^ i) - 1;
      out |= table[i] & Opaque(0 - (none >> 63));
    }
    return {out};
  }
  template <int distance>
  LANES_INLINE VectorScalar Rotate() const {
    return *this;
  }

  template <int bits>
  LANES_INLINE VectorScalar ShiftLeft() const {
    return {words << bits};
  }
  template <int bits>
  LANES_INLINE VectorScalar ShiftRight() const {
    return {words >> bits};
  }
  template <int bits>
  LANES_INLINE VectorScalar RotateRight() const {
    return {words >> bits | words << (64 - bits)};
  }
  LANES_INLINE VectorScalar ShiftRightBy(unsigned bits) const { return {words >> bits}; }
  LANES_INLINE VectorScalar ShiftLeftBy(unsigned bits) const { return {words << bits}; }
  LANES_INLINE VectorScalar ShiftRightBy(VectorScalar bits) const { return {words >> bits.words}; }
  LANES_INLINE VectorScalar ShiftLeftBy(VectorScalar bits) const { return {words << bits.words}; }

  LANES_INLINE Mask TopBits() const { return static_cast<Mask>(words >> 63); }
};

LANES_INLINE VectorScalar operator+(VectorScalar a, VectorScalar b) { return {a.words + b.words}; }
LANES_INLINE VectorScalar operator-(VectorScalar a, VectorScalar b) { return {a.words - b.words}; }
LANES_INLINE VectorScalar operator&(VectorScalar a, VectorScalar b) { return {a.words & b.words}; }
LANES_INLINE VectorScalar operator|(VectorScalar a, VectorScalar b) { return {a.words | b.words}; }
LANES_INLINE VectorScalar operator^(VectorScalar a, VectorScalar b) { return {a.words ^ b.words}; }

LANES_INLINE unsigned __int128 Product52(VectorScalar a, VectorScalar b) {
  constexpr uint64_t mask = (uint64_t{1} << 52) - 1;
  return static_cast<unsigned __int128>(a.words & mask) * (b.words & mask);
}
LANES_INLINE VectorScalar MultiplyAddLow(VectorScalar sum, VectorScalar a, VectorScalar b) {
  return {sum.words + (static_cast<uint64_t>(Product52(a, b)) & ((uint64_t{1} << 52) - 1))};
}
LANES_INLINE VectorScalar MultiplyAddHigh(VectorScalar sum, VectorScalar a, VectorScalar b) { return {sum.words + static_cast<uint64_t>(Product52(a, b) >> 52)}; }

LANES_INLINE VectorScalar Select(VectorScalar::Mask mask, VectorScalar a, VectorScalar b) { return {b.words ^ ((a.words ^ b.words) & (0 - static_cast<uint64_t>(mask & 1)))}; }
LANES_INLINE VectorScalar::Mask Equal(VectorScalar a, VectorScalar b) {
  const uint64_t difference = a.words ^ b.words;
  return static_cast<VectorScalar::Mask>(1 ^ ((difference | (0 - difference)) >> 63));
}
LANES_INLINE VectorScalar::Mask Less(VectorScalar a, VectorScalar b) {
  return static_cast<VectorScalar::Mask>(((~a.words & b.words) | (~(a.words ^ b.words) & (a.words - b.words))) >> 63);
}

}  // namespace
}  // namespace handfast
