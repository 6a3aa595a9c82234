#include "lanes/blake2b-avx512.h"

#include "lanes/lanes.h"

#ifdef HANDFAST_LANES

// GCC 12 finds fault with its own header, which leaves on purpose what a full mask overwrites (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#include <sodium.h>

#include <cstring>

#include "core/blake2b-constants.h"

#define TARGET __attribute__((target("avx512f,avx512vl")))
#define INLINE TARGET __attribute__((always_inline)) static inline

namespace handfast {
namespace {

constexpr size_t kWords = 16;

template <int Bits>
INLINE __m256i XorRotated(__m256i a, __m256i b) {
  return _mm256_ror_epi64(_mm256_xor_si256(a, b), Bits);
}

INLINE __m256i Load(const uint64_t* words) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words)); }
INLINE void Store(uint64_t* words, __m256i value) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), value); }

struct Rows {
  __m256i a, b, c, d;
};

// Four mixes: of columns, or of diagonals once they stand in columns.
INLINE void Mix(Rows& rows, __m256i x, __m256i y) {
  rows.a = _mm256_add_epi64(_mm256_add_epi64(rows.a, x), rows.b);
  rows.d = XorRotated<32>(rows.d, rows.a);
  rows.c = _mm256_add_epi64(rows.c, rows.d);
  rows.b = XorRotated<24>(rows.b, rows.c);
  rows.a = _mm256_add_epi64(_mm256_add_epi64(rows.a, y), rows.b);
  rows.d = XorRotated<16>(rows.d, rows.a);
  rows.c = _mm256_add_epi64(rows.c, rows.d);
  rows.b = XorRotated<63>(rows.b, rows.c);
}

// Row b is what all wait for, so the three others are turned.
template <int First, int Third>
INLINE void Turn(Rows& rows) {
  rows.a = _mm256_permute4x64_epi64(rows.a, First);
  rows.c = _mm256_permute4x64_epi64(rows.c, Third);
  rows.d = _mm256_permute4x64_epi64(rows.d, 0x4e);
}

template <int round>
INLINE void Round(Rows& rows, const long long word[kWords]) {
  constexpr const uint8_t* order = kBlake2bOrder[round % 10];
  Mix(rows, _mm256_setr_epi64x(word[order[0]], word[order[2]], word[order[4]], word[order[6]]),
      _mm256_setr_epi64x(word[order[1]], word[order[3]], word[order[5]], word[order[7]]));
  Turn<0x93, 0x39>(rows);
  // The diagonal of row b's first column is the last one.
  Mix(rows, _mm256_setr_epi64x(word[order[14]], word[order[8]], word[order[10]], word[order[12]]),
      _mm256_setr_epi64x(word[order[15]], word[order[9]], word[order[11]], word[order[13]]));
  Turn<0x39, 0x93>(rows);
}

// A block of which only the first words are not zero: the others need not be added.
constexpr int kKeyWords = 4;

template <int which>
INLINE void AddWord(__m256i& a, const __m256i word[kKeyWords]) {
  if constexpr (which < kKeyWords) a = _mm256_add_epi64(a, word[which]);
}

// One mix, in every lane that of another state.
template <int x, int y>
INLINE void MixLanes(__m256i& a, __m256i& b, __m256i& c, __m256i& d, const __m256i word[kKeyWords]) {
  AddWord<x>(a, word);
  a = _mm256_add_epi64(a, b);
  d = XorRotated<32>(d, a);
  c = _mm256_add_epi64(c, d);
  b = XorRotated<24>(b, c);
  AddWord<y>(a, word);
  a = _mm256_add_epi64(a, b);
  d = XorRotated<16>(d, a);
  c = _mm256_add_epi64(c, d);
  b = XorRotated<63>(b, c);
}

template <int round>
INLINE void RoundLanes(__m256i v[kWords], const __m256i word[kKeyWords]) {
  constexpr const uint8_t* order = kBlake2bOrder[round % 10];
  MixLanes<order[0], order[1]>(v[0], v[4], v[8], v[12], word);
  MixLanes<order[2], order[3]>(v[1], v[5], v[9], v[13], word);
  MixLanes<order[4], order[5]>(v[2], v[6], v[10], v[14], word);
  MixLanes<order[6], order[7]>(v[3], v[7], v[11], v[15], word);
  MixLanes<order[8], order[9]>(v[0], v[5], v[10], v[15], word);
  MixLanes<order[10], order[11]>(v[1], v[6], v[11], v[12], word);
  MixLanes<order[12], order[13]>(v[2], v[7], v[8], v[13], word);
  MixLanes<order[14], order[15]>(v[3], v[4], v[9], v[14], word);
}

INLINE __m256i InAll(uint64_t word) { return _mm256_set1_epi64x(static_cast<long long>(word)); }

}  // namespace

TARGET void Blake2bCompressAvx512(uint64_t chain[8], const uint8_t block[128], uint64_t counted, bool last) {
  long long word[kWords];
  std::memcpy(word, block, sizeof word);
  const __m256i low = Load(chain), high = Load(chain + 4);
  Rows rows = {low, high, Load(kBlake2bStart),
               _mm256_xor_si256(Load(kBlake2bStart + 4), _mm256_setr_epi64x(static_cast<long long>(counted), 0, -static_cast<long long>(last), 0))};
  Round<0>(rows, word);
  Round<1>(rows, word);
  Round<2>(rows, word);
  Round<3>(rows, word);
  Round<4>(rows, word);
  Round<5>(rows, word);
  Round<6>(rows, word);
  Round<7>(rows, word);
  Round<8>(rows, word);
  Round<9>(rows, word);
  Round<10>(rows, word);
  Round<11>(rows, word);
  Store(chain, _mm256_ternarylogic_epi64(low, rows.a, rows.c, 0x96));
  Store(chain + 4, _mm256_ternarylogic_epi64(high, rows.b, rows.d, 0x96));
}

TARGET void KdfAvx512(uint8_t* const out[kKdfLanes], const uint8_t key[32], const uint64_t id[kKdfLanes], const uint8_t context[8]) {
  __m256i word[kKeyWords], chain[8], v[kWords];
  for (int i = 0; i < kKeyWords; i++) {
    uint64_t one;
    std::memcpy(&one, key + 8 * i, 8);
    word[i] = InAll(one);
  }
  uint64_t personal;
  std::memcpy(&personal, context, 8);
  for (int i = 0; i < 8; i++) chain[i] = InAll(kBlake2bStart[i]);
  chain[0] = _mm256_xor_si256(chain[0], InAll(Blake2bParameters(32, 32)));
  chain[4] = _mm256_xor_si256(chain[4], Load(id));
  chain[6] = _mm256_xor_si256(chain[6], InAll(personal));
  for (int i = 0; i < 8; i++) v[i] = chain[i];
  for (int i = 0; i < 8; i++) v[8 + i] = InAll(kBlake2bStart[i]);
  // The key's block is the only one.
  v[12] = _mm256_xor_si256(v[12], InAll(128));
  v[14] = _mm256_xor_si256(v[14], InAll(~uint64_t{0}));
  RoundLanes<0>(v, word);
  RoundLanes<1>(v, word);
  RoundLanes<2>(v, word);
  RoundLanes<3>(v, word);
  RoundLanes<4>(v, word);
  RoundLanes<5>(v, word);
  RoundLanes<6>(v, word);
  RoundLanes<7>(v, word);
  RoundLanes<8>(v, word);
  RoundLanes<9>(v, word);
  RoundLanes<10>(v, word);
  RoundLanes<11>(v, word);
  uint64_t made[4][kKdfLanes];
  for (int i = 0; i < 4; i++) Store(made[i], _mm256_ternarylogic_epi64(chain[i], v[i], v[8 + i], 0x96));
  for (size_t lane = 0; lane < kKdfLanes; lane++) {
    for (int i = 0; i < 4; i++) std::memcpy(out[lane] + 8 * i, &made[i][lane], 8);
  }
  sodium_memzero(made, sizeof made);
}

}  // namespace handfast

#else

namespace handfast {

// Never called: LanesInUse() is off.
void Blake2bCompressAvx512(uint64_t*, const uint8_t*, uint64_t, bool) {}
void KdfAvx512(uint8_t* const*, const uint8_t*, const uint64_t*, const uint8_t*) {}

}  // namespace handfast

#endif
