// X25519 of RFC 7748 section 5 with one scalar and one point to a lane: the Montgomery ladder, in constant time.
#pragma once

#include "lanes/field-lanes.h"

namespace handfast {
namespace {

// What the next step of the ladder starts from: of its two points (X : Z), one a multiple n of the base point and one n + 1, the sums and differences X + Z and X - Z.
template <class V>
struct LadderState {
  FieldLanes<V> sum2, difference2, sum3, difference3;
};

// Four words a lane of a scalar, clamped, from 32 bytes a lane.
template <class V>
LANES_INLINE void LoadClamped(V words[4], const uint8_t* const secrets[V::kLanes]) {
  for (int i = 0; i < 4; i++) words[i] = V::LoadFrom(secrets, 8 * static_cast<size_t>(i));
  words[0] = words[0] & V::Broadcast(~uint64_t{7});
  words[3] = (words[3] & V::Broadcast(~uint64_t{0} >> 1)) | V::Broadcast(uint64_t{1} << 62);
}

// The step of RFC 7748 section 5, where the second point is doubled instead of the first in the lanes of `swap`. The other point becomes the sum of both, which is the same
// for swapped points but for the sign of what is squared.
template <class V>
LANES_INLINE void LadderStep(LadderState<V>& state, const FieldLanes<V>& u, typename V::Mask swap) {
  const SumLanes<V> da = Biased(Product(state.difference3, state.sum2)), cb = Product(state.sum3, state.difference2);
  const FieldLanes<V> sum = Carry(Add(da, cb)), difference = Carry(SubtractBiased(da, cb));
  const SumLanes<V> wideAa = Squared(Select(swap, state.sum3, state.sum2)), wideBb = Squared(Select(swap, state.difference3, state.difference2));
  const FieldLanes<V> aa = Carry(wideAa), bb = Carry(wideBb), e = Carry(Subtract(wideAa, wideBb));
  const SumLanes<V> x3 = Biased(Squared(sum)), z3 = Product(Carry(Squared(difference)), u);
  state.sum3 = Carry(Add(x3, z3));
  state.difference3 = Carry(SubtractBiased(x3, z3));
  const SumLanes<V> x2 = Biased(Product(aa, bb)), z2 = Product(e, Carry(AddSmallProduct(wideBb, e, 121666)));
  state.sum2 = Carry(Add(x2, z2));
  state.difference2 = Carry(SubtractBiased(x2, z2));
}

template <class V>
LANES_NOINLINE void X25519SharedTemplate(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count) {
  V words[4];
  LoadClamped<V>(words, secret);
  const FieldLanes<V> u = FieldFromBytes<V>(publicKey);
  const FieldLanes<V> one = FieldOf<V>(1);
  LadderState<V> state{one, one, Carry(Add(AsSum(u), AsSum(one))), Carry(Subtract(AsSum(u), AsSum(one)))};
  typename V::Mask last = 0;
  // Bit 255 is zero.
  words[3] = words[3].template ShiftLeft<1>();
  for (int i = 3; i >= 0; i--) {
    V word = words[i];
    for (int bit = i == 3 ? 62 : 63; bit >= 0; bit--) {
      const typename V::Mask now = word.TopBits();
      LadderStep<V>(state, u, now ^ last);
      last = now;
      word = word + word;
    }
  }
  // The last bit is zero: the result is the first point, of which sum and difference are twice X and twice Z apart.
  const SumLanes<V> sum = Widen(state.sum2), difference = Widen(state.difference2);
  const FieldLanes<V> x = Carry(Add(sum, difference)), z = Carry(Subtract(sum, difference));
  const FieldLanes<V> result = Multiply(x, Invert(z));
  const typename V::Mask weak = IsZero(result), used = static_cast<typename V::Mask>(V::kAll >> (V::kLanes - count));
  FieldToBytes(out, result, used);
  for (size_t i = 0; i < count; i++) ok[i] = (weak >> i & 1) == 0;
}

}  // namespace
}  // namespace handfast
