// One inversion for all lanes: as long as half an inversion in lanes, and it does not wait for the vectors.
#pragma once

#include <cstdint>

namespace handfast {

// The inverse modulo p = 2^255 - 19 of a number of four little-endian words, canonical; 0 for 0. Constant time.
void InvertWords(uint64_t words[4]);

}  // namespace handfast
