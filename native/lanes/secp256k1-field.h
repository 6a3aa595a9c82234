// Arithmetic modulo p = 2^256 - 2^32 - 977, the field of secp256k1, in each lane of a vector: five limbs of 52 bits, the fifth of 48. It is built as field-lanes.h is, where the reasons are:
//   PrimeLanes     carried: operands of multiplications. Of limbs 0 to 3 only the low 52 bits count; limb 4 is below 2^48 + 2^13 and clean.
//   PrimeSums      not carried: operands of additions and subtractions. Every bit counts; limbs are below 2^63.
// Bounds of the limbs of PrimeSums: one product, or two taken onto each other, give less than 2^57 - 2^42, which is what Subtract may take off; Carry takes up to 2^63.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lanes/inline.h"

namespace handfast {
namespace {

template <class V>
struct PrimeLanes {
  V limb[5];
};

template <class V>
struct PrimeSums {
  V limb[5];
};

constexpr uint64_t kPrimeMask52 = (uint64_t{1} << 52) - 1, kPrimeMask48 = (uint64_t{1} << 48) - 1;
// What 2^256 and 2^260 are modulo p.
constexpr uint64_t kPrimeFold256 = 0x1000003d1, kPrimeFold260 = kPrimeFold256 << 4;
// 512 p in five limbs of 2^57 less a little (each has borrowed 2^57 from the next, which counts it as 32), so that no limb of a difference falls below zero.
constexpr uint64_t kPrimeBorrow = uint64_t{1} << 57;
constexpr uint64_t kPrimeBias[5] = {kPrimeBorrow - 512 * kPrimeFold256, kPrimeBorrow - 32, kPrimeBorrow - 32, kPrimeBorrow - 32, kPrimeBorrow - 32};

// --- numbers --------------------------------------------------------------------------------------------------------------------------------------

// Each lane's own four little-endian words, taken modulo p. Clean.
template <class V>
LANES_INLINE PrimeLanes<V> PrimeFromWords(const V w[4]) {
  const V mask = V::Broadcast(kPrimeMask52);
  return {{w[0] & mask, (w[0].template ShiftRight<52>() | w[1].template ShiftLeft<12>()) & mask, (w[1].template ShiftRight<40>() | w[2].template ShiftLeft<24>()) & mask,
           (w[2].template ShiftRight<28>() | w[3].template ShiftLeft<36>()) & mask, w[3].template ShiftRight<16>()}};
}

template <class V>
LANES_INLINE PrimeLanes<V> PrimeOf(uint64_t small) {
  return {{V::Broadcast(small), V::Zero(), V::Zero(), V::Zero(), V::Zero()}};
}

// --- sums -----------------------------------------------------------------------------------------------------------------------------------------

template <class V>
LANES_INLINE PrimeSums<V> Widen(const PrimeLanes<V>& a) {
  const V mask = V::Broadcast(kPrimeMask52);
  return {{a.limb[0] & mask, a.limb[1] & mask, a.limb[2] & mask, a.limb[3] & mask, a.limb[4]}};
}

template <class V>
LANES_INLINE PrimeSums<V> Add(const PrimeSums<V>& a, const PrimeSums<V>& b) {
  return {{a.limb[0] + b.limb[0], a.limb[1] + b.limb[1], a.limb[2] + b.limb[2], a.limb[3] + b.limb[3], a.limb[4] + b.limb[4]}};
}

// b below 2^57 - 2^42.
template <class V>
LANES_INLINE PrimeSums<V> Subtract(const PrimeSums<V>& a, const PrimeSums<V>& b) {
  PrimeSums<V> out;
  for (int i = 0; i < 5; i++) out.limb[i] = a.limb[i] + V::Broadcast(kPrimeBias[i]) - b.limb[i];
  return out;
}

template <int bits, class V>
LANES_INLINE PrimeSums<V> Shifted(const PrimeSums<V>& a) {
  return {{a.limb[0].template ShiftLeft<bits>(), a.limb[1].template ShiftLeft<bits>(), a.limb[2].template ShiftLeft<bits>(), a.limb[3].template ShiftLeft<bits>(),
           a.limb[4].template ShiftLeft<bits>()}};
}

// What lies above 2^256 comes back at the bottom first, so that the carry that then runs upwards ends in limb 4, which has room for it.
template <class V>
LANES_INLINE PrimeLanes<V> Carry(const PrimeSums<V>& a) {
  const V r0 = MultiplyAddLow(a.limb[0], a.limb[4].template ShiftRight<48>(), V::Broadcast(kPrimeFold256));
  const V r1 = a.limb[1] + r0.template ShiftRight<52>();
  const V r2 = a.limb[2] + r1.template ShiftRight<52>();
  const V r3 = a.limb[3] + r2.template ShiftRight<52>();
  return {{r0, r1, r2, r3, (a.limb[4] & V::Broadcast(kPrimeMask48)) + r3.template ShiftRight<52>()}};
}

// --- products -------------------------------------------------------------------------------------------------------------------------------------

// Columns of products that are summed before they are folded.
template <class V>
struct PrimeColumns {
  V of[10];

  LANES_INLINE PrimeColumns() {
    for (V& column : of) column = V::Zero();
  }

  LANES_INLINE PrimeColumns& Product(const PrimeLanes<V>& a, const PrimeLanes<V>& b) {
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
#pragma GCC unroll 5
      for (int j = 0; j < 5; j++) {
        of[i + j] = MultiplyAddLow(of[i + j], a.limb[i], b.limb[j]);
        of[i + j + 1] = MultiplyAddHigh(of[i + j + 1], a.limb[i], b.limb[j]);
      }
    }
    return *this;
  }

  // The first that is taken onto them. Products of different limbs count twice.
  LANES_INLINE PrimeColumns& Square(const PrimeLanes<V>& a) {
    const auto cross = [this](int column, const V& x, const V& y) {
      of[column] = MultiplyAddLow(of[column], x, y);
      of[column + 1] = MultiplyAddHigh(of[column + 1], x, y);
    };
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
#pragma GCC unroll 4
      for (int j = i + 1; j < 5; j++) cross(i + j, a.limb[i], a.limb[j]);
    }
    for (V& column : of) column = column + column;
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) cross(2 * i, a.limb[i], a.limb[i]);
    return *this;
  }

  // The upper five are carried so that they are read whole, and come back at the bottom; of the last, which is below 2^46, what then lies above the fifth does so once more.
  LANES_INLINE PrimeSums<V> Sum() const {
    const V fold = V::Broadcast(kPrimeFold260);
    const V r5 = of[5];
    const V r6 = of[6] + r5.template ShiftRight<52>();
    const V r7 = of[7] + r6.template ShiftRight<52>();
    const V r8 = of[8] + r7.template ShiftRight<52>();
    const V r9 = of[9] + r8.template ShiftRight<52>();
    const V above = MultiplyAddHigh(V::Zero(), r9, fold);
    return {{MultiplyAddLow(MultiplyAddLow(of[0], r5, fold), above, fold), MultiplyAddHigh(MultiplyAddLow(MultiplyAddHigh(of[1], r5, fold), r6, fold), above, fold),
             MultiplyAddLow(MultiplyAddHigh(of[2], r6, fold), r7, fold), MultiplyAddLow(MultiplyAddHigh(of[3], r7, fold), r8, fold),
             MultiplyAddLow(MultiplyAddHigh(of[4], r8, fold), r9, fold)}};
  }
};

template <class V>
LANES_INLINE PrimeSums<V> Product(const PrimeLanes<V>& a, const PrimeLanes<V>& b) {
  return PrimeColumns<V>().Product(a, b).Sum();
}

// a b + c d
template <class V>
LANES_INLINE PrimeSums<V> Products(const PrimeLanes<V>& a, const PrimeLanes<V>& b, const PrimeLanes<V>& c, const PrimeLanes<V>& d) {
  return PrimeColumns<V>().Product(a, b).Product(c, d).Sum();
}

template <class V>
LANES_INLINE PrimeSums<V> Squared(const PrimeLanes<V>& a) {
  return PrimeColumns<V>().Square(a).Sum();
}

template <class V>
LANES_NOINLINE PrimeLanes<V> Multiply(const PrimeLanes<V>& a, const PrimeLanes<V>& b) {
  return Carry(Product(a, b));
}

template <class V>
LANES_NOINLINE PrimeLanes<V> SquareTimes(PrimeLanes<V> a, int times) {
  while (times-- > 0) a = Carry(Squared(a));
  return a;
}

// --- choices --------------------------------------------------------------------------------------------------------------------------------------

template <class V>
LANES_INLINE PrimeLanes<V> Select(typename V::Mask mask, const PrimeLanes<V>& a, const PrimeLanes<V>& b) {
  return {{Select(mask, a.limb[0], b.limb[0]), Select(mask, a.limb[1], b.limb[1]), Select(mask, a.limb[2], b.limb[2]), Select(mask, a.limb[3], b.limb[3]),
           Select(mask, a.limb[4], b.limb[4])}};
}

template <class V>
LANES_INLINE PrimeLanes<V> Negate(const PrimeLanes<V>& a) {
  return Carry(Subtract(PrimeSums<V>{{V::Zero(), V::Zero(), V::Zero(), V::Zero(), V::Zero()}}, Widen(a)));
}

// Below p, clean.
template <class V>
LANES_INLINE PrimeLanes<V> Canonical(const PrimeLanes<V>& a) {
  // Carried once more it is below 2^256 + 2^33, or as good as. Then a >= p exactly when a + 2^256 - p reaches 2^256, and a - p is what is left of that.
  const V mask = V::Broadcast(kPrimeMask52);
  const PrimeSums<V> t = Widen(Carry(Widen(a)));
  V carry = (t.limb[0] + V::Broadcast(kPrimeFold256)).template ShiftRight<52>();
  for (int i = 1; i < 4; i++) carry = (t.limb[i] + carry).template ShiftRight<52>();
  carry = (t.limb[4] + carry).template ShiftRight<48>();
  V low = MultiplyAddLow(t.limb[0], carry, V::Broadcast(kPrimeFold256));
  PrimeLanes<V> out;
  for (int i = 0; i < 4; i++) {
    out.limb[i] = low & mask;
    low = t.limb[i + 1] + low.template ShiftRight<52>();
  }
  out.limb[4] = low & V::Broadcast(kPrimeMask48);
  return out;
}

template <class V>
LANES_INLINE typename V::Mask IsZero(const PrimeLanes<V>& a) {
  const PrimeLanes<V> t = Canonical(a);
  return Equal(t.limb[0] | t.limb[1] | t.limb[2] | t.limb[3] | t.limb[4], V::Zero());
}

template <class V>
LANES_INLINE typename V::Mask IsOdd(const PrimeLanes<V>& a) {
  return Canonical(a).limb[0].template ShiftLeft<63>().TopBits();
}

template <class V>
LANES_INLINE typename V::Mask Equal(const PrimeLanes<V>& a, const PrimeLanes<V>& b) {
  return IsZero(Carry(Subtract(Widen(a), Widen(b))));
}

// A root, where there is one: the power (p + 1) / 4, whose digits are 223 ones, a zero, 22 ones, four zeros, two ones and two zeros.
template <class V>
LANES_NOINLINE PrimeLanes<V> SquareRoot(const PrimeLanes<V>& a) {
  const PrimeLanes<V> ones2 = Multiply(SquareTimes(a, 1), a);
  const PrimeLanes<V> ones3 = Multiply(SquareTimes(ones2, 1), a);
  const PrimeLanes<V> ones6 = Multiply(SquareTimes(ones3, 3), ones3);
  const PrimeLanes<V> ones9 = Multiply(SquareTimes(ones6, 3), ones3);
  const PrimeLanes<V> ones11 = Multiply(SquareTimes(ones9, 2), ones2);
  const PrimeLanes<V> ones22 = Multiply(SquareTimes(ones11, 11), ones11);
  const PrimeLanes<V> ones44 = Multiply(SquareTimes(ones22, 22), ones22);
  const PrimeLanes<V> ones88 = Multiply(SquareTimes(ones44, 44), ones44);
  const PrimeLanes<V> ones176 = Multiply(SquareTimes(ones88, 88), ones88);
  const PrimeLanes<V> ones220 = Multiply(SquareTimes(ones176, 44), ones44);
  const PrimeLanes<V> ones223 = Multiply(SquareTimes(ones220, 3), ones3);
  return SquareTimes(Multiply(SquareTimes(Multiply(SquareTimes(ones223, 23), ones22), 6), ones2), 2);
}

}  // namespace
}  // namespace handfast
