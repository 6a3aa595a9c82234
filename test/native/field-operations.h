// The field arithmetic of native/lanes behind plain pointers, so that the vectors' flags stay in the one file that needs them.
#pragma once

#include <cstddef>
#include <cstdint>

enum class FieldOperation { product, square, biasedProduct, biasedSquare, sum, difference, smallProduct, negate, invert, invertTogether, rootPower, canonical, isZero, isOdd, equal };

// How an instance holds its numbers: limb i stands for bits[i] bits, and may hold up to mostCarried[i] when carried, with rubbish from bit `clean` up in all limbs but the last; what is subtracted may
// hold mostSubtracted, and what it is subtracted from mostMinuend (native/lanes/field-lanes.h, field-avx2.h).
struct FieldLayout {
  size_t lanes, limbs;
  int bits[10];
  uint64_t mostCarried[10], mostSubtracted, mostMinuend;
  bool rubbish;
};

// Limbs lie as limb i of lane j at [i * lanes + j]; `out` is carried and clean, or the lanes' mask in out[0]. a and b are carried, but sums for sum and difference, as is b for smallProduct.
struct FieldOperations {
  FieldLayout layout;
  void (*apply)(FieldOperation operation, uint64_t* out, const uint64_t* a, const uint64_t* b);
  // 32 bytes a lane.
  void (*fromBytes)(uint64_t* out, const uint8_t* const strings[]);
  void (*toBytes)(uint8_t* const strings[], const uint64_t* a);
};

constexpr FieldLayout FiveLimbs(size_t lanes) {
  constexpr uint64_t limb = (uint64_t{1} << 52) - 1, top = (uint64_t{1} << 47) + (1 << 13) - 1, bias = uint64_t{1} << 57;
  return {lanes, 5, {52, 52, 52, 52, 47}, {limb, limb, limb, limb, top}, bias - (1 << 15) - 1, (uint64_t{1} << 63) - 1 - bias, true};
}

constexpr FieldLayout TenLimbs(size_t lanes) {
  constexpr uint64_t even = (uint64_t{1} << 26) + (1 << 13) - 1, odd = (uint64_t{1} << 25) + (1 << 17) - 1, bias = uint64_t{1} << 62;
  return {lanes, 10, {26, 25, 26, 25, 26, 25, 26, 25, 26, 25}, {even, odd, even, odd, even, odd, even, odd, even, odd}, bias - (uint64_t{1} << 42) - 1, bias - 1, false};
}

const FieldOperations& ScalarOperations();
// Null where they are not compiled in; calling them needs the processor.
const FieldOperations* Avx2Operations();
const FieldOperations* IfmaOperations();
