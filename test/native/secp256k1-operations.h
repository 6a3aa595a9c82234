// What verification on secp256k1 in lanes is made of, with either vector type: the same text for each, compiled with its own flags.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

struct Secp256k1Operations {
  size_t lanes;
  // a b and a + b as four little-endian words below p, and whether a is a square; of one lane, the others hold the same.
  void (*product)(uint64_t out[4], const uint64_t a[4], const uint64_t b[4]);
  void (*sum)(uint64_t out[4], const uint64_t a[4], const uint64_t b[4]);
  bool (*square)(const uint64_t a[4]);
  // At most 64, filled up to whole sets of lanes.
  void (*verify)(bool* valid, const handfast::Bytes* signature, const handfast::Bytes* digest, const handfast::Bytes* publicKey, size_t count);
};

const Secp256k1Operations& ScalarSecp256k1Operations();
// nullptr where they are not built in. Whether the processor has what they need is for LanesKernels() to say.
const Secp256k1Operations* IfmaSecp256k1Operations();
