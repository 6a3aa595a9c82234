// Public keys of X25519 in lanes, as core/x25519.h makes one.
#pragma once

#include "lanes/base-lanes.h"
#include "lanes/invert-lanes.h"
#include "lanes/x25519-lanes.h"

namespace handfast {
namespace {

// Whoever calls it wipes 16 KiB of stack. Of `count` items, at most kMostTogether times the lanes; the arrays hold pointers for all lanes of the last set, of which those past `count` are only read.
template <class V>
LANES_NOINLINE void X25519PublicTogether(uint8_t* const out[], const uint8_t* const secret[], size_t count) {
  // The u of RFC 7748 that belongs to a point of the other curve is (z + y) / (z - y). As in core: the neutral element, which has none, is never reached by a clamped scalar.
  V scalar[4];
  EdwardsLanes<V> point;
  FieldLanes<V> over[kMostTogether], under[kMostTogether];
  const size_t sets = (count + V::kLanes - 1) / V::kLanes;
  for (size_t set = 0; set < sets; set++) {
    LoadClamped<V>(scalar, secret + set * V::kLanes);
    MultiplyBase(&point, scalar);
    over[set] = Carry(Add(point.z, point.y));
    under[set] = Carry(Subtract(point.z, point.y));
  }
  InvertTogether(under, sets);
  for (size_t set = 0; set < sets; set++) {
    const size_t start = set * V::kLanes, used = count - start < V::kLanes ? count - start : V::kLanes;
    FieldToBytes<V>(out + start, MultiplyApart(over[set], under[set]), static_cast<typename V::Mask>(V::kAll >> (V::kLanes - used)));
  }
}

}  // namespace
}  // namespace handfast
