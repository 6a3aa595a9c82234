// Eight blocks of ChaCha20 at once. Only where LanesInUse() is avx2 or more.
#pragma once

#include "lanes/record-lanes.h"

namespace handfast {

// As ChaChaXorAvx512.
void ChaChaXorAvx2(const StreamUses& uses, size_t count, const uint8_t key[32]);

}  // namespace handfast
