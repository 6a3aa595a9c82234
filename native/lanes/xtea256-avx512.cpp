#include "lanes/xtea256-avx512.h"

#include "lanes/lanes.h"

#ifdef HANDFAST_LANES

// GCC 12 finds fault with its own header, which leaves on purpose what a full mask overwrites (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#include <sodium.h>

#include <cstring>

#define TARGET __attribute__((target("avx512f")))
#define INLINE TARGET __attribute__((always_inline)) static inline

namespace handfast {
namespace {

constexpr size_t kBlock = 8;
// Blocks to a pair of registers: one holds their first words, the other their second.
constexpr size_t kLanes = 16;
// Pairs on their way at once: the rounds of one wait for each other, those of several fill the gaps.
constexpr size_t kPairs = 4;

struct Pair {
  __m512i v0, v1;
};

// Which block lies in which lane does not matter, as long as Store undoes it.
INLINE Pair Load(const uint8_t* data) {
  const __m512 a = _mm512_loadu_ps(data), b = _mm512_loadu_ps(data + 64);
  return {_mm512_castps_si512(_mm512_shuffle_ps(a, b, 0x88)), _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0xdd))};
}

INLINE void Store(uint8_t* out, const Pair& pair) {
  _mm512_storeu_si512(out, _mm512_unpacklo_epi32(pair.v0, pair.v1));
  _mm512_storeu_si512(out + 64, _mm512_unpackhi_epi32(pair.v0, pair.v1));
}

INLINE __m512i Mixed(__m512i v, __m512i key) {
  return _mm512_xor_si512(_mm512_add_epi32(_mm512_xor_si512(_mm512_slli_epi32(v, 4), _mm512_srli_epi32(v, 5)), v), key);
}

INLINE __m512i KeyOf(uint32_t word) { return _mm512_set1_epi32(static_cast<int>(word)); }
INLINE __m512i Sum(__m512i a, __m512i b) { return _mm512_add_epi32(a, b); }
INLINE __m512i Difference(__m512i a, __m512i b) { return _mm512_sub_epi32(a, b); }

#include "lanes/xtea256-rounds.inc"

}  // namespace

TARGET void XteaEncryptAvx512(uint8_t* out, const uint8_t* data, size_t blocks, const uint32_t* roundKeys, size_t rounds) {
  constexpr size_t kStep = kLanes * kBlock;
  HANDFAST_XTEA_ALL(EncryptPairs);
}

TARGET void XteaDecryptAvx512(uint8_t* out, const uint8_t* data, size_t blocks, const uint32_t* roundKeys, size_t rounds) {
  constexpr size_t kStep = kLanes * kBlock;
  HANDFAST_XTEA_ALL(DecryptPairs);
}

}  // namespace handfast

#endif
