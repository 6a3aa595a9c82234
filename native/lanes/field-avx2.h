// What field-lanes.h is over IFMA, over the multiplication of 32 bits that AVX2 has: ten limbs of 26 and 25 bits in turn (Bernstein, "Curve25519: new Diffie-Hellman speed records", 2006,
// section 4), with the same names and types, so that the algorithms are the same text.
//   FieldLanes  carried: limbs below 2^26 + 2^13 and 2^25 + 2^17 in turn, all bits clean.
//   SumLanes    not carried: limbs below 2^63. A product's are below 2^59.1; Add adds up; Subtract takes less than 2^62 - 2^42 off and adds less than 2^62.
// Costs in operations of 256 bits: Product 204, Squared 118, Carry 40, Add 10, Subtract 20. Multiplications go to two ports, the rest to three.
#pragma once

#include "lanes/field-lanes.h"
#include "lanes/vector-avx2.h"

namespace handfast {
namespace {

template <>
struct FieldLanes<VectorAvx2> {
  VectorAvx2 limb[10];
};

template <>
struct SumLanes<VectorAvx2> {
  VectorAvx2 limb[10];
};

using FieldAvx2 = FieldLanes<VectorAvx2>;
using SumAvx2 = SumLanes<VectorAvx2>;

constexpr uint64_t kMask26 = (uint64_t{1} << 26) - 1, kMask25 = (uint64_t{1} << 25) - 1;

// Limb i of 2^36 p, so spread that no limb of a difference falls below zero.
constexpr uint64_t BiasOf(int limb) {
  // 2^36 (2^26 - 1) or 2^36 (2^25 - 1): nearly 2^62 for even limbs, half of it for odd ones, which therefore take 2^61 from the next, of whose units that is 2^36 (19 times as much, of limb 0).
  return limb == 0 ? ((kMask26 - 18) << 36) - (uint64_t{19} << 36) : limb % 2 == 0 ? (kMask26 << 36) - (uint64_t{1} << 36) : (kMask25 << 36) + (uint64_t{1} << 61);
}

template <>
LANES_INLINE FieldAvx2 FieldFromWords<VectorAvx2>(const VectorAvx2 w[4]) {
  const VectorAvx2 even = VectorAvx2::Broadcast(kMask26), odd = VectorAvx2::Broadcast(kMask25);
  return {{w[0] & even, w[0].ShiftRight<26>() & odd, (w[0].ShiftRight<51>() | w[1].ShiftLeft<13>()) & even, w[1].ShiftRight<13>() & odd, w[1].ShiftRight<38>() & even, w[2] & odd,
           w[2].ShiftRight<25>() & even, (w[2].ShiftRight<51>() | w[3].ShiftLeft<13>()) & odd, w[3].ShiftRight<12>() & even, w[3].ShiftRight<38>() & odd}};
}

template <>
LANES_INLINE FieldAvx2 FieldOf<VectorAvx2>(uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3) {
  const VectorAvx2 words[4] = {VectorAvx2::Broadcast(w0), VectorAvx2::Broadcast(w1), VectorAvx2::Broadcast(w2), VectorAvx2::Broadcast(w3)};
  return FieldFromWords<VectorAvx2>(words);
}

LANES_INLINE SumAvx2 AsSum(const FieldAvx2& a) {
  SumAvx2 out;
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) out.limb[i] = a.limb[i];
  return out;
}

LANES_INLINE SumAvx2 Widen(const FieldAvx2& a) { return AsSum(a); }
LANES_INLINE FieldAvx2 Clean(const FieldAvx2& a) { return a; }

LANES_INLINE SumAvx2 Add(const SumAvx2& a, const SumAvx2& b) {
  SumAvx2 out;
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) out.limb[i] = a.limb[i] + b.limb[i];
  return out;
}

LANES_INLINE SumAvx2 Biased(const SumAvx2& a) {
  SumAvx2 out;
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) out.limb[i] = a.limb[i] + VectorAvx2::Broadcast(BiasOf(i));
  return out;
}

LANES_INLINE SumAvx2 SubtractBiased(const SumAvx2& biased, const SumAvx2& b) {
  SumAvx2 out;
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) out.limb[i] = biased.limb[i] - b.limb[i];
  return out;
}

// Two chains of carries side by side, from limb 0 to 5 and from 5 to 0, where what lies above 2^255 comes back 19 times; then what they left at limbs 0 and 5.
LANES_INLINE FieldAvx2 Carry(const SumAvx2& a) {
  const VectorAvx2 even = VectorAvx2::Broadcast(kMask26), odd = VectorAvx2::Broadcast(kMask25);
  FieldAvx2 t;
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) t.limb[i] = a.limb[i];
  const auto carry = [&](int i) {
    const VectorAvx2 c = i % 2 == 0 ? t.limb[i].ShiftRight<26>() : t.limb[i].ShiftRight<25>();
    t.limb[i] = t.limb[i] & (i % 2 == 0 ? even : odd);
    if (i < 9) t.limb[i + 1] = t.limb[i + 1] + c;
    else t.limb[0] = t.limb[0] + (c + (c.ShiftLeft<1>() + c.ShiftLeft<4>()));
  };
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
    carry(i);
    carry(i + 5);
  }
  carry(0);
  carry(5);
  return t;
}

// Columns of products; column k + 10 is 19 times column k, and what two odd limbs make is twice as much, since they stand half a bit higher.
LANES_INLINE SumAvx2 Product(const FieldAvx2& a, const FieldAvx2& b) {
  VectorAvx2 b19[10], twice[10];
  const VectorAvx2 nineteen = VectorAvx2::Broadcast(19);
#pragma GCC unroll 10
  for (int i = 1; i < 10; i++) b19[i] = b.limb[i] * nineteen;
#pragma GCC unroll 10
  for (int i = 1; i < 10; i += 2) twice[i] = a.limb[i] + a.limb[i];
  SumAvx2 out;
#pragma GCC unroll 10
  for (int k = 0; k < 10; k++) {
    VectorAvx2 sum = a.limb[0] * b.limb[k];
#pragma GCC unroll 10
    for (int i = 1; i < 10; i++) {
      const int j = (k - i + 10) % 10;
      sum = sum + (i % 2 == 1 && j % 2 == 1 ? twice[i] : a.limb[i]) * (i <= k ? b.limb[j] : b19[j]);
    }
    out.limb[k] = sum;
  }
  return out;
}

LANES_INLINE SumAvx2 Squared(const FieldAvx2& a) {
  VectorAvx2 a19[10], twice[10];
  const VectorAvx2 nineteen = VectorAvx2::Broadcast(19);
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) twice[i] = a.limb[i] + a.limb[i];
  // 38 times the odd ones, which are only needed beside odd ones or twice.
#pragma GCC unroll 10
  for (int i = 5; i < 10; i++) a19[i] = (i % 2 == 1 ? twice[i] : a.limb[i]) * nineteen;
  SumAvx2 out;
#pragma GCC unroll 10
  for (int k = 0; k < 10; k++) {
    VectorAvx2 sum = VectorAvx2::Zero();
#pragma GCC unroll 10
    for (int i = 0; i < 10; i++) {
      const int j = (k - i + 10) % 10;
      if (i > j) continue;
      // i is the smaller; the pair wraps around when it is larger than k. Factors: 2 for i != j, 2 for both odd, 19 for wrapping.
      const bool wraps = i + j >= 10, both = i % 2 == 1 && j % 2 == 1;
      if (wraps) {
        // a19[j] holds 38 a_j for odd j.
        if (i == j) sum = sum + a.limb[i] * a19[j];
        else if (j % 2 == 1) sum = sum + (both ? twice[i] : a.limb[i]) * a19[j];
        else sum = sum + twice[i] * a19[j];
      } else {
        if (i == j) sum = sum + (both ? twice[i] : a.limb[i]) * a.limb[j];
        else sum = sum + twice[i] * (both ? twice[j] : a.limb[j]);
      }
    }
    out.limb[k] = sum;
  }
  return out;
}

LANES_INLINE SumAvx2 BiasedProduct(const FieldAvx2& a, const FieldAvx2& b) { return Biased(Product(a, b)); }
LANES_INLINE SumAvx2 BiasedSquared(const FieldAvx2& a) { return Biased(Squared(a)); }

LANES_INLINE SumAvx2 AddSmallProduct(const SumAvx2& sum, const FieldAvx2& a, uint64_t small) {
  SumAvx2 out;
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) out.limb[i] = sum.limb[i] + a.limb[i] * VectorAvx2::Broadcast(small);
  return out;
}

LANES_INLINE FieldAvx2 Select(VectorAvx2::Mask mask, const FieldAvx2& a, const FieldAvx2& b) {
  FieldAvx2 out;
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) out.limb[i] = Select(mask, a.limb[i], b.limb[i]);
  return out;
}

// Below p, as five limbs of 51 bits.
LANES_INLINE void CanonicalPairs(VectorAvx2 out[5], const FieldAvx2& a) {
  const VectorAvx2 mask = VectorAvx2::Broadcast(kMask26 | kMask25 << 26), nineteen = VectorAvx2::Broadcast(19);
  VectorAvx2 t[5];
  for (int i = 0; i < 5; i++) t[i] = a.limb[2 * i] + a.limb[2 * i + 1].ShiftLeft<26>();
  const auto chain = [&] {
    for (int i = 0; i < 4; i++) {
      t[i + 1] = t[i + 1] + t[i].ShiftRight<51>();
      t[i] = t[i] & mask;
    }
  };
  // Twice, since the first time may leave a carry out of the top again; then t >= p exactly when t + 19 reaches 2^255.
  for (int round = 0; round < 2; round++) {
    chain();
    t[0] = t[0] + t[4].ShiftRight<51>() * nineteen;
    t[4] = t[4] & mask;
  }
  VectorAvx2 q = (t[0] + nineteen).ShiftRight<51>();
  for (int i = 1; i < 5; i++) q = (t[i] + q).ShiftRight<51>();
  t[0] = t[0] + q * nineteen;
  chain();
  t[4] = t[4] & mask;
  for (int i = 0; i < 5; i++) out[i] = t[i];
}

LANES_INLINE void FieldToWords(VectorAvx2 words[4], const FieldAvx2& a) {
  VectorAvx2 t[5];
  CanonicalPairs(t, a);
  words[0] = t[0] | t[1].ShiftLeft<51>();
  words[1] = t[1].ShiftRight<13>() | t[2].ShiftLeft<38>();
  words[2] = t[2].ShiftRight<26>() | t[3].ShiftLeft<25>();
  words[3] = t[3].ShiftRight<39>() | t[4].ShiftLeft<12>();
}

LANES_INLINE FieldAvx2 Canonical(const FieldAvx2& a) {
  VectorAvx2 words[4];
  FieldToWords(words, a);
  return FieldFromWords<VectorAvx2>(words);
}

LANES_INLINE VectorAvx2::Mask IsZero(const FieldAvx2& a) {
  VectorAvx2 t[5];
  CanonicalPairs(t, a);
  return Equal(t[0] | t[1] | t[2] | t[3] | t[4], VectorAvx2::Zero());
}

template <int distance>
LANES_INLINE FieldAvx2 RotateLanes(const FieldAvx2& a) {
  FieldAvx2 out;
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) out.limb[i] = a.limb[i].Rotate<distance>();
  return out;
}

}  // namespace
}  // namespace handfast
