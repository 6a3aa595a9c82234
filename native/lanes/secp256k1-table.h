// Multiples of secp256k1's base point, for the verification of signatures in lanes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

constexpr size_t kPlainMultiples = 129, kPlainMultipleWords = 10;

// i times the base point, as x and y in five limbs of 52 bits each; the first, which has none, is zeros. Made when it is first asked for.
const uint64_t* Secp256k1Multiples();

}  // namespace handfast
