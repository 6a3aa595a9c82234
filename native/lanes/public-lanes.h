// Public keys of X25519 in lanes, as core/x25519.h makes one.
#pragma once

#include <sodium.h>

#include "lanes/base-lanes.h"
#include "lanes/invert-lanes.h"
#include "lanes/x25519-lanes.h"

namespace handfast {
namespace {

// Of `count` items, at most kMostTogether times the lanes; the arrays hold pointers for all lanes of the last set, of which those past `count` are only read.
template <class V>
LANES_NOINLINE void X25519PublicTogether(uint8_t* const out[], const uint8_t* const secret[], size_t count) {
  // The u of RFC 7748 that belongs to a point of the other curve is (z + y) / (z - y). As in core: the neutral element, which has none, is never reached by a clamped scalar.
  struct {
    V scalar[4];
    EdwardsLanes<V> point;
    FieldLanes<V> over[kMostTogether], under[kMostTogether];
  } local;
  const size_t sets = (count + V::kLanes - 1) / V::kLanes;
  for (size_t set = 0; set < sets; set++) {
    LoadClamped<V>(local.scalar, secret + set * V::kLanes);
    MultiplyBase(&local.point, local.scalar);
    local.over[set] = Carry(Add(local.point.z, local.point.y));
    local.under[set] = Carry(Subtract(local.point.z, local.point.y));
  }
  InvertTogether(local.under, sets);
  for (size_t set = 0; set < sets; set++) {
    const size_t start = set * V::kLanes, used = count - start < V::kLanes ? count - start : V::kLanes;
    FieldToBytes<V>(out + start, MultiplyApart(local.over[set], local.under[set]), static_cast<typename V::Mask>(V::kAll >> (V::kLanes - used)));
  }
  sodium_memzero(&local, sizeof local);
}

}  // namespace
}  // namespace handfast
