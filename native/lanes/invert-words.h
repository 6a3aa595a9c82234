// The scalar field's inversion for the files of vectors, which may not see its inline functions.
#pragma once

#include <cstdint>

namespace handfast {

// Four little-endian words of a number below 2^255, by the canonical ones of its inverse modulo p; 0 by 0. Constant time.
void InvertWords(uint64_t words[4]);

}  // namespace handfast
