// SHA-512 (FIPS 180-4) of as many messages at once as a vector has lanes, each of its own length and in parts that need not lie together. With one lane it is libsodium's.
// Time depends on the lengths alone; what was held of the messages is wiped. For files compiled with the vector instructions only: see kernels.h.
#pragma once

#include <sodium.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __AVX512BW__
// GCC 12 finds fault with its own header, which leaves on purpose what a full mask overwrites (GCC bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#endif

namespace handfast {
namespace {

struct HashPart {
  const uint8_t* data;
  size_t size;
};

// The message is the parts one after the other. All together below 2^61 bytes.
struct HashInput {
  static constexpr int kParts = 3;
  HashPart part[kParts];
};

template <size_t kLanes>
void Sha512Lanes(uint8_t out[kLanes][64], const HashInput input[kLanes]);

template <>
[[maybe_unused]] void Sha512Lanes<1>(uint8_t out[1][64], const HashInput input[1]) {
  crypto_hash_sha512_state state;
  crypto_hash_sha512_init(&state);
  for (const HashPart& part : input->part) crypto_hash_sha512_update(&state, part.data, part.size);
  crypto_hash_sha512_final(&state, out[0]);  // which wipes the state
}

#ifdef __AVX512BW__

constexpr size_t kHashBlock = 128;

constexpr uint64_t kHashConstant[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec, 0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817};

constexpr uint64_t kHashStart[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
                                    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

// Words of 64 bits, one message in each lane.
using HashWords = __m512i;

// The truth tables of vpternlogq.
constexpr int kXor = 0x96, kChoose = 0xca, kMajority = 0xe8;

// A row of eight words for each lane becomes a word of every lane in each row, and back. Big-endian words in memory become numbers and back.
__attribute__((always_inline)) inline void HashTranspose(HashWords row[8]) {
  HashWords pair[8], four[8];
  for (int i = 0; i < 8; i += 2) {
    pair[i] = _mm512_unpacklo_epi64(row[i], row[i + 1]);
    pair[i + 1] = _mm512_unpackhi_epi64(row[i], row[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int j = 0; j < 2; j++) {
      four[i + j] = _mm512_shuffle_i64x2(pair[i + j], pair[i + 2 + j], 0x88);
      four[i + 2 + j] = _mm512_shuffle_i64x2(pair[i + j], pair[i + 2 + j], 0xdd);
    }
  }
  for (int j = 0; j < 2; j++) {
    for (int k = 0; k < 2; k++) {
      const HashWords a = four[2 * k + j], b = four[4 + 2 * k + j];
      row[2 * k + j] = _mm512_shuffle_i64x2(a, b, 0x88);
      row[4 + 2 * k + j] = _mm512_shuffle_i64x2(a, b, 0xdd);
    }
  }
}

__attribute__((always_inline)) inline HashWords HashSwapBytes(HashWords words) {
  return _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(_mm_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)));
}

// One block for every lane; the lanes of `mask` take it in, the others stay as they are.
__attribute__((noinline)) void HashCompress(HashWords state[8], const uint8_t* const block[8], __mmask8 mask) {
  HashWords w[16];
  for (int lane = 0; lane < 8; lane++) {
    w[lane] = HashSwapBytes(_mm512_loadu_si512(block[lane]));
    w[8 + lane] = HashSwapBytes(_mm512_loadu_si512(block[lane] + 64));
  }
  HashTranspose(w);
  HashTranspose(w + 8);
  HashWords a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  // Renaming instead of moving: every caller passes the eight one place further.
  const auto step = [](HashWords a, HashWords b, HashWords c, HashWords& d, HashWords e, HashWords f, HashWords g, HashWords& h, HashWords word, uint64_t constant)
                        __attribute__((always_inline)) {
    const HashWords big1 = _mm512_ternarylogic_epi64(_mm512_ror_epi64(e, 14), _mm512_ror_epi64(e, 18), _mm512_ror_epi64(e, 41), kXor);
    const HashWords big0 = _mm512_ternarylogic_epi64(_mm512_ror_epi64(a, 28), _mm512_ror_epi64(a, 34), _mm512_ror_epi64(a, 39), kXor);
    const HashWords known = _mm512_add_epi64(_mm512_add_epi64(h, word), _mm512_set1_epi64(static_cast<long long>(constant)));
    const HashWords t = _mm512_add_epi64(known, _mm512_add_epi64(big1, _mm512_ternarylogic_epi64(e, f, g, kChoose)));
    d = _mm512_add_epi64(d, t);
    h = _mm512_add_epi64(t, _mm512_add_epi64(big0, _mm512_ternarylogic_epi64(a, b, c, kMajority)));
  };
  const auto schedule = [&](int i) __attribute__((always_inline)) {
    const HashWords low = w[(i + 1) & 15], high = w[(i + 14) & 15];
    const HashWords small0 = _mm512_ternarylogic_epi64(_mm512_ror_epi64(low, 1), _mm512_ror_epi64(low, 8), _mm512_srli_epi64(low, 7), kXor);
    const HashWords small1 = _mm512_ternarylogic_epi64(_mm512_ror_epi64(high, 19), _mm512_ror_epi64(high, 61), _mm512_srli_epi64(high, 6), kXor);
    w[i] = _mm512_add_epi64(_mm512_add_epi64(w[i], small0), _mm512_add_epi64(w[(i + 9) & 15], small1));
  };
  for (int round = 0; round < 80; round += 16) {
    const uint64_t* constant = kHashConstant + round;
#pragma GCC unroll 2
    for (int i = 0; i < 16; i += 8) {
      step(a, b, c, d, e, f, g, h, w[i], constant[i]);
      step(h, a, b, c, d, e, f, g, w[i + 1], constant[i + 1]);
      step(g, h, a, b, c, d, e, f, w[i + 2], constant[i + 2]);
      step(f, g, h, a, b, c, d, e, w[i + 3], constant[i + 3]);
      step(e, f, g, h, a, b, c, d, w[i + 4], constant[i + 4]);
      step(d, e, f, g, h, a, b, c, w[i + 5], constant[i + 5]);
      step(c, d, e, f, g, h, a, b, w[i + 6], constant[i + 6]);
      step(b, c, d, e, f, g, h, a, w[i + 7], constant[i + 7]);
    }
    if (round == 64) break;
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) schedule(i);
  }
  const HashWords after[8] = {a, b, c, d, e, f, g, h};
  for (int i = 0; i < 8; i++) state[i] = _mm512_mask_add_epi64(state[i], mask, state[i], after[i]);
}

// Writes `size` bytes of the message from `from` on; there are as many.
inline void HashCopy(uint8_t* out, const HashInput& input, size_t from, size_t size) {
  for (const HashPart& part : input.part) {
    if (from >= part.size) {
      from -= part.size;
      continue;
    }
    const size_t there = part.size - from, taken = there < size ? there : size;
    std::memcpy(out, part.data + from, taken);
    out += taken;
    size -= taken;
    from = 0;
    if (size == 0) return;
  }
}

// Where the block that begins at `from` lies whole in one part; nullptr if it does not.
inline const uint8_t* HashWhole(const HashInput& input, size_t from) {
  for (const HashPart& part : input.part) {
    if (from < part.size) return part.size - from >= kHashBlock ? part.data + from : nullptr;
    from -= part.size;
  }
  return nullptr;
}

template <>
[[maybe_unused]] void Sha512Lanes<8>(uint8_t out[8][64], const HashInput input[8]) {
  // Of every lane the block at hand, where it has to be put together.
  alignas(64) uint8_t own[8][kHashBlock];
  alignas(64) HashWords state[8];
  size_t size[8], blocks[8], most = 0;
  for (int lane = 0; lane < 8; lane++) {
    size[lane] = 0;
    for (const HashPart& part : input[lane].part) size[lane] += part.size;
    blocks[lane] = (size[lane] + 17 + kHashBlock - 1) / kHashBlock;
    if (blocks[lane] > most) most = blocks[lane];
  }
  for (int i = 0; i < 8; i++) state[i] = _mm512_set1_epi64(static_cast<long long>(kHashStart[i]));
  for (size_t index = 0; index < most; index++) {
    const uint8_t* block[8];
    unsigned mask = 0;
    const size_t from = index * kHashBlock;
    for (int lane = 0; lane < 8; lane++) {
      block[lane] = own[lane];
      if (index >= blocks[lane]) continue;
      mask |= 1u << lane;
      const uint8_t* whole = from + kHashBlock <= size[lane] ? HashWhole(input[lane], from) : nullptr;
      if (whole != nullptr) {
        block[lane] = whole;
        continue;
      }
      const size_t there = from >= size[lane] ? 0 : size[lane] - from, taken = there < kHashBlock ? there : kHashBlock;
      if (taken < kHashBlock) std::memset(own[lane] + taken, 0, kHashBlock - taken);
      HashCopy(own[lane], input[lane], from, taken);
      // The end: a bit that is 1, and the number of bits, big-endian, at the end of the last block.
      if (from <= size[lane] && taken < kHashBlock) own[lane][taken] = 0x80;
      if (index + 1 == blocks[lane]) {
        const uint64_t bits = __builtin_bswap64(static_cast<uint64_t>(size[lane]) * 8);
        std::memcpy(own[lane] + kHashBlock - 8, &bits, 8);
      }
    }
    HashCompress(state, block, static_cast<__mmask8>(mask));
  }
  HashTranspose(state);
  for (int lane = 0; lane < 8; lane++) _mm512_storeu_si512(out[lane], HashSwapBytes(state[lane]));
  sodium_memzero(own, sizeof own);
  sodium_memzero(state, sizeof state);
  sodium_stackzero(2048);
}

#endif

}  // namespace
}  // namespace handfast
