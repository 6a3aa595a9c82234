// Arithmetic modulo p = 2^255 - 19 in each lane of a vector, in constant time: five limbs of 52 bits, the fifth of 47.
//
// 52 is what the multiplication of IFMA splits its products at, so that low and high halves fall on limbs without a shift, and it reads no more than 52 bits of an operand,
// so that a carry need not be cut off where it was taken. The price is that the sum of two elements is no operand of a multiplication. Sums and differences are therefore
// taken of products before those are carried, and there are two types:
//   FieldLanes  carried: operands of multiplications. Of limbs 0 to 3 only the low 52 bits count, above them is rubbish; limb 4 is below 2^47 + 2^13 and clean.
//   SumLanes    not carried: operands of additions and subtractions. Every bit counts; limbs are below 2^63.
// Bounds of the limbs of a SumLanes: Product and Squared give less than 2^55.4 ("one product"); Add adds up; Subtract takes less than 2^57 - 2^15 off and adds less than 2^57;
// Carry takes up to 2^63. So b in Subtract may be a product, the sum of two or three, or anything widened; never a difference.
// Costs are counted in operations of 512 bits, since all of them compete for the same two ports: Product 67, Squared 54, Carry 11, Add 5, Subtract 10, Widen 4.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lanes/inline.h"

namespace handfast {
namespace {

template <class V>
struct FieldLanes {
  V limb[5];
};

template <class V>
struct SumLanes {
  V limb[5];
};

constexpr uint64_t kMask52 = (uint64_t{1} << 52) - 1, kMask47 = (uint64_t{1} << 47) - 1;
// What 2^260 and 2^255 are modulo p.
constexpr uint64_t kFold260 = 608, kFold255 = 19;

// 1,024 p in five limbs of 2^57 less a little (each has borrowed 2^57 from the next, which counts it as 32), so that no limb of a difference falls below zero.
constexpr uint64_t kBorrow = uint64_t{1} << 57;
constexpr uint64_t kBias[5] = {kBorrow - 1024 * kFold255, kBorrow - 32, kBorrow - 32, kBorrow - 32, kBorrow - 32};

// --- constants and bytes --------------------------------------------------------------------------------------------------------------------------

// The number of four little-endian words, below 2^255, in every lane.
template <class V>
LANES_INLINE FieldLanes<V> FieldOf(uint64_t w0, uint64_t w1 = 0, uint64_t w2 = 0, uint64_t w3 = 0) {
  return {{V::Broadcast(w0 & kMask52), V::Broadcast((w0 >> 52 | w1 << 12) & kMask52), V::Broadcast((w1 >> 40 | w2 << 24) & kMask52),
           V::Broadcast((w2 >> 28 | w3 << 36) & kMask52), V::Broadcast(w3 >> 16 & kMask47)}};
}

// Each lane's own four words; the top bit is ignored, values from p upwards are taken modulo it. Clean.
template <class V>
LANES_INLINE FieldLanes<V> FieldFromWords(const V w[4]) {
  const V mask = V::Broadcast(kMask52);
  return {{w[0] & mask, (w[0].template ShiftRight<52>() | w[1].template ShiftLeft<12>()) & mask, (w[1].template ShiftRight<40>() | w[2].template ShiftLeft<24>()) & mask,
           (w[2].template ShiftRight<28>() | w[3].template ShiftLeft<36>()) & mask, w[3].template ShiftRight<16>() & V::Broadcast(kMask47)}};
}

// 32 bytes a lane.
template <class V>
LANES_INLINE FieldLanes<V> FieldFromBytes(const uint8_t* const strings[V::kLanes]) {
  const V words[4] = {V::LoadFrom(strings, 0), V::LoadFrom(strings, 8), V::LoadFrom(strings, 16), V::LoadFrom(strings, 24)};
  return FieldFromWords<V>(words);
}

// --- sums -----------------------------------------------------------------------------------------------------------------------------------------

// As a sum: the rubbish cut off. A clean element (of constants, tables, bytes, Clean) needs none of it and may be had by AsSum.
template <class V>
LANES_INLINE SumLanes<V> Widen(const FieldLanes<V>& a) {
  const V mask = V::Broadcast(kMask52);
  return {{a.limb[0] & mask, a.limb[1] & mask, a.limb[2] & mask, a.limb[3] & mask, a.limb[4]}};
}

template <class V>
LANES_INLINE SumLanes<V> AsSum(const FieldLanes<V>& clean) {
  return {{clean.limb[0], clean.limb[1], clean.limb[2], clean.limb[3], clean.limb[4]}};
}

template <class V>
LANES_INLINE FieldLanes<V> Clean(const FieldLanes<V>& a) {
  const V mask = V::Broadcast(kMask52);
  return {{a.limb[0] & mask, a.limb[1] & mask, a.limb[2] & mask, a.limb[3] & mask, a.limb[4]}};
}

template <class V>
LANES_INLINE SumLanes<V> Add(const SumLanes<V>& a, const SumLanes<V>& b) {
  return {{a.limb[0] + b.limb[0], a.limb[1] + b.limb[1], a.limb[2] + b.limb[2], a.limb[3] + b.limb[3], a.limb[4] + b.limb[4]}};
}

template <class V>
LANES_INLINE SumLanes<V> Double(const SumLanes<V>& a) {
  return Add(a, a);
}

// a + a multiple of p: as good as a everywhere, and what is subtracted from by SubtractBiased, for 5 operations.
template <class V>
LANES_INLINE SumLanes<V> Biased(const SumLanes<V>& a) {
  return {{a.limb[0] + V::Broadcast(kBias[0]), a.limb[1] + V::Broadcast(kBias[1]), a.limb[2] + V::Broadcast(kBias[2]), a.limb[3] + V::Broadcast(kBias[3]),
           a.limb[4] + V::Broadcast(kBias[4])}};
}

template <class V>
LANES_INLINE SumLanes<V> SubtractBiased(const SumLanes<V>& biased, const SumLanes<V>& b) {
  return {{biased.limb[0] - b.limb[0], biased.limb[1] - b.limb[1], biased.limb[2] - b.limb[2], biased.limb[3] - b.limb[3], biased.limb[4] - b.limb[4]}};
}

// b below 2^57 - 2^15.
template <class V>
LANES_INLINE SumLanes<V> Subtract(const SumLanes<V>& a, const SumLanes<V>& b) {
  return SubtractBiased(Biased(a), b);
}

// Limbs below 2^63. What lies above 2^255 comes back 19 times at the bottom first, so that the carry that then runs upwards ends in limb 4, which has room for it.
template <class V>
LANES_INLINE FieldLanes<V> Carry(const SumLanes<V>& a) {
  const V r0 = MultiplyAddLow(a.limb[0], a.limb[4].template ShiftRight<47>(), V::Broadcast(kFold255));
  const V r1 = a.limb[1] + r0.template ShiftRight<52>();
  const V r2 = a.limb[2] + r1.template ShiftRight<52>();
  const V r3 = a.limb[3] + r2.template ShiftRight<52>();
  return {{r0, r1, r2, r3, (a.limb[4] & V::Broadcast(kMask47)) + r3.template ShiftRight<52>()}};
}

// --- products -------------------------------------------------------------------------------------------------------------------------------------

// Ten columns of products, each below 9 * 2^52 + 2^4, to five: the upper five are carried so that they are read whole, and come back 608 times. The last one is below
// 2^42 + 2^10, so that 608 times that has no high half.
template <class V>
LANES_INLINE SumLanes<V> Fold(const V r[10]) {
  const V fold = V::Broadcast(kFold260);
  const V r5 = r[5];
  const V r6 = r[6] + r5.template ShiftRight<52>();
  const V r7 = r[7] + r6.template ShiftRight<52>();
  const V r8 = r[8] + r7.template ShiftRight<52>();
  const V r9 = r[9] + r8.template ShiftRight<52>();
  return {{MultiplyAddLow(r[0], r5, fold), MultiplyAddLow(MultiplyAddHigh(r[1], r5, fold), r6, fold), MultiplyAddLow(MultiplyAddHigh(r[2], r6, fold), r7, fold),
           MultiplyAddLow(MultiplyAddHigh(r[3], r7, fold), r8, fold), MultiplyAddLow(MultiplyAddHigh(r[4], r8, fold), r9, fold)}};
}

template <class V>
LANES_INLINE SumLanes<V> ProductOnto(V r[10], const FieldLanes<V>& a, const FieldLanes<V>& b) {
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++) {
      r[i + j] = MultiplyAddLow(r[i + j], a.limb[i], b.limb[j]);
      r[i + j + 1] = MultiplyAddHigh(r[i + j + 1], a.limb[i], b.limb[j]);
    }
  }
  return Fold<V>(r);
}

// Of columns 1 to 4, what is in them beforehand counts twice.
template <class V>
LANES_INLINE SumLanes<V> SquareOnto(V r[10], const FieldLanes<V>& a) {
  // Products of different limbs count twice; limb 4 has room to be doubled beforehand, which spares the columns that only it has such products in.
  const V a0 = a.limb[0], a1 = a.limb[1], a2 = a.limb[2], a3 = a.limb[3], a4 = a.limb[4], twice4 = a4 + a4;
  const auto cross = [r](int column, const V& x, const V& y) {
    r[column] = MultiplyAddLow(r[column], x, y);
    r[column + 1] = MultiplyAddHigh(r[column + 1], x, y);
  };
  cross(1, a0, a1);
  cross(2, a0, a2);
  cross(3, a0, a3);
  cross(3, a1, a2);
  cross(4, a1, a3);
  cross(5, a2, a3);
#pragma GCC unroll 6
  for (int i = 1; i < 7; i++) r[i] = r[i] + r[i];
  cross(4, a0, twice4);
  cross(5, a1, twice4);
  cross(6, a2, twice4);
  cross(7, a3, twice4);
  cross(0, a0, a0);
  cross(2, a1, a1);
  cross(4, a2, a2);
  cross(6, a3, a3);
  cross(8, a4, a4);
  return Fold<V>(r);
}

template <class V>
LANES_INLINE SumLanes<V> Product(const FieldLanes<V>& a, const FieldLanes<V>& b) {
  V r[10];
  for (V& column : r) column = V::Zero();
  return ProductOnto(r, a, b);
}

template <class V>
LANES_INLINE SumLanes<V> Squared(const FieldLanes<V>& a) {
  V r[10];
  for (V& column : r) column = V::Zero();
  return SquareOnto(r, a);
}

// Biased(Product(a, b)) and Biased(Squared(a)), at the cost of what lies between the brackets: the sums of products just do not start at zero.
template <class V>
LANES_INLINE SumLanes<V> BiasedProduct(const FieldLanes<V>& a, const FieldLanes<V>& b) {
  V r[10];
  for (int i = 0; i < 10; i++) r[i] = i < 5 ? V::Broadcast(kBias[i]) : V::Zero();
  return ProductOnto(r, a, b);
}

template <class V>
LANES_INLINE SumLanes<V> BiasedSquared(const FieldLanes<V>& a) {
  V r[10];
  for (int i = 0; i < 10; i++) r[i] = i < 5 ? V::Broadcast(i == 0 ? kBias[0] : kBias[i] / 2) : V::Zero();
  return SquareOnto(r, a);
}

template <class V>
LANES_INLINE FieldLanes<V> Multiply(const FieldLanes<V>& a, const FieldLanes<V>& b) {
  return Carry(Product(a, b));
}

template <class V>
LANES_INLINE FieldLanes<V> Square(const FieldLanes<V>& a) {
  return Carry(Squared(a));
}

// sum + small * a, for a constant below 2^18: a limb of the result is 2^52.1 above that of the sum. 11 operations.
template <class V>
LANES_INLINE SumLanes<V> AddSmallProduct(const SumLanes<V>& sum, const FieldLanes<V>& a, uint64_t small) {
  const V times = V::Broadcast(small), top = MultiplyAddHigh(V::Zero(), a.limb[4], times);
  return {{MultiplyAddLow(MultiplyAddLow(sum.limb[0], a.limb[0], times), top, V::Broadcast(kFold260)),
           MultiplyAddLow(MultiplyAddHigh(sum.limb[1], a.limb[0], times), a.limb[1], times), MultiplyAddLow(MultiplyAddHigh(sum.limb[2], a.limb[1], times), a.limb[2], times),
           MultiplyAddLow(MultiplyAddHigh(sum.limb[3], a.limb[2], times), a.limb[3], times), MultiplyAddLow(MultiplyAddHigh(sum.limb[4], a.limb[3], times), a.limb[4], times)}};
}

template <class V>
LANES_INLINE FieldLanes<V> Negate(const FieldLanes<V>& a) {
  return Carry(Subtract(AsSum(FieldOf<V>(0)), Widen(a)));
}

// --- choices --------------------------------------------------------------------------------------------------------------------------------------

template <class V>
LANES_INLINE FieldLanes<V> Select(typename V::Mask mask, const FieldLanes<V>& a, const FieldLanes<V>& b) {
  return {{Select(mask, a.limb[0], b.limb[0]), Select(mask, a.limb[1], b.limb[1]), Select(mask, a.limb[2], b.limb[2]), Select(mask, a.limb[3], b.limb[3]),
           Select(mask, a.limb[4], b.limb[4])}};
}

template <class V>
LANES_INLINE void ConditionalSwap(typename V::Mask mask, FieldLanes<V>& a, FieldLanes<V>& b) {
  const FieldLanes<V> first = Select(mask, b, a);
  b = Select(mask, a, b);
  a = first;
}

// Below p, clean.
template <class V>
LANES_INLINE FieldLanes<V> Canonical(const FieldLanes<V>& a) {
  // Carry once more: what is left of 2^255 and above goes to the bottom, and since nothing but it was above 2^255, the rest is then below 2^255. Then a >= p exactly
  // when a + 19 reaches 2^255, and a - p = a + 19 - 2^255.
  const FieldLanes<V> t = Clean(Carry(Widen(a)));
  V carry = (t.limb[0] + V::Broadcast(kFold255)).template ShiftRight<52>();
  for (int i = 1; i < 4; i++) carry = (t.limb[i] + carry).template ShiftRight<52>();
  carry = (t.limb[4] + carry).template ShiftRight<47>();
  V low = MultiplyAddLow(t.limb[0], carry, V::Broadcast(kFold255));
  FieldLanes<V> out;
  for (int i = 0; i < 4; i++) {
    out.limb[i] = low & V::Broadcast(kMask52);
    low = t.limb[i + 1] + low.template ShiftRight<52>();
  }
  out.limb[4] = low & V::Broadcast(kMask47);
  return out;
}

// The four little-endian words of the canonical encoding.
template <class V>
LANES_INLINE void FieldToWords(V words[4], const FieldLanes<V>& a) {
  const FieldLanes<V> t = Canonical(a);
  words[0] = t.limb[0] | t.limb[1].template ShiftLeft<52>();
  words[1] = t.limb[1].template ShiftRight<12>() | t.limb[2].template ShiftLeft<40>();
  words[2] = t.limb[2].template ShiftRight<24>() | t.limb[3].template ShiftLeft<28>();
  words[3] = t.limb[3].template ShiftRight<36>() | t.limb[4].template ShiftLeft<16>();
}

// To 32 bytes for each lane of the mask.
template <class V>
LANES_INLINE void FieldToBytes(uint8_t* const strings[V::kLanes], const FieldLanes<V>& a, typename V::Mask mask) {
  V words[4];
  FieldToWords(words, a);
  for (int i = 0; i < 4; i++) words[i].StoreTo(strings, 8 * static_cast<size_t>(i), mask);
}

template <class V>
LANES_INLINE typename V::Mask IsZero(const FieldLanes<V>& a) {
  const FieldLanes<V> t = Canonical(a);
  return Equal(t.limb[0] | t.limb[1] | t.limb[2] | t.limb[3] | t.limb[4], V::Zero());
}

// Whether the canonical value is odd: the sign of RFC 8032.
template <class V>
LANES_INLINE typename V::Mask IsOdd(const FieldLanes<V>& a) {
  return Canonical(a).limb[0].template ShiftLeft<63>().TopBits();
}

template <class V>
LANES_INLINE typename V::Mask Equal(const FieldLanes<V>& a, const FieldLanes<V>& b) {
  return IsZero(Carry(Subtract(Widen(a), Widen(b))));
}

// --- powers ---------------------------------------------------------------------------------------------------------------------------------------

// A chain of squarings waits for each of them: two chains side by side take 1.3 times as long as one, and four 1.7 times as long as two.
template <class V, size_t size>
struct FieldSet {
  FieldLanes<V> of[size];
};

template <class V>
LANES_NOINLINE FieldLanes<V> SquareTimes(FieldLanes<V> a, int times) {
  while (times-- > 0) a = Square(a);
  return a;
}

template <class V>
LANES_NOINLINE FieldSet<V, 2> SquareTimes(const FieldSet<V, 2>& a, int times) {
  FieldLanes<V> x = a.of[0], y = a.of[1];
  while (times-- > 0) {
    x = Square(x);
    y = Square(y);
  }
  return {{x, y}};
}

template <class V>
LANES_NOINLINE FieldSet<V, 4> SquareTimes(const FieldSet<V, 4>& a, int times) {
  FieldLanes<V> x = a.of[0], y = a.of[1], z = a.of[2], w = a.of[3];
  while (times-- > 0) {
    x = Square(x);
    y = Square(y);
    z = Square(z);
    w = Square(w);
  }
  return {{x, y, z, w}};
}

template <class V>
LANES_NOINLINE FieldLanes<V> MultiplyApart(const FieldLanes<V>& a, const FieldLanes<V>& b) {
  return Multiply(a, b);
}

template <class V, size_t size>
LANES_NOINLINE FieldSet<V, size> MultiplyApart(const FieldSet<V, size>& a, const FieldSet<V, size>& b) {
  FieldSet<V, size> out;
  for (size_t i = 0; i < size; i++) out.of[i] = MultiplyApart(a.of[i], b.of[i]);
  return out;
}

// a^(2^250 - 1), and a^11 into p11: both exponents below are made of these, by 249 squarings and 10 multiplications; names say which power is held. Of one element or a set.
template <class Element>
LANES_NOINLINE Element PowerOnes250(const Element& a, Element* p11) {
  const Element p2 = SquareTimes(a, 1);
  const Element p9 = MultiplyApart(SquareTimes(p2, 2), a);
  *p11 = MultiplyApart(p9, p2);
  const Element ones5 = MultiplyApart(SquareTimes(*p11, 1), p9);  // 2^5 - 1
  const Element ones10 = MultiplyApart(SquareTimes(ones5, 5), ones5);
  const Element ones20 = MultiplyApart(SquareTimes(ones10, 10), ones10);
  const Element ones40 = MultiplyApart(SquareTimes(ones20, 20), ones20);
  const Element ones50 = MultiplyApart(SquareTimes(ones40, 10), ones10);
  const Element ones100 = MultiplyApart(SquareTimes(ones50, 50), ones50);
  const Element ones200 = MultiplyApart(SquareTimes(ones100, 100), ones100);
  return MultiplyApart(SquareTimes(ones200, 50), ones50);
}

// a^(p-2): the inverse, and 0 for 0.
template <class V>
LANES_NOINLINE FieldLanes<V> Invert(const FieldLanes<V>& a) {
  // 2^255 - 21 = (2^250 - 1) 2^5 + 11.
  FieldLanes<V> p11;
  const FieldLanes<V> ones250 = PowerOnes250(a, &p11);
  return MultiplyApart(SquareTimes(ones250, 5), p11);
}

// a^((p-5)/8), of which square roots are made (RFC 8032 section 5.1.3).
template <class Element>
LANES_NOINLINE Element RootPower(const Element& a) {
  // 2^252 - 3 = (2^250 - 1) 2^2 + 1.
  Element p11;
  const Element ones250 = PowerOnes250(a, &p11);
  return MultiplyApart(SquareTimes(ones250, 2), a);
}

}  // namespace
}  // namespace handfast
