#ifdef HANDFAST_AVX2

#include "lanes/field-avx2.h"
//
#include "lanes/kernels-avx2.h"
#include "lanes/x25519-lanes.h"

namespace handfast {

void X25519SharedAvx2(uint8_t* const out[], const uint8_t* const secret[], const uint8_t* const publicKey[], bool ok[], size_t count) {
  X25519SharedTogether<VectorAvx2>(out, secret, publicKey, ok, count);
  _mm256_zeroall();
}

}  // namespace handfast

#endif
