// XTEA256 with eight blocks to a register. Only where LanesInUse() is avx2 or more.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

// As the functions of core/xtea256.h; roundKeys are two words a round.
void XteaEncryptAvx2(uint8_t* out, const uint8_t* data, size_t blocks, const uint32_t* roundKeys, size_t rounds);
void XteaDecryptAvx2(uint8_t* out, const uint8_t* data, size_t blocks, const uint32_t* roundKeys, size_t rounds);

}  // namespace handfast
