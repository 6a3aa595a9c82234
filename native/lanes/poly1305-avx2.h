// Poly1305 tags of four records at once, each under its own key. Only where LanesInUse() is avx2 or more.
#pragma once

#include "lanes/record-lanes.h"

namespace handfast {

constexpr size_t kTagsAvx2 = 4;

// As Poly1305TagsAvx512, of 1 to 4 records.
void Poly1305TagsAvx2(const TagWork work[], size_t count, size_t adBytes);

}  // namespace handfast
