// X25519 of RFC 7748 section 5 with one scalar and one point to a lane: the Montgomery ladder, in constant time. Its intermediate values only ever meet as products do, so that each is
// carried once, as a sum or difference: some 730 operations of 512 bits a step.
#pragma once

#include "lanes/invert-lanes.h"

namespace handfast {
namespace {

// A point (X : Z) as the next step wants it.
template <class V>
struct LadderPoint {
  FieldLanes<V> sum, difference;  // X + Z, X - Z
};

// The same as products leave it, X biased.
template <class V>
struct LadderProducts {
  SumLanes<V> x, z;
};

template <class V>
LANES_INLINE LadderPoint<V> Crossed(const LadderProducts<V>& point) {
  return {Carry(Add(point.x, point.z)), Carry(SubtractBiased(point.x, point.z))};
}

// Twice the point: with A = X + Z, B = X - Z and E = A^2 - B^2, it is (A^2 B^2 : E (B^2 + 121666 E)).
template <class V>
LANES_INLINE LadderProducts<V> Doubled(const LadderPoint<V>& point) {
  const SumLanes<V> aa = BiasedSquared(point.sum), bb = Squared(point.difference);
  const FieldLanes<V> e = Carry(SubtractBiased(aa, bb));
  return {BiasedProduct(Carry(aa), Carry(bb)), Product(e, Carry(AddSmallProduct(bb, e, 121666)))};
}

// The sum of two points whose difference is (u : 1). It is the same for swapped points: only the sign of a number that is then squared changes.
template <class V>
LANES_INLINE LadderProducts<V> Sum(const LadderPoint<V>& a, const LadderPoint<V>& b, const FieldLanes<V>& u) {
  const SumLanes<V> da = BiasedProduct(b.difference, a.sum), cb = Product(b.sum, a.difference);
  return {BiasedSquared(Carry(Add(da, cb))), Product(Carry(Squared(Carry(SubtractBiased(da, cb)))), u)};
}

template <class V>
LANES_INLINE LadderPoint<V> Select(typename V::Mask mask, const LadderPoint<V>& a, const LadderPoint<V>& b) {
  return {Select(mask, a.sum, b.sum), Select(mask, a.difference, b.difference)};
}

// Four words a lane of a scalar, clamped, from 32 bytes a lane.
template <class V>
LANES_INLINE void LoadClamped(V words[4], const uint8_t* const secrets[V::kLanes]) {
  for (size_t i = 0; i < 4; i++) words[i] = V::LoadFrom(secrets, 8 * i);
  words[0] = words[0] & V::Broadcast(~uint64_t{7});
  words[3] = (words[3] & V::Broadcast(~uint64_t{0} >> 1)) | V::Broadcast(uint64_t{1} << 62);
}

// (X : Z) of the product of each lane's clamped scalar, four words, and the point of the coordinate u, clean.
template <class V>
LANES_NOINLINE void Ladder(FieldLanes<V>* x, FieldLanes<V>* z, const V scalar[4], const FieldLanes<V>& u) {
  // Of the multiples n and n + 1 that a step starts from, the bit says which to double; `first` is the one doubled by the step before, and n where that step's bit was zero. So it is the other that
  // is to be doubled where the bit is not what it was before. Bit 254 is one: n is 1 after it.
  LadderPoint<V> first = Crossed<V>({Biased(AsSum(u)), AsSum(FieldOf<V>(1))}), second = Crossed<V>(Doubled(first));
  typename V::Mask last = 0;
  V word = scalar[3].template ShiftLeft<2>();
  int bit = 253;
  for (int i = 3; i >= 0; i--) {
    // The lowest three bits are zero.
    for (; bit >= (i == 0 ? 3 : 64 * i); bit--) {
      const typename V::Mask now = word.TopBits();
      const LadderProducts<V> sum = Sum(first, second, u), doubled = Doubled(Select(static_cast<typename V::Mask>(now ^ last), second, first));
      first = Crossed(doubled);
      second = Crossed(sum);
      last = now;
      word = word + word;
    }
    if (i > 0) word = scalar[i - 1];
  }
  LadderProducts<V> result = Doubled(Select(last, second, first));
  for (int i = 0; i < 2; i++) result = Doubled(Crossed(result));
  *x = Carry(result.x);
  *z = Carry(result.z);
}

// Results of `count` items into `out`, of at most kMostTogether times the lanes; the arrays hold pointers for all lanes of the last set, of which those past `count` are only read.
template <class V>
LANES_NOINLINE void X25519SharedTogether(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count) {
  FieldLanes<V> x[kMostTogether], z[kMostTogether];
  const size_t sets = (count + V::kLanes - 1) / V::kLanes;
  for (size_t set = 0; set < sets; set++) {
    V scalar[4];
    LoadClamped(scalar, secret + set * V::kLanes);
    Ladder(&x[set], &z[set], scalar, FieldFromBytes<V>(publicKey + set * V::kLanes));
  }
  InvertTogether(z, sets);
  for (size_t set = 0; set < sets; set++) {
    const size_t start = set * V::kLanes, used = count - start < V::kLanes ? count - start : V::kLanes;
    V words[4];
    FieldToWords(words, MultiplyApart(x[set], z[set]));
    for (size_t i = 0; i < 4; i++) words[i].StoreTo(out + start, 8 * i, static_cast<typename V::Mask>(V::kAll >> (V::kLanes - used)));
    const typename V::Mask weak = Equal(words[0] | words[1] | words[2] | words[3], V::Zero());
    for (size_t i = 0; i < used; i++) ok[start + i] = (weak >> i & 1) == 0;
  }
}

}  // namespace
}  // namespace handfast
