#include "lanes/equation-table.h"

#include <vector>

#include "core/bytes.h"
#include "core/edwards25519.h"

namespace handfast {
namespace {

void StoreLimbs(uint64_t out[5], const Field& a) {
  constexpr uint64_t mask = (uint64_t{1} << 52) - 1;
  uint8_t bytes[32];
  FieldToBytes(bytes, a);
  const uint64_t w[4] = {LoadLittle64(bytes), LoadLittle64(bytes + 8), LoadLittle64(bytes + 16), LoadLittle64(bytes + 24)};
  out[0] = w[0] & mask;
  out[1] = (w[0] >> 52 | w[1] << 12) & mask;
  out[2] = (w[1] >> 40 | w[2] << 24) & mask;
  out[3] = (w[2] >> 28 | w[3] << 36) & mask;
  out[4] = w[3] >> 16;
}

void Fill(uint64_t* out, const EdwardsPoint& first) {
  std::vector<EdwardsPoint> multiples(kBaseMultiples, kEdwardsNeutral);
  const EdwardsCached step = EdwardsCache(first);
  for (size_t i = 1; i < multiples.size(); i++) {
    multiples[i] = multiples[i - 1];
    EdwardsAdd(&multiples[i], step);
  }
  std::vector<EdwardsNiels> niels(multiples.size());
  EdwardsToNiels(niels.data(), multiples.data(), multiples.size());
  for (const EdwardsNiels& one : niels) {
    StoreLimbs(out, one.sum);
    StoreLimbs(out + 5, one.difference);
    StoreLimbs(out + 10, one.product);
    out[15] = 0;
    out += kBaseMultipleWords;
  }
}

}  // namespace

const EquationTable& BaseOfEquations() {
  static const EquationTable* const table = [] {
    EquationTable* made = new EquationTable;
    EdwardsPoint first = EdwardsBase();
    Fill(made->low, first);
    for (int i = 0; i < kEquationSplit; i++) EdwardsDouble(&first);
    Fill(made->high, first);
    return made;
  }();
  return *table;
}

}  // namespace handfast
