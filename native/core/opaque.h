// What a mask made of a secret is must stay unknown to the compiler, or it might turn it into a branch.
#pragma once

#include <cstdint>

namespace handfast {

inline uint64_t Opaque(uint64_t value) {
  __asm__("" : "+r"(value));
  return value;
}

}  // namespace handfast
