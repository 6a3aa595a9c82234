// ECDSA signatures on secp256k1 verified in lanes: eight single answers, each what Secp256k1Verify says that accepts high S. All of it is public: nothing is in constant time.
// Points are projective, and their sums by the complete formulas of Renes, Costello and Batina ("Complete addition formulas for prime order elliptic curves", 2015, algorithms 7 to 9): whatever
// keys and signatures are made up to meet, a point, its negative or none, there is no case beside the one.
#pragma once

#include "core/bytes.h"
#include "core/der.h"
#include "core/order-secp256k1.h"
#include "core/secp256k1.h"
#include "lanes/secp256k1-field.h"
#include "lanes/secp256k1-table.h"

namespace handfast {
namespace {

template <class V>
struct PlainPoint {
  PrimeLanes<V> x, y, z;
};

// 21 a: three times the 7 of the curve's equation.
template <class V>
LANES_INLINE PrimeSums<V> Times21(const PrimeSums<V>& a) {
  return Add(Add(Shifted<4>(a), Shifted<2>(a)), a);
}

template <class V>
LANES_INLINE PrimeSums<V> Times3(const PrimeSums<V>& a) {
  return Add(Add(a, a), a);
}

// The end of both additions: of x1 x2, y1 y2, 21 z1 z2, and the three sums of mixed products.
template <class V>
LANES_INLINE PlainPoint<V> Joined(const PrimeSums<V>& xx, const PrimeSums<V>& yy, const PrimeLanes<V>& zz21, const PrimeLanes<V>& xy, const PrimeLanes<V>& yz, const PrimeLanes<V>& xz21) {
  const PrimeLanes<V> xx3 = Carry(Times3(xx)), sum = Carry(Add(yy, Widen(zz21))), difference = Carry(Subtract(yy, Widen(zz21)));
  return {Carry(Subtract(Product(xy, difference), Product(yz, xz21))), Carry(Products(difference, sum, xx3, xz21)), Carry(Products(sum, yz, xx3, xy))};
}

template <class V>
LANES_NOINLINE PlainPoint<V> Sum(const PlainPoint<V>& a, const PlainPoint<V>& b) {
  const PrimeSums<V> xx = Product(a.x, b.x), yy = Product(a.y, b.y);
  const PrimeLanes<V> zz21 = Carry(Times21(Product(a.z, b.z))), xz21 = Carry(Times21(Products(a.x, b.z, a.z, b.x)));
  return Joined(xx, yy, zz21, Carry(Products(a.x, b.y, a.y, b.x)), Carry(Products(a.y, b.z, a.z, b.y)), xz21);
}

// The second with z = 1.
template <class V>
LANES_NOINLINE PlainPoint<V> Sum(const PlainPoint<V>& a, const PrimeLanes<V>& x, const PrimeLanes<V>& y) {
  const PrimeLanes<V> xz21 = Carry(Times21(Add(Product(a.z, x), Widen(a.x)))), yz = Carry(Add(Product(a.z, y), Widen(a.y)));
  return Joined(Product(a.x, x), Product(a.y, y), Carry(Times21(Widen(a.z))), Carry(Products(a.x, y, a.y, x)), yz, xz21);
}

template <class V>
LANES_INLINE PlainPoint<V> Doubled(const PlainPoint<V>& a) {
  const PrimeSums<V> yy = Squared(a.y);
  const PrimeLanes<V> zz21 = Carry(Times21(Squared(a.z))), yy8 = Carry(Shifted<3>(yy)), yz = Carry(Product(a.y, a.z)), xy2 = Carry(Shifted<1>(Product(a.x, a.y)));
  const PrimeSums<V> wide = Widen(zz21);
  const PrimeLanes<V> difference = Carry(Subtract(yy, Times3(wide)));
  return {Carry(Product(difference, xy2)), Carry(Products(zz21, yy8, difference, Carry(Add(yy, wide)))), Carry(Product(yz, yy8))};
}

template <class V>
LANES_NOINLINE PlainPoint<V> DoubledTimes(PlainPoint<V> a, int times) {
  while (times-- > 0) a = Doubled(a);
  return a;
}

template <class V>
LANES_INLINE PlainPoint<V> Select(typename V::Mask mask, const PlainPoint<V>& a, const PlainPoint<V>& b) {
  return {Select(mask, a.x, b.x), Select(mask, a.y, b.y), Select(mask, a.z, b.z)};
}

// What one set of lanes is asked: s comes in as it is in the signature, and is inverted with those of other sets.
template <class V>
struct EcdsaLanes {
  OrderNumber r[V::kLanes], s[V::kLanes], digest[V::kLanes];
  uint64_t x[4][V::kLanes];
  unsigned odd;
  // One bit for each lane that is still worth it. A lane that is not calculates with something else, of which the answer does not count.
  unsigned worth;
};

template <class V>
LANES_NOINLINE void Begin(EcdsaLanes<V>* out, const Bytes signature[V::kLanes], const Bytes digest[V::kLanes], const Bytes publicKey[V::kLanes]) {
  out->odd = out->worth = 0;
  for (size_t lane = 0; lane < V::kLanes; lane++) {
    uint8_t compact[64];
    const Bytes key = publicKey[lane];
    bool worth = digest[lane].size == 32 && Secp256k1IsCompressed(key) && CompactOfDer(compact, signature[lane]);
    worth = worth && OrderFromBytes(&out->r[lane], compact) && OrderFromBytes(&out->s[lane], compact + 32) && !OrderIsZero(out->r[lane]) && !OrderIsZero(out->s[lane]);
    if (!worth) {
      out->r[lane] = out->s[lane] = out->digest[lane] = {{1, 0, 0, 0}};
      for (int i = 0; i < 4; i++) out->x[i][lane] = 1;
      continue;
    }
    out->worth |= 1u << lane;
    OrderFromBytes(&out->digest[lane], digest[lane].data);
    out->odd |= static_cast<unsigned>(key.data[0] & 1) << lane;
    for (int i = 0; i < 4; i++) {
      uint64_t word = 0;
      for (int k = 0; k < 8; k++) word = word << 8 | key.data[1 + 8 * (3 - i) + k];
      out->x[i][lane] = word;
    }
  }
}

// Signed digits of one number a lane, the same place of all beside each other.
template <class V, size_t count>
struct DigitLanes {
  uint64_t size[count][V::kLanes];
  typename V::Mask negative[count];

  DigitLanes(const OrderNumber numbers[V::kLanes], unsigned bits) {
    for (size_t i = 0; i < count; i++) negative[i] = 0;
    for (size_t lane = 0; lane < V::kLanes; lane++) {
      int16_t digit[count];
      OrderDigits(digit, numbers[lane], bits);
      for (size_t i = 0; i < count; i++) {
        size[i][lane] = static_cast<uint64_t>(digit[i] < 0 ? -digit[i] : digit[i]);
        negative[i] = static_cast<typename V::Mask>(negative[i] | (digit[i] < 0) << lane);
      }
    }
  }
};

constexpr size_t kKeyMultiples = 9;

// The key times 0 to 8.
template <class V>
LANES_NOINLINE void KeyMultiples(PlainPoint<V> out[kKeyMultiples], const PrimeLanes<V>& x, const PrimeLanes<V>& y) {
  out[0] = {PrimeOf<V>(0), PrimeOf<V>(1), PrimeOf<V>(0)};
  out[1] = {x, y, PrimeOf<V>(1)};
  for (size_t i = 2; i < kKeyMultiples; i++) out[i] = i % 2 == 0 ? DoubledTimes(out[i / 2], 1) : Sum(out[i - 1], x, y);
}

// u1 times the base point and u2 times the key, four bits of u2 at a time and eight of u1.
template <class V>
LANES_NOINLINE PlainPoint<V> Combination(const OrderNumber u1[V::kLanes], const OrderNumber u2[V::kLanes], const PlainPoint<V> key[kKeyMultiples]) {
  const DigitLanes<V, 33> ofBase(u1, 8);
  const DigitLanes<V, 65> ofKey(u2, 4);
  const uint64_t* base = Secp256k1Multiples();
  PlainPoint<V> sum = key[0];
  for (size_t i = 65; i-- > 0;) {
    if (i < 64) sum = DoubledTimes(sum, 4);
    const V size = V::Load(ofKey.size[i]);
    PlainPoint<V> chosen = key[0];
    for (size_t k = 1; k < kKeyMultiples; k++) chosen = Select(Equal(size, V::Broadcast(k)), key[k], chosen);
    chosen.y = Select(ofKey.negative[i], Negate(chosen.y), chosen.y);
    sum = Sum(sum, chosen);
    if (i % 2 != 0) continue;
    const V place = V::Load(ofBase.size[i / 2]);
    // 10 times, for whole entries.
    const V at = place.template ShiftLeft<3>() + place.template ShiftLeft<1>();
    PrimeLanes<V> x, y;
    for (size_t k = 0; k < 5; k++) {
      x.limb[k] = V::Gather(base + k, at);
      y.limb[k] = V::Gather(base + 5 + k, at);
    }
    y = Select(ofBase.negative[i / 2], Negate(y), y);
    sum = Select(Equal(place, V::Zero()), sum, Sum(sum, x, y));
  }
  return sum;
}

template <class V>
LANES_INLINE PrimeLanes<V> PrimeOfLanes(const uint64_t words[4][V::kLanes]) {
  const V w[4] = {V::Load(words[0]), V::Load(words[1]), V::Load(words[2]), V::Load(words[3])};
  return PrimeFromWords<V>(w);
}

// s inverted. One bit for each lane whose signature holds.
template <class V>
LANES_NOINLINE unsigned Holds(const EcdsaLanes<V>& of) {
  const V x3 = V::Load(of.x[3]), x2 = V::Load(of.x[2]), x1 = V::Load(of.x[1]), x0 = V::Load(of.x[0]), ones = V::Broadcast(~uint64_t{0});
  // p is 2^256 - 2^32 - 977.
  const typename V::Mask tooLarge = static_cast<typename V::Mask>(Equal(x3 & x2 & x1, ones) & static_cast<typename V::Mask>(~Less(x0, V::Broadcast(0 - kPrimeFold256))));
  const PrimeLanes<V> x = PrimeOfLanes<V>(of.x), right = Carry(Add(Product(SquareTimes(x, 1), x), Widen(PrimeOf<V>(7))));
  PrimeLanes<V> y = SquareRoot(right);
  unsigned valid = of.worth & Equal(SquareTimes(y, 1), right) & static_cast<unsigned>(~tooLarge);
  if (valid == 0) return 0;
  y = Select(static_cast<typename V::Mask>(IsOdd(y) ^ of.odd), Negate(y), y);

  OrderNumber u1[V::kLanes], u2[V::kLanes];
  uint64_t r[2][4][V::kLanes];
  unsigned raised = 0;
  for (size_t lane = 0; lane < V::kLanes; lane++) {
    u1[lane] = OrderMultiply(of.digest[lane], of.s[lane]);
    u2[lane] = OrderMultiply(of.r[lane], of.s[lane]);
    uint64_t above[4] = {};
    if (OrderRaised(above, of.r[lane])) raised |= 1u << lane;
    for (int i = 0; i < 4; i++) {
      r[0][i][lane] = of.r[lane].word[i];
      r[1][i][lane] = above[i];
    }
  }
  PlainPoint<V> multiples[kKeyMultiples];
  KeyMultiples(multiples, x, y);
  const PlainPoint<V> sum = Combination(u1, u2, multiples);
  // Its x is r modulo n: r, or r + n where that is still below p.
  unsigned same = Equal(sum.x, Multiply(PrimeOfLanes<V>(r[0]), sum.z));
  if (raised != 0) same |= raised & Equal(sum.x, Multiply(PrimeOfLanes<V>(r[1]), sum.z));
  return valid & same & static_cast<unsigned>(~IsZero(sum.z));
}

// At most 64 signatures, filled up to whole sets of lanes.
template <class V>
void EcdsaVerifyTemplate(bool valid[], const Bytes signature[], const Bytes digest[], const Bytes publicKey[], size_t count) {
  constexpr size_t kMostSets = kMostInverted / V::kLanes;
  EcdsaLanes<V> begun[kMostSets];
  OrderNumber s[kMostSets * V::kLanes];
  const size_t sets = (count + V::kLanes - 1) / V::kLanes;
  for (size_t i = 0, at = 0; i < sets; i++, at += V::kLanes) {
    Begin(&begun[i], signature + at, digest + at, publicKey + at);
    for (size_t lane = 0; lane < V::kLanes; lane++) s[at + lane] = begun[i].s[lane];
  }
  OrderInvertTogether(s, sets * V::kLanes);
  for (size_t i = 0, at = 0; i < sets; i++, at += V::kLanes) {
    for (size_t lane = 0; lane < V::kLanes; lane++) begun[i].s[lane] = s[at + lane];
    const unsigned holds = begun[i].worth == 0 ? 0 : Holds(begun[i]);
    for (size_t lane = 0; lane < V::kLanes && at + lane < count; lane++) valid[at + lane] = (holds >> lane & 1) != 0;
  }
}

}  // namespace
}  // namespace handfast
