// What verification in lanes is made of, with either vector type: the same text for each, compiled with its own flags.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"
#include "core/short-relation.h"

struct VerifyOperations {
  size_t lanes;
  // All take a full set of lanes, and verify as many sets as are wanted.
  void (*hash)(uint8_t (*out)[64], const handfast::Bytes (*parts)[3]);
  void (*relations)(handfast::ShortRelation* out, const uint8_t (*challenge)[32]);
  unsigned (*equations)(const uint8_t* const* r, const uint8_t* const* a, const uint8_t* const* s, const uint8_t (*k)[32]);
  void (*verify)(bool* valid, const handfast::Bytes* signature, const handfast::Bytes* message, const handfast::Bytes* publicKey, size_t count);
};

const VerifyOperations& ScalarVerifyOperations();
// nullptr where they are not built in. Whether the processor has what they need is for LanesKernels() to say.
const VerifyOperations* IfmaVerifyOperations();
