// Poly1305 tags of eight or sixteen records at once, each under its own key. Only where LanesInUse() is avx512.
#pragma once

#include "lanes/record-lanes.h"

namespace handfast {

constexpr size_t kTagsAvx512 = 16;

// Tags as RFC 8439, section 2.8 has them, of 1 to 16 records. It takes as long as all of them would at the size of the longest. adBytes: 0 to 8.
void Poly1305TagsAvx512(const TagWork work[], size_t count, size_t adBytes);

}  // namespace handfast
