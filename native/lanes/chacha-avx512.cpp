#include "lanes/chacha-avx512.h"

#include "lanes/lanes.h"

#ifdef HANDFAST_LANES

// GCC 12 finds fault with its own header, which leaves on purpose what a full mask overwrites (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#include <cstring>

#define TARGET __attribute__((target("avx512f,avx512bw,bmi2")))
#define INLINE TARGET __attribute__((always_inline)) static inline

namespace handfast {
namespace {

// The first words of every state, RFC 8439 section 2.3.
constexpr int kConstants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

INLINE __m512i Sum(__m512i a, __m512i b) { return _mm512_add_epi32(a, b); }

template <int Bits>
INLINE __m512i XorRotated(__m512i a, __m512i b) {
  return _mm512_rol_epi32(_mm512_xor_si512(a, b), Bits);
}

// Four quarter rounds side by side: what one of them waits for, the others fill.
INLINE void QuarterRounds(__m512i v[16], const int b[4], const int c[4], const int d[4]) {
  for (int i = 0; i < 4; i++) v[i] = Sum(v[i], v[b[i]]);
  for (int i = 0; i < 4; i++) v[d[i]] = XorRotated<16>(v[d[i]], v[i]);
  for (int i = 0; i < 4; i++) v[c[i]] = Sum(v[c[i]], v[d[i]]);
  for (int i = 0; i < 4; i++) v[b[i]] = XorRotated<12>(v[b[i]], v[c[i]]);
  for (int i = 0; i < 4; i++) v[i] = Sum(v[i], v[b[i]]);
  for (int i = 0; i < 4; i++) v[d[i]] = XorRotated<8>(v[d[i]], v[i]);
  for (int i = 0; i < 4; i++) v[c[i]] = Sum(v[c[i]], v[d[i]]);
  for (int i = 0; i < 4; i++) v[b[i]] = XorRotated<7>(v[b[i]], v[c[i]]);
}

INLINE void DoubleRound(__m512i v[16]) {
  constexpr int kColumns[3][4] = {{4, 5, 6, 7}, {8, 9, 10, 11}, {12, 13, 14, 15}};
  constexpr int kDiagonals[3][4] = {{5, 6, 7, 4}, {10, 11, 8, 9}, {15, 12, 13, 14}};
  QuarterRounds(v, kColumns[0], kColumns[1], kColumns[2]);
  QuarterRounds(v, kDiagonals[0], kDiagonals[1], kDiagonals[2]);
}

// Quarters of 128 bits: quarter j of in[i] becomes quarter i of out[j].
INLINE void TransposeQuarters(__m512i out[4], __m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i even = _mm512_shuffle_i32x4(a, b, 0x88), odd = _mm512_shuffle_i32x4(a, b, 0xdd);
  const __m512i evenBehind = _mm512_shuffle_i32x4(c, d, 0x88), oddBehind = _mm512_shuffle_i32x4(c, d, 0xdd);
  out[0] = _mm512_shuffle_i32x4(even, evenBehind, 0x88);
  out[1] = _mm512_shuffle_i32x4(odd, oddBehind, 0x88);
  out[2] = _mm512_shuffle_i32x4(even, evenBehind, 0xdd);
  out[3] = _mm512_shuffle_i32x4(odd, oddBehind, 0xdd);
}

// From word i of all blocks in v[i] to all words of block i in v[i].
INLINE void Transpose(__m512i v[16]) {
  __m512i words[4][4];  // [e][q]: words 4q to 4q+3 of block 4L+e in quarter L
  for (int q = 0; q < 4; q++) {
    const __m512i* in = v + 4 * q;
    const __m512i low = _mm512_unpacklo_epi32(in[0], in[1]), high = _mm512_unpackhi_epi32(in[0], in[1]);
    const __m512i lowBehind = _mm512_unpacklo_epi32(in[2], in[3]), highBehind = _mm512_unpackhi_epi32(in[2], in[3]);
    words[0][q] = _mm512_unpacklo_epi64(low, lowBehind);
    words[1][q] = _mm512_unpackhi_epi64(low, lowBehind);
    words[2][q] = _mm512_unpacklo_epi64(high, highBehind);
    words[3][q] = _mm512_unpackhi_epi64(high, highBehind);
  }
  for (int e = 0; e < 4; e++) {
    __m512i rows[4];
    TransposeQuarters(rows, words[e][0], words[e][1], words[e][2], words[e][3]);
    for (int quarter = 0; quarter < 4; quarter++) v[4 * quarter + e] = rows[quarter];
  }
}

}  // namespace

TARGET void ChaChaXorAvx512(const StreamUses& uses, size_t count, const uint8_t key[32]) {
  int words[8];
  std::memcpy(words, key, sizeof words);
  const __m512i block = _mm512_load_si512(uses.block), low = _mm512_load_si512(uses.nonceLow), high = _mm512_load_si512(uses.nonceHigh);
  __m512i v[16];
  for (int i = 0; i < 4; i++) v[i] = _mm512_set1_epi32(kConstants[i]);
  for (int i = 0; i < 8; i++) v[4 + i] = _mm512_set1_epi32(words[i]);
  v[12] = block;
  v[13] = _mm512_setzero_si512();
  v[14] = low;
  v[15] = high;
  for (int i = 0; i < 10; i++) DoubleRound(v);
  for (int i = 0; i < 4; i++) v[i] = Sum(v[i], _mm512_set1_epi32(kConstants[i]));
  for (int i = 0; i < 8; i++) v[4 + i] = Sum(v[4 + i], _mm512_set1_epi32(words[i]));
  v[12] = Sum(v[12], block);
  v[14] = Sum(v[14], low);
  v[15] = Sum(v[15], high);
  Transpose(v);
#pragma GCC unroll 16
  for (size_t i = 0; i < kMostBlocks; i++) {
    if (i == count) break;
    const __mmask64 written = _bzhi_u64(~uint64_t{0}, uses.bytes[i]);
    _mm512_mask_storeu_epi8(uses.at[i], written, _mm512_xor_si512(_mm512_maskz_loadu_epi8(written, uses.at[i]), v[i]));
  }
}

}  // namespace handfast

#endif
