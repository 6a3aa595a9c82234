// Four words of 64 bits to a register of AVX2, with its multiplication of 32 bits. Only for the *-avx2.cpp files that are compiled for such processors; in an unnamed namespace for the reason
// vector-ifma.h gives.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "lanes/inline.h"

namespace handfast {
namespace {

struct VectorAvx2 {
  static constexpr size_t kLanes = 4;
  using Mask = uint8_t;
  static constexpr Mask kAll = 0x0f;

  __m256i words;

  LANES_INLINE static VectorAvx2 Zero() { return {_mm256_setzero_si256()}; }
  LANES_INLINE static VectorAvx2 Broadcast(uint64_t word) { return {_mm256_set1_epi64x(static_cast<long long>(word))}; }
  LANES_INLINE static VectorAvx2 Load(const uint64_t* words) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(words))}; }
  LANES_INLINE void Store(uint64_t* out) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), words); }
  LANES_INLINE static VectorAvx2 LoadFrom(const uint8_t* const strings[kLanes], size_t offset) {
    const __m256i addresses = _mm256_add_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(strings)), _mm256_set1_epi64x(static_cast<long long>(offset)));
    return {_mm256_i64gather_epi64(nullptr, addresses, 1)};
  }
  LANES_INLINE void StoreTo(uint8_t* const strings[kLanes], size_t offset, Mask mask) const {
    uint64_t lanes[kLanes];
    Store(lanes);
    for (size_t i = 0; i < kLanes; i++) {
      if (mask >> i & 1) __builtin_memcpy(strings[i] + offset, &lanes[i], 8);  // which lanes are used is no secret
    }
  }
  template <int distance>
  LANES_INLINE VectorAvx2 Rotate() const {
    return {_mm256_permute4x64_epi64(words, distance == 1 ? 0x39 : 0x4e)};
  }

  template <int bits>
  LANES_INLINE VectorAvx2 ShiftLeft() const {
    return {_mm256_slli_epi64(words, bits)};
  }
  template <int bits>
  LANES_INLINE VectorAvx2 ShiftRight() const {
    return {_mm256_srli_epi64(words, bits)};
  }

  LANES_INLINE Mask TopBits() const { return static_cast<Mask>(_mm256_movemask_pd(_mm256_castsi256_pd(words))); }
};

LANES_INLINE VectorAvx2 operator+(VectorAvx2 a, VectorAvx2 b) { return {_mm256_add_epi64(a.words, b.words)}; }
LANES_INLINE VectorAvx2 operator-(VectorAvx2 a, VectorAvx2 b) { return {_mm256_sub_epi64(a.words, b.words)}; }
LANES_INLINE VectorAvx2 operator&(VectorAvx2 a, VectorAvx2 b) { return {_mm256_and_si256(a.words, b.words)}; }
LANES_INLINE VectorAvx2 operator|(VectorAvx2 a, VectorAvx2 b) { return {_mm256_or_si256(a.words, b.words)}; }
LANES_INLINE VectorAvx2 operator^(VectorAvx2 a, VectorAvx2 b) { return {_mm256_xor_si256(a.words, b.words)}; }
// The product of the low 32 bits of each.
LANES_INLINE VectorAvx2 operator*(VectorAvx2 a, VectorAvx2 b) { return {_mm256_mul_epu32(a.words, b.words)}; }

LANES_INLINE VectorAvx2 Select(VectorAvx2::Mask mask, VectorAvx2 a, VectorAvx2 b) {
  const __m256i bits = _mm256_set_epi64x(8, 4, 2, 1), lanes = _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_set1_epi64x(mask), bits), bits);
  return {_mm256_blendv_epi8(b.words, a.words, lanes)};
}
LANES_INLINE VectorAvx2::Mask Equal(VectorAvx2 a, VectorAvx2 b) {
  return static_cast<VectorAvx2::Mask>(_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(a.words, b.words))));
}

}  // namespace
}  // namespace handfast
