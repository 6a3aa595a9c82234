#include "lanes/chacha-avx2.h"

#include "lanes/lanes.h"

#ifdef HANDFAST_LANES

#include <immintrin.h>
#include <sodium.h>

#include <cstring>

#define TARGET __attribute__((target("avx2")))
#define INLINE TARGET __attribute__((always_inline)) static inline

namespace handfast {
namespace {

constexpr size_t kLanes = 8;
// The first words of every state, RFC 8439 section 2.3.
constexpr int kConstants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

INLINE __m256i Sum(__m256i a, __m256i b) { return _mm256_add_epi32(a, b); }

template <int Bits>
INLINE __m256i XorRotated(__m256i a, __m256i b) {
  const __m256i x = _mm256_xor_si256(a, b);
  // Whole bytes move in one step.
  if (Bits == 16) return _mm256_shuffle_epi8(x, _mm256_set_epi64x(0x0d0c0f0e09080b0a, 0x0504070601000302, 0x0d0c0f0e09080b0a, 0x0504070601000302));
  if (Bits == 8) return _mm256_shuffle_epi8(x, _mm256_set_epi64x(0x0e0d0c0f0a09080b, 0x0605040702010003, 0x0e0d0c0f0a09080b, 0x0605040702010003));
  return _mm256_or_si256(_mm256_slli_epi32(x, Bits), _mm256_srli_epi32(x, 32 - Bits));
}

INLINE void QuarterRound(__m256i& a, __m256i& b, __m256i& c, __m256i& d) {
  a = Sum(a, b), d = XorRotated<16>(d, a);
  c = Sum(c, d), b = XorRotated<12>(b, c);
  a = Sum(a, b), d = XorRotated<8>(d, a);
  c = Sum(c, d), b = XorRotated<7>(b, c);
}

// From word i of all blocks in v[i] to words 0 to 7, or 8 to 15, of block i in v[i].
INLINE void Transpose(__m256i v[8]) {
  __m256i words[4][2];  // [e][q]: words 4q to 4q+3 of block 4L+e in half L
  for (int q = 0; q < 2; q++) {
    const __m256i* in = v + 4 * q;
    const __m256i low = _mm256_unpacklo_epi32(in[0], in[1]), high = _mm256_unpackhi_epi32(in[0], in[1]);
    const __m256i lowBehind = _mm256_unpacklo_epi32(in[2], in[3]), highBehind = _mm256_unpackhi_epi32(in[2], in[3]);
    words[0][q] = _mm256_unpacklo_epi64(low, lowBehind);
    words[1][q] = _mm256_unpackhi_epi64(low, lowBehind);
    words[2][q] = _mm256_unpacklo_epi64(high, highBehind);
    words[3][q] = _mm256_unpackhi_epi64(high, highBehind);
  }
  for (int e = 0; e < 4; e++) {
    v[e] = _mm256_permute2x128_si256(words[e][0], words[e][1], 0x20);
    v[4 + e] = _mm256_permute2x128_si256(words[e][0], words[e][1], 0x31);
  }
}

INLINE void XorHalf(uint8_t* at, __m256i stream) {
  __m256i* to = reinterpret_cast<__m256i*>(at);
  _mm256_storeu_si256(to, _mm256_xor_si256(_mm256_loadu_si256(to), stream));
}

INLINE void XorEight(const StreamUses& uses, size_t from, size_t count, const int words[8]) {
  const auto load = [from](const uint32_t* in) TARGET { return _mm256_load_si256(reinterpret_cast<const __m256i*>(in + from)); };
  const __m256i block = load(uses.block), low = load(uses.nonceLow), high = load(uses.nonceHigh);
  __m256i v[16];
  for (int i = 0; i < 4; i++) v[i] = _mm256_set1_epi32(kConstants[i]);
  for (int i = 0; i < 8; i++) v[4 + i] = _mm256_set1_epi32(words[i]);
  v[12] = block;
  v[13] = _mm256_setzero_si256();
  v[14] = low;
  v[15] = high;
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < 4; i++) QuarterRound(v[i], v[4 + i], v[8 + i], v[12 + i]);
    for (int i = 0; i < 4; i++) QuarterRound(v[i], v[4 + (i + 1) % 4], v[8 + (i + 2) % 4], v[12 + (i + 3) % 4]);
  }
  for (int i = 0; i < 4; i++) v[i] = Sum(v[i], _mm256_set1_epi32(kConstants[i]));
  for (int i = 0; i < 8; i++) v[4 + i] = Sum(v[4 + i], _mm256_set1_epi32(words[i]));
  v[12] = Sum(v[12], block);
  v[14] = Sum(v[14], low);
  v[15] = Sum(v[15], high);
  Transpose(v);
  Transpose(v + 8);
  for (size_t i = 0; i < kLanes && from + i < count; i++) {
    uint8_t* at = uses.at[from + i];
    const size_t bytes = uses.bytes[from + i];
    if (bytes == kChaChaBlock) {
      XorHalf(at, v[i]);
      XorHalf(at + 32, v[8 + i]);
    } else {
      uint8_t text[kChaChaBlock] = {0};
      std::memcpy(text, at, bytes);
      XorHalf(text, v[i]);
      XorHalf(text + 32, v[8 + i]);
      std::memcpy(at, text, bytes);
      sodium_memzero(text, sizeof text);  // behind the text it is key stream
    }
  }
}

}  // namespace

TARGET void ChaChaXorAvx2(const StreamUses& uses, size_t count, const uint8_t key[32]) {
  int words[8];
  std::memcpy(words, key, sizeof words);
  XorEight(uses, 0, count, words);
  if (count > kLanes) XorEight(uses, kLanes, count, words);
}

}  // namespace handfast

#endif
