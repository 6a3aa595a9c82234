// The group of native/lanes behind plain pointers, so that the vectors' flags stay in the one file that needs them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.h"

struct GroupOperations {
  size_t lanes;
  // Multiples of the base, encoded.
  void (*multiplyBase)(uint8_t* const out[], const uint8_t* const scalar[]);
  // 2(2(a + b) - a), where the negative is taken in the lanes of `negated` only: 2(2(a + b) + a) in the others. The mask has ones where a and b are points.
  unsigned (*combine)(uint8_t* const out[], const uint8_t* const a[], const uint8_t* const b[], unsigned negated);
  void (*publicKeys)(uint8_t* const out[], const uint8_t* const secret[], size_t count);
  void (*sign)(uint8_t* const signature[], const handfast::Bytes message[], const uint8_t* const secretKey[], size_t count);
  // a * b + c modulo the order, where a and c have 64 bytes and b has 32.
  void (*multiplyAdd)(uint8_t* const out[], const uint8_t* const a[], const uint8_t* const b[], const uint8_t* const c[]) = nullptr;
};

const GroupOperations& ScalarGroup();
// Null where it is not compiled in; calling it needs the processor.
const GroupOperations* IfmaGroup();
