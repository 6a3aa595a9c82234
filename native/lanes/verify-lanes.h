// Ed25519 signatures verified in lanes, by the rule of core/ed25519.h: eight single answers, each what Ed25519Verify says. All of it is public: nothing is in constant time.
#pragma once

#include "core/bytes.h"
#include "core/ed25519.h"
#include "lanes/equation-lanes.h"
#include "lanes/sha512-lanes.h"

namespace handfast {
namespace {

// What costs nothing first: one bit for each lane that is still worth it. A lane that is not calculates with something else, of which the answer does not count.
template <class V>
LANES_NOINLINE unsigned Begin(SignatureLanes<V>* out, const Bytes signature[V::kLanes], const Bytes message[V::kLanes], const Bytes publicKey[V::kLanes]) {
  static constexpr uint8_t kAnything[32] = {3};
  unsigned worth = 0;
  HashInput input[V::kLanes];
  for (size_t lane = 0; lane < V::kLanes; lane++) {
    if (Ed25519WorthVerifying(signature[lane], publicKey[lane])) {
      worth |= 1u << lane;
      out->r[lane] = signature[lane].data;
      out->s[lane] = signature[lane].data + 32;
      out->a[lane] = publicKey[lane].data;
      input[lane] = {{{out->r[lane], 32}, {out->a[lane], 32}, {message[lane].data, message[lane].size}}};
    } else {
      out->r[lane] = out->s[lane] = out->a[lane] = kAnything;
      input[lane] = {{{kAnything, 0}, {kAnything, 0}, {kAnything, 0}}};
    }
  }
  if (worth == 0) return 0;
  uint8_t hash[V::kLanes][64];
  Sha512Lanes<V::kLanes>(hash, input);
  for (size_t lane = 0; lane < V::kLanes; lane++) ScalarReduce(out->k[lane], hash[lane]);
  return worth;
}

template <class V, size_t sets>
LANES_NOINLINE void VerifySets(unsigned valid[sets], const Bytes signature[], const Bytes message[], const Bytes publicKey[]) {
  SignatureLanes<V> begun[sets];
  unsigned any = 0;
  for (size_t i = 0, at = 0; i < sets; i++, at += V::kLanes) any |= valid[i] = Begin(&begun[i], signature + at, message + at, publicKey + at);
  if (any == 0) return;
  typename V::Mask holds[sets];
  EquationsHold<V, sets>(holds, begun);
  for (size_t i = 0; i < sets; i++) valid[i] &= holds[i];
}

// `count` signatures, filled up to whole sets of lanes.
template <class V>
void VerifyTemplate(bool valid[], const Bytes signature[], const Bytes message[], const Bytes publicKey[], size_t count) {
  for (size_t start = 0; start < count; start += 2 * V::kLanes) {
    unsigned answers[2];
    if (count - start > V::kLanes) {
      VerifySets<V, 2>(answers, signature + start, message + start, publicKey + start);
    } else {
      VerifySets<V, 1>(answers, signature + start, message + start, publicKey + start);
    }
    for (size_t i = 0; i < 2 * V::kLanes && start + i < count; i++) valid[start + i] = (answers[i / V::kLanes] >> i % V::kLanes & 1) != 0;
  }
}

}  // namespace
}  // namespace handfast
