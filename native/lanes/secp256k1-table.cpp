#include "lanes/secp256k1-table.h"

#include "core/secp256k1.h"

namespace handfast {
namespace {

void StoreLimbs(uint64_t out[5], const uint8_t big[32]) {
  constexpr uint64_t mask = (uint64_t{1} << 52) - 1;
  uint64_t w[4] = {};
  for (int i = 0; i < 32; i++) w[3 - i / 8] = w[3 - i / 8] << 8 | big[i];
  out[0] = w[0] & mask;
  out[1] = (w[0] >> 52 | w[1] << 12) & mask;
  out[2] = (w[1] >> 40 | w[2] << 24) & mask;
  out[3] = (w[2] >> 28 | w[3] << 36) & mask;
  out[4] = w[3] >> 16;
}

}  // namespace

const uint64_t* Secp256k1Multiples() {
  static const uint64_t* const table = [] {
    uint64_t* made = new uint64_t[kPlainMultiples * kPlainMultipleWords]();
    for (size_t i = 1; i < kPlainMultiples; i++) {
      uint8_t xy[64];
      Secp256k1Multiple(xy, static_cast<uint8_t>(i));
      StoreLimbs(made + i * kPlainMultipleWords, xy);
      StoreLimbs(made + i * kPlainMultipleWords + 5, xy + 32);
    }
    return made;
  }();
  return table;
}

}  // namespace handfast
