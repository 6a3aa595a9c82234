// Signatures of Ed25519 in lanes, as core/ed25519.h makes one: a message and a secret key to a lane.
#pragma once

#include <sodium.h>

#include <cstring>

#include "core/scalar25519.h"
#include "lanes/base-lanes.h"
#include "lanes/sha512-lanes.h"

namespace handfast {
namespace {

// The message of each lane is the last part of what is hashed.
template <class V>
LANES_NOINLINE void Ed25519SignTemplate(uint8_t* const signature[V::kLanes], const HashPart message[V::kLanes], const uint8_t* const secretKey[V::kLanes], size_t count) {
  // RFC 8032 section 5.1.6. The scalar is used as it is, not modulo L; its product with the public challenge is secret too.
  constexpr size_t kLanes = V::kLanes;
  struct {
    uint8_t expanded[kLanes][64], wide[kLanes][64], nonce[kLanes][32];
    V words[4];
    EdwardsLanes<V> point;
  } secret;
  uint8_t commitment[kLanes][32], challenge[32];
  uint8_t* commitments[kLanes];
  const uint8_t* nonces[kLanes];
  HashInput input[kLanes];
  for (size_t i = 0; i < kLanes; i++) {
    commitments[i] = commitment[i];
    nonces[i] = secret.nonce[i];
    input[i] = {{{secretKey[i], 32}, {nullptr, 0}, {nullptr, 0}}};
  }
  Sha512Lanes<kLanes>(secret.expanded, input);
  for (size_t i = 0; i < kLanes; i++) input[i] = {{{secret.expanded[i] + 32, 32}, {nullptr, 0}, message[i]}};
  Sha512Lanes<kLanes>(secret.wide, input);
  for (size_t i = 0; i < kLanes; i++) ScalarReduce(secret.nonce[i], secret.wide[i]);
  for (int i = 0; i < 4; i++) secret.words[i] = V::LoadFrom(nonces, 8 * static_cast<size_t>(i));
  MultiplyBase(&secret.point, secret.words);
  Encode<V>(commitments, secret.point, InvertTogether(Carry(secret.point.z)), V::kAll);

  for (size_t i = 0; i < kLanes; i++) input[i] = {{{commitment[i], 32}, {secretKey[i] + 32, 32}, message[i]}};
  Sha512Lanes<kLanes>(secret.wide, input);
  for (size_t i = 0; i < count; i++) {
    uint8_t* scalar = secret.expanded[i];
    scalar[0] &= 248;
    scalar[31] = static_cast<uint8_t>((scalar[31] & 127) | 64);
    ScalarReduce(challenge, secret.wide[i]);
    // Last, since the signature may lie where the key or the message was.
    std::memcpy(signature[i], commitment[i], 32);
    ScalarMultiplyAdd(signature[i] + 32, challenge, scalar, secret.nonce[i]);
  }
  sodium_memzero(&secret, sizeof secret);
  sodium_stackzero(4096);
}

}  // namespace
}  // namespace handfast
