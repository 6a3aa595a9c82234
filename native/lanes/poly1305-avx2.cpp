#include "lanes/poly1305-avx2.h"

#include "lanes/lanes.h"

#ifdef HANDFAST_LANES

#include <immintrin.h>

#include <cstring>

#define TARGET __attribute__((target("avx2")))
#define INLINE TARGET __attribute__((always_inline)) static inline

// Numbers modulo 2^130-5 as five limbs of 26 bits, one number to a lane; products are of 32 by 32 bits.

namespace handfast {
namespace {

constexpr size_t kLanes = 4;

INLINE __m256i All(uint64_t value) { return _mm256_set1_epi64x(static_cast<long long>(value)); }
INLINE __m256i Sum(__m256i a, __m256i b) { return _mm256_add_epi64(a, b); }
INLINE __m256i Product(__m256i a, __m256i b) { return _mm256_mul_epu32(a, b); }
template <int Bits>
INLINE __m256i Left(__m256i a) {
  return _mm256_slli_epi64(a, Bits);
}
template <int Bits>
INLINE __m256i Right(__m256i a) {
  return _mm256_srli_epi64(a, Bits);
}
INLINE __m256i Limb(__m256i a) { return _mm256_and_si256(a, All(0x3ffffff)); }

struct Words {
  __m256i low, high;
};

// The sixteen bytes at each of four places as two words a lane.
INLINE Words Load(const uint8_t* const at[kLanes]) {
  const auto load = [](const uint8_t* in) TARGET { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(in)); };
  const __m256i even = _mm256_inserti128_si256(_mm256_castsi128_si256(load(at[0])), load(at[2]), 1);
  const __m256i odd = _mm256_inserti128_si256(_mm256_castsi128_si256(load(at[1])), load(at[3]), 1);
  return {_mm256_unpacklo_epi64(even, odd), _mm256_unpackhi_epi64(even, odd)};
}

INLINE void Split(__m256i limb[5], const Words& words) {
  limb[0] = Limb(words.low);
  limb[1] = Limb(Right<26>(words.low));
  limb[2] = Limb(_mm256_or_si256(Right<52>(words.low), Left<12>(words.high)));
  limb[3] = Limb(Right<14>(words.high));
  limb[4] = Right<40>(words.high);
}

struct Four {
  __m256i h[5];  // at rest below 2^26 + 2^9
  __m256i r[5];
  __m256i s[5];  // five times r: what goes over 2^130 comes back times 5; below 2^29
  Words pad;
};

INLINE void Begin(Four& f, const TagWork* const work[kLanes]) {
  const uint8_t* at[kLanes];
  for (size_t i = 0; i < kLanes; i++) at[i] = work[i]->key;
  Words words = Load(at);
  words.low = _mm256_and_si256(words.low, All(0x0ffffffc0fffffff));
  words.high = _mm256_and_si256(words.high, All(0x0ffffffc0ffffffc));
  Split(f.r, words);
  for (int i = 0; i < 5; i++) f.s[i] = Sum(f.r[i], Left<2>(f.r[i]));
  for (size_t i = 0; i < kLanes; i++) at[i] = work[i]->key + 16;
  f.pad = Load(at);
  for (__m256i& limb : f.h) limb = _mm256_setzero_si256();
}

// h = (h + block) r for the lanes that are all ones in `active`. The sum's limbs are below 2^27 + 2^9, every product below 2^56.1, five of them below 2^59.
INLINE void Absorb(Four& f, const Words& words, __m256i active) {
  __m256i a[5];
  Split(a, words);
  a[4] = _mm256_or_si256(a[4], All(uint64_t{1} << 24));
  for (int i = 0; i < 5; i++) a[i] = Sum(a[i], f.h[i]);
  __m256i d[5];
  for (int k = 0; k < 5; k++) {
    d[k] = Product(a[0], f.r[k]);
    for (int i = 1; i < 5; i++) d[k] = Sum(d[k], Product(a[i], i <= k ? f.r[k - i] : f.s[k - i + 5]));
  }
  // Two chains of carries side by side, from limb 0 and from limb 3.
  d[1] = Sum(d[1], Right<26>(d[0])), d[0] = Limb(d[0]);
  d[4] = Sum(d[4], Right<26>(d[3])), d[3] = Limb(d[3]);
  d[2] = Sum(d[2], Right<26>(d[1])), d[1] = Limb(d[1]);
  const __m256i over = Right<26>(d[4]);
  d[0] = Sum(d[0], Sum(over, Left<2>(over))), d[4] = Limb(d[4]);
  d[3] = Sum(d[3], Right<26>(d[2])), d[2] = Limb(d[2]);
  d[1] = Sum(d[1], Right<26>(d[0])), d[0] = Limb(d[0]);
  d[4] = Sum(d[4], Right<26>(d[3])), d[3] = Limb(d[3]);
  for (int i = 0; i < 5; i++) f.h[i] = _mm256_blendv_epi8(f.h[i], d[i], active);
}

INLINE void End(Four& f, const TagWork* const work[kLanes]) {
  __m256i* h = f.h;
  const auto carry = [h]() TARGET {
    for (int i = 0; i < 4; i++) h[i + 1] = Sum(h[i + 1], Right<26>(h[i])), h[i] = Limb(h[i]);
    const __m256i over = Right<26>(h[4]);
    h[0] = Sum(h[0], Sum(over, Left<2>(over))), h[4] = Limb(h[4]);
  };
  carry();
  carry();
  carry();
  // h + 5 reaches 2^130 where h is not below the prime; what remains under 2^130 is then h less the prime.
  __m256i g[5];
  g[0] = Sum(h[0], All(5));
  for (int i = 0; i < 4; i++) g[i + 1] = Sum(h[i + 1], Right<26>(g[i])), g[i] = Limb(g[i]);
  const __m256i reduced = _mm256_sub_epi64(_mm256_setzero_si256(), Right<26>(g[4]));
  g[4] = Limb(g[4]);
  for (int i = 0; i < 5; i++) h[i] = _mm256_blendv_epi8(h[i], g[i], reduced);
  // Halves of 32 bits in their own words, so that the carries of the last sum show.
  const __m256i low = _mm256_or_si256(_mm256_or_si256(h[0], Left<26>(h[1])), Left<52>(h[2]));
  const __m256i high = _mm256_or_si256(_mm256_or_si256(Right<12>(h[2]), Left<14>(h[3])), Left<40>(h[4]));
  const __m256i mask = All(0xffffffff);
  const auto half = [mask](__m256i a) TARGET { return _mm256_and_si256(a, mask); };
  const __m256i t0 = Sum(half(low), half(f.pad.low));
  const __m256i t1 = Sum(Sum(Right<32>(low), Right<32>(f.pad.low)), Right<32>(t0));
  const __m256i t2 = Sum(Sum(half(high), half(f.pad.high)), Right<32>(t1));
  const __m256i t3 = Sum(Sum(Right<32>(high), Right<32>(f.pad.high)), Right<32>(t2));
  const __m256i lowTag = _mm256_or_si256(half(t0), Left<32>(t1)), highTag = _mm256_or_si256(half(t2), Left<32>(t3));
  const __m256i even = _mm256_unpacklo_epi64(lowTag, highTag), odd = _mm256_unpackhi_epi64(lowTag, highTag);
  const auto put = [](uint8_t* tag, __m128i value) TARGET { _mm_storeu_si128(reinterpret_cast<__m128i*>(tag), value); };
  put(work[0]->tag, _mm256_castsi256_si128(even));
  put(work[1]->tag, _mm256_castsi256_si128(odd));
  put(work[2]->tag, _mm256_extracti128_si256(even, 1));
  put(work[3]->tag, _mm256_extracti128_si256(odd, 1));
}

}  // namespace

TARGET void Poly1305TagsAvx2(const TagWork work[], size_t count, size_t adBytes) {
  // Lanes without a record of their own repeat the first and lose what comes of it.
  uint8_t lost[16];
  const TagWork filler{work[0].text, work[0].size, work[0].key, lost};
  const TagWork* lanes[kLanes];
  for (size_t i = 0; i < kLanes; i++) lanes[i] = i < count ? work + i : &filler;
  size_t least = SIZE_MAX, most = 0;
  for (const TagWork* lane : lanes) {
    least = lane->size < least ? lane->size : least;
    most = lane->size > most ? lane->size : most;
  }
  const __m256i all = All(~uint64_t{0});
  Four f;
  Begin(f, lanes);
  const uint8_t* at[kLanes];
  uint8_t partial[kLanes][16] = {{0}};
  if (adBytes > 0) {
    for (size_t i = 0; i < kLanes; i++) {
      std::memcpy(partial[i], lanes[i]->text - adBytes, adBytes);
      at[i] = partial[i];
    }
    Absorb(f, Load(at), all);
  }
  size_t offset = 0;
  for (; offset + 16 <= least; offset += 16) {
    for (size_t i = 0; i < kLanes; i++) at[i] = lanes[i]->text + offset;
    Absorb(f, Load(at), all);
  }
  for (; offset < most; offset += 16) {
    alignas(32) uint64_t active[kLanes];
    for (size_t i = 0; i < kLanes; i++) {
      const size_t left = lanes[i]->size > offset ? lanes[i]->size - offset : 0;
      active[i] = left > 0 ? ~uint64_t{0} : 0;
      at[i] = lanes[i]->text + offset;
      if (left >= 16) continue;
      std::memset(partial[i], 0, 16);
      std::memcpy(partial[i], lanes[i]->text + (left > 0 ? offset : 0), left);
      at[i] = partial[i];
    }
    Absorb(f, Load(at), _mm256_load_si256(reinterpret_cast<const __m256i*>(active)));
  }
  const auto size = [&](size_t i) { return static_cast<long long>(lanes[i]->size); };
  Absorb(f, {All(adBytes), _mm256_set_epi64x(size(3), size(2), size(1), size(0))}, all);
  End(f, lanes);
  __asm__ volatile("" : : "r"(lost) : "memory");
}

}  // namespace handfast

#endif
