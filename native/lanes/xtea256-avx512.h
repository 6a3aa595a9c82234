// XTEA256 with sixteen blocks to a register. Only where LanesInUse() is avx512.
#pragma once

#include <cstddef>
#include <cstdint>

namespace handfast {

// As the functions of core/xtea256.h; roundKeys are two words a round.
void XteaEncryptAvx512(uint8_t* out, const uint8_t* data, size_t blocks, const uint32_t* roundKeys, size_t rounds);
void XteaDecryptAvx512(uint8_t* out, const uint8_t* data, size_t blocks, const uint32_t* roundKeys, size_t rounds);

}  // namespace handfast
