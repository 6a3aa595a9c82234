// The field arithmetic of native/lanes behind plain pointers, so that the vectors' flags stay in the one file that needs them.
#pragma once

#include <cstddef>
#include <cstdint>

enum class FieldOperation { product, square, biasedProduct, biasedSquare, sum, difference, smallProduct, negate, invert, invertTogether, rootPower, canonical, isZero, isOdd, equal };

// Limbs lie as limb i of lane j at [i * lanes + j]; `out` is carried and clean, or the lanes' mask in out[0]. a and b are fields (52 bits
// counting), but sums (all bits counting) for sum and difference, as is b for smallProduct.
struct FieldOperations {
  size_t lanes;
  void (*apply)(FieldOperation operation, uint64_t* out, const uint64_t* a, const uint64_t* b);
  // 32 bytes a lane.
  void (*fromBytes)(uint64_t* out, const uint8_t* const strings[]);
  void (*toBytes)(uint8_t* const strings[], const uint64_t* a);
};

const FieldOperations& ScalarOperations();
// Null where it is not compiled in; calling it needs the processor.
const FieldOperations* IfmaOperations();
