// Public keys of X25519 in lanes, as core/x25519.h makes one.
#pragma once

#include <sodium.h>

#include "lanes/base-lanes.h"
#include "lanes/x25519-lanes.h"

namespace handfast {
namespace {

template <class V>
LANES_NOINLINE void X25519PublicTemplate(uint8_t* const out[V::kLanes], const uint8_t* const secret[V::kLanes], size_t count) {
  // As in core: the neutral element, which alone has no inverse, is never reached by a clamped scalar.
  struct {
    V scalar[4];
    EdwardsLanes<V> point;
  } local;
  LoadClamped<V>(local.scalar, secret);
  MultiplyBase(&local.point, local.scalar);
  EncodeMontgomery<V>(out, local.point, InvertTogether(MontgomeryDenominator(local.point)), static_cast<typename V::Mask>(V::kAll >> (V::kLanes - count)));
  sodium_memzero(&local, sizeof local);
  sodium_stackzero(4096);
}

}  // namespace
}  // namespace handfast
