// Ed25519 signatures verified in lanes, by the rule of core/ed25519.h: eight single answers, each what Ed25519Verify says. All of it is public: nothing is in constant time.
#pragma once

#include "core/bytes.h"
#include "core/ed25519.h"
#include "lanes/equation-lanes.h"
#include "lanes/sha512-lanes.h"

namespace handfast {
namespace {

template <class V>
LANES_NOINLINE unsigned VerifySet(const Bytes signature[V::kLanes], const Bytes message[V::kLanes], const Bytes publicKey[V::kLanes]) {
  // What costs nothing first. A lane that is refused by it calculates with something else, of which the answer does not count.
  static constexpr uint8_t kAnything[32] = {3};
  unsigned worth = 0;
  HashInput input[V::kLanes];
  const uint8_t *r[V::kLanes], *s[V::kLanes], *a[V::kLanes];
  for (size_t lane = 0; lane < V::kLanes; lane++) {
    if (Ed25519WorthVerifying(signature[lane], publicKey[lane])) {
      worth |= 1u << lane;
      r[lane] = signature[lane].data;
      s[lane] = signature[lane].data + 32;
      a[lane] = publicKey[lane].data;
      input[lane] = {{{r[lane], 32}, {a[lane], 32}, {message[lane].data, message[lane].size}}};
    } else {
      r[lane] = s[lane] = a[lane] = kAnything;
      input[lane] = {{{nullptr, 0}, {nullptr, 0}, {nullptr, 0}}};
    }
  }
  if (worth == 0) return 0;
  uint8_t hash[V::kLanes][64], challenge[V::kLanes][32];
  Sha512Lanes<V::kLanes>(hash, input);
  for (size_t lane = 0; lane < V::kLanes; lane++) ScalarReduce(challenge[lane], hash[lane]);
  return worth & EquationsHold<V>(r, a, s, challenge);
}

// `count` signatures, filled up to whole sets of lanes.
template <class V>
void VerifyTemplate(bool valid[], const Bytes signature[], const Bytes message[], const Bytes publicKey[], size_t count) {
  for (size_t start = 0; start < count; start += V::kLanes) {
    const unsigned answers = VerifySet<V>(signature + start, message + start, publicKey + start);
    for (size_t lane = 0; lane < V::kLanes && start + lane < count; lane++) valid[start + lane] = (answers >> lane & 1) != 0;
  }
}

}  // namespace
}  // namespace handfast
