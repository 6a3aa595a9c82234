// Many inverses for the price of one: all elements of all lanes are multiplied into one, whose inverse gives theirs back (Montgomery, "Speeding the Pollard and elliptic curve methods of
// factorization", 1987, section 10.3.1). Chains of squarings leave a vector unit idle four fifths of the time, so that the one inversion is left to the scalar field of core/.
#pragma once

#include "lanes/field-lanes.h"
#include "lanes/invert-words.h"

namespace handfast {
namespace {

// How many elements a lane may have inverted together.
constexpr size_t kMostTogether = 8;

template <int distance, class V>
LANES_INLINE FieldLanes<V> RotateLanes(const FieldLanes<V>& a) {
  return {{a.limb[0].template Rotate<distance>(), a.limb[1].template Rotate<distance>(), a.limb[2].template Rotate<distance>(), a.limb[3].template Rotate<distance>(),
           a.limb[4].template Rotate<distance>()}};
}

// The inverse, in every lane, of an element that all lanes hold alike and that is not zero.
template <class V>
LANES_INLINE FieldLanes<V> InverseOfOne(const FieldLanes<V>& a) {
  V words[4];
  FieldToWords(words, a);
  uint64_t lanes[V::kLanes], one[4];
  for (int i = 0; i < 4; i++) {
    words[i].Store(lanes);
    one[i] = lanes[0];
  }
  InvertWords(one);
  return FieldOf<V>(one[0], one[1], one[2], one[3]);
}

// The inverses of what the lanes hold, none of it zero. The product of all lanes forms in steps that multiply by what lies half of the lanes further round, then a quarter, then an eighth, and beside
// it that of all others, which is what the inverse of the whole has to be multiplied by.
template <class V>
LANES_INLINE FieldLanes<V> InverseOfLanes(const FieldLanes<V>& a) {
  if constexpr (V::kLanes == 1) {
    return InverseOfOne(a);
  } else {
    FieldLanes<V> whole = a, others = FieldOf<V>(1);
    const auto take = [&](const FieldLanes<V>& further) {
      whole = MultiplyApart(whole, further);
      others = MultiplyApart(others, further);
    };
    if constexpr (V::kLanes == 8) take(RotateLanes<4>(whole));
    take(RotateLanes<2>(whole));
    take(RotateLanes<1>(whole));
    return MultiplyApart(InverseOfOne(whole), others);
  }
}

// Replaces `count` elements a lane, at most kMostTogether, by their inverses, and zeros by zeros. In constant time but for the count.
template <class V>
LANES_NOINLINE void InvertTogether(FieldLanes<V>* elements, size_t count) {
  if (count == 0) return;
  typename V::Mask zeros[kMostTogether];
  FieldLanes<V> products[kMostTogether];
  const FieldLanes<V> one = FieldOf<V>(1), zero = FieldOf<V>(0);
  for (size_t i = 0; i < count; i++) {
    zeros[i] = IsZero(elements[i]);
    elements[i] = Select(zeros[i], one, elements[i]);
    products[i] = i == 0 ? elements[0] : MultiplyApart(products[i - 1], elements[i]);
  }
  FieldLanes<V> inverse = InverseOfLanes(products[count - 1]);
  for (size_t i = count; i-- > 0;) {
    const FieldLanes<V> own = i == 0 ? inverse : MultiplyApart(inverse, products[i - 1]);
    inverse = MultiplyApart(inverse, elements[i]);
    elements[i] = Select(zeros[i], zero, own);
  }
}

}  // namespace
}  // namespace handfast
