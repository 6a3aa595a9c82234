// Sixteen blocks of ChaCha20 at once. Only where LanesInUse() is avx512.
#pragma once

#include "lanes/record-lanes.h"

namespace handfast {

// The uses from `count` (1 to 16) on are worked out as well, but not written anywhere.
void ChaChaXorAvx512(const StreamUses& uses, size_t count, const uint8_t key[32]);

}  // namespace handfast
