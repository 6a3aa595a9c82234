#include "lanes/xtea256-avx2.h"

#include "lanes/lanes.h"

#ifdef HANDFAST_LANES

#include <immintrin.h>
#include <sodium.h>

#include <cstring>

#define TARGET __attribute__((target("avx2")))
#define INLINE TARGET __attribute__((always_inline)) static inline

namespace handfast {
namespace {

constexpr size_t kBlock = 8;
// Blocks to a pair of registers: one holds their first words, the other their second.
constexpr size_t kLanes = 8;
// Pairs on their way at once: the rounds of one wait for each other, those of several fill the gaps.
constexpr size_t kPairs = 4;

struct Pair {
  __m256i v0, v1;
};

// Which block lies in which lane does not matter, as long as Store undoes it.
INLINE Pair Load(const uint8_t* data) {
  const __m256 a = _mm256_loadu_ps(reinterpret_cast<const float*>(data)), b = _mm256_loadu_ps(reinterpret_cast<const float*>(data + 32));
  return {_mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88)), _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xdd))};
}

INLINE void Store(uint8_t* out, const Pair& pair) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_unpacklo_epi32(pair.v0, pair.v1));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32), _mm256_unpackhi_epi32(pair.v0, pair.v1));
}

INLINE __m256i Mixed(__m256i v, __m256i key) {
  return _mm256_xor_si256(_mm256_add_epi32(_mm256_xor_si256(_mm256_slli_epi32(v, 4), _mm256_srli_epi32(v, 5)), v), key);
}

INLINE __m256i KeyOf(uint32_t word) { return _mm256_set1_epi32(static_cast<int>(word)); }
INLINE __m256i Sum(__m256i a, __m256i b) { return _mm256_add_epi32(a, b); }
INLINE __m256i Difference(__m256i a, __m256i b) { return _mm256_sub_epi32(a, b); }

#include "lanes/xtea256-rounds.inc"

}  // namespace

TARGET void XteaEncryptAvx2(uint8_t* out, const uint8_t* data, size_t blocks, const uint32_t* roundKeys, size_t rounds) {
  constexpr size_t kStep = kLanes * kBlock;
  HANDFAST_XTEA_ALL(EncryptPairs);
}

TARGET void XteaDecryptAvx2(uint8_t* out, const uint8_t* data, size_t blocks, const uint32_t* roundKeys, size_t rounds) {
  constexpr size_t kStep = kLanes * kBlock;
  HANDFAST_XTEA_ALL(DecryptPairs);
}

}  // namespace handfast

#endif
