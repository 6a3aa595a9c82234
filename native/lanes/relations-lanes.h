// Short relations (core/short-relation.h) of the challenges of all lanes: Euclid's algorithm walked in step, in doubles on the leading bits of the two rows (Lehmer), and applied to
// the whole numbers every 24 bits or so. What is left, and the rare challenge this does not get far with, is for the function of core/. Not in constant time.
#pragma once

#include "core/short-relation.h"
#include "lanes/inline.h"

#ifdef __AVX512DQ__
#include "lanes/vector-ifma.h"
#endif

namespace handfast {
namespace {

// Challenges of 32 bytes below L.
template <size_t kLanes>
void ShortRelationsLanes(ShortRelation out[kLanes], const uint8_t challenge[kLanes][32]);

template <>
[[maybe_unused]] void ShortRelationsLanes<1>(ShortRelation out[1], const uint8_t challenge[1][32]) {
  out[0] = ShortRelationOf(challenge[0]);
}

#ifdef __AVX512DQ__

// Rows of Euclid's algorithm in limbs of 52 bits.
struct RowsLanes {
  VectorIfma u[5], v[3];
};

// The nearest double of each lane's u.
LANES_INLINE __m512d Approximate(const RowsLanes& row) {
  const __m512d limb = _mm512_set1_pd(4503599627370496.0);  // 2^52
  __m512d sum = _mm512_cvtepu64_pd(row.u[4].words);
  for (int i = 3; i >= 0; i--) sum = _mm512_fmadd_pd(sum, limb, _mm512_cvtepu64_pd(row.u[i].words));
  return sum;
}

// out.u = m a.u - n b.u, which is not negative; m and n below 2^51.
LANES_INLINE void Difference(VectorIfma out[5], VectorIfma m, const VectorIfma a[5], VectorIfma n, const VectorIfma b[5]) {
  // 2^60 more in every limb, taken back as 2^8 from the next, so that none is below zero.
  const VectorIfma mask = VectorIfma::Broadcast((uint64_t{1} << 52) - 1);
  VectorIfma carry = VectorIfma::Zero();
  for (int i = 0; i < 5; i++) {
    VectorIfma sum = carry + VectorIfma::Broadcast((uint64_t{1} << 60) - (i > 0 ? 256 : 0));
    VectorIfma less = MultiplyAddLow(VectorIfma::Zero(), n, b[i]);
    sum = MultiplyAddLow(sum, m, a[i]);
    if (i > 0) {
      sum = MultiplyAddHigh(sum, m, a[i - 1]);
      less = MultiplyAddHigh(less, n, b[i - 1]);
    }
    sum = sum - less;
    out[i] = sum & mask;
    carry = sum.ShiftRight<52>();
  }
}

// out.v = m a.v + n b.v.
LANES_INLINE void Sum(VectorIfma out[3], VectorIfma m, const VectorIfma a[3], VectorIfma n, const VectorIfma b[3]) {
  VectorIfma carry = VectorIfma::Zero();
  for (int i = 0; i < 3; i++) {
    VectorIfma sum = MultiplyAddLow(MultiplyAddLow(carry, m, a[i]), n, b[i]);
    if (i > 0) sum = MultiplyAddHigh(MultiplyAddHigh(sum, m, a[i - 1]), n, b[i - 1]);
    out[i] = sum & VectorIfma::Broadcast((uint64_t{1} << 52) - 1);
    carry = sum.ShiftRight<52>();
  }
}

template <>
[[maybe_unused]] LANES_NOINLINE void ShortRelationsLanes<8>(ShortRelation out[8], const uint8_t challenge[8][32]) {
  const auto broadcast = [](uint64_t word) { return VectorIfma::Broadcast(word); };
  constexpr uint64_t mask = (uint64_t{1} << 52) - 1;
  constexpr uint64_t kWhole[4] = {0xc09318d2e7ae9f68, 0xa6f7cef517bce6b2, 0, 0x8000000000000000};  // 8L
  const uint8_t* strings[8];
  for (int i = 0; i < 8; i++) strings[i] = challenge[i];
  RowsLanes longer, shorter;
  const VectorIfma w[4] = {VectorIfma::LoadFrom(strings, 0), VectorIfma::LoadFrom(strings, 8), VectorIfma::LoadFrom(strings, 16), VectorIfma::LoadFrom(strings, 24)};
  const auto split = [&](VectorIfma limb[5], VectorIfma w0, VectorIfma w1, VectorIfma w2, VectorIfma w3) {
    limb[0] = w0 & broadcast(mask);
    limb[1] = (w0.ShiftRight<52>() | w1.ShiftLeft<12>()) & broadcast(mask);
    limb[2] = (w1.ShiftRight<40>() | w2.ShiftLeft<24>()) & broadcast(mask);
    limb[3] = (w2.ShiftRight<28>() | w3.ShiftLeft<36>()) & broadcast(mask);
    limb[4] = w3.ShiftRight<16>();
  };
  split(longer.u, broadcast(kWhole[0]), broadcast(kWhole[1]), broadcast(kWhole[2]), broadcast(kWhole[3]));
  split(shorter.u, w[0], w[1], w[2], w[3]);
  for (int i = 0; i < 3; i++) longer.v[i] = shorter.v[i] = VectorIfma::Zero();
  shorter.v[0] = broadcast(1);
  __mmask8 negative = 0;

  const __m512d one = _mm512_set1_pd(1), zero = _mm512_setzero_pd();
  for (int round = 0; round < 8; round++) {
    // The leading 50 bits of the longer row and what stands there of the shorter one, each within 2 of the truth; `half` is 2^128 on that scale.
    const __m512d approximate = Approximate(longer), scale = _mm512_sub_pd(_mm512_set1_pd(49), _mm512_getexp_pd(approximate));
    __m512d a = _mm512_roundscale_pd(_mm512_scalef_pd(approximate, scale), 0), b = _mm512_roundscale_pd(_mm512_scalef_pd(Approximate(shorter), scale), 0);
    const __m512d half = _mm512_scalef_pd(_mm512_set1_pd(340282366920938463463374607431768211456.0), scale);
    // a and b are x times the longer row less y times the shorter one, or the negative of that.
    __m512d x0 = one, y0 = zero, x1 = zero, y1 = one;
    __mmask8 odd = 0, active = _mm512_cmp_pd_mask(b, half, _CMP_GE_OQ);
    if (active == 0) break;
    while (active != 0) {
      // At most the quotient, and nearly always all of it; 0 only where a is below b. A remainder too large is a divisor too large next.
      const __m512d inverse = _mm512_rcp14_pd(b), begin = _mm512_mul_pd(a, _mm512_set1_pd(1 - 1.0 / 8192));
      const __m512d shift = _mm512_set1_pd(4503599627370496.0);
      __m512d q = _mm512_sub_pd(_mm512_fmadd_round_pd(begin, inverse, shift, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC), shift);
      q = _mm512_mask_max_pd(q, _mm512_cmp_pd_mask(a, b, _CMP_GE_OQ), q, one);
      const __m512d r = _mm512_fnmadd_pd(q, b, a), x = _mm512_fmadd_pd(q, x1, x0), y = _mm512_fmadd_pd(q, y1, y0), error = _mm512_add_pd(x, y);
      active = _mm512_mask_cmp_pd_mask(active, r, _mm512_add_pd(error, error), _CMP_GE_OQ);
      a = _mm512_mask_mov_pd(a, active, b);
      b = _mm512_mask_mov_pd(b, active, r);
      x0 = _mm512_mask_mov_pd(x0, active, x1);
      x1 = _mm512_mask_mov_pd(x1, active, x);
      y0 = _mm512_mask_mov_pd(y0, active, y1);
      y1 = _mm512_mask_mov_pd(y1, active, y);
      odd = static_cast<__mmask8>(odd ^ active);
      active = _mm512_mask_cmp_pd_mask(active, b, half, _CMP_GE_OQ);
    }
    // Where the number of steps is odd, the signs are the other ones.
    const auto whole = [](__m512d value) { return VectorIfma{_mm512_cvtpd_epu64(value)}; };
    const VectorIfma m0 = Select(odd, whole(y0), whole(x0)), n0 = Select(odd, whole(x0), whole(y0)), m1 = Select(odd, whole(y1), whole(x1)), n1 = Select(odd, whole(x1), whole(y1));
    RowsLanes first, second;
    for (int i = 0; i < 5; i++) {
      first.u[i] = Select(odd, shorter.u[i], longer.u[i]);
      second.u[i] = Select(odd, longer.u[i], shorter.u[i]);
    }
    for (int i = 0; i < 3; i++) {
      first.v[i] = Select(odd, shorter.v[i], longer.v[i]);
      second.v[i] = Select(odd, longer.v[i], shorter.v[i]);
    }
    Difference(longer.u, m0, first.u, n0, second.u);
    Difference(shorter.u, n1, second.u, m1, first.u);
    Sum(longer.v, m0, first.v, n0, second.v);
    Sum(shorter.v, n1, second.v, m1, first.v);
    negative = static_cast<__mmask8>(negative ^ odd);
  }

  struct Words {
    uint64_t u[4][8], v[2][8];
  };
  alignas(64) Words words[2];
  const auto join = [](Words* to, const RowsLanes& row) {
    (row.u[0] | row.u[1].ShiftLeft<52>()).Store(to->u[0]);
    (row.u[1].ShiftRight<12>() | row.u[2].ShiftLeft<40>()).Store(to->u[1]);
    (row.u[2].ShiftRight<24>() | row.u[3].ShiftLeft<28>()).Store(to->u[2]);
    (row.u[3].ShiftRight<36>() | row.u[4].ShiftLeft<16>()).Store(to->u[3]);
    (row.v[0] | row.v[1].ShiftLeft<52>()).Store(to->v[0]);
    (row.v[1].ShiftRight<12>() | row.v[2].ShiftLeft<40>()).Store(to->v[1]);
  };
  join(&words[0], longer);
  join(&words[1], shorter);
  for (int lane = 0; lane < 8; lane++) {
    RelationRow row[2];
    for (int i = 0; i < 2; i++) {
      for (int j = 0; j < 4; j++) row[i].u[j] = words[i].u[j][lane];
      row[i].v = static_cast<Wide>(words[i].v[1][lane]) << 64 | words[i].v[0][lane];
    }
    out[lane] = ShortRelationFrom(row[0], row[1], (negative >> lane & 1) != 0);
  }
}

#endif

}  // namespace
}  // namespace handfast
