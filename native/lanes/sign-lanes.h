// Signatures of Ed25519 in lanes, as core/ed25519.h makes one: a message and a secret key to a lane.
#pragma once

#include <cstring>

#include "core/bytes.h"
#include "lanes/base-lanes.h"
#include "lanes/invert-lanes.h"
#include "lanes/scalar-lanes.h"
#include "lanes/sha512-lanes.h"
#include "lanes/x25519-lanes.h"

namespace handfast {
namespace {

// Whoever calls it wipes 28 KiB of stack. Of `count` items, at most kMostTogether times the lanes; the arrays hold pointers for all lanes of the last set, of which those past `count` are only
// read.
template <class V>
LANES_NOINLINE void Ed25519SignTogether(uint8_t* const signature[], const Bytes message[], const uint8_t* const secretKey[], size_t count) {
  // RFC 8032 section 5.1.6. The scalar is used as it is, not modulo L; its product with the public challenge is secret too.
  constexpr size_t kLanes = V::kLanes;
  struct {
    uint8_t expanded[kMostTogether][kLanes][64], wide[kLanes][64];
    ScalarLanes<V> nonce[kMostTogether];
    V words[4];
    EdwardsLanes<V> multiple;
    FieldLanes<V> x[kMostTogether], y[kMostTogether], z[kMostTogether];
  } secret;
  HashInput input[kLanes];
  const uint8_t *wide[kLanes], *scalar[kLanes];
  for (size_t i = 0; i < kLanes; i++) wide[i] = secret.wide[i];
  const size_t sets = (count + kLanes - 1) / kLanes;
  for (size_t set = 0; set < sets; set++) {
    const size_t start = set * kLanes;
    for (size_t i = 0; i < kLanes; i++) input[i] = {{{secretKey[start + i], 32}, {nullptr, 0}, {nullptr, 0}}};
    Sha512Lanes<kLanes>(secret.expanded[set], input);
    for (size_t i = 0; i < kLanes; i++) input[i] = {{{secret.expanded[set][i] + 32, 32}, {message[start + i].data, message[start + i].size}, {nullptr, 0}}};
    Sha512Lanes<kLanes>(secret.wide, input);
    secret.nonce[set] = ScalarOfWide<V>(wide);
    ScalarToWords(secret.words, secret.nonce[set]);
    MultiplyBase(&secret.multiple, secret.words);
    secret.x[set] = Carry(secret.multiple.x);
    secret.y[set] = Carry(secret.multiple.y);
    secret.z[set] = Carry(secret.multiple.z);
  }
  InvertTogether(secret.z, sets);
  for (size_t set = 0; set < sets; set++) {
    const size_t start = set * kLanes;
    uint8_t commitment[kLanes][32];
    uint8_t* commitments[kLanes];
    for (size_t i = 0; i < kLanes; i++) {
      commitments[i] = commitment[i];
      scalar[i] = secret.expanded[set][i];
      input[i] = {{{commitment[i], 32}, {secretKey[start + i] + 32, 32}, {message[start + i].data, message[start + i].size}}};
    }
    Encode<V>(commitments, secret.x[set], secret.y[set], secret.z[set], V::kAll);
    Sha512Lanes<kLanes>(secret.wide, input);
    LoadClamped<V>(secret.words, scalar);
    ScalarToWords(secret.words, MultiplyAdd(ScalarOfWide<V>(wide), secret.words, secret.nonce[set]));
    // Last, since the signature may lie where the key or the message was.
    const size_t used = count - start < kLanes ? count - start : kLanes;
    for (size_t i = 0; i < used; i++) std::memcpy(signature[start + i], commitment[i], 32);
    for (size_t i = 0; i < 4; i++) secret.words[i].StoreTo(signature + start, 32 + 8 * i, static_cast<typename V::Mask>(V::kAll >> (kLanes - used)));
  }
}

}  // namespace
}  // namespace handfast
