// Multiples of the base point of edwards25519 by a secret scalar in each lane, in constant time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lanes/base-table.h"
#include "lanes/edwards-lanes.h"

namespace handfast {
namespace {

// Digits that are odd and have a sign are never zero, so that every window adds a point, and the points of a window are half as many as its digits. With B = 2B' and
// C = (L - 1)/2 + 2^257, the number b = k + C of 258 bits has k B = 2k B' = (2k + L) B' = (2b - (2^258 - 1)) B', and 2b - (2^258 - 1) is the sum of (2u - 63) 64^i over the
// windows of six bits u of b: u >= 32 stands for 2(u - 32) + 1, u < 32 for -(2(31 - u) + 1). Joye and Tunstall, "Exponent Recoding and Regular Exponentiation Algorithms"
// (2009), section 3.2; with the half of the base, the scalar may be even.
constexpr uint64_t kBaseOffset[5] = {0x2c09318d2e7ae9f6, 0x0a6f7cef517bce6b, 0, uint64_t{1} << 59, 2};

// The entry of a window for a digit in the lowest six bits of each lane, without its sign, which `negative` gets.
template <class V>
LANES_INLINE NielsLanes<V> LookUp(const uint64_t* window, V digit, typename V::Mask* negative) {
  *negative = Equal(digit & V::Broadcast(kBaseEntries), V::Zero());
  const V index = Select(*negative, digit ^ V::Broadcast(~uint64_t{0}), digit);
  NielsLanes<V> out;
  for (int i = 0; i < 5; i++) {
    out.sum.limb[i] = V::LookUp32(window + i * kBaseEntries, index);
    out.difference.limb[i] = V::LookUp32(window + (5 + i) * kBaseEntries, index);
    out.product.limb[i] = V::LookUp32(window + (10 + i) * kBaseEntries, index);
  }
  return out;
}

// p + q, or p - q where the mask has ones: t changes its sign instead of the product.
template <class V>
LANES_INLINE EdwardsLanes<V> AddOrSubtract(EdwardsLanes<V> p, const NielsLanes<V>& q, typename V::Mask negative) {
  const SumLanes<V> minus = SubtractBiased(Biased(AsSum(FieldOf<V>(0))), p.t);
  for (int i = 0; i < 5; i++) p.t.limb[i] = Select(negative, minus.limb[i], p.t.limb[i]);
  return Add(p, NielsLanes<V>{Select(negative, q.difference, q.sum), Select(negative, q.sum, q.difference), q.product});
}

// 4q or -4q, whose z is 4.
template <class V>
LANES_INLINE EdwardsLanes<V> FirstPoint(const NielsLanes<V>& q, typename V::Mask negative) {
  const SumLanes<V> sum = AsSum(Select(negative, q.difference, q.sum)), difference = AsSum(Select(negative, q.sum, q.difference));
  const FieldLanes<V> twiceX = Carry(Subtract(sum, difference)), twiceY = Carry(Add(sum, difference));
  return {Double(Widen(twiceX)), Biased(Double(Widen(twiceY))), Biased(AsSum(FieldOf<V>(4))), Product(twiceX, twiceY)};
}

// k B for a scalar k of four words a lane, any below 2^256. 43 look-ups and 42 additions.
template <class V>
LANES_NOINLINE void MultiplyBase(EdwardsLanes<V>* out, const V scalar[4]) {
  const uint64_t* window = BaseTable();
  V b[5], carry = V::Zero();
  const V one = V::Broadcast(1);
  for (int i = 0; i < 4; i++) {
    const V offset = V::Broadcast(kBaseOffset[i]) + carry;  // never 2^64
    b[i] = scalar[i] + offset;
    carry = Select(Less(b[i], offset), one, V::Zero());
  }
  b[4] = V::Broadcast(kBaseOffset[4]) + carry;
  // Ten digits in each word's low 60 bits; what lies above does not matter.
  V digits[5] = {b[0], b[0].template ShiftRight<60>() | b[1].template ShiftLeft<4>(), b[1].template ShiftRight<56>() | b[2].template ShiftLeft<8>(),
                 b[2].template ShiftRight<52>() | b[3].template ShiftLeft<12>(), b[3].template ShiftRight<48>() | b[4].template ShiftLeft<16>()};
  typename V::Mask negative;
  const NielsLanes<V> first = LookUp(window, digits[0], &negative);
  EdwardsLanes<V> p = FirstPoint(first, negative);
  for (int i = 1; i < kBaseWindows; i++) {
    window += kBaseWindowWords;
    V& word = digits[i / 10];
    if (i % 10 != 0) word = word.template ShiftRight<kBaseDigitBits>();
    const NielsLanes<V> entry = LookUp(window, word, &negative);
    p = AddOrSubtract(p, entry, negative);
  }
  *out = p;
}

}  // namespace
}  // namespace handfast
