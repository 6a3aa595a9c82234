#include "lanes/chacha-short.h"

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

#include "lanes/poly1305-words.h"

#define TARGET __attribute__((target("avx512f,avx512bw,bmi2")))
#define INLINE TARGET __attribute__((always_inline)) static inline

namespace handfast {
namespace {

constexpr size_t kBlock = 64, kBlocks = 4;

template <int Bits>
INLINE __m512i XorRotated(__m512i a, __m512i b) {
  return _mm512_rol_epi32(_mm512_xor_si512(a, b), Bits);
}

// Rows of four states, one state to a quarter.
struct Rows {
  __m512i a, b, c, d;
};

INLINE void QuarterRounds(Rows& rows) {
  rows.a = _mm512_add_epi32(rows.a, rows.b);
  rows.d = XorRotated<16>(rows.d, rows.a);
  rows.c = _mm512_add_epi32(rows.c, rows.d);
  rows.b = XorRotated<12>(rows.b, rows.c);
  rows.a = _mm512_add_epi32(rows.a, rows.b);
  rows.d = XorRotated<8>(rows.d, rows.a);
  rows.c = _mm512_add_epi32(rows.c, rows.d);
  rows.b = XorRotated<7>(rows.b, rows.c);
}

// Each row turned so that diagonals stand in columns, or back.
template <int First, int Second, int Third>
INLINE void Turn(Rows& rows) {
  rows.b = _mm512_shuffle_epi32(rows.b, static_cast<_MM_PERM_ENUM>(First));
  rows.c = _mm512_shuffle_epi32(rows.c, static_cast<_MM_PERM_ENUM>(Second));
  rows.d = _mm512_shuffle_epi32(rows.d, static_cast<_MM_PERM_ENUM>(Third));
}

// The same 16 bytes in every quarter.
INLINE __m512i InQuarters(const uint8_t* at) { return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))); }

// Blocks 0 to 3 of the key stream.
INLINE void KeyStream(__m512i block[kBlocks], const uint8_t key[32], const uint8_t nonce[12]) {
  uint8_t counted[16] = {0};
  std::memcpy(counted + 4, nonce, 12);
  // RFC 8439 section 2.3.
  const Rows first = {_mm512_broadcast_i32x4(_mm_setr_epi32(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574)), InQuarters(key), InQuarters(key + 16),
                      _mm512_add_epi32(InQuarters(counted), _mm512_setr_epi32(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0))};
  Rows rows = first;
  for (int i = 0; i < 10; i++) {
    QuarterRounds(rows);
    Turn<0x39, 0x4e, 0x93>(rows);
    QuarterRounds(rows);
    Turn<0x93, 0x4e, 0x39>(rows);
  }
  rows = {_mm512_add_epi32(rows.a, first.a), _mm512_add_epi32(rows.b, first.b), _mm512_add_epi32(rows.c, first.c), _mm512_add_epi32(rows.d, first.d)};
  const __m512i evenAb = _mm512_shuffle_i32x4(rows.a, rows.b, 0x88), oddAb = _mm512_shuffle_i32x4(rows.a, rows.b, 0xdd);
  const __m512i evenCd = _mm512_shuffle_i32x4(rows.c, rows.d, 0x88), oddCd = _mm512_shuffle_i32x4(rows.c, rows.d, 0xdd);
  block[0] = _mm512_shuffle_i32x4(evenAb, evenCd, 0x88);
  block[1] = _mm512_shuffle_i32x4(oddAb, oddCd, 0x88);
  block[2] = _mm512_shuffle_i32x4(evenAb, evenCd, 0xdd);
  block[3] = _mm512_shuffle_i32x4(oddAb, oddCd, 0xdd);
}

INLINE void Xor(uint8_t* out, Bytes text, const __m512i block[kBlocks]) {
  for (size_t i = 1; i < kBlocks; i++) {
    const size_t at = kBlock * (i - 1);
    if (at >= text.size) return;
    const size_t left = text.size - at;
    const __mmask64 written = _bzhi_u64(~uint64_t{0}, static_cast<unsigned>(left < kBlock ? left : kBlock));
    _mm512_mask_storeu_epi8(out + at, written, _mm512_xor_si512(_mm512_maskz_loadu_epi8(written, text.data + at), block[i]));
  }
}

INLINE void Tag(uint8_t tag[16], __m512i firstBlock, Bytes ad, Bytes ciphertext) {
  alignas(64) uint8_t onetime[kBlock];
  _mm512_store_si512(onetime, firstBlock);
  Poly1305Words poly(onetime);
  sodium_memzero(onetime, sizeof onetime);
  poly.AddPadded(ad);
  poly.AddPadded(ciphertext);
  poly.AddBlock(ad.size, ciphertext.size);
  poly.End(tag);
}

}  // namespace

TARGET void ChaChaShortSeal(const uint8_t key[32], uint8_t* out, uint8_t tag[16], Bytes message, const uint8_t nonce[12], Bytes ad) {
  __m512i block[kBlocks];
  KeyStream(block, key, nonce);
  Xor(out, message, block);
  Tag(tag, block[0], ad, {out, message.size});
}

TARGET bool ChaChaShortOpen(const uint8_t key[32], uint8_t* out, Bytes ciphertext, const uint8_t tag[16], const uint8_t nonce[12], Bytes ad) {
  __m512i block[kBlocks];
  KeyStream(block, key, nonce);
  uint8_t computed[16];
  Tag(computed, block[0], ad, ciphertext);
  const bool right = crypto_verify_16(computed, tag) == 0;
  // The tag that would have been right must not be seen either.
  if (right) Xor(out, ciphertext, block);
  else sodium_memzero(computed, sizeof computed);
  return right;
}

}  // namespace handfast

#else

namespace handfast {

void ChaChaShortSeal(const uint8_t*, uint8_t*, uint8_t*, Bytes, const uint8_t*, Bytes) {}
bool ChaChaShortOpen(const uint8_t*, uint8_t*, Bytes, const uint8_t*, const uint8_t*, Bytes) { return false; }

}  // namespace handfast

#endif
