#include "lanes/poly1305-avx512.h"

#include "lanes/lanes.h"

#ifdef HANDFAST_LANES

// GCC 12 finds fault with its own header, which leaves on purpose what a full mask overwrites (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512ifma,bmi2")))
#define INLINE TARGET __attribute__((always_inline)) static inline

// Numbers modulo 2^130-5 as three limbs of 44, 44 and 42 bits, one number to a lane; products of 52 by 52 bits come as their low and their high half.

namespace handfast {
namespace {

constexpr size_t kLanes = 8;

INLINE __m512i All(uint64_t value) { return _mm512_set1_epi64(static_cast<long long>(value)); }
INLINE __m512i Sum(__m512i a, __m512i b) { return _mm512_add_epi64(a, b); }
template <int Bits>
INLINE __m512i Left(__m512i a) {
  return _mm512_slli_epi64(a, Bits);
}
template <int Bits>
INLINE __m512i Right(__m512i a) {
  return _mm512_srli_epi64(a, Bits);
}
template <int Bits>
INLINE __m512i Low(__m512i a) {
  return _mm512_and_si512(a, All((uint64_t{1} << Bits) - 1));
}

// Word i of what eight rows hold, in out[i].
INLINE void Transpose(__m512i out[8], const __m512i in[8]) {
  __m512i pairs[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = _mm512_unpacklo_epi64(in[i], in[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_epi64(in[i], in[i + 1]);
  }
  for (int odd = 0; odd < 2; odd++) {
    const __m512i *p = pairs + odd;
    const __m512i a = _mm512_shuffle_i64x2(p[0], p[2], 0x88), b = _mm512_shuffle_i64x2(p[0], p[2], 0xdd);
    const __m512i c = _mm512_shuffle_i64x2(p[4], p[6], 0x88), d = _mm512_shuffle_i64x2(p[4], p[6], 0xdd);
    out[odd] = _mm512_shuffle_i64x2(a, c, 0x88);
    out[2 + odd] = _mm512_shuffle_i64x2(b, d, 0x88);
    out[4 + odd] = _mm512_shuffle_i64x2(a, c, 0xdd);
    out[6 + odd] = _mm512_shuffle_i64x2(b, d, 0xdd);
  }
}

// The authenticators of eight records on their way.
struct Eight {
  __m512i h[3];  // at rest: h[0] below 2^44 + 2^16, h[1] below 2^44, h[2] below 2^42
  __m512i r[3];  // below 2^44, 2^44, 2^40
  __m512i s[2];  // 20 r[1], 20 r[2]: what goes over 2^132 comes back times 20; below 2^49
  __m512i pad[2];
};

INLINE void Begin(Eight& e, const TagWork* const work[kLanes]) {
  __m512i rows[8], words[8];
  for (size_t i = 0; i < kLanes; i++) rows[i] = _mm512_maskz_loadu_epi64(0x0f, work[i]->key);
  Transpose(words, rows);
  const __m512i low = _mm512_and_si512(words[0], All(0x0ffffffc0fffffff)), high = _mm512_and_si512(words[1], All(0x0ffffffc0ffffffc));
  e.r[0] = Low<44>(low);
  e.r[1] = Low<44>(_mm512_or_si512(Right<44>(low), Left<20>(high)));
  e.r[2] = Right<24>(high);
  for (int i = 0; i < 2; i++) e.s[i] = Left<2>(Sum(e.r[i + 1], Left<2>(e.r[i + 1])));
  e.pad[0] = words[2];
  e.pad[1] = words[3];
  for (__m512i& limb : e.h) limb = _mm512_setzero_si512();
}

// h = (h + block) r for the lanes in `active`. A block is two words and 2^128 above them: the sum's limbs are below 2^45 + 2^16, 2^45 and 2^43, every product below 2^95, three of
// their low halves below 2^54, three of their high halves below 2^45.
INLINE void Absorb(Eight& e, __m512i low, __m512i high, __mmask8 active) {
  const __m512i zero = _mm512_setzero_si512();
  const __m512i a0 = Sum(e.h[0], Low<44>(low));
  const __m512i a1 = Sum(e.h[1], Low<44>(_mm512_or_si512(Right<44>(low), Left<20>(high))));
  const __m512i a2 = Sum(e.h[2], _mm512_or_si512(Right<24>(high), All(uint64_t{1} << 40)));
  // a2 last: of the three it comes out of the carries last, but for a0's small correction.
  __m512i low0 = _mm512_madd52lo_epu64(zero, a1, e.s[1]), high0 = _mm512_madd52hi_epu64(zero, a1, e.s[1]);
  __m512i low1 = _mm512_madd52lo_epu64(zero, a1, e.r[0]), high1 = _mm512_madd52hi_epu64(zero, a1, e.r[0]);
  __m512i low2 = _mm512_madd52lo_epu64(zero, a1, e.r[1]), high2 = _mm512_madd52hi_epu64(zero, a1, e.r[1]);
  low0 = _mm512_madd52lo_epu64(low0, a2, e.s[0]), high0 = _mm512_madd52hi_epu64(high0, a2, e.s[0]);
  low1 = _mm512_madd52lo_epu64(low1, a2, e.s[1]), high1 = _mm512_madd52hi_epu64(high1, a2, e.s[1]);
  low2 = _mm512_madd52lo_epu64(low2, a2, e.r[0]), high2 = _mm512_madd52hi_epu64(high2, a2, e.r[0]);
  low0 = _mm512_madd52lo_epu64(low0, a0, e.r[0]), high0 = _mm512_madd52hi_epu64(high0, a0, e.r[0]);
  low1 = _mm512_madd52lo_epu64(low1, a0, e.r[1]), high1 = _mm512_madd52hi_epu64(high1, a0, e.r[1]);
  low2 = _mm512_madd52lo_epu64(low2, a0, e.r[2]), high2 = _mm512_madd52hi_epu64(high2, a0, e.r[2]);
  // A high half stands 52 bits above its low one, 8 above the next limb; above the last limb that is 10 over 2^130, which is 5. All sums stay below 2^56.
  const __m512i t0 = Sum(low0, Left<10>(Sum(high2, Left<2>(high2))));
  const __m512i t1 = Sum(Sum(low1, Left<8>(high0)), Right<44>(t0));
  const __m512i t2 = Sum(Sum(low2, Left<8>(high1)), Right<44>(t1));
  const __m512i over = Right<42>(t2);
  e.h[0] = _mm512_mask_mov_epi64(e.h[0], active, Sum(Low<44>(t0), Sum(over, Left<2>(over))));
  e.h[1] = _mm512_mask_mov_epi64(e.h[1], active, Low<44>(t1));
  e.h[2] = _mm512_mask_mov_epi64(e.h[2], active, Low<42>(t2));
}

INLINE void End(Eight& e, const TagWork* const work[kLanes]) {
  // Two turns of carries leave every limb within its bits.
  __m512i h0 = e.h[0], h1 = e.h[1], h2 = e.h[2];
  for (int i = 0; i < 2; i++) {
    h1 = Sum(h1, Right<44>(h0));
    h2 = Sum(h2, Right<44>(h1));
    const __m512i over = Right<42>(h2);
    h0 = Sum(Low<44>(h0), Sum(over, Left<2>(over)));
    h1 = Low<44>(h1);
    h2 = Low<42>(h2);
  }
  h1 = Sum(h1, Right<44>(h0));
  h0 = Low<44>(h0);
  // h + 5 reaches 2^130 where h is not below the prime; what remains under 2^130 is then h less the prime.
  __m512i g0 = Sum(h0, All(5)), g1 = Sum(h1, Right<44>(g0)), g2 = Sum(h2, Right<44>(g1));
  const __mmask8 reduced = _mm512_cmpneq_epu64_mask(Right<42>(g2), _mm512_setzero_si512());
  h0 = _mm512_mask_mov_epi64(h0, reduced, Low<44>(g0));
  h1 = _mm512_mask_mov_epi64(h1, reduced, Low<44>(g1));
  h2 = _mm512_mask_mov_epi64(h2, reduced, Low<42>(g2));
  const __m512i low = Sum(_mm512_or_si512(h0, Left<44>(h1)), e.pad[0]);
  __m512i high = Sum(_mm512_or_si512(Right<20>(h1), Left<24>(h2)), e.pad[1]);
  high = _mm512_mask_add_epi64(high, _mm512_cmplt_epu64_mask(low, e.pad[0]), high, All(1));
  const __m512i even = _mm512_unpacklo_epi64(low, high), odd = _mm512_unpackhi_epi64(low, high);
  const auto put = [](uint8_t* tag, __m128i value) TARGET { _mm_storeu_si128(reinterpret_cast<__m128i*>(tag), value); };
  put(work[0]->tag, _mm512_extracti64x2_epi64(even, 0));
  put(work[1]->tag, _mm512_extracti64x2_epi64(odd, 0));
  put(work[2]->tag, _mm512_extracti64x2_epi64(even, 1));
  put(work[3]->tag, _mm512_extracti64x2_epi64(odd, 1));
  put(work[4]->tag, _mm512_extracti64x2_epi64(even, 2));
  put(work[5]->tag, _mm512_extracti64x2_epi64(odd, 2));
  put(work[6]->tag, _mm512_extracti64x2_epi64(even, 3));
  put(work[7]->tag, _mm512_extracti64x2_epi64(odd, 3));
}

// The lanes whose text goes on behind `offset`.
INLINE __mmask8 Beyond(const TagWork* const work[kLanes], size_t offset) {
  unsigned lanes = 0;
  for (size_t i = 0; i < kLanes; i++) lanes |= static_cast<unsigned>(work[i]->size > offset) << i;
  return static_cast<__mmask8>(lanes);
}

INLINE __mmask64 FirstBytes(size_t count) { return _bzhi_u64(~uint64_t{0}, static_cast<unsigned>(count < 64 ? count : 64)); }

// Groups of eight side by side, so that the products of one fill the waits of the other.
template <size_t Groups>
INLINE void Tags(const TagWork* const (*work)[kLanes], size_t adBytes) {
  Eight e[Groups];
  size_t least = SIZE_MAX, most = 0;
  for (size_t g = 0; g < Groups; g++) {
    Begin(e[g], work[g]);
    for (size_t i = 0; i < kLanes; i++) {
      least = work[g][i]->size < least ? work[g][i]->size : least;
      most = work[g][i]->size > most ? work[g][i]->size : most;
    }
  }
  const __m512i zero = _mm512_setzero_si512();
  if (adBytes > 0) {
    for (size_t g = 0; g < Groups; g++) {
      __m512i rows[8], words[8];
      for (size_t i = 0; i < kLanes; i++) rows[i] = _mm512_maskz_loadu_epi8(FirstBytes(adBytes), work[g][i]->text - adBytes);
      Transpose(words, rows);
      Absorb(e[g], words[0], zero, 0xff);
    }
  }
  size_t at = 0;
  for (; at + 64 <= least; at += 64) {
    __m512i words[Groups][8];
    for (size_t g = 0; g < Groups; g++) {
      __m512i rows[8];
      for (size_t i = 0; i < kLanes; i++) rows[i] = _mm512_loadu_si512(work[g][i]->text + at);
      Transpose(words[g], rows);
    }
    for (size_t block = 0; block < 4; block++) {
      for (size_t g = 0; g < Groups; g++) Absorb(e[g], words[g][2 * block], words[g][2 * block + 1], 0xff);
    }
  }
  for (; at < most; at += 64) {
    __m512i words[Groups][8];
    for (size_t g = 0; g < Groups; g++) {
      __m512i rows[8];
      for (size_t i = 0; i < kLanes; i++) {
        const size_t size = work[g][i]->size;
        rows[i] = _mm512_maskz_loadu_epi8(FirstBytes(size > at ? size - at : 0), work[g][i]->text + at);
      }
      Transpose(words[g], rows);
    }
    for (size_t block = 0; block < 4 && at + 16 * block < most; block++) {
      for (size_t g = 0; g < Groups; g++) Absorb(e[g], words[g][2 * block], words[g][2 * block + 1], Beyond(work[g], at + 16 * block));
    }
  }
  for (size_t g = 0; g < Groups; g++) {
    alignas(64) uint64_t sizes[kLanes];
    for (size_t i = 0; i < kLanes; i++) sizes[i] = work[g][i]->size;
    Absorb(e[g], All(adBytes), _mm512_load_si512(sizes), 0xff);
    End(e[g], work[g]);
  }
}

}  // namespace

TARGET void Poly1305TagsAvx512(const TagWork work[], size_t count, size_t adBytes) {
  // Lanes without a record of their own repeat the first and lose what comes of it.
  uint8_t lost[16];
  const TagWork filler{work[0].text, work[0].size, work[0].key, lost};
  const TagWork* lanes[2][kLanes];
  for (size_t i = 0; i < 2 * kLanes; i++) lanes[i / kLanes][i % kLanes] = i < count ? work + i : &filler;
  if (count > kLanes) {
    Tags<2>(lanes, adBytes);
  } else {
    Tags<1>(lanes, adBytes);
  }
  __asm__ volatile("" : : "r"(lost) : "memory");
}

}  // namespace handfast

#endif
