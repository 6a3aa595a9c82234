#include <cstring>
#include <vector>

#include "check.h"
#include "core/field25519.h"
#include "field-operations.h"
#include "lanes/kernels.h"

using namespace handfast;

namespace {

constexpr uint64_t kLimb = (uint64_t{1} << 52) - 1, kTop = (uint64_t{1} << 47) + (1 << 13) - 1;

struct Limbs {
  uint64_t of[5];
};

// The scalar field's element of the same value, by its own arithmetic: limbs of 52 bits as multiples of powers of two.
Field FieldOfLimbs(const Limbs& a) {
  Field out = kFieldZero;
  const Field shift = {{0, 2, 0, 0, 0}};  // 2^52
  for (int i = 4; i >= 0; i--) {
    const Field low = {{a.of[i] & kFieldMask, a.of[i] >> 51, 0, 0, 0}};
    out = FieldAdd(FieldMultiply(out, shift), low);
  }
  return FieldMultiply(out, kFieldOne);
}

std::vector<const FieldOperations*> Instances() {
  std::vector<const FieldOperations*> all{&ScalarOperations()};
  if (LanesKernels()) all.push_back(IfmaOperations());
  return all;
}

// Limbs at the limits of what a carried element may have, the encodings around 0, p and 2^255, and random ones.
std::vector<Limbs> Values() {
  std::vector<Limbs> all;
  for (uint64_t first : {uint64_t{0}, uint64_t{1}, uint64_t{18}, uint64_t{19}, uint64_t{20}, kLimb - 19, kLimb - 18, kLimb - 17, kLimb}) {
    for (uint64_t middle : {uint64_t{0}, kLimb}) {
      for (uint64_t last : {uint64_t{0}, uint64_t{1}, (uint64_t{1} << 47) - 1, uint64_t{1} << 47, kTop}) all.push_back({{first, middle, middle, middle, last}});
    }
  }
  for (int i = 0; i < 40; i++) {
    Limbs random;
    check::Fill(&random, sizeof random);
    for (int j = 0; j < 5; j++) random.of[j] = i % 3 == 0 && (i >> j & 1) ? (j < 4 ? kLimb : kTop) : random.of[j] & (j < 4 ? kLimb : kLimb >> 5);
    all.push_back(random);
  }
  return all;
}

// Runs through the values so that each comes to each lane, beside others.
struct Loaded {
  std::vector<uint64_t> limbs;
  std::vector<Limbs> values;

  Loaded(const std::vector<Limbs>& all, size_t start, size_t lanes, uint64_t rubbish) : limbs(5 * lanes) {
    for (size_t lane = 0; lane < lanes; lane++) {
      values.push_back(all[(start + lane) % all.size()]);
      for (size_t i = 0; i < 5; i++) limbs[i * lanes + lane] = values[lane].of[i] | (i < 4 ? rubbish << 52 : 0);
    }
  }
};

bool Same(const uint64_t* limbs, size_t lanes, size_t lane, const Field& expected) {
  Limbs own;
  for (size_t i = 0; i < 5; i++) own.of[i] = limbs[i * lanes + lane];
  for (size_t i = 0; i < 5; i++) {
    if (own.of[i] > (i < 4 ? kLimb : kTop)) return false;
  }
  uint8_t ours[32], other[32];
  FieldToBytes(ours, FieldOfLimbs(own));
  FieldToBytes(other, expected);
  return std::memcmp(ours, other, 32) == 0;
}

}  // namespace

CASE(LanesField, "the field of the lanes calculates as that of the core, at the edges, in every lane, with rubbish above the limbs") {
  const std::vector<Limbs> values = Values();
  int wrong = 0;
  for (const FieldOperations* operations : Instances()) {
    const size_t lanes = operations->lanes;
    std::vector<uint64_t> out(5 * lanes);
    for (size_t start = 0; start < values.size(); start++) {
      const Loaded a(values, start, lanes, start % 2 == 0 ? 0 : 0xfff);
      const auto expect = [&](FieldOperation operation, const Loaded& b, auto&& calculate) {
        operations->apply(operation, out.data(), a.limbs.data(), b.limbs.data());
        for (size_t lane = 0; lane < lanes; lane++) {
          wrong += Same(out.data(), lanes, lane, calculate(FieldOfLimbs(a.values[lane]), FieldOfLimbs(b.values[lane]))) ? 0 : 1;
        }
      };
      expect(FieldOperation::square, a, [](const Field& x, const Field&) { return FieldSquare(x); });
      expect(FieldOperation::negate, a, [](const Field& x, const Field&) { return FieldSubtract(kFieldZero, x); });
      expect(FieldOperation::canonical, a, [](const Field& x, const Field&) { return x; });
      for (size_t other = 0; other < values.size(); other++) {
        const Loaded b(values, other, lanes, start % 3 == 0 ? 0 : 0xabc);
        expect(FieldOperation::product, b, [](const Field& x, const Field& y) { return FieldMultiply(x, y); });
        expect(FieldOperation::smallProduct, b, [](const Field& x, const Field& y) { return FieldAdd(FieldMultiply(x, Field{{121666, 0, 0, 0, 0}}), y); });
      }
      if (start % 8 != 0) continue;
      expect(FieldOperation::invert, a, [](const Field& x, const Field&) { return FieldInvert(x); });
      expect(FieldOperation::rootPower, a, [](const Field& x, const Field&) { return FieldRootPower(x); });
    }
  }
  CHECK(wrong == 0);
}
