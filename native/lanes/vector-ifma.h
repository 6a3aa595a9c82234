// Eight words of 64 bits to a register of AVX-512, with the 52-bit multiplication of IFMA. Only for the *-ifma.cpp files, which are compiled for such processors: all of
// it lies in an unnamed namespace, since a function the linker might share with other files would crash processors without these instructions.
#pragma once

// GCC 12 finds fault with its own header, which leaves on purpose what a full mask overwrites (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "lanes/inline.h"

namespace handfast {
namespace {

struct VectorIfma {
  static constexpr size_t kLanes = 8;
  // One bit a lane, the lowest for lane 0; both vector types have this one mask type, so that masks are calculated with as numbers.
  using Mask = uint8_t;
  static constexpr Mask kAll = 0xff;

  __m512i words;

  LANES_INLINE static VectorIfma Zero() { return {_mm512_setzero_si512()}; }
  LANES_INLINE static VectorIfma Broadcast(uint64_t word) { return {_mm512_set1_epi64(static_cast<long long>(word))}; }
  // Word i for lane i; no alignment is needed.
  LANES_INLINE static VectorIfma Load(const uint64_t* words) { return {_mm512_loadu_si512(words)}; }
  LANES_INLINE void Store(uint64_t* out) const { _mm512_storeu_si512(out, words); }
  // The little-endian word `offset` bytes into each lane's own string, and the same the other way for the lanes of the mask.
  LANES_INLINE static VectorIfma LoadFrom(const uint8_t* const strings[kLanes], size_t offset) {
    return {_mm512_i64gather_epi64(_mm512_add_epi64(_mm512_loadu_si512(strings), _mm512_set1_epi64(static_cast<long long>(offset))), nullptr, 1)};
  }
  LANES_INLINE void StoreTo(uint8_t* const strings[kLanes], size_t offset, Mask mask) const {
    _mm512_mask_i64scatter_epi64(nullptr, mask, _mm512_add_epi64(_mm512_loadu_si512(strings), _mm512_set1_epi64(static_cast<long long>(offset))), words, 1);
  }
  // table[index of the lane]: for public indices only.
  LANES_INLINE static VectorIfma Gather(const uint64_t* table, VectorIfma index) { return {_mm512_i64gather_epi64(index.words, table, 8)}; }
  // table[index of the lane], of which only the lowest five bits count, in constant time: permutations of the 32 words, which lie in registers. The table is aligned to 64.
  LANES_INLINE static VectorIfma LookUp32(const uint64_t* table, VectorIfma index) {
    const __m512i low = _mm512_permutex2var_epi64(_mm512_load_si512(table), index.words, _mm512_load_si512(table + 8));
    const __m512i high = _mm512_permutex2var_epi64(_mm512_load_si512(table + 16), index.words, _mm512_load_si512(table + 24));
    return {_mm512_mask_blend_epi64(_mm512_test_epi64_mask(index.words, _mm512_set1_epi64(16)), low, high)};
  }
  // The words of the lanes `distance` further round; distance is 1, 2 or 4.
  template <int distance>
  LANES_INLINE VectorIfma Rotate() const {
    return {_mm512_alignr_epi64(words, words, distance)};
  }

  template <int bits>
  LANES_INLINE VectorIfma ShiftLeft() const {
    return {_mm512_slli_epi64(words, bits)};
  }
  template <int bits>
  LANES_INLINE VectorIfma ShiftRight() const {
    return {_mm512_srli_epi64(words, bits)};
  }
  template <int bits>
  LANES_INLINE VectorIfma RotateRight() const {
    return {_mm512_ror_epi64(words, bits)};
  }
  // By a number of bits that is the same for all lanes and public.
  LANES_INLINE VectorIfma ShiftRightBy(unsigned bits) const { return {_mm512_srl_epi64(words, _mm_cvtsi32_si128(static_cast<int>(bits)))}; }
  LANES_INLINE VectorIfma ShiftLeftBy(unsigned bits) const { return {_mm512_sll_epi64(words, _mm_cvtsi32_si128(static_cast<int>(bits)))}; }
  // Each lane by its own number of bits, below 64.
  LANES_INLINE VectorIfma ShiftRightBy(VectorIfma bits) const { return {_mm512_srlv_epi64(words, bits.words)}; }
  LANES_INLINE VectorIfma ShiftLeftBy(VectorIfma bits) const { return {_mm512_sllv_epi64(words, bits.words)}; }

  // All registers, after secrets were in them.
  LANES_INLINE static void WipeRegisters() {
    asm volatile(
        "vzeroall\n\t"
        "vpxorq %%zmm16, %%zmm16, %%zmm16\n\tvpxorq %%zmm17, %%zmm17, %%zmm17\n\tvpxorq %%zmm18, %%zmm18, %%zmm18\n\tvpxorq %%zmm19, %%zmm19, %%zmm19\n\t"
        "vpxorq %%zmm20, %%zmm20, %%zmm20\n\tvpxorq %%zmm21, %%zmm21, %%zmm21\n\tvpxorq %%zmm22, %%zmm22, %%zmm22\n\tvpxorq %%zmm23, %%zmm23, %%zmm23\n\t"
        "vpxorq %%zmm24, %%zmm24, %%zmm24\n\tvpxorq %%zmm25, %%zmm25, %%zmm25\n\tvpxorq %%zmm26, %%zmm26, %%zmm26\n\tvpxorq %%zmm27, %%zmm27, %%zmm27\n\t"
        "vpxorq %%zmm28, %%zmm28, %%zmm28\n\tvpxorq %%zmm29, %%zmm29, %%zmm29\n\tvpxorq %%zmm30, %%zmm30, %%zmm30\n\tvpxorq %%zmm31, %%zmm31, %%zmm31" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17",
              "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
  }

  LANES_INLINE Mask TopBits() const { return _mm512_movepi64_mask(words); }
};

LANES_INLINE VectorIfma operator+(VectorIfma a, VectorIfma b) { return {_mm512_add_epi64(a.words, b.words)}; }
LANES_INLINE VectorIfma operator-(VectorIfma a, VectorIfma b) { return {_mm512_sub_epi64(a.words, b.words)}; }
LANES_INLINE VectorIfma operator&(VectorIfma a, VectorIfma b) { return {_mm512_and_si512(a.words, b.words)}; }
LANES_INLINE VectorIfma operator|(VectorIfma a, VectorIfma b) { return {_mm512_or_si512(a.words, b.words)}; }
LANES_INLINE VectorIfma operator^(VectorIfma a, VectorIfma b) { return {_mm512_xor_si512(a.words, b.words)}; }

// sum + the low, and sum + the high 52 bits of the 104-bit product of the low 52 bits of a and of b.
LANES_INLINE VectorIfma MultiplyAddLow(VectorIfma sum, VectorIfma a, VectorIfma b) { return {_mm512_madd52lo_epu64(sum.words, a.words, b.words)}; }
LANES_INLINE VectorIfma MultiplyAddHigh(VectorIfma sum, VectorIfma a, VectorIfma b) { return {_mm512_madd52hi_epu64(sum.words, a.words, b.words)}; }

// Lanes of a where the mask has ones, of b where it has zeros; constant time.
LANES_INLINE VectorIfma Select(VectorIfma::Mask mask, VectorIfma a, VectorIfma b) { return {_mm512_mask_blend_epi64(mask, b.words, a.words)}; }
LANES_INLINE VectorIfma::Mask Equal(VectorIfma a, VectorIfma b) { return _mm512_cmpeq_epu64_mask(a.words, b.words); }
LANES_INLINE VectorIfma::Mask Less(VectorIfma a, VectorIfma b) { return _mm512_cmplt_epu64_mask(a.words, b.words); }

}  // namespace
}  // namespace handfast
