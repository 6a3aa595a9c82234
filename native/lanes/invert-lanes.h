// Many inverses for the price of one: all elements of all lanes are multiplied into one, whose inverse gives theirs back (Montgomery, "Speeding the Pollard and elliptic curve methods of
// factorization", 1987, section 10.3.1). Chains of squarings leave a vector unit idle four fifths of the time, so that the one inversion is left to the scalar field of core/.
#pragma once

#include "lanes/field-lanes.h"
#include "lanes/invert-words.h"

namespace handfast {
namespace {

// How many elements a lane may have inverted together.
constexpr size_t kMostTogether = 8;

template <int lanes>
struct Distance {
  static constexpr int value = lanes;
};

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

// The inverses of what the lanes hold, none of it zero. The product of all lanes forms in three steps, each of which multiplies by what lies half, a quarter, an eighth of the lanes further round,
// and beside it that of all others, which is what the inverse of the whole has to be multiplied by.
template <class V>
LANES_INLINE FieldLanes<V> InverseOfLanes(const FieldLanes<V>& a) {
  if constexpr (V::kLanes == 1) {
    return InverseOfOne(a);
  } else {
    static_assert(V::kLanes == 8, "three steps");
    const auto rotate = [](const FieldLanes<V>& x, auto distance) {
      FieldLanes<V> out;
      for (int i = 0; i < 5; i++) out.limb[i] = x.limb[i].template Rotate<decltype(distance)::value>();
      return out;
    };
    const FieldLanes<V> one = rotate(a, Distance<4>{}), pairs = MultiplyApart(a, one);
    const FieldLanes<V> two = rotate(pairs, Distance<2>{}), fours = MultiplyApart(pairs, two);
    const FieldLanes<V> four = rotate(fours, Distance<1>{});
    return MultiplyApart(InverseOfOne(MultiplyApart(fours, four)), MultiplyApart(MultiplyApart(one, two), four));
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
